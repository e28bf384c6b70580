/**
 * npm run bench:compare -- --before FOLDER: this checkout against another one of netvirt, in which `npm ci && npm run build` was
 * run. Same packets, alternated pass by pass in one process; a ratio above 1: this one takes longer.
 */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { record } from './results.ts';
import { quantile, round } from './statistics.ts';
import { type Input, SLOTS, type Timed, wasmRival } from './rivals.ts';
import { sample } from './sample.ts';
import { type Operation, workload } from './workload.ts';

const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
const WARM_UP = 40;
const BUILDS = ['release', 'threads'] as const;
type BuildName = (typeof BUILDS)[number];

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    batch: { type: 'string', default: '256' },
    passes: { type: 'string', default: '160' },
  },
});
if (values.before === undefined) {
  console.error('bench:compare: expected --before FOLDER, another checkout of netvirt, built');
  process.exit(2);
}

const load = (file: string) =>
  import(pathToFileURL(resolve(values.before!, 'bench', file)).href) as Promise<unknown>;

/** The benchmark's inner side as other checkouts have it: at first with a plan between policy and engine, later with `inputsOf`. */
interface Before {
  inputsOf?(work: unknown): Promise<{ planned: unknown; inputs: readonly Input[] } | readonly Input[]>;
  wasmRival(...args: unknown[]): Promise<Timed>;
}

async function rivalBefore(operation: Operation, build: BuildName): Promise<Timed> {
  const rivals = (await load('rivals.ts')) as Before;
  const { workload: make } = (await load('workload.ts')) as { workload: typeof workload };
  const work = make(operation, 1000, SLOTS, 64);
  const inputs = (await rivals.inputsOf?.(work)) ?? work.inputs;
  return 'planned' in inputs
    ? rivals.wasmRival(inputs.planned, build, inputs.inputs)
    : rivals.wasmRival(work.policy, work.host, build, inputs);
}

/** Checkouts differ in how much they write anew, and so in what is left in the caches: both do what both do. */
const refreshed = (own: Timed, other: Timed): Timed => ({
  refresh() {
    other.refresh();
    own.refresh();
  },
  pass: (batch) => {
    own.pass(batch);
  },
});

const rows: { operation: Operation; build: BuildName; before: number; after: number; ratio: number }[] = [];
for (const operation of OPERATIONS) {
  for (const build of BUILDS) {
    const { policy, host, inputs } = workload(operation, 1000, SLOTS, 64);
    const now = await wasmRival(policy, host, build, inputs);
    const other = await rivalBefore(operation, build);
    const samples = sample(
      [refreshed(other, now), refreshed(now, other)],
      Number(values.batch),
      Number(values.passes),
      WARM_UP,
    );
    const [before, after] = samples.map((sorted) => quantile(sorted, 0.5));
    rows.push({
      operation,
      build,
      before: round(before!),
      after: round(after!),
      ratio: round(after! / before!),
    });
  }
}
await record({
  section: 'compare',
  method:
    '`npm run bench:compare`; 1,000 endpoints, 64 B, batch 256; before: without gateway, ARP and ND, flooding, fragments, live changes.',
  head: ['operation', 'build', 'ns before', 'ns', 'time / before'],
  cells: rows.map((row) => [
    row.operation,
    row.build,
    row.before.toFixed(1),
    row.after.toFixed(1),
    row.ratio.toFixed(2),
  ]),
  rows,
});
