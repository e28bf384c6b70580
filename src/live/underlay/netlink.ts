/**
 * Messages of rtnetlink (rtnetlink(7), linux/rtnetlink.h): requests built, answers read. Integers are in the byte order of the
 * machine, which is little-endian wherever WebAssembly's memory can be shared with a kernel.
 */

import type { IpAddress, MacAddress } from '../../policy/model.ts';

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
/** Of an answer: the list changed while it was told. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLM_F_EXCL = 0x200;

const HEADER = 16;
const LINK = 16;
const ADDRESS = 8;
const ROUTE = 12;
const NEIGHBOR = 12;

const AF_INET = 2;
const AF_INET6 = 10;

/** Neighbour states in which the MAC counts (`NUD_…`): reachable, stale, delay, probe, no ARP, permanent. */
const NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;
const NUD_STALE = 0x04;
const NUD_FAILED = 0x20;
/** The kernel is to find out the MAC as if a packet went there. */
const NTF_USE = 1;

export interface Message {
  readonly type: number;
  /** NLM_F_… */
  readonly flags: number;
  readonly sequence: number;
  /** Behind the header. */
  readonly body: Uint8Array;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_…; 1 is Ethernet. */
  readonly type: number;
  /** Bytes. */
  readonly mtu: number;
  /** 0: it has none of six bytes. */
  readonly mac: MacAddress;
  readonly isUp: boolean;
  /** Index of the bridge, bond or switch that it is a port of; 0: of none. */
  readonly master: number;
  /** Something like `veth`, `bridge`, `tun`; '' for hardware. */
  readonly kind: string;
  readonly hasXdp: boolean;
}

export interface KernelAddress {
  /** Index of the interface that has it. */
  readonly interface: number;
  readonly address: IpAddress;
  /** Of its prefix, bits. */
  readonly length: number;
}

export interface Route {
  /** Index of the interface that packets leave by; 0: they leave by none. */
  readonly interface: number;
  /** The router; undefined: the destination is on the link. */
  readonly gateway: IpAddress | undefined;
  /** Packets can go there; else the destination is local, unreachable or forbidden. */
  readonly isUnicast: boolean;
}

export interface KernelNeighbor {
  readonly interface: number;
  readonly address: IpAddress;
  /** Undefined: not known now. */
  readonly mac: MacAddress | undefined;
  /** It was asked for and did not answer. */
  readonly hasFailed: boolean;
  /** Known, but for how long it has been right the kernel does not know. */
  readonly isStale: boolean;
}

export function linkRequest(sequence: number): Uint8Array {
  return request(RTM_GETLINK, NLM_F_DUMP, sequence, new Uint8Array(LINK));
}

export function addressRequest(sequence: number): Uint8Array {
  return request(RTM_GETADDR, NLM_F_DUMP, sequence, new Uint8Array(ADDRESS));
}

export function neighborRequest(sequence: number): Uint8Array {
  return request(RTM_GETNEIGH, NLM_F_DUMP, sequence, new Uint8Array(NEIGHBOR));
}

/** Where packets to an address go. */
export function routeRequest(sequence: number, to: IpAddress): Uint8Array {
  const bytes = bytesOf(to);
  const header = new Uint8Array(ROUTE);
  header[0] = familyOf(to);
  header[1] = bytes.length * 8;
  return request(RTM_GETROUTE, 0, sequence, header, [[1, bytes]]);
}

/** Has the kernel find out the MAC of an address, or whether the one that it knows is still right. */
export function resolveRequest(sequence: number, link: number, address: IpAddress): Uint8Array {
  const header = new Uint8Array(NEIGHBOR);
  header[0] = familyOf(address);
  new DataView(header.buffer).setInt32(4, link, true);
  header[10] = NTF_USE;
  return request(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, sequence, header, [[1, bytesOf(address)]]);
}

/** Makes two virtual interfaces that are connected with each other. */
export function vethRequest(sequence: number, name: string, peer: string): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const other = concat([new Uint8Array(LINK), attribute(3, text(peer))]);
  const info = concat([attribute(1, text('veth')), attribute(2, attribute(1, other))]);
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return request(RTM_NEWLINK, flags, sequence, new Uint8Array(LINK), [
    [3, text(name)],
    [18, info],
  ]);
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + align(value.length));
  const view = viewOf(bytes);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function request(
  type: number,
  flags: number,
  sequence: number,
  header: Uint8Array,
  attributes: readonly (readonly [type: number, value: Uint8Array])[] = [],
): Uint8Array {
  const written = attributes.map(([kind, value]) => attribute(kind, value));
  const bytes = concat([new Uint8Array(HEADER), header, ...written]);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | flags, true);
  view.setUint32(8, sequence, true);
  return bytes;
}

/** The messages of one datagram; a broken one ends it. */
export function* messagesIn(datagram: Uint8Array): Generator<Message> {
  let at = 0;
  while (at + HEADER <= datagram.length) {
    const view = viewOf(datagram.subarray(at));
    const length = view.getUint32(0, true);
    if (length < HEADER || at + length > datagram.length) return;
    yield {
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      sequence: view.getUint32(8, true),
      body: datagram.subarray(at + HEADER, at + length),
    };
    at += align(length);
  }
}

