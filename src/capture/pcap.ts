/** The classic pcap format (draft-ietf-opsawg-pcap): one interface, one header, records. */

import type { ByteQueue } from './byte-queue.ts';
import { CaptureError, type CaptureInterface, type RecordHead } from './types.ts';

export const MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const MAGIC_NANOSECONDS = 0xa1b23c4d;
export const FILE_HEADER = 24;
export const RECORD_HEADER = 16;

/** No link has frames that long; a longer one is a broken length field. */
export const MAX_RECORD = 64 * 1024 * 1024;

export class PcapParser {
  readonly format = 'pcap';
  readonly interfaces: CaptureInterface[] = [];
  /** Records read. */
  count = 0;
  readonly #queue: ByteQueue;
  readonly #name: string;
  readonly #littleEndian: boolean;
  readonly #nanosPerTick: number;

  constructor(queue: ByteQueue, name: string, littleEndian: boolean, isNanoseconds: boolean) {
    this.#queue = queue;
    this.#name = name;
    this.#littleEndian = littleEndian;
    this.#nanosPerTick = isNanoseconds ? 1 : 1000;
  }

  /** Passes the next record and says in `head` what is known of it. False: more bytes are needed. */
  read(head: RecordHead): boolean {
    const queue = this.#queue;
    if (this.interfaces.length === 0 && !this.#readHeader()) return false;
    if (queue.available < RECORD_HEADER) return false;
    const { view, start } = queue;
    const capturedLength = view.getUint32(start + 8, this.#littleEndian);
    const originalLength = view.getUint32(start + 12, this.#littleEndian);
    if (capturedLength > MAX_RECORD)
      this.#fail(`expected a captured length up to ${MAX_RECORD}, got ${capturedLength}`);
    if (capturedLength > originalLength) {
      this.#fail(
        `expected a captured length up to the original length ${originalLength}, got ${capturedLength}`,
      );
    }
    if (queue.available < RECORD_HEADER + capturedLength) return false;
    const { fcsLength } = this.interfaces[0]!;
    const at = start + RECORD_HEADER;
    head.interfaceId = 0;
    head.seconds = view.getUint32(start, this.#littleEndian);
    head.nanoseconds = view.getUint32(start + 4, this.#littleEndian) * this.#nanosPerTick;
    head.originalLength = Math.max(originalLength - fcsLength, 0);
    head.capturedLength = Math.min(capturedLength, head.originalLength);
    head.offset = queue.placeOf(at);
    head.comments = undefined;
    queue.start = at + capturedLength;
    this.count++;
    return true;
  }

  #readHeader(): boolean {
    const queue = this.#queue;
    if (queue.available < FILE_HEADER) return false;
    const { view, start } = queue;
    const major = view.getUint16(start + 4, this.#littleEndian);
    if (major !== 2) {
      throw new CaptureError(`${this.#name}: header at byte 4: expected pcap version 2, got ${major}`);
    }
    const link = view.getUint32(start + 20, this.#littleEndian);
    // Upper bits: length of the frame check sequence in 16-bit words, valid if bit 26 is set.
    const hasFcs = (link & 0x0400_0000) !== 0;
    this.interfaces.push({
      name: undefined,
      description: undefined,
      linkType: link & 0xffff,
      snapLength: view.getUint32(start + 16, this.#littleEndian),
      ticksPerSecond: this.#nanosPerTick === 1 ? 1_000_000_000n : 1_000_000n,
      timestampOffset: 0n,
      fcsLength: hasFcs ? (link >>> 28) * 2 : 0,
    });
    queue.start += FILE_HEADER;
    return true;
  }

  #fail(message: string): never {
    throw new CaptureError(
      `${this.#name}: record ${this.count + 1} at byte ${this.#queue.offset}: ${message}`,
    );
  }
}
