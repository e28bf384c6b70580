// Ping to a gateway (V2): the request becomes the reply in place. The ICMP checksum is updated, not computed: a wrong one stays
// wrong, and the VM sees it (RFC 792, RFC 4443 §4.2).

import { routerMac } from '../memory';
import { Port } from '../tables/ports';
import { Subnet } from '../tables/subnets';
import { updated } from '../wire/checksum';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import {
  ECHO_REPLY,
  ECHO_REPLY6,
  ECHO_REQUEST,
  ECHO_REQUEST6,
  ICMP,
  ICMPV6,
  ICMP_HEADER,
  Icmp,
} from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { isFragment, protocolOf, transportOffsetOf } from './classify';
import { answer } from './reply';

const TTL: u32 = 64;

/** False: not a ping that a gateway answers. */
export function answerEcho4(port: Port, subnet: Subnet, frame: usize, length: u32, shape: u64): bool {
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv4.at(packet);
  if (protocolOf(shape) != ICMP || isFragment(shape) || transportOffsetOf(shape) != IPV4_HEADER) return false;
  if (!isRequest(packet + IPV4_HEADER, packet + ip.totalLength, ECHO_REQUEST)) return false;
  const src = ip.srcAddr;
  ip.srcAddr = ip.dstAddr;
  ip.dstAddr = src;
  const before = <u32>load<u16>(packet, 8);
  ip.ttl = <u8>TTL;
  ip.checksum = <u16>updated(ip.checksum, <u64>(~before & 0xffff) + <u64>load<u16>(packet, 8));
  setType(packet + IPV4_HEADER, ECHO_REPLY);
  Ethernet.at(frame).setMacs(port.mac, routerMac);
  answer(port, subnet, frame, length);
  return true;
}

export function answerEcho6(port: Port, subnet: Subnet, frame: usize, length: u32, shape: u64): bool {
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv6.at(packet);
  if (protocolOf(shape) != ICMPV6 || isFragment(shape) || transportOffsetOf(shape) != IPV6_HEADER)
    return false;
  if (!isRequest(packet + IPV6_HEADER, packet + IPV6_HEADER + ip.payloadLength, ECHO_REQUEST6)) return false;
  const high = ip.srcHigh;
  const low = ip.srcLow;
  ip.srcHigh = ip.dstHigh;
  ip.srcLow = ip.dstLow;
  ip.dstHigh = high;
  ip.dstLow = low;
  ip.hopLimit = <u8>TTL;
  setType(packet + IPV6_HEADER, ECHO_REPLY6);
  Ethernet.at(frame).setMacs(port.mac, routerMac);
  answer(port, subnet, frame, length);
  return true;
}

function isRequest(icmp: usize, end: usize, type: u32): bool {
  return icmp + ICMP_HEADER <= end && Icmp.at(icmp).type == type && Icmp.at(icmp).code == 0;
}

function setType(icmp: usize, type: u32): void {
  const before = <u32>load<u16>(icmp);
  Icmp.at(icmp).type = <u8>type;
  Icmp.at(icmp).checksum = <u16>(
    updated(Icmp.at(icmp).checksum, <u64>(~before & 0xffff) + <u64>load<u16>(icmp))
  );
}
