/**
 * npm run bench:staging: packets staged (`assembly/path/touch.ts`), not, and as `auto` decides by the size of the tables, alternated
 * pass by pass in one process that is pinned to one core.
 */

import { pinToOneCore } from './pin.ts';
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
    (['never', 'always', 'auto'] as const).map((staging) =>
      wasmRival(policy, host, 'release', inputs, staging),
    ),
  );
  const [never, always, auto] = sample(rivals, BATCH, PASSES, PASSES / 4).map((sorted) =>
    quantile(sorted, 0.5),
  );
  return {
    operation,
    endpoints,
    nsNever: round(never!),
    nsAlways: round(always!),
    nsAuto: round(auto!),
    ratio: round(always! / never!),
    autoByBetter: round(auto! / Math.min(never!, always!)),
  };
}

pinToOneCore();
const rows = [];
for (const operation of OPERATIONS) {
  for (const endpoints of ENDPOINTS) rows.push(await measure(operation, endpoints));
}
await record({
  section: 'staging',
  method: `\`npm run bench:staging\`; 64 B, batch ${BATCH}, ${SLOTS} slots; below 1 staging is faster.`,
  head: [
    'operation',
    'endpoints',
    'ns run to completion',
    'ns staged',
    'staged / not',
    'ns auto',
    'auto / better',
  ],
  cells: rows.map((row) => [
    row.operation,
    String(row.endpoints),
    row.nsNever.toFixed(1),
    row.nsAlways.toFixed(1),
    row.ratio.toFixed(2),
    row.nsAuto.toFixed(1),
    row.autoByBetter.toFixed(2),
  ]),
  rows,
});
