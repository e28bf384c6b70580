/**
 * npm run bench: the engine alone, WASM against plain TypeScript, alternated pass by pass in one process. Ratios can be
 * compared between machines, nanoseconds cannot. Writes bench/results.json and bench/RESULTS.md.
 */

import { parseArgs } from 'node:util';
import { nativeRival, natives } from './native/engine.ts';
import { machine, quantile, record, round } from './results.ts';
import { type Rival, SLOTS, inputsOf, plainRival, wasmRival } from './rivals.ts';
import { sample } from './sample.ts';
import { OPERATIONS, type Operation, workload } from './workload.ts';

interface Options {
  readonly operations: readonly Operation[];
  readonly endpoints: number;
  readonly length: number;
  readonly batch: number;
  readonly passes: number;
  readonly json: boolean;
}

interface Row {
  operation: Operation;
  endpoints: number;
  frameBytes: number;
  batch: number;
  rival: string;
  nsMedian: number;
  mpps: number;
  /** The rival's time by WASM's: above 1, WASM is faster. */
  ratio: number;
  /** Quartiles of the rival's time by its median. */
  spread: readonly [number, number];
}

function usage(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

function integer(text: string, name: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    usage(`--${name}: expected an integer from ${min} to ${max}, got ${text}`);
  return value;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        operation: { type: 'string', multiple: true },
        endpoints: { type: 'string', default: '1000' },
        length: { type: 'string', default: '64' },
        batch: { type: 'string', default: '256' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const operations = values.operation ?? [...OPERATIONS];
    const unknown = operations.find((name) => !OPERATIONS.some((known) => known === name));
    if (unknown !== undefined) usage(`--operation: expected ${OPERATIONS.join(', ')}, got ${unknown}`);
    return {
      operations: operations as Operation[],
      endpoints: integer(values.endpoints, 'endpoints', 64, 2_000_000),
      length: integer(values.length, 'length', 60, 1500),
      batch: integer(values.batch, 'batch', 1, SLOTS),
      passes: values.quick ? 30 : 120,
      json: values.json,
    };
  } catch (error) {
    usage((error as Error).message);
  }
}

/** Verdict, port and frame of every slot; FlowID and flow label are the sender's choice and left out. */
function assertSame(rivals: readonly Rival[], isSent: boolean): void {
  const results = rivals.map((rival) => {
    rival.refresh();
    rival.pass(SLOTS);
    return rival.outputs();
  });
  const [expected, ...others] = results;
  for (const [number, other] of others.entries()) {
    for (const [slot, output] of other.entries()) {
      const one = expected![slot]!;
      for (const { frame } of [one, output]) if (isSent && frame.length > 42) frame[41] = 0;
      if (output.word !== one.word || Buffer.compare(output.frame, one.frame) !== 0) {
        throw new Error(`${rivals[number + 1]!.name} and ${rivals[0]!.name} differ in slot ${slot}`);
      }
      if (one.word >>> 16 !== 0)
        throw new Error(`slot ${slot}: expected a packet that is forwarded, got verdict ${one.word >>> 16}`);
    }
  }
}

async function measure(operation: Operation, options: Options): Promise<Row[]> {
  const work = workload(operation, options.endpoints, SLOTS, options.length);
  const inputs = await inputsOf(work);
  const rivals = [
    await wasmRival(work.policy, work.host, 'release', inputs),
    await wasmRival(work.policy, work.host, 'threads', inputs),
    plainRival(work.policy, work.host, inputs),
    ...(await Promise.all(natives().map((twin) => nativeRival(twin, work.policy, work.host, inputs)))),
  ];
  assertSame(rivals, operation === 'egress');
  const samples = sample(rivals, options.batch, options.passes);
  const reference = quantile(samples[0]!, 0.5);
  return rivals.map(({ name }, index) => {
    const sorted = samples[index]!;
    const median = quantile(sorted, 0.5);
    return {
      operation,
      endpoints: options.endpoints,
      frameBytes: options.length,
      batch: options.batch,
      rival: name,
      nsMedian: round(median),
      mpps: round(1000 / median, 1),
      ratio: round(median / reference),
      spread: [round(quantile(sorted, 0.25) / median), round(quantile(sorted, 0.75) / median)],
    };
  });
}

const options = readOptions();
const rows: Row[] = [];
for (const operation of options.operations) rows.push(...(await measure(operation, options)));
if (options.json) {
  console.log(JSON.stringify({ machine: machine(), rows }, null, 2));
} else {
  record({
    section: 'engine',
    method: '`npm run bench`; all engines in one process, pass by pass in turn; medians.',
    head: ['operation', 'endpoints', 'frame', 'batch', 'engine', 'ns', 'Mpps', 'time / WASM', 'quartiles'],
    cells: rows.map((row) => [
      row.operation,
      String(row.endpoints),
      `${row.frameBytes} B`,
      String(row.batch),
      row.rival,
      row.nsMedian.toFixed(1),
      row.mpps.toFixed(1),
      row.ratio.toFixed(2),
      row.spread.map((part) => part.toFixed(2)).join('–'),
    ]),
    rows,
  });
}
