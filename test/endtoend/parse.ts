/**
 * Reads what `test/packets` writes, and trusts nothing: lengths and checksums are verified as a host would, and what is
 * wrong is an exception. Addresses are texts, always written in the same way, so that they can be keys.
 */

import { PROTOCOL, hex, ip, onesComplementSum, pseudoHeader } from '../packets/index.ts';

/** A host drops it without a word; a test wants to hear of it. */
export class Malformed extends Error {}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Malformed(what);
}

export const u16At = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
export const u32At = (bytes: Uint8Array, at: number): number =>
  u16At(bytes, at) * 0x1_0000 + u16At(bytes, at + 2);

export const macText = (bytes: Uint8Array): string => hex(bytes).match(/../g)!.join(':');

/** 4 bytes dotted, 16 bytes as eight groups, none left out. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, group) => u16At(bytes, group * 2).toString(16)).join(':');
}

/** The form that `addressText` has. */
export const canonical = (address: string): string => addressText(ip(address));

export interface Frame {
  readonly dst: string;
  readonly src: string;
  readonly type: number;
  readonly payload: Uint8Array;
}

export function parseFrame(frame: Uint8Array): Frame {
  demand(frame.length >= 14, 'frame shorter than its header');
  return {
    dst: macText(frame.subarray(0, 6)),
    src: macText(frame.subarray(6, 12)),
    type: u16At(frame, 12),
    payload: frame.subarray(14),
  };
}

export interface ArpMessage {
  readonly operation: number;
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetIp: string;
}

export function parseArp(bytes: Uint8Array): ArpMessage {
  demand(bytes.length >= 28, 'short ARP');
  demand(u32At(bytes, 0) === 0x0001_0800 && u16At(bytes, 4) === 0x0604, 'ARP of another kind');
  return {
    operation: u16At(bytes, 6),
    senderMac: macText(bytes.subarray(8, 14)),
    senderIp: addressText(bytes.subarray(14, 18)),
    targetIp: addressText(bytes.subarray(24, 28)),
  };
}

export interface Fragment {
  readonly id: number;
  /** Bytes. */
  readonly offset: number;
  readonly more: boolean;
}

/** An IP packet of either family. */
export interface Packet {
  readonly family: 4 | 6;
  readonly src: string;
  readonly dst: string;
  readonly ttl: number;
  readonly protocol: number;
  readonly df: boolean;
  readonly fragment: Fragment | undefined;
  readonly payload: Uint8Array;
  /** Header and payload, without Ethernet padding. */
  readonly bytes: Uint8Array;
}

/** @param isQuote of an ICMP error: the rest may be missing. */
export function parseIp(bytes: Uint8Array, isQuote = false): Packet {
  return bytes[0]! >> 4 === 4 ? parseIpv4(bytes, isQuote) : parseIpv6(bytes, isQuote);
}

function parseIpv4(bytes: Uint8Array, isQuote: boolean): Packet {
  demand(bytes.length >= 20, 'short IPv4 header');
  const header = (bytes[0]! & 15) * 4;
  const length = u16At(bytes, 2);
  demand(header >= 20 && header <= bytes.length && header <= length, 'IPv4 header length');
  demand(isQuote || length <= bytes.length, 'IPv4 total length');
  demand(onesComplementSum(bytes.subarray(0, header)) === 0xffff, 'IPv4 header checksum');
  const word = u16At(bytes, 6);
  const offset = (word & 0x1fff) * 8;
  const more = (word & 0x2000) !== 0;
  return {
    family: 4,
    src: addressText(bytes.subarray(12, 16)),
    dst: addressText(bytes.subarray(16, 20)),
    ttl: bytes[8]!,
    protocol: bytes[9]!,
    df: (word & 0x4000) !== 0,
    fragment: more || offset > 0 ? { id: u16At(bytes, 4), offset, more } : undefined,
    payload: bytes.subarray(header, length),
    bytes: bytes.subarray(0, length),
  };
}

