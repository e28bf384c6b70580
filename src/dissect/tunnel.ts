/** What has a frame inside: NVGRE (RFC 7637), other GRE (RFC 2784, RFC 2890) and VXLAN (RFC 7348). */

import { type Dissection, type Next, flagNames, hex } from './dissection.ts';
import { ethernet } from './link.ts';

export const VXLAN_PORT = 4789;

const TRANSPARENT_ETHERNET = 0x6558;
const GRE_FLAGS = [
  [0x8000, 'C'],
  [0x2000, 'K'],
  [0x1000, 'S'],
] as const;

export function gre(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('gre', 'GRE', at, 4)) return undefined;
  const flags = frame.u16(at);
  const type = frame.u16(at + 2);
  const hasKey = (flags & 0x2000) !== 0;
  const isEthernet = type === TRANSPARENT_ETHERNET;
  frame.field('Flags', at, 2, flagNames(flags, GRE_FLAGS), hasKey ? 'a key is present' : undefined);
  frame.field('Version', at + 1, 1, flags & 7);
  frame.field(
    'Protocol type',
    at + 2,
    2,
    hex(type, 4),
    isEthernet ? 'transparent Ethernet bridging' : undefined,
  );
  let next = at + 4;
  if ((flags & 0x8000) !== 0) next += 4;
  if (hasKey && next + 4 <= frame.end) {
    if (isEthernet) {
      frame.title('NVGRE');
      frame.field('VSID', next, 3, frame.u32(next) >>> 8, 'virtual subnet id');
      frame.field('FlowID', next + 3, 1, hex(frame.u8(next + 3), 2));
    } else frame.field('Key', next, 4, hex(frame.u32(next), 8));
    next += 4;
  }
  if ((flags & 0x1000) !== 0) next += 4;
  frame.extend(next - at);
  return isEthernet ? inside(frame, next) : frame.payload(next);
}

export function vxlan(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('vxlan', 'VXLAN', at, 8)) return undefined;
  frame.field('Flags', at, 1, hex(frame.u8(at), 2));
  frame.field('VNI', at + 4, 3, frame.u32(at + 4) >>> 8);
  return inside(frame, at + 8);
}

function inside(frame: Dissection, at: number): Next {
  frame.depth++;
  return { read: ethernet, at };
}
