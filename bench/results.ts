/** bench/RESULTS.md and bench/results.json: each benchmark rewrites its own section. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { table } from '../src/cli/report.ts';

const PAGE = new URL('RESULTS.md', import.meta.url);
const DATA = new URL('results.json', import.meta.url);

const EMPTY = `# Measured results

Ratios can be compared between machines; times cannot, and on a shared machine they vary by a third from run to run.

## The engine alone

<!-- engine -->
<!-- /engine -->

## Routing

<!-- routing -->
<!-- /routing -->

## Staging

<!-- staging -->
<!-- /staging -->

## Changes while packets are processed

<!-- changes -->
<!-- /changes -->

## Workers

<!-- workers -->
<!-- /workers -->

## Against the state before

<!-- compare -->
<!-- /compare -->

## Commands, from file to file

<!-- commands -->
<!-- /commands -->

## Large policies

<!-- policy -->
<!-- /policy -->

## Start

<!-- startup -->
<!-- /startup -->
`;

export type Section =
  'engine' | 'routing' | 'staging' | 'changes' | 'workers' | 'compare' | 'commands' | 'policy' | 'startup';

export interface Result {
  readonly section: Section;
  /** How it was measured: the command first. */
  readonly method: string;
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
  /** What the cells say, for programs. */
  readonly rows: readonly object[];
}

export function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
}

/** Prints a result and writes it to its section of the page and of the data. */
export function record({ section, method, head, cells, rows }: Result): void {
  console.log(
    table(
      [...head],
      cells.map((row) => [...row]),
    ),
  );
  const day = new Date().toISOString().slice(0, 10);
  const lines = [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`);
  const [start, end] = [`<!-- ${section} -->`, `<!-- /${section} -->`];
  const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : EMPTY;
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${PAGE.pathname}: expected ${start} and ${end}`);
  const text = [start, '', `${method} ${machine()}, ${day}.`, '', ...lines, '', ''].join('\n');
  writeFileSync(PAGE, page.slice(0, from) + text + page.slice(to));
  const data = existsSync(DATA) ? (JSON.parse(readFileSync(DATA, 'utf8')) as object) : {};
  writeFileSync(
    DATA,
    `${JSON.stringify({ ...data, [section]: { machine: machine(), day, rows } }, null, 2)}\n`,
  );
}

/** @param sorted ascending. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor((sorted.length - 1) * part)]!;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
