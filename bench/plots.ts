/** Pictures of what was measured: time by table size, the others' times by WASM's, speed by workers. SVG, for light and dark pages. */

import { type MeasuredRow, type Row, isMeasured, isOf } from './rows.ts';

/** Okabe and Ito's colours: apart for every kind of colour blindness, and against white and black. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'] as const;
const colour = (index: number) => COLOURS[index % COLOURS.length]!;

const STYLE = `<style>
  .ground { fill: #fff } text { fill: #1a1a1a; font: 12px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #d0d0d0 } .one { stroke: #767676; stroke-dasharray: 5 3 }
  @media (prefers-color-scheme: dark) { .ground { fill: #16181d } text { fill: #f0f0f0 } .grid { stroke: #3a3d44 } }
</style>`;

const BATCH = 256;
const WIDTH = 680;

function svg(height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${title}</title>`,
    STYLE,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    label(24, 28, title, { class: 'title' }),
    ...body,
    '</svg>\n',
  ].join('\n');
}

type Attributes = Readonly<Record<string, string | number>>;

function element(name: string, attributes: Attributes, content?: string): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${rounded(value)}"`);
  return content === undefined
    ? `<${name}${list.join('')}/>`
    : `<${name}${list.join('')}>${content}</${name}>`;
}

const rounded = (value: string | number) => (typeof value === 'number' ? Number(value.toFixed(1)) : value);

function label(x: number, y: number, text: string, more: Attributes = {}): string {
  return element('text', { x, y, ...more }, text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));
}

function line(x1: number, y1: number, x2: number, y2: number, kind: 'grid' | 'one'): string {
  return element('line', { class: kind, x1, y1, x2, y2 });
}

function legend(names: readonly string[]): string[] {
  const step = Math.min(150, (WIDTH - 48) / names.length);
  return names.flatMap((name, index) => [
    element('rect', { x: 24 + index * step, y: 42, width: 12, height: 12, fill: colour(index) }),
    label(42 + index * step, 53, name),
  ]);
}

const atBatch = (rows: readonly Row[]) =>
  rows.filter((row): row is MeasuredRow => isMeasured(row) && row.batch === BATCH);

/** A quarter of an axis that reaches `most`, as a number that people read easily. */
function stepFor(most: number): number {
  const unit = 10 ** Math.floor(Math.log10(most / 4));
  return unit * [1, 2, 2.5, 5, 10].find((part) => 4 * part * unit >= most)!;
}

/** Nanoseconds per packet by number of endpoints, on a logarithmic axis: a line for each operation, dashed where destinations are Zipf's. */
export function costPlot(rows: readonly Row[]): string {
  const own = atBatch(rows).filter(({ rival }) => rival === 'wasm');
  const operations = [...new Set(own.map(({ operation }) => operation))];
  const sizes = [...new Set(own.map(({ endpoints }) => endpoints))].sort((a, b) => a - b);
  const step = stepFor(Math.max(10, ...own.map(({ nsMedian }) => nsMedian)));
  const most = 4 * step;
  const [height, left, right, top, bottom] = [400, 64, WIDTH - 48, 84, 350];
  const [least, widest] = [Math.log(sizes[0] ?? 1), Math.log((sizes.at(-1) ?? 1) + 1)];
  const x = (endpoints: number) =>
    left + ((Math.log(endpoints) - least) / Math.max(1e-9, widest - least)) * (right - left);
  const y = (ns: number) => bottom - (ns / most) * (bottom - top);
  const curve = (operation: string, destination: string): string[] => {
    const points = own
      .filter((row) => row.operation === operation && row.destination === destination)
      .sort((a, b) => a.endpoints - b.endpoints)
      .map((row) => [x(row.endpoints), y(row.nsMedian)] as const);
    const stroke = colour(operations.findIndex((one) => one === operation));
    const dash = destination === 'zipf' ? { 'stroke-dasharray': '6 4' } : {};
    return [
      element('polyline', {
        points: points.map((point) => point.map((value) => value.toFixed(1)).join(',')).join(' '),
        fill: 'none',
        stroke,
        'stroke-width': 2,
        ...dash,
      }),
      ...points.map(([cx, cy]) => element('circle', { cx, cy, r: 3, fill: stroke })),
    ];
  };
  return svg(height, `ns per packet by number of endpoints (WASM, batch ${BATCH}; dashed: Zipf)`, [
    ...legend(operations),
    ...[0, 1, 2, 3, 4].flatMap((tick) => [
      line(left, y(tick * step), right, y(tick * step), 'grid'),
      label(left - 8, y(tick * step) + 4, String(tick * step), { 'text-anchor': 'end' }),
    ]),
    ...sizes.map((size) =>
      label(x(size), bottom + 22, size.toLocaleString('en-US'), { 'text-anchor': 'middle' }),
    ),
    ...operations.flatMap((operation) => ['uniform', 'zipf'].flatMap((one) => curve(operation, one))),
  ]);
}

