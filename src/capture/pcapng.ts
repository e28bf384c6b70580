/** The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks; each section has its byte order and its interfaces. */

import type { ByteQueue } from './byte-queue.ts';
import { MAX_RECORD } from './pcap.ts';
import { type ToTime, ticksToTime } from './timestamps.ts';
import { CaptureError, type CaptureInterface, type RecordHead } from './types.ts';

export const SECTION_HEADER = 0x0a0d0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const INTERFACE_DESCRIPTION = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
export const ENHANCED_PACKET = 6;

export const OPT_COMMENT = 1;
export const IF_NAME = 2;
export const IF_DESCRIPTION = 3;
export const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;

/** Type, total length, total length again. */
const BLOCK_OVERHEAD = 12;

const utf8 = new TextDecoder();

export class PcapngParser {
  readonly format = 'pcapng';
  /** Of all sections, in the order of the file. */
  readonly interfaces: CaptureInterface[] = [];
  /** Records read. */
  count = 0;
  readonly #queue: ByteQueue;
  readonly #name: string;
  readonly #toTime: ToTime[] = [];
  #littleEndian = true;
  /** Position of the section's first interface in `interfaces`. */
  #firstInterface = 0;

  constructor(queue: ByteQueue, name: string) {
    this.#queue = queue;
    this.#name = name;
  }

  /** Passes the next record and says in `head` what is known of it. False: more bytes are needed. */
  read(head: RecordHead): boolean {
    const queue = this.#queue;
    while (queue.available >= BLOCK_OVERHEAD) {
      const { view, start } = queue;
      // A section header reads the same in both byte orders, and says which one is meant.
      if (view.getUint32(start) === SECTION_HEADER) this.#readByteOrder(view, start);
      const type = view.getUint32(start, this.#littleEndian);
      const length = view.getUint32(start + 4, this.#littleEndian);
      if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_RECORD) {
        this.#fail(
          `expected a block length that is a multiple of 4 from ${BLOCK_OVERHEAD} to ${MAX_RECORD}, got ${length}`,
        );
      }
      if (queue.available < length) return false;
      const trailer = view.getUint32(start + length - 4, this.#littleEndian);
      if (trailer !== length) this.#fail(`expected the block to end in its length ${length}, got ${trailer}`);
      const isRecord = this.#readBlock(type, start + 8, start + length - 4, head);
      queue.start = start + length;
      if (!isRecord) continue;
      this.count++;
      return true;
    }
    return false;
  }

  #readByteOrder(view: DataView, start: number): void {
    const magic = view.getUint32(start + 8);
    if (magic !== BYTE_ORDER_MAGIC && magic !== 0x4d3c2b1a) {
      this.#fail(`expected the byte-order magic 1a2b3c4d, got ${magic.toString(16).padStart(8, '0')}`);
    }
    this.#littleEndian = magic !== BYTE_ORDER_MAGIC;
  }

