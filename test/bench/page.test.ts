/** What the benchmark writes: the table, the plots, and pages that keep what is not its own. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMatrix } from '../../bench/options.ts';
import { engineResult } from '../../bench/page.ts';
import { costPlot, ratioPlot, workersPlot } from '../../bench/plots.ts';
import { write } from '../../bench/results.ts';
import { RIVALS } from '../../bench/rivals.ts';
import { type Row, absentRow, measuredRow } from '../../bench/rows.ts';
import { OPERATIONS } from '../../bench/workload.ts';

/** Made up: times that only have to be told apart. */
function made(without: readonly string[] = []): Row[] {
  return OPERATIONS.flatMap((operation, place) =>
    [1000, 1_000_000].flatMap((endpoints) =>
      (['uniform', 'zipf'] as const).flatMap((destination) =>
        RIVALS.map((rival, index) => {
          const cell = { operation, endpoints, destination, batch: 256 };
          if (without.includes(rival)) return absentRow(cell, rival, 'for a test');
          const ns = 10 + place + index * 5;
          return measuredRow(cell, rival, [ns * 0.9, ns, ns * 1.1], 10 + place);
        }),
      ),
    ),
  );
}

/** Every element that begins ends, in the right order, and no number is none. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/gi)) {
    if (close === '/') expect(open.pop()).toBe(name);
    else if (self !== '/') open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.startsWith('<svg ')).toBe(true);
  expect(svg).toContain('<title id="title">');
}

describe('plots', () => {
  it('have a curve for each operation and destination', () => {
    const svg = costPlot(made());
    expectWellFormed(svg);
    expect(svg.match(/<polyline /g)).toHaveLength(10);
    expect(svg.match(/stroke-dasharray="6 4"/g)).toHaveLength(5);
  });

  it('have a bar for each rival that was measured', () => {
    const svg = ratioPlot(made(['gcc']));
    expectWellFormed(svg);
    expect(svg).toContain('clang');
    expect(svg).not.toContain('gcc');
    // A swatch each in the legend, and the ground.
    expect(svg.match(/<rect /g)).toHaveLength(10 * 3 + 3 + 1);
  });

  it('are plots of nothing where nothing was measured', () => {
    for (const svg of [costPlot([]), ratioPlot([]), workersPlot([])]) expectWellFormed(svg);
    for (const svg of [costPlot(made([...RIVALS])), ratioPlot(made([...RIVALS]))]) expectWellFormed(svg);
  });

  it('show workers, whatever they are called', () => {
    const svg = workersPlot([{ name: 'a < b & c', ratio: 1.97 }]);
    expectWellFormed(svg);
    expect(svg).toContain('a &lt; b &amp; c');
  });
});

describe('the table', () => {
  it('has a line for each cell and says what is absent and why', () => {
    const conditions = { isPinned: true, isThreadTime: false };
    const measured = { rows: made(['clang']), conditions, load: 1.04 };
    const { cells, head, method } = engineResult(measured, readMatrix({}));
    expect(cells).toHaveLength(OPERATIONS.length * 4);
    for (const line of cells) expect(line).toHaveLength(head.length);
    expect(cells[0]![head.indexOf('clang')]).toBe('–');
    expect(cells[0]![head.indexOf('gcc')]).toBe('2.00');
    expect(method).toContain('pinned to one core, by the clock; load average 1.0.');
    expect(method).toContain('Absent: clang (for a test).');
  });

  it('is there where nothing could be measured, too', () => {
    const { cells, method } = engineResult(
      { rows: made([...RIVALS]), conditions: undefined, load: 0 },
      readMatrix({}),
    );
    expect(cells[0]!.slice(4).every((one) => one === '–')).toBe(true);
    expect(method).toContain('not pinned');
  });
});

describe('the page', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'netvirt-page-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  const result = (method: string) => ({
    ...engineResult({ rows: made(), conditions: undefined, load: 0 }, readMatrix({})),
    method,
  });

  it('is made where there is none, with its pictures', async () => {
    const inner = join(folder, 'a', 'b');
    await write(result('once.'), inner);
    expect(readFileSync(join(inner, 'RESULTS.md'), 'utf8')).toMatch(
      /^# .*\n## The engine alone\n.*once\..*!\[.*\]\(cost.svg\)/s,
    );
    for (const name of ['cost.svg', 'ratios.svg']) expectWellFormed(readFileSync(join(inner, name), 'utf8'));
  });

  it('keeps what others wrote', async () => {
    writeFileSync(
      join(folder, 'RESULTS.md'),
      '# Mine\n\n<!-- engine -->\nold\n<!-- /engine -->\n\nthe end\n',
    );
    writeFileSync(join(folder, 'results.json'), JSON.stringify({ other: 1 }));
    await write(result('twice.'), folder);
    expect(text('RESULTS.md')).toMatch(/^# Mine\n.*twice\..*<!-- \/engine -->\n\nthe end\n$/s);
    expect(text('RESULTS.md')).not.toContain('old');
    expect(JSON.parse(text('results.json'))).toMatchObject({ other: 1, engine: { rows: made() } });
  });
});
