/** Captures of VMs' frames as traffic of a simulation: all of them in the order of their times. */

import { INPUT_CUT } from '../abi/layout.ts';
import type { CaptureError, CaptureRecord } from '../capture/index.ts';
import type { Policy } from '../policy/model.ts';
import type { Sent } from '../simulate/fabric.ts';
import { membersOf } from '../simulate/members.ts';
import type { Moment } from '../simulate/simulation.ts';
import { type CaptureInput, openInput } from './capture-input.ts';
import { Senders } from '../observe/senders.ts';

/** Bytes of frames that are in flight at once, if they have one time. */
const MOMENT = 1 << 24;

export class CapturedTraffic {
  readonly #files: readonly string[];
  readonly #senders: Senders<string>;
  #inputs: readonly CaptureInput[] = [];
  /** Of inputs that can be read once only. */
  #kept: readonly Moment[] | undefined;

  constructor(files: readonly string[], policy: Policy) {
    this.#files = files;
    this.#senders = new Senders(
      membersOf(policy).map(({ endpoint }) => [endpoint, endpoint.name] as const),
      { where: 'of the policy', advice: 'give a pcapng whose interfaces are named like endpoints' },
    );
  }

  /** Why reading stopped early; everything before that place was read. */
  get fault(): CaptureError | undefined {
    return this.#inputs.find(({ fault }) => fault !== undefined)?.fault;
  }

  /**
   * All frames from the beginning, again with every call.
   * @throws CaptureError when a file cannot be opened. Later faults are in `fault`.
   */
  async *moments(): AsyncGenerator<Moment> {
    if (this.#kept !== undefined) {
      yield* this.#kept;
      return;
    }
    const inputs: CaptureInput[] = [];
    for (const file of this.#files) inputs.push(await openInput(file, this.#files.length === 1));
    this.#inputs = inputs;
    const isRepeatable = inputs.every(({ isRegular }) => isRegular);
    if (isRepeatable) {
      yield* moments(inputs, this.#senders);
      return;
    }
    const kept: Moment[] = [];
    for await (const moment of moments(inputs, this.#senders)) kept.push(moment);
    this.#kept = kept;
    yield* kept;
  }
}

/** Frames of one millisecond together. A frame that is older than the one before counts as of its time. */
async function* moments(inputs: readonly CaptureInput[], senders: Senders<string>): AsyncGenerator<Moment> {
  let frames: Sent[] = [];
  let strangers = 0;
  let bytes = 0;
  let first: number | undefined;
  let now = 0;
  for await (const { record, interfaceName } of merged(inputs)) {
    const time = timeOf(record);
    first ??= time;
    const next = Math.max(now, Math.floor(time - first));
    if ((next > now || bytes > MOMENT) && frames.length > 0) {
      yield { now, frames, strangers };
      frames = [];
      strangers = 0;
      bytes = 0;
    }
    now = next;
    const endpoint = senders.of(record.data, interfaceName);
    if (endpoint === undefined) {
      strangers++;
      continue;
    }
    const flags = record.data.length < record.originalLength ? INPUT_CUT : 0;
    frames.push({ endpoint, frame: Buffer.from(record.data), flags });
    bytes += record.data.length;
  }
  yield { now, frames, strangers };
}

interface Captured {
  readonly record: CaptureRecord;
  readonly interfaceName: string | undefined;
}

/** Always the record with the earliest time of those that come next. Each capture is in order by itself. */
async function* merged(inputs: readonly CaptureInput[]): AsyncGenerator<Captured> {
  const waiting: { captured: Captured; rest: AsyncGenerator<Captured> }[] = [];
  for (const input of inputs) {
    const rest = recordsOf(input);
    const next = await rest.next();
    if (next.done !== true) waiting.push({ captured: next.value, rest });
  }
  while (waiting.length > 0) {
    let earliest = waiting[0]!;
    for (const one of waiting) {
      if (timeOf(one.captured.record) < timeOf(earliest.captured.record)) earliest = one;
    }
    yield earliest.captured;
    const next = await earliest.rest.next();
    if (next.done === true) waiting.splice(waiting.indexOf(earliest), 1);
    else earliest.captured = next.value;
  }
}

async function* recordsOf(input: CaptureInput): AsyncGenerator<Captured> {
  for await (const chunk of input.chunks()) {
    for (let record = chunk.read(); record !== undefined; record = chunk.read())
      yield { record, interfaceName: chunk.interfaces[record.interfaceId]?.name };
  }
}

/** Milliseconds. */
function timeOf({ seconds, nanoseconds }: CaptureRecord): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