const COMPARED = ['gcc', 'clang', 'typescript', 'limit-c'] as const;

/** Times of the others by WASM's, on a logarithmic axis: bars to the left are faster than WASM, bars to the right slower. */
export function ratioPlot(rows: readonly Row[]): string {
  const measured = atBatch(rows).filter(({ destination }) => destination === 'uniform');
  const cells = measured.filter(({ rival }) => rival === 'wasm');
  const rivals = COMPARED.filter((name) => measured.some(({ rival }) => rival === name));
  const ratios = measured
    .filter(({ rival }) => rivals.some((name) => name === rival))
    .map(({ ratio }) => ratio);
  const [low, high] = [Math.min(0.5, ...ratios), Math.max(2, ...ratios)].map(Math.log2) as [number, number];
  const [left, right, top, bar] = [190, WIDTH - 56, 92, 11];
  const group = rivals.length * bar + 14;
  const bottom = top + cells.length * group;
  const x = (ratio: number) => left + ((Math.log2(ratio) - low) / (high - low)) * (right - left);
  const ticks = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16].filter(
    (one) => Math.log2(one) >= low && Math.log2(one) <= high,
  );
  const barOf = (row: MeasuredRow, index: number, y: number): string[] => [
    element('rect', {
      x: Math.min(x(1), x(row.ratio)),
      y,
      width: Math.abs(x(row.ratio) - x(1)),
      height: bar - 2,
      fill: colour(index),
    }),
    label(Math.max(x(1), x(row.ratio)) + 4, y + bar - 2, row.ratio.toFixed(2)),
  ];
  return svg(bottom + 24, `Time by WASM’s (batch ${BATCH}, uniform): right of 1, WASM is faster`, [
    ...legend(rivals),
    ...ticks.flatMap((tick) => [
      line(x(tick), top - 8, x(tick), bottom, tick === 1 ? 'one' : 'grid'),
      label(x(tick), top - 14, String(tick), { 'text-anchor': 'middle' }),
    ]),
    ...cells.flatMap((cell, number) => {
      const y = top + number * group;
      const name = `${cell.operation}, ${cell.endpoints.toLocaleString('en-US')}`;
      return [
        label(left - 12, y + (rivals.length * bar) / 2 + 4, name, { 'text-anchor': 'end' }),
        ...rivals.flatMap((rival, index) => {
          const found = measured.find((row) => row.rival === rival && isOf(row, cell));
          return found === undefined ? [] : barOf(found, index, y + index * bar);
        }),
      ];
    }),
  ]);
}

/** Speed of a number of workers by that of one. */
export interface WorkersBar {
  readonly name: string;
  readonly ratio: number;
}

/** Bars of speed by that of one worker; the dashed line is twice as fast. */
export function workersPlot(bars: readonly WorkersBar[]): string {
  const [left, right, top, bar] = [190, WIDTH - 56, 60, 26];
  const bottom = top + bars.length * bar;
  const most = Math.max(2, ...bars.map(({ ratio }) => ratio));
  const x = (ratio: number) => left + (ratio / most) * (right - left);
  return svg(bottom + 30, 'Speed of workers by that of one', [
    ...[0, 1, 2].flatMap((tick) => [
      line(x(tick), top - 6, x(tick), bottom, tick === 2 ? 'one' : 'grid'),
      label(x(tick), bottom + 18, String(tick), { 'text-anchor': 'middle' }),
    ]),
    ...bars.flatMap(({ name, ratio }, index) => {
      const y = top + index * bar;
      return [
        label(left - 12, y + 14, name, { 'text-anchor': 'end' }),
        element('rect', { x: left, y, width: x(ratio) - left, height: bar - 8, fill: colour(0) }),
        label(x(ratio) + 6, y + 14, ratio.toFixed(2)),
      ];
    }),
  ]);
}
