/**
 * npm run bench:workers: what a second worker brings. First the engine alone: threads that process their slots as fast as they
 * can on the same tables, one or two of them, in turn. Then the pool as its user has it: frames pushed by the main thread,
 * outputs read by it.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Dataplane, WorkerPool } from '../src/index.ts';
import { markValid } from '../src/policy/valid.ts';
import { workersPlot } from './plots.ts';
import { record } from './results.ts';
import { quantile, round } from './statistics.ts';
import { workload } from './workload.ts';

const ENDPOINTS = 1000;
const SLOTS = 1024;
const PERIOD = 300;
const PERIODS = 25;
const FRAMES = 1_000_000;
const RUNS = 7;

const { policy: unmarked, host, inputs } = workload('egress', ENDPOINTS, SLOTS, 64);
const policy = markValid(unmarked);
const sorted = (values: number[]) => values.sort((a, b) => a - b);
const median = (values: number[]) => quantile(sorted(values), 0.5);

/** Without shared memory there are no workers, and on one core two of them say nothing. */
function reasonAgainst(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') return 'no SharedArrayBuffer here';
  return availableParallelism() < 2 ? 'two workers need two cores' : undefined;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Millions of packets per second on the clock, and per second of processor time that the process got. */
interface Rate {
  readonly mpps: number;
  readonly perCpu: number;
}

const rate = (packets: number, milliseconds: number, cpu: NodeJS.CpuUsage): Rate => ({
  mpps: packets / milliseconds / 1000,
  perCpu: packets / (cpu.user + cpu.system),
});
const medianRate = (rates: readonly Rate[]): Rate => ({
  mpps: median(rates.map(({ mpps }) => mpps)),
  perCpu: median(rates.map(({ perCpu }) => perCpu)),
});

/** The workers whose gates are open; this thread sleeps. */
async function engine(): Promise<{ one: Rate; two: Rate; ratios: number[] }> {
  const dataplane = await Dataplane.create({
    policy,
    host: host.name,
    build: 'threads',
    workers: 3,
    capacity: { slots: SLOTS },
  });
  const workers = [1, 2].map((worker) => {
    const [gate, packets] = [new SharedArrayBuffer(4), new SharedArrayBuffer(8)];
    const workerData = { attachment: dataplane.attachment(worker), frames: inputs, gate, packets };
    const thread = new Worker(new URL('workers-worker.mjs', import.meta.url), { workerData });
    return { thread, gate: new Int32Array(gate), packets: new BigInt64Array(packets) };
  });
  const measure = (which: readonly (typeof workers)[number][]): Rate => {
    for (const { gate } of which) {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    }
    sleep(20);
    const count = () => which.reduce((sum, { packets }) => sum + Number(Atomics.load(packets, 0)), 0);
    const [before, begun, cpu] = [count(), performance.now(), process.cpuUsage()];
    sleep(PERIOD);
    const result = rate(count() - before, performance.now() - begun, process.cpuUsage(cpu));
    for (const { gate } of which) Atomics.store(gate, 0, 0);
    sleep(5);
    return result;
  };
  await Promise.all(workers.map(({ thread }) => new Promise((resolve) => thread.once('online', resolve))));
  // Until V8 has compiled the module with all optimisations.
  for (let round = 0; round < 3; round++) measure(workers);
  const ones: Rate[] = [];
  const twos: Rate[] = [];
  const ratios: number[] = [];
  for (let period = 0; period < PERIODS; period++) {
    const alone = [measure([workers[0]!]), measure([workers[1]!])];
    const both = measure(workers);
    ones.push(...alone);
    twos.push(both);
    ratios.push((2 * both.mpps) / (alone[0]!.mpps + alone[1]!.mpps));
  }
  await Promise.all(workers.map(({ thread }) => thread.terminate()));
  return { one: medianRate(ones), two: medianRate(twos), ratios: sorted(ratios) };
}

/** From `push` to `onOutput`. */
async function endToEnd(workers: number, length: number): Promise<Rate> {
  let outputs = 0;
  const pool = await WorkerPool.create({
    policy,
    host: host.name,
    workers,
    capacity: { slots: SLOTS },
    onOutput: () => outputs++,
  });
  const frames = workload('egress', ENDPOINTS, SLOTS, length).inputs;
  const samples: Rate[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    for (let index = 0; index < FRAMES; index++) {
      const { frame, port } = frames[index % SLOTS]!;
      while (!pool.push(frame, port)) await pool.ready();
    }
    await pool.drained();
    samples.push(rate(FRAMES, performance.now() - begun, process.cpuUsage(cpu)));
  }
  await pool.close();
  if (outputs !== FRAMES * RUNS) throw new Error(`expected ${FRAMES * RUNS} outputs, got ${outputs}`);
  return medianRate(samples);
}

interface Row {
  readonly what: string;
  readonly frameBytes: number;
  readonly workers: number;
  readonly mpps: number | null;
  /** By one worker's, on the clock. */
  readonly ratio: number | null;
  readonly spread?: readonly number[];
  readonly perCpu: number | null;
  /** Why it was not measured. */
  readonly absent?: string;
}

const row = (what: string, frameBytes: number, workers: number, { mpps, perCpu }: Rate, by: number): Row => ({
  what,
  frameBytes,
  workers,
  mpps: round(mpps),
  ratio: round(by),
  perCpu: round(perCpu),
});

async function measureRows(): Promise<Row[]> {
  const { one, two, ratios } = await engine();
  const spread = [quantile(ratios, 0.25), quantile(ratios, 0.75)].map((value) => round(value));
  const rows = [
    row('engine', 64, 1, one, 1),
    { ...row('engine', 64, 2, two, quantile(ratios, 0.5)), spread },
  ];
  for (const frameBytes of [64, 1400]) {
    const single = await endToEnd(1, frameBytes);
    const double = await endToEnd(2, frameBytes);
    rows.push(
      row('pool', frameBytes, 1, single, 1),
      row('pool', frameBytes, 2, double, double.mpps / single.mpps),
    );
  }
  return rows;
}

function absentRows(absent: string): Row[] {
  const kinds = [
    ['engine', 64],
    ['pool', 64],
    ['pool', 1400],
  ] as const;
  return kinds.flatMap(([what, frameBytes]) =>
    [1, 2].map((workers) => ({ what, frameBytes, workers, mpps: null, ratio: null, perCpu: null, absent })),
  );
}

const reason = reasonAgainst();
const rows = reason === undefined ? await measureRows() : absentRows(reason);
const bars = rows.flatMap(({ what, frameBytes, workers, ratio }) =>
  ratio === null ? [] : [{ name: `${what}, ${frameBytes} B, ${workers}`, ratio }],
);
await record({
  section: 'workers',
  method:
    `\`npm run bench:workers\`; ${ENDPOINTS} endpoints, egress. Engine: each worker on its own ${SLOTS} slots, one set of tables, ` +
    `${PERIODS} periods in turn, ratio and its quartiles by period. Pool: one more thread pushes every frame and reads every output; ` +
    `medians of ${RUNS} runs. The last column counts the processor time that the process got: what other processes take ` +
    'is not in it. Two workers are at twice the speed of one where that is the same for both and each has a core.' +
    (reason === undefined ? '' : ` Absent: ${reason}.`),
  head: ['what', 'frame', 'workers', 'Mpps', 'speed / one', 'quartiles', 'M packets / CPU s'],
  cells: rows.map((one) => [
    one.what,
    `${one.frameBytes} B`,
    String(one.workers),
    one.mpps?.toFixed(2) ?? '–',
    one.ratio?.toFixed(2) ?? '–',
    one.spread?.map((value) => value.toFixed(2)).join('–') ?? '',
    one.perCpu?.toFixed(2) ?? '–',
  ]),
  rows,
  pictures: [{ file: 'workers.svg', alt: 'Speed of workers by that of one', svg: workersPlot(bars) }],
});
