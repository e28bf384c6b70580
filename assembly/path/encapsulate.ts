// The envelope (RFC 7637): the peer's frozen header goes into the headroom in front of the frame, then lengths, TOS,
// checksum, key and flow label are patched. The frame itself does not move.
//
// Whole 16-byte stores, the last one overlapping, measured faster than field stores and than memory.copy.

import * as events from '../../src/abi/trace';
import { flowIdMask, tosFixed, tosMask } from '../memory';
import { NextHop } from '../tables/nexthops';
import { trace } from '../trace';
import { fold } from '../wire/checksum';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { NVGRE_HEADER, keyOf } from '../wire/gre';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER } from '../wire/ipv6';
import { forward, forwardMore } from './emit';
import { leavesBy } from './hold';
import { flowIdOf, flowLabelOf } from './flow';
import { segmentFrameOf } from './offload';

/** Bytes in front of the customer's frame (N11). */
const OVERHEAD4: u32 = ETHERNET_HEADER + IPV4_HEADER + NVGRE_HEADER;
const OVERHEAD6: u32 = ETHERNET_HEADER + IPV6_HEADER + NVGRE_HEADER;

/** Bytes in front of the customer's frame, and as many less for its packet than the provider network carries. */
export function overheadOf(hop: NextHop): u32 {
  return hop.family == 4 ? OVERHEAD4 : OVERHEAD6;
}

/** The frame in its envelope fits the path to the peer (T1). */
export function fitsTunnel(length: u32, hop: NextHop): bool {
  if (isDefined(NETVIRT_LIVE)) length = segmentFrameOf(length);
  const size = length + overheadOf(hop) - ETHERNET_HEADER;
  trace(events.TRACE_SIZE_LIMIT, size, hop.mtu);
  return size <= hop.mtu;
}

/**
 * Puts the envelope on and sends the frame. `subnet`: whose counters; `bytes`: length of the customer's packet that this is
 * the first or only frame of, 0 = a further copy or piece.
 */
export function encapsulate(
  subnet: u32,
  vsid: u32,
  frame: usize,
  length: u32,
  hop: NextHop,
  tos: u32,
  flow: u32,
  bytes: u32,
): void {
  if (isDefined(NETVIRT_LIVE)) leavesBy(hop);
  const outerTos = outerTosOf(tos);
  const key = keyTowards(hop, vsid, flow, tos);
  const isIpv4 = hop.family == 4;
  const outer = isIpv4
    ? wrapIpv4(frame, length, hop, outerTos, key)
    : wrapIpv6(frame, length, hop, outerTos, key, flowLabelOf(flow));
  const outerLength = length + (isIpv4 ? OVERHEAD4 : OVERHEAD6);
  if (bytes == 0) forwardMore(0, outer, outerLength);
  else forward(subnet, 0, outer, outerLength, bytes);
}

/** As `encapsulate`, by a hop of IPv4 and for the first time: with one caller it becomes part of it (0.95 of the time). */
export function encapsulate4(
  subnet: u32,
  vsid: u32,
  frame: usize,
  length: u32,
  hop: NextHop,
  tos: u32,
  flow: u32,
): void {
  if (isDefined(NETVIRT_LIVE)) leavesBy(hop);
  const outer = wrapIpv4(frame, length, hop, outerTosOf(tos), keyTowards(hop, vsid, flow, tos));
  forward(subnet, 0, outer, length + OVERHEAD4, length);
}

function outerTosOf(tos: u32): u32 {
  return (tos & tosMask) | tosFixed;
}

function keyTowards(hop: NextHop, vsid: u32, flow: u32, tos: u32): u32 {
  const flowId = flowIdOf(flow) & flowIdMask;
  trace(events.TRACE_METHOD_NVGRE, vsid);
  trace(events.TRACE_OUTER_TOS, tos, outerTosOf(tos));
  trace(events.TRACE_FLOW, flowId, hop.family == 6 ? flowLabelOf(flow) : 0);
  return keyOf(vsid, flowId, hop.hasDraft00Key);
}

/** Returns where the outer frame begins. */
function wrapIpv4(frame: usize, length: u32, hop: NextHop, tos: u32, key: u32): usize {
  const header = hop.header;
  const outer = frame - OVERHEAD4;
  const first = v128.load(header);
  const second = v128.load(header, 16);
  const last = v128.load(header, OVERHEAD4 - 16);
  v128.store(outer, first);
  v128.store(outer, second, 16);
  v128.store(outer, last, OVERHEAD4 - 16);
  const ip = Ipv4.at(outer + ETHERNET_HEADER);
  const lengthWire = bswap<u16>(<u16>(IPV4_HEADER + NVGRE_HEADER + length));
  ip.tos = <u8>tos;
  ip.totalLengthWire = lengthWire;
  ip.checksum = <u16>~fold(<u64>hop.headerSum + <u64>lengthWire + ((<u64>tos) << 8));
  store<u32>(outer, key, OVERHEAD4 - 4);
  return outer;
}

function wrapIpv6(frame: usize, length: u32, hop: NextHop, tos: u32, key: u32, label: u32): usize {
  const header = hop.header;
  const outer = frame - OVERHEAD6;
  const first = v128.load(header);
  const second = v128.load(header, 16);
  const third = v128.load(header, 32);
  const last = v128.load(header, OVERHEAD6 - 16);
  v128.store(outer, first);
  v128.store(outer, second, 16);
  v128.store(outer, third, 32);
  v128.store(outer, last, OVERHEAD6 - 16);
  store<u32>(outer, bswap<u32>(0x6000_0000 | (tos << 20) | label), ETHERNET_HEADER);
  store<u16>(outer, bswap<u16>(<u16>(NVGRE_HEADER + length)), ETHERNET_HEADER + 4);
  store<u32>(outer, key, OVERHEAD6 - 4);
  return outer;
}
