// What becomes of the ECN field when an envelope is opened: RFC 6040 §4.2, for GRE by RFC 9601.

import { updated } from '../wire/checksum';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6 } from '../wire/ipv6';

/** Congestion experienced on the way of a packet that could not be marked. */
export const DROPPED: u32 = 15;

// Four bits for every (inner, outer), codepoints Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3; the lowest are (0, 0).
//                     inner CE    ECT(0)  ECT(1)  Not-ECT
const COMBINED: u64 = 0x3333_3212_3111_f000;

export function combineEcn(inner: u32, outer: u32): u32 {
  return (<u32>(COMBINED >> (<u64>(((inner << 2) | outer) << 2)))) & 15;
}

export function setIpv4Ecn(packet: usize, ecn: u32): void {
  const ip = Ipv4.at(packet);
  const before = load<u16>(packet);
  ip.tos = <u8>(((<u32>ip.tos) & 0xfc) | ecn);
  ip.checksum = <u16>updated(ip.checksum, <u64>(~(<u32>before) & 0xffff) + <u64>load<u16>(packet));
}

export function setIpv6Ecn(packet: usize, ecn: u32): void {
  const ip = Ipv6.at(packet);
  ip.setTrafficClass((ip.trafficClass & 0xfc) | ecn);
}
