// TCP's maximum segment size is lowered to what the path carries (T3), on SYN segments: so no path-MTU discovery is needed.

import * as events from '../../src/abi/trace';
import { trace } from '../trace';
import { updated } from '../wire/checksum';
import { TCP, TCP_HEADER, Tcp } from '../wire/tcp';
import { isOffloaded } from './offload';
import { isLaterFragment, protocolOf, transportOffsetOf } from './classify';

const END: u32 = 0;
const NO_OPERATION: u32 = 1;
const MAXIMUM_SEGMENT_SIZE: u32 = 2;

/** `packet` of `length` bytes is a TCP segment with SYN, its header whole. */
export function isSyn(packet: usize, shape: u64, length: u32): bool {
  if (protocolOf(shape) != TCP || isLaterFragment(shape)) return false;
  const offset = transportOffsetOf(shape);
  return offset + TCP_HEADER <= length && Tcp.at(packet + offset).isSyn;
}

/** Behind `isSyn`. `most`: largest segment that fits. */
export function clampMss(packet: usize, shape: u64, length: u32, most: u32): void {
  const offset = transportOffsetOf(shape);
  const tcp = Tcp.at(packet + offset);
  const header = packet + offset;
  const end = min(header + tcp.headerLength, packet + length);
  let option = header + TCP_HEADER;
  while (option < end) {
    const kind = <u32>load<u8>(option);
    if (kind == END) return;
    if (kind == NO_OPERATION) {
      option++;
      continue;
    }
    const size: u32 = option + 1 < end ? load<u8>(option, 1) : 0;
    if (size < 2 || option + size > end) return;
    if (kind == MAXIMUM_SEGMENT_SIZE && size == 4) lower(tcp, option + 2, most);
    option += size;
  }
}

function lower(tcp: Tcp, field: usize, most: u32): void {
  const before = load<u16>(field);
  if (<u32>bswap<u16>(before) <= most) return;
  const after = bswap<u16>(<u16>most);
  store<u16>(field, after);
  // A partial checksum covers no option.
  if (isDefined(NETVIRT_LIVE) && isOffloaded()) return;
  // A field on an odd place straddles two words of the sum, its bytes in the other halves.
  const isOdd = ((field - changetype<usize>(tcp)) & 1) != 0;
  const removed = isOdd ? bswap<u16>(before) : before;
  const added = isOdd ? bswap<u16>(after) : after;
  tcp.checksum = <u16>updated(tcp.checksum, <u64>(~(<u32>removed) & 0xffff) + <u64>added);
  trace(events.TRACE_MSS, <u64>bswap<u16>(before), <u64>most);
}
