/** RESULTS.md and results.json, in `bench/` or elsewhere: each benchmark rewrites its own section and pictures. */

import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../src/cli/report.ts';
import { makeFolder, writeText } from '../src/cli/text-output.ts';
import { packageFile } from '../src/package-files.ts';

const TITLE = `# Measured results

Ratios can be compared between machines; times cannot, and on a shared machine they vary by a third from run to run.
[The hot path](../docs/hot-path.md#where-it-falls-short) says what was tried where a figure is below its aim, and what the bound is.
`;

const SECTIONS = {
  engine: 'The engine alone',
  twin: 'The twin in C by compilers and options',
  memory: 'What memory alone takes',
  routing: 'Routing',
  staging: 'Staging',
  changes: 'Changes while packets are processed',
  workers: 'Workers',
  compare: 'Against the state before',
  commands: 'Commands, from file to file',
  policy: 'Large policies',
  startup: 'Start',
  live: 'Live: frames',
  'live-tcp': 'Live: TCP',
  'live-latency': 'Live: round trips',
  'live-floors': 'Live: against others',
} as const;

export interface Picture {
  /** Its name beside the page. */
  readonly file: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  readonly svg: string;
}

export interface Result {
  readonly section: keyof typeof SECTIONS;
  /** How it was measured: the command first. */
  readonly method: string;
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
  /** What the cells say, for programs. */
  readonly rows: readonly object[];
  readonly pictures?: readonly Picture[];
}

export function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`;
}

/** For people, on a terminal. */
export function tableOf({ head, cells }: Result): string {
  return table(head, cells);
}

/** Prints a result and writes it to `bench/`. */
export async function record(result: Result): Promise<void> {
  console.log(tableOf(result));
  await write(result, fileURLToPath(packageFile('bench/')));
}

/**
 * Writes a result to its section of the page and of the data in a folder, and its pictures beside them.
 * @throws OutputError when something cannot be written.
 */
export async function write(result: Result, folder: string): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  await makeFolder(folder);
  const page = join(folder, 'RESULTS.md');
  await writeText(page, withSection(existsSync(page) ? readFileSync(page, 'utf8') : TITLE, result, day));
  const data = join(folder, 'results.json');
  const before = existsSync(data) ? (JSON.parse(readFileSync(data, 'utf8')) as object) : {};
  const section = { machine: machine(), day, rows: result.rows };
  await writeText(data, `${JSON.stringify({ ...before, [result.section]: section }, null, 2)}\n`);
  for (const { file, svg } of result.pictures ?? []) await writeText(join(folder, file), svg);
}

function withSection(
  page: string,
  { section, method, head, cells, pictures = [] }: Result,
  day: string,
): string {
  const [start, end] = [`<!-- ${section} -->`, `<!-- /${section} -->`];
  const lines = [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`);
  const images = pictures.flatMap(({ file, alt }) => [`![${alt}](${file})`, '']);
  const text = [start, '', `${method} ${machine()}, ${day}.`, '', ...images, ...lines, '', end].join('\n');
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < 0) return `${page}\n## ${SECTIONS[section]}\n\n${text}\n`;
  return page.slice(0, from) + text + page.slice(to + end.length);
}
