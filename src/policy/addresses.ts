/**
 * Strict parsers and formatters of addresses. Other tools accept `010.0.0.1`, `0x7f.1` or `1.2.3` and disagree about what
 * they mean; here a text is an address in exactly one way or not at all (`undefined`).
 */

import type { InterfaceAddress, IpAddress, Ipv4Address, Ipv6Address, MacAddress, Prefix } from './model.ts';

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const DASH = 0x2d;

/** Four decimal octets without leading zeros (RFC 6943 §3.1.1, strict form). */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const value = ipv4Value(text);
  return value === undefined ? undefined : { family: 4, value };
}

function ipv4Value(text: string): number | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let octets = 0;
  for (let index = 0; index <= text.length; index++) {
    const code = index === text.length ? 0x2e : text.charCodeAt(index);
    if (code === 0x2e) {
      if (digits === 0 || ++octets > 4) return undefined;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
    } else if (code >= ZERO && code <= NINE) {
      if (digits > 0 && octet === 0) return undefined;
      octet = octet * 10 + (code - ZERO);
      digits++;
      if (octet > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return octets === 4 ? value : undefined;
}

/** Two 64-bit reads instead of eight shifts of a bigint, each of which would allocate. */
const scratch = new DataView(new ArrayBuffer(16));
const groups = new Uint16Array(8);

/** RFC 4291 §2.2, all three forms; no zone. */
export function parseIpv6(text: string): Ipv6Address | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const gap = text.indexOf('::');
  let head = 0;
  let count: number;
  if (gap < 0) {
    count = readGroups(text, 0, 0, text.length, true);
    if (count !== 8) return undefined;
  } else {
    head = readGroups(text, 0, 0, gap, false);
    count = head < 0 ? -1 : readGroups(text, head, gap + 2, text.length, true);
    if (count < 0 || count > 7) return undefined;
  }
  for (let index = 0; index < 8; index++) scratch.setUint16(index * 2, 0);
  for (let index = 0; index < head; index++) scratch.setUint16(index * 2, groups[index]!);
  for (let index = head; index < count; index++) scratch.setUint16((8 - count + index) * 2, groups[index]!);
  return { family: 6, value: (scratch.getBigUint64(0) << 64n) | scratch.getBigUint64(8) };
}

/**
 * Reads `text` from `start` to `end` into `groups`, from index `count` on.
 * @param mayEndInIpv4 the last group may be a dotted IPv4 address.
 * @returns the number of groups then, -1 where the text is wrong or has too many.
 */
function readGroups(text: string, count: number, start: number, end: number, mayEndInIpv4: boolean): number {
  if (start === end) return count;
  for (let at = start; ; at++) {
    const first = at;
    let group = 0;
    let digit: number;
    while (at < end && (digit = hexDigit(text.charCodeAt(at))) >= 0) {
      group = group * 16 + digit;
      if (++at - first > 4) return -1;
    }
    if (at < end && text.charCodeAt(at) === 0x2e && mayEndInIpv4 && count <= 6) {
      const embedded = ipv4Value(text.slice(first, end));
      if (embedded === undefined) return -1;
      groups[count] = embedded >>> 16;
      groups[count + 1] = embedded & 0xffff;
      return count + 2;
    }
    if (at === first || count === 8) return -1;
    groups[count++] = group;
    if (at === end) return count;
    if (text.charCodeAt(at) !== 0x3a) return -1;
  }
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Address and prefix length, host bits kept: `192.168.1.10/24`. */
export function parseInterface(text: string): InterfaceAddress | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  return length <= widthOf(address) ? { address, length } : undefined;
}

/** A network: like `parseInterface`, host bits zero. */
export function parsePrefix(text: string): Prefix | undefined {
  const parsed = parseInterface(text);
  if (parsed === undefined) return undefined;
  return sameAddress(networkOf(parsed.address, parsed.length).address, parsed.address) ? parsed : undefined;
}

/** Six pairs of hex digits, all separated by `:` or all by `-`. */
export function parseMac(text: string): MacAddress | undefined {
  const separator = text.charCodeAt(2);
  if (text.length !== 17 || (separator !== COLON && separator !== DASH)) return undefined;
  let mac = 0;
  for (let at = 0; at < 17; at += 3) {
    const high = hexDigit(text.charCodeAt(at));
    const low = hexDigit(text.charCodeAt(at + 1));
    if (high < 0 || low < 0 || (at < 15 && text.charCodeAt(at + 2) !== separator)) return undefined;
    mac = mac * 256 + high * 16 + low;
  }
  return mac;
}

/** UUID in its 8-4-4-4-12 form (RFC 9562 §4), as lower case. */
export function parseRoutingDomainId(text: string): string | undefined {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
}

export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of at least two zero groups as `::`. */
export function formatIpv6(value: bigint): string {
  scratch.setBigUint64(0, value >> 64n);
  scratch.setBigUint64(8, value & 0xffff_ffff_ffff_ffffn);
  let best = 0;
  let bestLength = 1;
  for (let start = 0, length = 0; start < 8; start += length + 1) {
    for (length = 0; start + length < 8 && scratch.getUint16((start + length) * 2) === 0;) length++;
    if (length <= bestLength) continue;
    best = start;
    bestLength = length;
  }
  if (bestLength < 2) return formatGroups(0, 8);
  return `${formatGroups(0, best)}::${formatGroups(best + bestLength, 8)}`;
}

function formatGroups(start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; index++) {
    text += (index > start ? ':' : '') + scratch.getUint16(index * 2).toString(16);
  }
  return text;
}