/** Of the extension headers a fragment header only: our stack sends no other. */
function parseIpv6(bytes: Uint8Array, isQuote: boolean): Packet {
  demand(bytes.length >= 40 && bytes[0]! >> 4 === 6, 'short IPv6 header');
  const length = 40 + u16At(bytes, 4);
  demand(isQuote || length <= bytes.length, 'IPv6 payload length');
  const hasFragment = bytes[6] === PROTOCOL.fragment;
  demand(!hasFragment || (length >= 48 && bytes.length >= 48), 'short fragment header');
  const word = hasFragment ? u16At(bytes, 42) : 0;
  return {
    family: 6,
    src: addressText(bytes.subarray(8, 24)),
    dst: addressText(bytes.subarray(24, 40)),
    ttl: bytes[7]!,
    protocol: hasFragment ? bytes[40]! : bytes[6]!,
    df: true,
    fragment: hasFragment
      ? { id: u32At(bytes, 44), offset: word & 0xfff8, more: (word & 1) === 1 }
      : undefined,
    payload: bytes.subarray(hasFragment ? 48 : 40, length),
    bytes: bytes.subarray(0, length),
  };
}

function demandChecksum({ src, dst, payload }: Packet, protocol: number): void {
  const pseudo = pseudoHeader({ src: ip(src), dst: ip(dst) }, protocol, payload.length);
  demand(onesComplementSum(pseudo, payload) === 0xffff, `checksum of protocol ${protocol}`);
}

export interface Udp {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly data: Uint8Array;
}

export function parseUdp(packet: Packet): Udp {
  const { payload, family } = packet;
  demand(payload.length >= 8 && u16At(payload, 4) === payload.length, 'UDP length');
  if (u16At(payload, 6) === 0) demand(family === 4, 'UDP over IPv6 without checksum');
  else demandChecksum(packet, PROTOCOL.udp);
  return { srcPort: u16At(payload, 0), dstPort: u16At(payload, 2), data: payload.slice(8) };
}

export interface Tcp {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly mss: number | undefined;
  readonly data: Uint8Array;
}

export function parseTcp(packet: Packet): Tcp {
  const { payload } = packet;
  demand(payload.length >= 20, 'short TCP header');
  const header = (payload[12]! >> 4) * 4;
  demand(header >= 20 && header <= payload.length, 'TCP data offset');
  demandChecksum(packet, PROTOCOL.tcp);
  return {
    srcPort: u16At(payload, 0),
    dstPort: u16At(payload, 2),
    seq: u32At(payload, 4),
    ack: u32At(payload, 8),
    flags: payload[13]!,
    mss: mssOf(payload.subarray(20, header)),
    data: payload.slice(header),
  };
}

function mssOf(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length && options[at] !== 0;) {
    if (options[at] === 1) {
      at++;
      continue;
    }
    const length = options[at + 1] ?? 0;
    demand(length >= 2 && at + length <= options.length, 'length of a TCP option');
    if (options[at] === 2 && length === 4) return u16At(options, at + 2);
    at += length;
  }
  return undefined;
}

export interface Icmp {
  readonly type: number;
  readonly code: number;
  /** The second word. */
  readonly rest: number;
  readonly body: Uint8Array;
}

/** ICMP or ICMPv6, by the packet's family. */
export function parseIcmp(packet: Packet): Icmp {
  const { payload, family } = packet;
  demand(payload.length >= 8, 'short ICMP message');
  if (family === 6) demandChecksum(packet, PROTOCOL.icmpv6);
  else demand(onesComplementSum(payload) === 0xffff, 'ICMP checksum');
  return { type: payload[0]!, code: payload[1]!, rest: u32At(payload, 4), body: payload.slice(8) };
}

/** Type and data of each option of a neighbour discovery message. */
export function ndOptions(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const options = new Map<number, Uint8Array[]>();
  for (let at = 0; at < bytes.length;) {
    const length = (bytes[at + 1] ?? 0) * 8;
    demand(length > 0 && at + length <= bytes.length, 'length of a neighbour discovery option');
    const type = bytes[at]!;
    options.set(type, [...(options.get(type) ?? []), bytes.slice(at + 2, at + length)]);
    at += length;
  }
  return options;
}
