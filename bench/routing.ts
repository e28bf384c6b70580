/**
 * npm run bench:routing: what the gateway costs. Packets to endpoints of other subnets, and by routes of which there are 4 or
 * 1,000, against packets inside a subnet; alternated pass by pass in one process.
 */

import { record } from './results.ts';
import { quantile, round } from './statistics.ts';
import { type Rival, SLOTS, wasmRival } from './rivals.ts';
import { sample } from './sample.ts';
import { type Workload, routedWorkload, workload } from './workload.ts';

const ENDPOINTS = 1000;
const LENGTH = 64;
const BATCH = 256;
const PASSES = 120;

const WORK: readonly (readonly [name: string, Workload])[] = [
  ['inside a subnet', workload('egress', ENDPOINTS, SLOTS, LENGTH)],
  ['routed to another subnet', routedWorkload(ENDPOINTS, 0, SLOTS, LENGTH)],
  ['by one of 4 routes', routedWorkload(ENDPOINTS, 4, SLOTS, LENGTH)],
  ['by one of 1,000 routes', routedWorkload(ENDPOINTS, 1000, SLOTS, LENGTH)],
];

async function rivalFor(name: string, { policy, host, inputs }: Workload): Promise<Rival> {
  const rival = await wasmRival(policy, host, 'release', inputs);
  const wrong = rival.outcomes().find(({ word }) => word >>> 16 !== 0);
  if (wrong !== undefined)
    throw new Error(`${name}: expected packets that are forwarded, got verdict ${wrong.word >>> 16}`);
  return rival;
}

const rivals = await Promise.all(WORK.map(([name, work]) => rivalFor(name, work)));
const samples = sample(rivals, BATCH, PASSES, PASSES / 4);
const reference = quantile(samples[0]!, 0.5);
const rows = WORK.map(([name], index) => {
  const sorted = samples[index]!;
  const median = quantile(sorted, 0.5);
  return {
    packets: name,
    nsMedian: round(median),
    mpps: round(1000 / median, 1),
    /** Speed by that of packets inside a subnet. */
    speed: round(reference / median),
    spread: [round(quantile(sorted, 0.25) / median), round(quantile(sorted, 0.75) / median)],
  };
});
const [, , few, many] = rows;
await record({
  section: 'routing',
  method: `\`npm run bench:routing\`; ${ENDPOINTS} endpoints, ${LENGTH} B, batch ${BATCH}, WASM with its own memory; 1,000 routes take ${(many!.nsMedian / few!.nsMedian).toFixed(2)} × the time of 4.`,
  head: ['packets', 'ns', 'Mpps', 'speed / inside a subnet', 'quartiles'],
  cells: rows.map((row) => [
    row.packets,
    row.nsMedian.toFixed(1),
    row.mpps.toFixed(1),
    row.speed.toFixed(2),
    row.spread.map((part) => part.toFixed(2)).join('–'),
  ]),
  rows,
});
