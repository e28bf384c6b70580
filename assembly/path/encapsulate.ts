// The envelope (RFC 7637): the peer's frozen header goes into the headroom in front of the frame, then lengths, TOS,
// checksum, key and flow label are patched. The frame itself does not move.
//
// Whole 16-byte stores, the last one overlapping, measured faster than field stores and than memory.copy.

import * as events from '../../src/abi/trace';
import { DROP_OVER_MTU } from '../../src/abi/verdict';
import { HOST_FLOW_ID_MASK, HOST_TOS_FIXED, HOST_TOS_MASK } from '../memory';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { trace } from '../trace';
import { fold } from '../wire/checksum';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { NVGRE_HEADER } from '../wire/gre';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER } from '../wire/ipv6';
import { drop, forward } from './emit';
import { flowIdOf, flowLabelOf } from './flow';

/** Bytes in front of the customer's frame (N11). */
const OVERHEAD4: u32 = ETHERNET_HEADER + IPV4_HEADER + NVGRE_HEADER;
const OVERHEAD6: u32 = ETHERNET_HEADER + IPV6_HEADER + NVGRE_HEADER;

export function encapsulate(port: Port, frame: usize, length: u32, hop: NextHop, tos: u32, flow: u32): void {
  const outerTos = (tos & load<u32>(HOST_TOS_MASK)) | load<u32>(HOST_TOS_FIXED);
  const key = port.vsid | ((flowIdOf(flow) & load<u32>(HOST_FLOW_ID_MASK)) << 24);
  trace(events.TRACE_METHOD_NVGRE, port.vsid);
  trace(events.TRACE_OUTER_TOS, tos, outerTos);
  trace(events.TRACE_FLOW, key >> 24, hop.family == 6 ? flowLabelOf(flow) : 0);
  if (hop.family == 4) encapsulateIpv4(port, frame, length, hop, outerTos, key);
  else encapsulateIpv6(port, frame, length, hop, outerTos, key, flowLabelOf(flow));
}

function encapsulateIpv4(port: Port, frame: usize, length: u32, hop: NextHop, tos: u32, key: u32): void {
  const totalLength = IPV4_HEADER + NVGRE_HEADER + length;
  trace(events.TRACE_SIZE_LIMIT, totalLength, hop.mtu);
  if (totalLength > hop.mtu) return drop(port.subnet, DROP_OVER_MTU);
  const header = hop.header;
  const outer = frame - OVERHEAD4;
  const first = v128.load(header);
  const second = v128.load(header, 16);
  const last = v128.load(header, OVERHEAD4 - 16);
  v128.store(outer, first);
  v128.store(outer, second, 16);
  v128.store(outer, last, OVERHEAD4 - 16);
  const ip = Ipv4.at(outer + ETHERNET_HEADER);
  const lengthWire = bswap<u16>(<u16>totalLength);
  ip.tos = <u8>tos;
  ip.totalLengthWire = lengthWire;
  ip.checksum = <u16>~fold(<u64>hop.headerSum + <u64>lengthWire + ((<u64>tos) << 8));
  store<u32>(outer, key, OVERHEAD4 - 4);
  forward(port.subnet, 0, outer, length + OVERHEAD4, length);
}

function encapsulateIpv6(
  port: Port,
  frame: usize,
  length: u32,
  hop: NextHop,
  tos: u32,
  key: u32,
  label: u32,
): void {
  const packetLength = IPV6_HEADER + NVGRE_HEADER + length;
  trace(events.TRACE_SIZE_LIMIT, packetLength, hop.mtu);
  if (packetLength > hop.mtu) return drop(port.subnet, DROP_OVER_MTU);
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
  store<u16>(outer, bswap<u16>(<u16>(packetLength - IPV6_HEADER)), ETHERNET_HEADER + 4);
  store<u32>(outer, key, OVERHEAD6 - 4);
  forward(port.subnet, 0, outer, length + OVERHEAD6, length);
}
