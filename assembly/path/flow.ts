// The hash of the inner flow, for the FlowID (N3, RFC 7637 §3.2) and the IPv6 flow label (N12, RFC 6438): the same for
// every packet of a flow, and for every fragment of a packet. Its constants are fixed, so that all hosts and runs agree.

import { flowProtocolOf, hasBrokenChain, isFragment, protocolOf, transportOffsetOf } from './classify';

const MULTIPLIER_A: u64 = 0x9e37_79b9_7f4a_7c15;
const MULTIPLIER_B: u64 = 0xd6e8_feb8_6659_fd93;

export function mix(a: u64, b: u64): u32 {
  let hash = a * MULTIPLIER_A;
  hash = (hash ^ (hash >> 32) ^ b) * MULTIPLIER_B;
  return <u32>((hash ^ (hash >> 29)) >> 32);
}

/** TCP, UDP, DCCP, SCTP, UDP-Lite: both ports are the first four bytes. */
export function hasPorts(protocol: u32): bool {
  if (protocol < 64) return ((0x2_0002_0040 >> (<u64>protocol)) & 1) != 0;
  return protocol == 132 || protocol == 136;
}

function portsOf(packet: usize, shape: u64, length: u32): u64 {
  const offset = transportOffsetOf(shape);
  if (!hasPorts(protocolOf(shape)) || isFragment(shape) || hasBrokenChain(shape) || offset + 4 > length)
    return 0;
  return (<u64>load<u32>(packet + offset)) << 8;
}

export function flowOfIpv4(packet: usize, shape: u64, length: u32): u32 {
  return mix(load<u64>(packet, 12), portsOf(packet, shape, length) | flowProtocolOf(shape));
}

export function flowOfIpv6(packet: usize, shape: u64, length: u32): u32 {
  const src = load<u64>(packet, 8) * MULTIPLIER_B + load<u64>(packet, 16);
  const dst = load<u64>(packet, 24) * MULTIPLIER_A + load<u64>(packet, 32);
  return mix(src ^ rotl<u64>(dst, 32), portsOf(packet, shape, length) | flowProtocolOf(shape));
}

/** What is not IP: both MACs and the EtherType. */
export function flowOfFrame(frame: usize): u32 {
  return mix(load<u64>(frame), load<u64>(frame, 6));
}

export function flowIdOf(flow: u32): u32 {
  return flow & 0xff;
}

/** 20 bits, never 0. */
export function flowLabelOf(flow: u32): u32 {
  return max(flow >> 12, 1);
}
