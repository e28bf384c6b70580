/**
 * npm run bench:staging: packets staged (`assembly/path/touch.ts`) and not, with small and large tables, alternated pass by pass
 * in one process. Between the sizes where one and the other is faster lies where `auto` changes over.
 */

import { record } from './results.ts';
import { quantile, round } from './statistics.ts';
import { SLOTS, wasmRival } from './rivals.ts';
import { sample } from './sample.ts';
import { type Operation, workload } from './workload.ts';

const ENDPOINTS = [1000, 8000, 16_000, 32_000, 64_000, 128_000, 1_000_000];
const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
const BATCH = 256;
const PASSES = 60;

async function measure(operation: Operation, endpoints: number) {
  const { policy, host, inputs } = workload(operation, endpoints, SLOTS, 64);
  const rivals = await Promise.all(
    (['never', 'always'] as const).map((staging) => wasmRival(policy, host, 'release', inputs, staging)),
  );
  const [never, always] = sample(rivals, BATCH, PASSES, PASSES / 4).map((sorted) => quantile(sorted, 0.5));
  return {
    operation,
    endpoints,
    nsNever: round(never!),
    nsAlways: round(always!),
    ratio: round(always! / never!),
  };
}

const rows = [];
for (const operation of OPERATIONS) {
  for (const endpoints of ENDPOINTS) rows.push(await measure(operation, endpoints));
}
await record({
  section: 'staging',
  method: `\`npm run bench:staging\`; 64 B, batch ${BATCH}, ${SLOTS} slots; below 1 staging is faster.`,
  head: ['operation', 'endpoints', 'ns run to completion', 'ns staged', 'staged / not'],
  cells: rows.map((row) => [
    row.operation,
    String(row.endpoints),
    row.nsNever.toFixed(1),
    row.nsAlways.toFixed(1),
    row.ratio.toFixed(2),
  ]),
  rows,
});
