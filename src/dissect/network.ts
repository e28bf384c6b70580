/** IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers. */

import { formatIpv4, formatIpv6 } from '../policy/addresses.ts';
import { sumOf } from './checksum.ts';
import { type Dissection, type Next, flagNames, hex } from './dissection.ts';
import { icmp, icmpv6, tcp, udp } from './transport.ts';
import { gre } from './tunnel.ts';

const PROTOCOLS: ReadonlyMap<number, { readonly name: string; readonly read?: Next['read'] }> = new Map([
  [1, { name: 'ICMP', read: icmp }],
  [6, { name: 'TCP', read: tcp }],
  [17, { name: 'UDP', read: udp }],
  [47, { name: 'GRE', read: gre }],
  [58, { name: 'ICMPv6', read: icmpv6 }],
  [50, { name: 'ESP' }],
  [51, { name: 'AH' }],
  [59, { name: 'no next header' }],
  [132, { name: 'SCTP' }],
]);

export function ipv4(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('ipv4', 'IPv4', at, 20)) return undefined;
  const header = (frame.u8(at) & 15) * 4;
  const total = frame.u16(at + 2);
  const fragment = frame.u16(at + 6);
  frame.field('Version', at, 1, frame.u8(at) >>> 4);
  frame.field('Header length', at, 1, header, 'bytes');
  trafficClass(frame, at + 1, 1, frame.u8(at + 1));
  frame.field('Total length', at + 2, 2, total, 'bytes');
  frame.field('Identification', at + 4, 2, hex(frame.u16(at + 4), 4));
  frame.field(
    'Flags',
    at + 6,
    1,
    flagNames(fragment, [
      [0x4000, 'DF'],
      [0x2000, 'MF'],
    ]),
  );
  frame.field('Fragment offset', at + 6, 2, (fragment & 0x1fff) * 8);
  frame.field('TTL', at + 8, 1, frame.u8(at + 8));
  const protocol = frame.u8(at + 9);
  frame.field('Protocol', at + 9, 1, protocol, PROTOCOLS.get(protocol)?.name);
  if (frame.u8(at) >>> 4 !== 4 || header < 20 || total < header) {
    frame.blame('version or length impossible');
    return frame.payload(at + 20);
  }
  frame.extend(header);
  const isRight = at + header <= frame.end && sumOf(frame.frame, at, header) === 0xffff;
  frame.field('Header checksum', at + 10, 2, hex(frame.u16(at + 10), 4), isRight ? 'right' : 'wrong');
  if (!isRight) frame.blame('header checksum wrong');
  frame.field('Source address', at + 12, 4, formatIpv4(frame.u32(at + 12)));
  frame.field('Destination address', at + 16, 4, formatIpv4(frame.u32(at + 16)));
  if (header > 20) frame.field('Options', at + 20, header - 20, `${header - 20} bytes`);
  cut(frame, at + total);
  frame.pseudo = (fragment & 0x3fff) === 0 ? { addresses: at + 12, length: 8 } : undefined;
  return upper(frame, protocol, at + header, (fragment & 0x1fff) !== 0);
}

/** Destination options, hop by hop, routing and fragment headers. */
const EXTENSIONS: ReadonlyMap<number, string> = new Map([
  [0, 'Hop-by-hop options'],
  [43, 'Routing header'],
  [44, 'Fragment header'],
  [60, 'Destination options'],
]);

export function ipv6(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('ipv6', 'IPv6', at, 40)) return undefined;
  const word = frame.u32(at);
  const length = frame.u16(at + 4);
  frame.field('Version', at, 1, word >>> 28);
  trafficClass(frame, at, 2, (word >>> 20) & 0xff);
  frame.field('Flow label', at + 1, 3, hex(word & 0xf_ffff, 5));
  frame.field('Payload length', at + 4, 2, length, 'bytes');
  let protocol = frame.u8(at + 6);
  frame.field('Next header', at + 6, 1, protocol, PROTOCOLS.get(protocol)?.name ?? EXTENSIONS.get(protocol));
  frame.field('Hop limit', at + 7, 1, frame.u8(at + 7));
  frame.field('Source address', at + 8, 16, address6(frame, at + 8));
  frame.field('Destination address', at + 24, 16, address6(frame, at + 24));
  if (word >>> 28 !== 6) frame.blame('version impossible');
  cut(frame, at + 40 + length);
  frame.pseudo = { addresses: at + 8, length: 32 };
  let next = at + 40;
  let isLaterFragment = false;
  for (let name = EXTENSIONS.get(protocol); name !== undefined; name = EXTENSIONS.get(protocol)) {
    if (next + 8 > frame.end) {
      frame.blame('extension header truncated');
      return undefined;
    }
    const isFragment = protocol === 44;
    if (isFragment) {
      isLaterFragment ||= (frame.u16(next + 2) & 0xfff8) !== 0;
      if ((frame.u16(next + 2) & 0xfff9) !== 0) frame.pseudo = undefined;
    }
    const size = isFragment ? 8 : (frame.u8(next + 1) + 1) * 8;
    protocol = frame.u8(next);
    frame.field(
      name,
      next,
      Math.min(size, frame.end - next),
      `next ${PROTOCOLS.get(protocol)?.name ?? protocol}`,
    );
    next += size;
    frame.extend(next - at);
  }
  return upper(frame, protocol, next, isLaterFragment);
}

function upper(frame: Dissection, protocol: number, at: number, isLaterFragment: boolean): Next | undefined {
  if (isLaterFragment) return frame.payload(at, 'Rest of a fragmented packet');
  const known = PROTOCOLS.get(protocol);
  return known?.read === undefined ? frame.payload(at, known?.name) : { read: known.read, at };
}

const ECN = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];

function trafficClass(frame: Dissection, at: number, length: number, value: number): void {
  frame.field('DSCP', at, length, value >>> 2);
  frame.field('ECN', at, length, ECN[value & 3]!);
}

function cut(frame: Dissection, end: number): void {
  if (end > frame.end) frame.blame('the packet is longer than what there is of it');
  else frame.end = end;
}

function address6(frame: Dissection, at: number): string {
  return formatIpv6((frame.u64(at) << 64n) | frame.u64(at + 8));
}
