/**
 * npm run bench:memory: what memory alone takes, by the size of the table: the limit loop that also loads one line for every
 * frame, 64 of them under way at once. Below that no engine comes that looks anything up.
 */

import { readFile } from 'node:fs/promises';
import { packageFile } from '../src/package-files.ts';
import { pinToOneCore } from './pin.ts';
import { record } from './results.ts';
import { SLOTS, type Timed, emptyInstance } from './rivals.ts';
import { sample } from './sample.ts';
import { quantile, round } from './statistics.ts';

/** MiB of the tables; 0: none. */
const SIZES = [0, 1, 4, 16, 64, 256, 1024] as const;
const PASSES = 100;
const WARM_UP = 20;
const MIB = 2 ** 20;
const PAGE = 65536;
const LINE = 64;

type Limit = (slots: number, count: number) => number;
type LimitWithLines = (slots: number, count: number, table: number, lines: number, seed: number) => number;

const instance = await emptyInstance('release');
const { memory, slots } = instance;
const table = memory.grow((SIZES.at(-1)! * MIB) / PAGE) * PAGE;
// A page that nobody wrote to is one and the same page of zeros.
new Uint8Array(memory.buffer, table).fill(1);
const module = await WebAssembly.compile(await readFile(packageFile('build/limit.wasm')));
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const limit = exports.limit as Limit;
const limitWithLines = exports.limitWithLines as LimitWithLines;

pinToOneCore();
let seed = 0;
const loops = SIZES.map((size): Timed => ({
  // All slots are read by every loop, so that each finds them as the one before left them.
  refresh: () => undefined,
  pass: () => {
    if (size === 0) limit(slots, SLOTS);
    else limitWithLines(slots, SLOTS, table, (size * MIB) / LINE, (seed += SLOTS));
  },
}));
const rows = sample(loops, SLOTS, PASSES, WARM_UP).map((sorted, index) => ({
  mebibytes: SIZES[index]!,
  nsMedian: round(quantile(sorted, 0.5)),
}));
await record({
  section: 'memory',
  method: `\`npm run bench:memory\`; 64 B are read and 42 stored for each of ${SLOTS} slots, in WASM, and any line of a table of that size is loaded; medians of ${PASSES} passes.`,
  head: ['table, MiB', 'ns a packet'],
  cells: rows.map(({ mebibytes, nsMedian }) => [
    mebibytes === 0 ? 'none' : String(mebibytes),
    nsMedian.toFixed(1),
  ]),
  rows,
});
