/**
 * npm run bench:changes: how many changes a second `Dataplane.apply` takes in on one core while a worker on the other processes
 * packets as fast as it can, and what that costs the worker. Periods with and without changes take turns.
 */

import { Worker } from 'node:worker_threads';
import { type Change, Dataplane } from '../src/index.ts';
import { udp } from '../src/frames/build.ts';
import { record } from './results.ts';
import { quantile, round } from './statistics.ts';

const ENDPOINTS = 10_000;
const HOSTS = 32;
const SUBNETS = 16;
const BATCH = 256;
const LIST = 5000;
const PERIOD = 400;
const PERIODS = 15;

const macOf = (index: number) => `02:15:5d:00:${hex(index >> 8)}:${hex(index & 255)}`;
const hex = (value: number) => value.toString(16).padStart(2, '0');
const subnetOf = (index: number) => index % SUBNETS;
const addressOf = (index: number) =>
  `10.${subnetOf(index)}.${1 + (index >> 8)}.${1 + ((index >> 4) & 15) * 14}`;

function document(): object {
  const endpoint = (index: number) => ({
    name: `vm${index}`,
    vsid: 5001 + subnetOf(index),
    mac: macOf(index),
    addresses: [addressOf(index)],
    host: index < SUBNETS ? 'host0' : `host${1 + (index % (HOSTS - 1))}`,
  });
  return {
    version: 1,
    hosts: Array.from({ length: HOSTS }, (_, index) => ({
      name: `host${index}`,
      addresses: [`192.168.0.${index + 1}/24`],
      mac: `02:00:00:00:01:${hex(index)}`,
    })),
    customers: [
      {
        name: 'c',
        routingDomains: [
          {
            name: 'd',
            subnets: Array.from({ length: SUBNETS }, (_, index) => ({
              vsid: 5001 + index,
              prefixes: [`10.${index}.0.0/16`],
            })),
            endpoints: Array.from({ length: ENDPOINTS }, (_, index) => endpoint(index)),
          },
        ],
      },
    ],
  };
}

const dataplane = await Dataplane.create({
  policy: document(),
  host: 'host0',
  build: 'threads',
  workers: 2,
  capacity: { slots: BATCH },
});
const numberOf = (text: string) =>
  text.split(':').reduce((value, part) => value * 256 + parseInt(part, 16), 0);
const valueOf = (text: string) => text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
const party = (index: number) => ({
  mac: numberOf(macOf(index)),
  address: { family: 4 as const, value: valueOf(addressOf(index)) },
});
const frames = Array.from({ length: BATCH }, (_, index) => {
  const sender = subnetOf(index);
  const receiver = SUBNETS * (1 + ((index * 37) % (ENDPOINTS / SUBNETS - 1))) + sender;
  return {
    frame: udp(party(sender), party(receiver), [1024 + index, 53], 'x'.repeat(22)),
    port: dataplane.port(`vm${sender}`),
  };
});
const packets = new SharedArrayBuffer(8);
const stop = new SharedArrayBuffer(4);
const worker = new Worker(new URL('changes-worker.mjs', import.meta.url), {
  workerData: { attachment: dataplane.attachment(1), frames, packets, stop },
});
const counted = new BigInt64Array(packets);
while (Atomics.load(counted, 0) < 1_000_000n) await new Promise((resolve) => setTimeout(resolve, 20));

const lists = Array.from({ length: 8 }, (_, round) =>
  Array.from({ length: LIST }, (_, place): Change => {
    const index = SUBNETS + ((place * 7 + round * 3) % (ENDPOINTS - SUBNETS));
    return { op: 'move-endpoint', name: `vm${index}`, host: `host${1 + ((index + round) % (HOSTS - 1))}` };
  }),
);

/** Packets a second of the worker, and changes a second, in one period. */
function period(isChanging: boolean): { mpps: number; changes: number } {
  const before = Atomics.load(counted, 0);
  const begun = performance.now();
  let changes = 0;
  const wait = new Int32Array(new SharedArrayBuffer(4));
  if (isChanging) {
    for (let round = 0; performance.now() - begun < PERIOD; round++) {
      dataplane.apply(lists[round % lists.length]!);
      changes += LIST;
    }
  } else {
    Atomics.wait(wait, 0, 0, PERIOD);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { mpps: Number(Atomics.load(counted, 0) - before) / seconds / 1e6, changes: changes / seconds };
}

const quiet: number[] = [];
const busy: number[] = [];
const rates: number[] = [];
for (let index = 0; index < PERIODS + 3; index++) {
  const still = period(false);
  const changing = period(true);
  if (index < 3) continue;
  quiet.push(still.mpps);
  busy.push(changing.mpps);
  rates.push(changing.changes);
}
Atomics.store(new Int32Array(stop), 0, 1);
await worker.terminate();
const median = (values: number[]) =>
  quantile(
    values.sort((a, b) => a - b),
    0.5,
  );
const [changes, mppsQuiet, mppsBusy] = [median(rates), median(quiet), median(busy)];
/** MAC and address of an endpoint with one address. */
const RECORDS = 2;
const row = {
  endpoints: ENDPOINTS,
  changesPerSecond: Math.round(changes),
  recordsPerSecond: Math.round(changes * RECORDS),
  workerMpps: round(mppsQuiet, 2),
  workerMppsWhileChanging: round(mppsBusy, 2),
  ratio: round(mppsBusy / mppsQuiet),
};
await record({
  section: 'changes',
  method: `\`npm run bench:changes\`; \`apply\` with lists of ${LIST} moves, ${ENDPOINTS} endpoints, a worker with batches of ${BATCH}; medians of ${PERIODS} periods each, in turn.`,
  head: ['VMs moved / s', 'records changed / s', 'worker Mpps', 'while changing', 'ratio'],
  cells: [
    [
      row.changesPerSecond.toLocaleString('en-US'),
      row.recordsPerSecond.toLocaleString('en-US'),
      row.workerMpps.toFixed(2),
      row.workerMppsWhileChanging.toFixed(2),
      row.ratio.toFixed(2),
    ],
  ],
  rows: [row],
});
