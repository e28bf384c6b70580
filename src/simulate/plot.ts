/** How flows spread over the paths, as a picture: one panel per method, a bar per path, a line where they should end. */

import type { EcmpReport } from './report.ts';
import type { Spread } from './ecmp.ts';

const PANEL = { width: 260, height: 150, gapX: 56, gapY: 104 } as const;
const MARGIN = { top: 100, left: 56, right: 24, bottom: 52 } as const;
/** More labels than that would run into each other. */
const LABELLED = 16;

/** Okabe and Ito's blue and orange: apart for every kind of colour blindness, and against white and black. */
const STYLE = `
    svg { color-scheme: light dark }
    .ground { fill: #ffffff }
    text { fill: #1a1a1a; font: 12px system-ui, sans-serif }
    .title { font-size: 16px; font-weight: 600 }
    .panel { font-weight: 600 }
    .small { font-size: 11px; fill: #4a4a4a }
    .bar { fill: #0072b2 }
    .fair { stroke: #d55e00; stroke-width: 1.5; stroke-dasharray: 5 3 }
    .axis { stroke: #767676 }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #16181d }
      text { fill: #f0f0f0 }
      .small { fill: #c0c4cc }
      .bar { fill: #56b4e9 }
      .fair { stroke: #e69f00 }
      .axis { stroke: #9a9a9a }
    }`;

interface Row {
  readonly title: string;
  readonly methods: readonly Spread[];
}

export function ecmpPlot(ecmp: EcmpReport): string {
  const { pair, traffic, paths } = ecmp;
  const rows: Row[] = [
    ...(pair === null
      ? []
      : [{ title: `Flows between two hosts: ${pair.from} → ${pair.to}`, methods: pair.methods }]),
    { title: 'All flows of the simulation', methods: traffic.methods },
  ];
  const columns = Math.max(1, ...rows.map(({ methods }) => methods.length));
  const width = MARGIN.left + MARGIN.right + columns * PANEL.width + (columns - 1) * PANEL.gapX;
  const height = MARGIN.top + MARGIN.bottom + rows.length * PANEL.height + (rows.length - 1) * PANEL.gapY;
  const title = `Spread of flows over ${paths} equal-cost paths`;
  const panels = rows.flatMap(({ title: name, methods }, row) => {
    const top = MARGIN.top + row * (PANEL.height + PANEL.gapY);
    const heading = `<text x="${MARGIN.left}" y="${top - 46}" class="panel">${escape(name)}</text>`;
    return [
      heading,
      ...methods.map((spread, column) =>
        panel(spread, MARGIN.left + column * (PANEL.width + PANEL.gapX), top),
      ),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${title}</title>`,
    `<desc id="desc">${escape(description(rows))}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text x="${MARGIN.left}" y="28" class="title">${title}</text>`,
    ...panels,
    `<line x1="${MARGIN.left}" x2="${MARGIN.left + 28}" y1="${height - 14}" y2="${height - 14}" class="fair"/>`,
    `<text x="${MARGIN.left + 36}" y="${height - 10}" class="small">the same share for every path; bars: share of the flows by path; scales differ</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** For those who hear the picture. */
function description(rows: readonly Row[]): string {
  return rows
    .flatMap(({ title, methods }) => [
      `${title}:`,
      ...methods.map((spread) => `${spread.title}: ${summary(spread)}.`),
    ])
    .join(' ');
}

function summary({ flows, largestShare, chiSquare }: Spread): string {
  if (largestShare === null || chiSquare === null) return 'no flows';
  const share = percent(largestShare);
  return `${flows.toLocaleString('en-US')} flows, largest share ${share}, χ² ${chiSquare.toFixed(1)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function panel(spread: Spread, left: number, top: number): string {
  const { title, perPath, flows, largestShare } = spread;
  const bottom = top + PANEL.height;
  // The scale ends at one of a few numbers: panels can be compared, small bars still be seen.
  const scale =
    [0.02, 0.05, 0.1, 0.25, 0.5, 1].find((end) => Math.max(largestShare ?? 0, 1 / perPath.length) <= end) ??
    1;
  const y = (share: number) => bottom - (share / scale) * PANEL.height;
  const step = PANEL.width / perPath.length;
  const bars = perPath.map((count, path) => {
    const share = flows === 0 ? 0 : count / flows;
    const bar = `<rect class="bar" x="${round(left + path * step + step * 0.12)}" y="${round(y(share))}" width="${round(step * 0.76)}" height="${round(bottom - y(share))}"><title>path ${path + 1}: ${count} flows, ${percent(share)}</title></rect>`;
    if (perPath.length > LABELLED) return bar;
    return `${bar}<text x="${round(left + (path + 0.5) * step)}" y="${bottom + 15}" class="small" text-anchor="middle">${path + 1}</text>`;
  });
  const fair = y(1 / perPath.length);
  return [
    `<g><text x="${left}" y="${top - 26}" class="panel">${escape(title)}</text>`,
    `<text x="${left}" y="${top - 10}" class="small">${escape(summary(spread))}</text>`,
    ...[0, scale].map(
      (share) =>
        `<text x="${left - 6}" y="${round(y(share) + 4)}" class="small" text-anchor="end">${share * 100} %</text>`,
    ),
    ...bars,
    `<line class="axis" x1="${left}" x2="${left + PANEL.width}" y1="${bottom}" y2="${bottom}"/>`,
    `<line class="fair" x1="${left}" x2="${left + PANEL.width}" y1="${round(fair)}" y2="${round(fair)}"/></g>`,
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
