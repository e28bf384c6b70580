/** A look at a captured frame, for reports only: what kind of tunnel, whose frame, what is wrong with it. */

import type { IpAddress, MacAddress } from '../policy/model.ts';

export type Tunnel = 'NVGRE' | 'GRE' | 'VXLAN' | 'none';

export interface Layer {
  readonly srcMac: MacAddress;
  readonly dstMac: MacAddress;
  /** Behind VLAN tags. */
  readonly etherType: number;
  /** IP addresses, or the sender's and target's of ARP. */
  readonly src: IpAddress | undefined;
  readonly dst: IpAddress | undefined;
}

export interface Decoded {
  readonly tunnel: Tunnel;
  /** VSID of NVGRE, VNI of VXLAN. */
  readonly network: number | undefined;
  readonly outer: Layer | undefined;
  /** The frame inside the tunnel. */
  readonly inner: Layer | undefined;
  /** The first thing that is wrong, in words. */
  readonly fault: string | undefined;
}

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 } as const;
const VXLAN_PORT = 4789;

/** IPv6 addresses that were met lately: an address is two BigInts, and making them takes longer than the rest of the look. */
const MET = 1024;
const metWords = new Uint32Array(MET * 4);
const metAddresses = new Array<IpAddress | undefined>(MET).fill(undefined);

/** A walk over one frame; remembers the first fault. */
class Walk {
  fault: string | undefined;
  /** Read byte by byte: making a DataView of each small frame costs more than all reading. */
  readonly #frame: Uint8Array;
  #end: number;

  constructor(frame: Uint8Array) {
    this.#frame = frame;
    this.#end = frame.byteLength;
  }

