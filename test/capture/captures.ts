/** Captures built byte by byte, in either byte order: what the reader is tested with shares nothing with our writers. */

export interface Bytes {
  readonly littleEndian: boolean;
  readonly u16: (value: number) => number[];
  readonly u32: (value: number) => number[];
}

export function order(littleEndian: boolean): Bytes {
  const arrange = (bytes: number[]) => (littleEndian ? bytes.reverse() : bytes);
  return {
    littleEndian,
    u16: (value) => arrange([(value >>> 8) & 255, value & 255]),
    u32: (value) => arrange([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]),
  };
}

export interface PcapRecord {
  readonly seconds: number;
  readonly fraction: number;
  readonly data: readonly number[];
  readonly originalLength?: number;
  readonly capturedLength?: number;
}

export function pcap(
  { u16, u32 }: Bytes,
  records: readonly PcapRecord[],
  { magic = 0xa1b2c3d4, linkType = 1, snapLength = 65535, major = 2 } = {},
): Uint8Array {
  const header = [
    ...u32(magic),
    ...u16(major),
    ...u16(4),
    ...u32(0),
    ...u32(0),
    ...u32(snapLength),
    ...u32(linkType),
  ];
  const body = records.flatMap(
    ({ seconds, fraction, data, originalLength = data.length, capturedLength = data.length }) => [
      ...u32(seconds),
      ...u32(fraction),
      ...u32(capturedLength),
      ...u32(originalLength),
      ...data,
    ],
  );
  return Uint8Array.from([...header, ...body]);
}

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}

export function block({ u32 }: Bytes, type: number, body: readonly number[]): number[] {
  const length = 12 + padded(body).length;
  return [...u32(type), ...u32(length), ...padded(body), ...u32(length)];
}

export function option({ u16 }: Bytes, code: number, value: readonly number[]): number[] {
  return [...u16(code), ...u16(value.length), ...padded(value)];
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

export function section(bytes: Bytes, major = 1): number[] {
  const body = [
    ...bytes.u32(0x1a2b3c4d),
    ...bytes.u16(major),
    ...bytes.u16(0),
    ...Array<number>(8).fill(0xff),
  ];
  return block(bytes, 0x0a0d0d0a, body);
}

export function interfaceBlock(
  bytes: Bytes,
  options: readonly number[] = [],
  linkType = 1,
  snapLength = 0,
): number[] {
  const end = options.length === 0 ? [] : [0, 0, 0, 0];
  return block(bytes, 1, [...bytes.u16(linkType), 0, 0, ...bytes.u32(snapLength), ...options, ...end]);
}

export interface EnhancedPacket {
  readonly interfaceId?: number;
  readonly ticks?: bigint;
  readonly data: readonly number[];
  readonly originalLength?: number;
  readonly capturedLength?: number;
  readonly options?: readonly number[];
}

export function enhancedPacket(bytes: Bytes, packet: EnhancedPacket): number[] {
  const { interfaceId = 0, ticks = 0n, data, options = [] } = packet;
  const { originalLength = data.length, capturedLength = data.length } = packet;
  return block(bytes, 6, [
    ...bytes.u32(interfaceId),
    ...bytes.u32(Number(ticks >> 32n)),
    ...bytes.u32(Number(ticks & 0xffff_ffffn)),
    ...bytes.u32(capturedLength),
    ...bytes.u32(originalLength),
    ...padded(data),
    ...options,
    ...(options.length === 0 ? [] : [0, 0, 0, 0]),
  ]);
}

export function simplePacket(bytes: Bytes, data: readonly number[], originalLength = data.length): number[] {
  return block(bytes, 3, [...bytes.u32(originalLength), ...padded(data)]);
}

/** The obsolete packet block (type 2). */
export function obsoletePacket(
  bytes: Bytes,
  interfaceId: number,
  ticks: bigint,
  data: readonly number[],
): number[] {
  return block(bytes, 2, [
    ...bytes.u16(interfaceId),
    ...bytes.u16(0),
    ...bytes.u32(Number(ticks >> 32n)),
    ...bytes.u32(Number(ticks & 0xffff_ffffn)),
    ...bytes.u32(data.length),
    ...bytes.u32(data.length),
    ...padded(data),
  ]);
}
