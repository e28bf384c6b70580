/** A capture through a dataplane: read, process in batches, write what leaves. Shared by encap, decap and the example. */

import { INPUT_CUT } from '../abi/layout.ts';
import { FORWARD } from '../abi/verdict.ts';
import type { CaptureRecord } from '../capture/index.ts';
import type { Dataplane } from '../engine/dataplane.ts';
import { mostFlooded, mostLocal, piecesOf, slotsOf } from '../policy/copies.ts';
import { type CaptureInput, openInput } from './capture-input.ts';
import { CaptureOutput } from './capture-output.ts';
import { type TransferReport, transferReport, transferText } from './report.ts';

export interface TransferOptions {
  host: string;
  /** Name of an endpoint. */
  port?: string;
  output: string;
  json?: boolean;
}

/** Which way frames go. */
export interface Direction {
  /** The port that a frame came in by; one that does not exist where nobody knows. */
  readonly portOf: (record: CaptureRecord, interfaceName: string | undefined) => number;
  /** Names of the output's interfaces by the port whose frames they get; what leaves by other ports is not written. */
  readonly outputs: ReadonlyMap<number, string>;
  /** Lines below the report: what the user may have meant. */
  readonly hints: (report: TransferReport) => string[];
}

/**
 * Runs a capture through a dataplane and prints the report.
 * @throws CaptureError after the report when the capture is not whole; what was before the fault is written.
 * @throws OutputError when the output cannot be written; nothing is left under its name.
 */
export async function transferAndReport(
  dataplane: Dataplane,
  inputFile: string,
  direction: Direction,
  options: TransferOptions,
): Promise<void> {
  const input = await openInput(inputFile);
  const report = await transfer(dataplane, input, options.output, direction);
  const writtenTo = options.output === '-' ? 'stdout' : options.output;
  const text =
    options.json === true
      ? JSON.stringify(report, null, 2)
      : [transferText(report, writtenTo, `on ${dataplane.host.name}`), ...direction.hints(report)].join('\n');
  if (options.output === '-') console.error(text);
  else console.log(text);
  if (input.fault !== undefined) throw input.fault;
}

export async function transfer(
  dataplane: Dataplane,
  input: CaptureInput,
  outputFile: string,
  direction: Direction,
): Promise<TransferReport> {
  // What is no capture must not replace a file.
  await input.begin();
  const output = await CaptureOutput.create(outputFile);
  try {
    const interfaces = new Map<number, number>();
    for (const [port, name] of direction.outputs) interfaces.set(port, output.addInterface(name));
    const { inputs, written } = await pump(dataplane, input, output, direction, interfaces);
    await output.close();
    return transferReport(inputs, written, dataplane.counters());
  } catch (error) {
    await output.abort();
    throw error;
  }
}

/** What an output takes over from its input, by the input's number in the batch. */
interface Origin {
  seconds: number;
  nanoseconds: number;
  comments: string[] | undefined;
}

async function pump(
  dataplane: Dataplane,
  input: CaptureInput,
  output: CaptureOutput,
  { portOf }: Direction,
  interfaces: ReadonlyMap<number, number>,
): Promise<{ inputs: number; written: number }> {
  const { batch, copySlots } = dataplane;
  const copiesOf = copyCount(dataplane);
  /** That the frames of the batch may need. */
  let copies = 0;
  const origins: Origin[] = [];
  let inputs = 0;
  let written = 0;

  // The capture's own time: rates and ages are those of the traffic, however fast it is read.
  let now = 0;
  const processBatch = () => {
    dataplane.process(now);
    for (let index = 0; index < batch.count; index++) {
      if (batch.verdictAt(index) !== FORWARD) continue;
      const interfaceId = interfaces.get(batch.portAt(index));
      if (interfaceId === undefined) continue;
      const { seconds, nanoseconds, comments } = origins[batch.inputAt(index)]!;
      output.write({ interfaceId, seconds, nanoseconds, data: batch.frameAt(index), comments });
      written++;
    }
    batch.clear();
    copies = 0;
  };

  for await (const chunk of input.chunks()) {
    for (let record = chunk.read(); record !== undefined; record = chunk.read()) {
      inputs++;
      const flags = record.data.length < record.originalLength ? INPUT_CUT : 0;
      const port = portOf(record, input.interfaces[record.interfaceId]?.name);
      const needed = copiesOf(record.data, port);
      if (batch.length > 0 && copies + needed > copySlots) processBatch();
      if (!batch.push(record.data, port, flags)) {
        processBatch();
        batch.push(record.data, port, flags);
      }
      copies += needed;
      const { seconds, nanoseconds, comments } = record;
      now = Math.max(now, seconds * 1000 + nanoseconds / 1e6);
      origins[batch.length - 1] = { seconds, nanoseconds, comments };
    }
    processBatch();
    await output.drain();
  }
  return { inputs, written };
}

/** The most copies, pieces and errors that a frame can become: those of a batch share the slots for them. */
function copyCount({ policy, host }: Dataplane): (frame: Uint8Array, port: number) => number {
  const local = mostLocal(policy, host);
  return ({ [0]: first = 0, length }, port) => {
    if (port === 0) return local * slotsOf(length);
    const isGroup = (first & 1) === 1;
    return isGroup ? Math.max(1, mostFlooded(policy, host, length)) : piecesOf(length);
  };
}