  /** The frame goes on for `length` bytes from `at`; else that is its fault. */
  has(at: number, length: number, what: string): boolean {
    if (at + length <= this.#end) return true;
    this.blame(`${what} truncated`);
    return false;
  }

  blame(fault: string): void {
    this.fault ??= fault;
  }

  /** What lies behind `end` is padding. */
  cut(end: number, what: string): void {
    if (end > this.#end) this.blame(`${what} truncated`);
    else this.#end = end;
  }

  u8(at: number): number {
    return this.#frame[at]!;
  }

  u16(at: number): number {
    return (this.#frame[at]! << 8) | this.#frame[at + 1]!;
  }

  u32(at: number): number {
    return ((this.u16(at) << 16) | this.u16(at + 2)) >>> 0;
  }

  mac(at: number): MacAddress {
    return this.u16(at) * 0x1_0000_0000 + this.u32(at + 2);
  }

  ipv4(at: number): IpAddress {
    return { family: 4, value: this.u32(at) };
  }

  ipv6(at: number): IpAddress {
    const a = this.u32(at);
    const b = this.u32(at + 4);
    const c = this.u32(at + 8);
    const d = this.u32(at + 12);
    const place = Math.imul(a ^ b ^ Math.imul(c, 31) ^ d, 0x9e37_79b1) >>> 22;
    const word = place * 4;
    const met = metAddresses[place];
    const isSame =
      metWords[word] === a &&
      metWords[word + 1] === b &&
      metWords[word + 2] === c &&
      metWords[word + 3] === d;
    if (met !== undefined && isSame) return met;
    metWords.set([a, b, c, d], word);
    const value = (BigInt(a) << 96n) | (BigInt(b) << 64n) | (BigInt(c) << 32n) | BigInt(d);
    return (metAddresses[place] = { family: 6, value });
  }
}

interface Found {
  readonly layer: Layer | undefined;
  /** Protocol of the transport header and where it begins; undefined for what is not IP, or a later fragment. */
  readonly transport: { readonly protocol: number; readonly at: number } | undefined;
}

/** Decodes a frame that begins with its Ethernet header. */
export function decode(frame: Uint8Array): Decoded {
  const walk = new Walk(frame);
  const { layer: outer, transport } = readFrame(walk, 0);
  const plain = { tunnel: 'none', network: undefined, outer, inner: undefined, fault: walk.fault } as const;
  if (transport === undefined) return plain;
  if (transport.protocol === 47) return decodeGre(walk, outer, transport.at);
  if (transport.protocol === 17) return decodeVxlan(walk, outer, transport.at) ?? plain;
  return plain;
}

function decodeGre(walk: Walk, outer: Layer | undefined, at: number): Decoded {
  if (!walk.has(at, 4, 'GRE header')) return otherGre(walk, outer);
  const hasKey = (walk.u16(at) & 0x2000) !== 0;
  const isPlain = (walk.u16(at) & 0xdc07) === 0;
  if (!hasKey || !isPlain || walk.u16(at + 2) !== 0x6558) return otherGre(walk, outer);
  if (!walk.has(at, 8, 'GRE header')) return otherGre(walk, outer);
  const network = walk.u32(at + 4) >>> 8;
  if (network < 0x1000 || network === 0xff_ffff) walk.blame('reserved VSID');
  const { layer: inner } = readFrame(walk, at + 8);
  return { tunnel: 'NVGRE', network, outer, inner, fault: walk.fault };
}

function otherGre(walk: Walk, outer: Layer | undefined): Decoded {
  return { tunnel: 'GRE', network: undefined, outer, inner: undefined, fault: walk.fault };
}

function decodeVxlan(walk: Walk, outer: Layer | undefined, at: number): Decoded | undefined {
  if (!walk.has(at, 8, 'UDP header')) return undefined;
  if (walk.u16(at + 2) !== VXLAN_PORT || !walk.has(at + 8, 8, 'VXLAN header')) return undefined;
  const network = walk.u32(at + 12) >>> 8;
  const { layer: inner } = readFrame(walk, at + 16);
  return { tunnel: 'VXLAN', network, outer, inner, fault: walk.fault };
}

function readFrame(walk: Walk, start: number): Found {
  if (!walk.has(start, 14, 'Ethernet header')) return { layer: undefined, transport: undefined };
  let at = start + 12;
  while (walk.u16(at) === ETHERTYPE.vlan || walk.u16(at) === ETHERTYPE.serviceVlan) {
    if (!walk.has(at, 6, 'VLAN tag')) break;
    at += 4;
  }
  const etherType = walk.u16(at);
  const layer: Filling = {
    dstMac: walk.mac(start),
    srcMac: walk.mac(start + 6),
    etherType,
    src: undefined,
    dst: undefined,
  };
  if (etherType === ETHERTYPE.ipv4) return readIpv4(walk, at + 2, layer);
  if (etherType === ETHERTYPE.ipv6) return readIpv6(walk, at + 2, layer);
  if (etherType === ETHERTYPE.arp && walk.has(at + 2, 28, 'ARP packet')) {
    layer.src = walk.ipv4(at + 16);
    layer.dst = walk.ipv4(at + 26);
  }
  return { layer, transport: undefined };
}

/** A layer whose addresses are still to come. One object, filled: copies by spread take longer than all the reading. */
type Filling = { -readonly [Key in keyof Layer]: Layer[Key] };

function readIpv4(walk: Walk, at: number, layer: Filling): Found {
  if (!walk.has(at, 20, 'IPv4 header')) return { layer, transport: undefined };
  const headerLength = (walk.u8(at) & 15) * 4;
  const totalLength = walk.u16(at + 2);
  if (walk.u8(at) >> 4 !== 4 || headerLength < 20 || totalLength < headerLength)
    walk.blame('IPv4 header malformed');
  walk.cut(at + totalLength, 'IPv4 packet');
  if (walk.fault === undefined && ipv4Sum(walk, at, headerLength) !== 0xffff)
    walk.blame('IPv4 header checksum wrong');
  layer.src = walk.ipv4(at + 12);
  layer.dst = walk.ipv4(at + 16);
  const isLaterFragment = (walk.u16(at + 6) & 0x1fff) !== 0;
  const transport = isLaterFragment ? undefined : { protocol: walk.u8(at + 9), at: at + headerLength };
  return { layer, transport };
}

function ipv4Sum(walk: Walk, at: number, length: number): number {
  let sum = 0;
  for (let offset = 0; offset < length; offset += 2) sum += walk.u16(at + offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;

function readIpv6(walk: Walk, at: number, layer: Filling): Found {
  if (!walk.has(at, 40, 'IPv6 header')) return { layer, transport: undefined };
  if (walk.u8(at) >> 4 !== 6) walk.blame('IPv6 header malformed');
  walk.cut(at + 40 + walk.u16(at + 4), 'IPv6 packet');
  layer.src = walk.ipv6(at + 8);
  layer.dst = walk.ipv6(at + 24);
  let protocol = walk.u8(at + 6);
  let header = at + 40;
  while ([HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS].includes(protocol)) {
    if (!walk.has(header, 8, 'IPv6 extension header')) return { layer, transport: undefined };
    if (protocol === FRAGMENT && (walk.u16(header + 2) & 0xfff8) !== 0)
      return { layer, transport: undefined };
    const length = protocol === FRAGMENT ? 8 : (walk.u8(header + 1) + 1) * 8;
    protocol = walk.u8(header);
    header += length;
  }
  return { layer, transport: { protocol, at: header } };
}