/** Whether a request has all of these flags. */
export function isRequest(request: Uint8Array, flags: number): boolean {
  return (viewOf(request).getUint16(6, true) & flags) === flags;
}

/** The errno of an NLMSG_ERROR or NLMSG_DONE, 0: all is well. */
export function errorIn({ body }: Message): number {
  return body.length < 4 ? 0 : -viewOf(body).getInt32(0, true);
}

export function readLink({ body }: Message): Link | undefined {
  if (body.length < LINK) return undefined;
  const view = viewOf(body);
  const attributes = attributesIn(body.subarray(LINK));
  const [name, mtu, mac] = [attributes.get(3), attributes.get(4), attributes.get(1)];
  if (name === undefined || mtu === undefined) return undefined;
  const [info, xdp] = [attributes.get(18), attributes.get(43)];
  const kind = info === undefined ? undefined : attributesIn(info).get(1);
  const attached = xdp === undefined ? undefined : attributesIn(xdp).get(2);
  return {
    index: view.getInt32(4, true),
    name: textOf(name),
    type: view.getUint16(2, true),
    mtu: u32Of(mtu),
    mac: mac?.length === 6 ? macOf(mac) : 0,
    isUp: (view.getUint32(8, true) & 1) === 1,
    master: u32Of(attributes.get(10)),
    kind: kind === undefined ? '' : textOf(kind),
    hasXdp: (attached?.[0] ?? 0) !== 0,
  };
}

export function readAddress({ body }: Message): KernelAddress | undefined {
  if (body.length < ADDRESS) return undefined;
  const attributes = attributesIn(body.subarray(ADDRESS));
  // On a point-to-point link IFA_ADDRESS is the other end.
  const address = addressOf(body[0]!, attributes.get(2) ?? attributes.get(1));
  if (address === undefined) return undefined;
  return { interface: viewOf(body).getUint32(4, true), address, length: body[1]! };
}

export function readRoute({ body }: Message): Route | undefined {
  if (body.length < ROUTE) return undefined;
  const attributes = attributesIn(body.subarray(ROUTE));
  const via = attributes.get(18);
  const gateway =
    via === undefined || via.length < 2
      ? addressOf(body[0]!, attributes.get(5))
      : addressOf(viewOf(via).getUint16(0, true), via.subarray(2));
  return { interface: u32Of(attributes.get(4)), gateway, isUnicast: body[7] === 1 };
}

/** @param message of RTM_NEWNEIGH or RTM_DELNEIGH. Undefined: of no IP address (a bridge's table). */
export function readNeighbor({ type, body }: Message): KernelNeighbor | undefined {
  if (body.length < NEIGHBOR) return undefined;
  const view = viewOf(body);
  const attributes = attributesIn(body.subarray(NEIGHBOR));
  const address = addressOf(body[0]!, attributes.get(1));
  if (address === undefined) return undefined;
  const mac = attributes.get(2);
  const state = type === RTM_DELNEIGH ? 0 : view.getUint16(8, true);
  const isKnown = (state & NUD_VALID) !== 0 && mac?.length === 6;
  return {
    interface: view.getInt32(4, true),
    address,
    mac: isKnown ? macOf(mac) : undefined,
    hasFailed: (state & NUD_FAILED) !== 0,
    isStale: (state & NUD_STALE) !== 0,
  };
}

function attributesIn(bytes: Uint8Array): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  let at = 0;
  while (at + 4 <= bytes.length) {
    const view = viewOf(bytes.subarray(at));
    const length = view.getUint16(0, true);
    if (length < 4 || at + length > bytes.length) break;
    // The upper two bits say that it is nested, or in network byte order.
    attributes.set(view.getUint16(2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

function align(length: number): number {
  return (length + 3) & ~3;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function u32Of(value: Uint8Array | undefined): number {
  return value === undefined || value.length < 4 ? 0 : viewOf(value).getUint32(0, true);
}

function textOf(value: Uint8Array): string {
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

function macOf(bytes: Uint8Array): MacAddress {
  return bytes.reduce((mac, byte) => mac * 256 + byte, 0);
}

function familyOf({ family }: IpAddress): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function bytesOf(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16);
  const view = viewOf(bytes);
  if (address.family === 4) {
    view.setUint32(0, address.value);
  } else {
    view.setBigUint64(0, address.value >> 64n);
    view.setBigUint64(8, address.value & 0xffff_ffff_ffff_ffffn);
  }
  return bytes;
}

function addressOf(family: number, bytes: Uint8Array | undefined): IpAddress | undefined {
  if (family === AF_INET && bytes?.length === 4) return { family: 4, value: viewOf(bytes).getUint32(0) };
  if (family !== AF_INET6 || bytes?.length !== 16) return undefined;
  const view = viewOf(bytes);
  return { family: 6, value: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) };
}
