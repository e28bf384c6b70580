/** Where the frames of a capture are: columns of numbers, for captures of which not every frame fits into memory. */

import { CaptureReader } from './reader.ts';
import type { CaptureInterface, RecordHead } from './types.ts';

/** A place per frame, in the order of the capture. 28 bytes for each. */
export interface IndexColumns {
  /** Where the frame begins in the capture, bytes. */
  readonly offsets: Float64Array;
  /** Bytes that the capture holds, without frame check sequence. */
  readonly capturedLengths: Uint32Array;
  /** Bytes on the wire. */
  readonly originalLengths: Uint32Array;
  /** Seconds since the first frame; to the nanosecond within 50 days. */
  readonly times: Float64Array;
  /** Positions in `CaptureIndex.interfaces`. */
  readonly interfaceIds: Uint32Array;
}

const FIRST_ROOM = 1 << 14;
/** Room is made for so many times what was found: more would trust the beginning of a capture too far. */
const MOST_GROWTH = 16;

export class CaptureIndex {
  /** Frames found so far. */
  length = 0;
  /** Bytes of these frames on the wire. */
  bytes = 0;
  readonly #reader: CaptureReader;
  readonly #size: number;
  #seconds = 0;
  #nanoseconds = 0;
  #offsets = new Float64Array(FIRST_ROOM);
  #capturedLengths = new Uint32Array(FIRST_ROOM);
  #originalLengths = new Uint32Array(FIRST_ROOM);
  #times = new Float64Array(FIRST_ROOM);
  #interfaceIds = new Uint32Array(FIRST_ROOM);

  /**
   * @param name of the file, for messages.
   * @param size of the whole capture, bytes, where it is known: room is made in fewer steps.
   */
  constructor(name?: string, size = 0) {
    this.#reader = new CaptureReader(name);
    this.#size = size;
  }

  /** Interfaces met so far. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  /** When the first frame was captured, since 1970-01-01 UTC; undefined before there is one. */
  get start(): { readonly seconds: number; readonly nanoseconds: number } | undefined {
    return this.length === 0 ? undefined : { seconds: this.#seconds, nanoseconds: this.#nanoseconds };
  }

  /**
   * The next bytes; the chunk must stay as it is until the next `push`.
   * @throws CaptureError as `CaptureReader.read`; the frames before that place are in the index.
   */
  push(chunk: Uint8Array): void {
    const reader = this.#reader;
    reader.push(chunk);
    for (let head = reader.readHead(); head !== undefined; head = reader.readHead()) this.#add(head);
  }

  /**
   * To be called when there are no more bytes.
   * @throws CaptureError as `CaptureReader.end`.
   */
  end(): void {
    this.#reader.end();
  }

  #add({ offset, capturedLength, originalLength, seconds, nanoseconds, interfaceId }: RecordHead): void {
    const at = this.length;
    if (at === 0) {
      this.#seconds = seconds;
      this.#nanoseconds = nanoseconds;
    } else if (at === this.#offsets.length) this.#grow(this.#roomAfter(offset));
    this.#offsets[at] = offset;
    this.#capturedLengths[at] = capturedLength;
    this.#originalLengths[at] = originalLength;
    this.#times[at] = seconds - this.#seconds + (nanoseconds - this.#nanoseconds) / 1e9;
    this.#interfaceIds[at] = interfaceId;
    this.bytes += originalLength;
    this.length = at + 1;
  }

  /** As much as the rest of the capture needs if it is like what came before `offset`. */
  #roomAfter(offset: number): number {
    const { length } = this;
    const expected = Math.ceil(length * (this.#size / offset) * 1.02);
    return Math.max(length * 2, Math.min(expected, length * MOST_GROWTH));
  }

  #grow(room: number): void {
    this.#offsets = copied(this.#offsets, new Float64Array(room));
    this.#capturedLengths = copied(this.#capturedLengths, new Uint32Array(room));
    this.#originalLengths = copied(this.#originalLengths, new Uint32Array(room));
    this.#times = copied(this.#times, new Float64Array(room));
    this.#interfaceIds = copied(this.#interfaceIds, new Uint32Array(room));
  }

  /** Views of what is there now; the frames of a later `push` are in those of a later call. */
  columns(): IndexColumns {
    const { length } = this;
    return {
      offsets: this.#offsets.subarray(0, length),
      capturedLengths: this.#capturedLengths.subarray(0, length),
      originalLengths: this.#originalLengths.subarray(0, length),
      times: this.#times.subarray(0, length),
      interfaceIds: this.#interfaceIds.subarray(0, length),
    };
  }
}

function copied<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
