/** TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443). */

import { isTransportRight, sumOf } from './checksum.ts';
import { type Dissection, type Next, flagNames, hex } from './dissection.ts';
import { VXLAN_PORT, vxlan } from './tunnel.ts';

const TCP_FLAGS = [
  [0x80, 'CWR'],
  [0x40, 'ECE'],
  [0x20, 'URG'],
  [0x10, 'ACK'],
  [0x08, 'PSH'],
  [0x04, 'RST'],
  [0x02, 'SYN'],
  [0x01, 'FIN'],
] as const;

export function tcp(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('tcp', 'TCP', at, 20)) return undefined;
  ports(frame, at);
  frame.field('Sequence number', at + 4, 4, frame.u32(at + 4));
  frame.field('Acknowledgment number', at + 8, 4, frame.u32(at + 8));
  const header = (frame.u8(at + 12) >>> 4) * 4;
  frame.field('Data offset', at + 12, 1, header, 'bytes');
  frame.field('Flags', at + 13, 1, flagNames(frame.u8(at + 13), TCP_FLAGS));
  frame.field('Window', at + 14, 2, frame.u16(at + 14));
  checksum(frame, at + 16, isTransportRight(frame, at, 6));
  frame.field('Urgent pointer', at + 18, 2, frame.u16(at + 18));
  if (header < 20 || at + header > frame.end) {
    frame.blame('data offset impossible');
    return undefined;
  }
  frame.extend(header);
  if (header > 20) frame.field('Options', at + 20, header - 20, `${header - 20} bytes`);
  return frame.payload(at + header);
}

export function udp(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('udp', 'UDP', at, 8)) return undefined;
  ports(frame, at);
  frame.field('Length', at + 4, 2, frame.u16(at + 4), 'bytes');
  if (frame.u16(at + 6) === 0) frame.field('Checksum', at + 6, 2, '0x0000', 'none');
  else checksum(frame, at + 6, isTransportRight(frame, at, 17));
  if (frame.u16(at + 2) === VXLAN_PORT) return { read: vxlan, at: at + 8 };
  return frame.payload(at + 8);
}

function ports(frame: Dissection, at: number): void {
  frame.field('Source port', at, 2, frame.u16(at));
  frame.field('Destination port', at + 2, 2, frame.u16(at + 2));
}

const ICMP_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'echo reply'],
  [3, 'destination unreachable'],
  [8, 'echo request'],
  [11, 'time exceeded'],
]);
const ICMPV6_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'destination unreachable'],
  [2, 'packet too big'],
  [3, 'time exceeded'],
  [128, 'echo request'],
  [129, 'echo reply'],
  [133, 'router solicitation'],
  [134, 'router advertisement'],
  [135, 'neighbor solicitation'],
  [136, 'neighbor advertisement'],
]);

export function icmp(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('icmp', 'ICMP', at, 8)) return undefined;
  const isRight = frame.pseudo === undefined ? undefined : sumOf(frame.frame, at, frame.end - at) === 0xffff;
  return message(frame, at, ICMP_TYPES, isRight, [0, 8]);
}

export function icmpv6(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('icmp', 'ICMPv6', at, 8)) return undefined;
  return message(frame, at, ICMPV6_TYPES, isTransportRight(frame, at, 58), [128, 129]);
}

function message(
  frame: Dissection,
  at: number,
  types: ReadonlyMap<number, string>,
  isRight: boolean | undefined,
  echoes: readonly number[],
): Next | undefined {
  const type = frame.u8(at);
  frame.field('Type', at, 1, type, types.get(type));
  frame.field('Code', at + 1, 1, frame.u8(at + 1));
  checksum(frame, at + 2, isRight);
  if (!echoes.includes(type)) return frame.payload(at + 8, 'Message');
  frame.field('Identifier', at + 4, 2, frame.u16(at + 4));
  frame.field('Sequence number', at + 6, 2, frame.u16(at + 6));
  return frame.payload(at + 8);
}

function checksum(frame: Dissection, at: number, isRight: boolean | undefined): void {
  const note = isRight === undefined ? undefined : isRight ? 'right' : 'wrong';
  frame.field('Checksum', at, 2, hex(frame.u16(at), 4), note);
  if (isRight === false) frame.blame('checksum wrong');
}