export function formatIp(address: IpAddress): string {
  return address.family === 4 ? formatIpv4(address.value) : formatIpv6(address.value);
}

export function formatPrefix({ address, length }: InterfaceAddress): string {
  return `${formatIp(address)}/${length}`;
}

export function formatMac(mac: MacAddress): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?=.)/g, '$&:');
}

export function widthOf(address: IpAddress): 32 | 128 {
  return address.family === 4 ? 32 : 128;
}

export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

/** The network of an address: host bits cleared. */
export function networkOf(address: IpAddress, length: number): Prefix {
  if (address.family === 4) {
    const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
    return { address: { family: 4, value: (address.value & mask) >>> 0 }, length };
  }
  const host = BigInt(128 - length);
  return { address: { family: 6, value: (address.value >> host) << host }, length };
}

/** The address is in the network that `prefix` (with or without host bits) names. */
export function contains({ address: within, length }: InterfaceAddress, address: IpAddress): boolean {
  if (within.family === 4 && address.family === 4)
    return length === 0 || (within.value ^ address.value) >>> (32 - length) === 0;
  if (within.family === 4 || address.family === 4) return false;
  const host = BigInt(128 - length);
  return within.value >> host === address.value >> host;
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b.address) || contains(b, a.address);
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(address: IpAddress): boolean {
  return address.family === 6 && address.value >> 118n === 0x3fan;
}

/** Unspecified, loopback, multicast or (IPv4) broadcast and class E: nobody's own address. In words, or undefined. */
export function unusableAs(address: IpAddress): string | undefined {
  if (address.value === 0 || address.value === 0n) return 'unspecified';
  if (address.family === 6) {
    if (address.value === 1n) return 'loopback';
    return address.value >> 120n === 0xffn ? 'multicast' : undefined;
  }
  const first = address.value >>> 24;
  if (first === 127) return 'loopback';
  if (first === 0) return 'unspecified';
  if (first >= 240) return 'reserved';
  return first >= 224 ? 'multicast' : undefined;
}

/** The group bit of the first byte (IEEE 802 §8.2). */
export function isGroupMac(mac: MacAddress): boolean {
  return (Math.floor(mac / 2 ** 40) & 1) === 1;
}

/** In the order of the wire: 4 or 16 bytes. */
export function ipBytes(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(widthOf(address) / 8);
  const view = new DataView(bytes.buffer);
  if (address.family === 4) {
    view.setUint32(0, address.value);
  } else {
    view.setBigUint64(0, address.value >> 64n);
    view.setBigUint64(8, address.value & 0xffff_ffff_ffff_ffffn);
  }
  return bytes;
}