  /** The block's body, from `at` to `end`. True: it was a record. */
  #readBlock(type: number, at: number, end: number, head: RecordHead): boolean {
    switch (type) {
      case SECTION_HEADER:
        this.#readSection(at, end);
        return false;
      case INTERFACE_DESCRIPTION:
        this.#readInterface(at, end);
        return false;
      case ENHANCED_PACKET:
        this.#need(at, end, 20);
        this.#readPacket(head, this.#u32(at), at + 4, end);
        return true;
      case PACKET:
        this.#need(at, end, 20);
        this.#readPacket(head, this.#u16(at), at + 4, end);
        return true;
      case SIMPLE_PACKET:
        this.#readSimplePacket(head, at, end);
        return true;
      default:
        return false;
    }
  }

  #readSection(at: number, end: number): void {
    this.#need(at, end, 16);
    const major = this.#u16(at + 4);
    if (major !== 1) this.#fail(`expected pcapng version 1, got ${major}`);
    this.#firstInterface = this.interfaces.length;
  }

  #readInterface(at: number, end: number): void {
    this.#need(at, end, 8);
    let name: string | undefined;
    let description: string | undefined;
    let ticksPerSecond = 1_000_000n;
    let timestampOffset = 0n;
    let fcsLength = 0;
    this.#eachOption(at + 8, end, (code, value, length) => {
      if (code === IF_NAME) name = this.#text(value, length);
      else if (code === IF_DESCRIPTION) description = this.#text(value, length);
      else if (code === IF_TSRESOL && length >= 1)
        ticksPerSecond = resolution(this.#queue.view.getUint8(value));
      else if (code === IF_FCSLEN && length >= 1) fcsLength = bytesOfFcs(this.#queue.view.getUint8(value));
      else if (code === IF_TSOFFSET && length >= 8) {
        timestampOffset = this.#queue.view.getBigInt64(value, this.#littleEndian);
      }
    });
    const linkType = this.#u16(at);
    const snapLength = this.#u32(at + 4);
    this.interfaces.push({
      name,
      description,
      linkType,
      snapLength,
      ticksPerSecond,
      timestampOffset,
      fcsLength,
    });
    this.#toTime.push(ticksToTime(ticksPerSecond, timestampOffset));
  }

  /** The common end of enhanced and obsolete packet blocks: time, lengths, data, options, from `at`. */
  #readPacket(head: RecordHead, interfaceNumber: number, at: number, end: number): void {
    const interfaceId = this.#interfaceId(interfaceNumber);
    const capturedLength = this.#u32(at + 8);
    const originalLength = this.#u32(at + 12);
    const data = at + 16;
    if (capturedLength > end - data) {
      this.#fail(`expected a captured length up to the block's ${end - data} bytes, got ${capturedLength}`);
    }
    if (capturedLength > originalLength) {
      this.#fail(
        `expected a captured length up to the original length ${originalLength}, got ${capturedLength}`,
      );
    }
    this.#toTime[interfaceId]!(this.#u32(at), this.#u32(at + 4), head);
    this.#setPlace(head, interfaceId, data, capturedLength, originalLength);
    const options = data + ((capturedLength + 3) & ~3);
    head.comments = undefined;
    if (options < end) this.#readComments(head, options, end);
  }

  #readSimplePacket(head: RecordHead, at: number, end: number): void {
    this.#need(at, end, 4);
    const interfaceId = this.#interfaceId(0);
    const originalLength = this.#u32(at);
    const { snapLength } = this.interfaces[interfaceId]!;
    const capturedLength = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
    if (capturedLength > end - at - 4) {
      this.#fail(`expected ${capturedLength} bytes of packet in the block, got ${end - at - 4}`);
    }
    head.seconds = 0;
    head.nanoseconds = 0;
    head.comments = undefined;
    this.#setPlace(head, interfaceId, at + 4, capturedLength, originalLength);
  }

  #setPlace(head: RecordHead, interfaceId: number, at: number, captured: number, original: number): void {
    head.interfaceId = interfaceId;
    head.originalLength = Math.max(original - this.interfaces[interfaceId]!.fcsLength, 0);
    head.capturedLength = Math.min(captured, head.originalLength);
    head.offset = this.#queue.placeOf(at);
  }

  #readComments(head: RecordHead, at: number, end: number): void {
    this.#eachOption(at, end, (code, value, length) => {
      if (code === OPT_COMMENT) (head.comments ??= []).push(this.#text(value, length));
    });
  }

  #eachOption(from: number, end: number, take: (code: number, value: number, length: number) => void): void {
    let at = from;
    while (at + 4 <= end) {
      const code = this.#u16(at);
      const length = this.#u16(at + 2);
      if (code === 0) return;
      if (at + 4 + length > end)
        this.#fail(`expected an option of up to ${end - at - 4} bytes, got ${length}`);
      take(code, at + 4, length);
      at += 4 + ((length + 3) & ~3);
    }
  }

  #interfaceId(number: number): number {
    const id = this.#firstInterface + number;
    if (id < this.interfaces.length) return id;
    return this.#fail(`expected an interface that was described before, got interface ${number}`);
  }

  #need(at: number, end: number, bytes: number): void {
    if (end - at < bytes) this.#fail(`expected a block body of at least ${bytes} bytes, got ${end - at}`);
  }

  #u16(at: number): number {
    return this.#queue.view.getUint16(at, this.#littleEndian);
  }

  #u32(at: number): number {
    return this.#queue.view.getUint32(at, this.#littleEndian);
  }

  #text(at: number, length: number): string {
    // TextDecoder does not take views of shared memory, hence the copy.
    return utf8.decode(this.#queue.bytes.slice(at, at + length)).replace(/\0+$/, '');
  }

  #fail(message: string): never {
    throw new CaptureError(
      `${this.#name}: record ${this.count + 1} at byte ${this.#queue.offset}: ${message}`,
    );
  }
}

/** Power of ten, or of two where the highest bit is set (if_tsresol). */
function resolution(value: number): bigint {
  return (value & 0x80) === 0 ? 10n ** BigInt(value) : 2n ** BigInt(value & 0x7f);
}

/** The format says bits; files with bytes exist. */
function bytesOfFcs(value: number): number {
  return value >= 8 ? value >> 3 : value;
}
