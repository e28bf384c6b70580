/** Writers of both formats into memory; whoever owns the file takes the bytes (`take`) when there are enough of them. */

import { FILE_HEADER, MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, RECORD_HEADER } from './pcap.ts';
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET,
  IF_DESCRIPTION,
  IF_NAME,
  IF_TSRESOL,
  INTERFACE_DESCRIPTION,
  OPT_COMMENT,
  SECTION_HEADER,
} from './pcapng.ts';
import { nanosecondTicks } from './timestamps.ts';
import { LINKTYPE_ETHERNET } from './types.ts';

export interface NewInterface {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Default: Ethernet. */
  readonly linkType?: number;
  /** Default: no limit. */
  readonly snapLength?: number;
}

export interface Packet {
  readonly interfaceId: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly data: Uint8Array;
  /** Default: `data` is the whole frame. */
  readonly originalLength?: number;
  readonly comments?: readonly string[] | undefined;
}

export interface CaptureWriter {
  /** Bytes written and not yet taken. */
  readonly pending: number;
  /** Describes an interface. Returns its id for packets. */
  addInterface(description: NewInterface): number;
  write(packet: Packet): void;
  /** What is pending. Valid until the call of `take` after the next one: two buffers take turns. */
  take(): Uint8Array;
}

const INITIAL_SIZE = 1 << 16;

/** Bytes appended to one of two buffers that take turns. */
class Output {
  bytes = new Uint8Array(INITIAL_SIZE);
  view = new DataView(this.bytes.buffer);
  length = 0;
  #other = new Uint8Array(INITIAL_SIZE);

  /** Makes room for `size` more bytes and returns where they begin. */
  grow(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, at));
      this.#use(larger);
    }
    return at;
  }

  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    const next = this.#other;
    this.#other = this.bytes;
    this.#use(next);
    this.length = 0;
    return taken;
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

export class PcapWriter implements CaptureWriter {
  readonly #output = new Output();
  readonly #nanosPerTick: number;
  #hasInterface = false;

  constructor(options: { nanoseconds: boolean }) {
    this.#nanosPerTick = options.nanoseconds ? 1 : 1000;
  }

  get pending(): number {
    return this.#output.length;
  }

  /** @throws RangeError for a second interface: the format has one. */
  addInterface({ linkType = LINKTYPE_ETHERNET, snapLength = 0 }: NewInterface): number {
    if (this.#hasInterface)
      throw new RangeError('pcap: expected one interface, got a second one; write pcapng');
    this.#hasInterface = true;
    const at = this.#output.grow(FILE_HEADER);
    const { view } = this.#output;
    view.setUint32(at, this.#nanosPerTick === 1 ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS, true);
    view.setUint16(at + 4, 2, true);
    view.setUint16(at + 6, 4, true);
    view.setBigUint64(at + 8, 0n, true);
    view.setUint32(at + 16, snapLength === 0 ? 262_144 : snapLength, true);
    view.setUint32(at + 20, linkType, true);
    return 0;
  }

  write({ seconds, nanoseconds, data, originalLength = data.length }: Packet): void {
    const at = this.#output.grow(RECORD_HEADER + data.length);
    const { view, bytes } = this.#output;
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, Math.floor(nanoseconds / this.#nanosPerTick), true);
    view.setUint32(at + 8, data.length, true);
    view.setUint32(at + 12, originalLength, true);
    bytes.set(data, at + RECORD_HEADER);
  }

  take(): Uint8Array {
    return this.#output.take();
  }
}

const NANOSECONDS = 9;
const utf8 = new TextEncoder();

/** Little-endian, one section, nanoseconds on every interface. */
export class PcapngWriter implements CaptureWriter {
  readonly #output = new Output();
  readonly #ticks = { high: 0, low: 0 };
  #interfaces = 0;

  constructor() {
    this.#block(SECTION_HEADER, 16, [[4, utf8.encode('netvirt')]], (view, at) => {
      view.setUint32(at, BYTE_ORDER_MAGIC, true);
      view.setUint16(at + 4, 1, true);
      view.setUint16(at + 6, 0, true);
      view.setBigInt64(at + 8, -1n, true);
    });
  }

  get pending(): number {
    return this.#output.length;
  }

  addInterface({ name, description, linkType = LINKTYPE_ETHERNET, snapLength = 0 }: NewInterface): number {
    const options: [number, Uint8Array][] = [];
    if (name !== undefined) options.push([IF_NAME, utf8.encode(name)]);
    if (description !== undefined) options.push([IF_DESCRIPTION, utf8.encode(description)]);
    options.push([IF_TSRESOL, Uint8Array.of(NANOSECONDS)]);
    this.#block(INTERFACE_DESCRIPTION, 8, options, (view, at) => {
      view.setUint16(at, linkType, true);
      view.setUint16(at + 2, 0, true);
      view.setUint32(at + 4, snapLength, true);
    });
    return this.#interfaces++;
  }

  write(packet: Packet): void {
    const { data, comments } = packet;
    const padded = (data.length + 3) & ~3;
    const options =
      comments === undefined ? NO_OPTIONS : comments.map((text) => option(OPT_COMMENT, utf8.encode(text)));
    const length = 32 + padded + optionsLength(options);
    const at = this.#output.grow(length);
    const { view, bytes } = this.#output;
    nanosecondTicks(packet, this.#ticks);
    view.setUint32(at, ENHANCED_PACKET, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, packet.interfaceId, true);
    view.setUint32(at + 12, this.#ticks.high, true);
    view.setUint32(at + 16, this.#ticks.low, true);
    view.setUint32(at + 20, data.length, true);
    view.setUint32(at + 24, packet.originalLength ?? data.length, true);
    // The padding must be zero, and the buffer is used again and again.
    if (padded !== data.length) view.setUint32(at + 28 + padded - 4, 0, true);
    bytes.set(data, at + 28);
    writeOptions(view, bytes, at + 28 + padded, options);
    view.setUint32(at + length - 4, length, true);
  }

  #block(
    type: number,
    bodyLength: number,
    values: readonly [number, Uint8Array][],
    fill: (view: DataView, at: number) => void,
  ): void {
    const options = values.map(([code, value]) => option(code, value));
    const length = 12 + bodyLength + optionsLength(options);
    const at = this.#output.grow(length);
    const { view, bytes } = this.#output;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, length, true);
    fill(view, at + 8);
    writeOptions(view, bytes, at + 8 + bodyLength, options);
    view.setUint32(at + length - 4, length, true);
  }

  take(): Uint8Array {
    return this.#output.take();
  }
}

type Option = readonly [code: number, value: Uint8Array];

const NO_OPTIONS: readonly Option[] = [];
/** An option's length field has 16 bits. */
const MAX_OPTION = 0xffff;

function option(code: number, value: Uint8Array): Option {
  return [code, value.length > MAX_OPTION ? value.subarray(0, MAX_OPTION) : value];
}

function optionsLength(options: readonly Option[]): number {
  if (options.length === 0) return 0;
  return options.reduce((length, [, value]) => length + 4 + ((value.length + 3) & ~3), 4);
}

function writeOptions(view: DataView, bytes: Uint8Array, from: number, options: readonly Option[]): void {
  if (options.length === 0) return;
  let at = from;
  for (const [code, value] of options) {
    const padded = (value.length + 3) & ~3;
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.fill(0, at + 4 + value.length, at + 4 + padded);
    bytes.set(value, at + 4);
    at += 4 + padded;
  }
  view.setUint32(at, 0, true);
}
