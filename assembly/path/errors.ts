// ICMP errors to a VM about its packet (T2). They are built in a slot of their own, before the packet is changed.

import { DROP_OVER_MTU, SUPPRESSED_ERROR } from '../../src/abi/verdict';
import { routerMac } from '../memory';
import { Port } from '../tables/ports';
import { isBroadcast4 } from '../tables/routes';
import { Subnet } from '../tables/subnets';
import { fold, sumOf } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import {
  FRAGMENTATION_NEEDED,
  ICMP,
  ICMPV6,
  ICMP_HEADER,
  Icmp,
  PACKET_TOO_BIG,
  UNREACHABLE,
  isIcmpError,
} from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6, isLoopback6, isMulticast6, isUnspecified6 } from '../wire/ipv6';
import { REDIRECT } from '../wire/ndp';
import { isLaterFragment, protocolOf, transportOffsetOf } from './classify';
import { count, drop, hasRoom, takeCopy } from './emit';
import { maySendError } from './limit';
import { answerError } from './reply';
import { settle } from './segment';

/** RFC 1812 §4.3.2.5: precedence of internetwork control. */
const TOS: u32 = 0xc0;
const TTL: u32 = 64;
/** RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c): how long an error may be, IP header included. */
const MOST4: u32 = 576;
const MOST6: u32 = 1280;

/** Drops a packet that the path does not carry; `most`: the longest packet that it would, bytes. */
export function reportTooBig4(port: Port, subnet: Subnet, frame: usize, shape: u64, most: u32): void {
  reportError4(port, subnet, frame, shape, UNREACHABLE, FRAGMENTATION_NEEDED, bswap<u32>(most));
  drop(subnet.index, DROP_OVER_MTU);
}

/** As `reportTooBig4`. RFC 8200 §5: every link carries 1280 bytes, so no less is named. */
export function reportTooBig6(port: Port, subnet: Subnet, frame: usize, shape: u64, most: u32): void {
  reportError6(port, subnet, frame, shape, PACKET_TOO_BIG, 0, bswap<u32>(max(most, MOST6)));
  drop(subnet.index, DROP_OVER_MTU);
}

/** `parameter`: the word behind the checksum, as it lies in memory. */
export function reportError4(
  port: Port,
  subnet: Subnet,
  frame: usize,
  shape: u64,
  type: u32,
  code: u32,
  parameter: u32,
): void {
  const packet = frame + ETHERNET_HEADER;
  const about = Ipv4.at(packet);
  if (Ethernet.at(frame).isGroup || !isAnswerable4(subnet.domain, packet, about, shape)) return;
  if (!mayError(port, subnet)) return;
  if (isDefined(NETVIRT_LIVE)) settle(frame);
  const quoted = min(about.totalLength, MOST4 - IPV4_HEADER - ICMP_HEADER);
  const error = takeCopy();
  Ethernet.at(error).setMacs(port.mac, routerMac);
  Ethernet.at(error).etherType = ETHERTYPE_IPV4;
  const header = error + ETHERNET_HEADER;
  const ip = Ipv4.at(header);
  ip.versionIhl = 0x45;
  ip.tos = <u8>TOS;
  ip.totalLengthWire = bswap<u16>(<u16>(IPV4_HEADER + ICMP_HEADER + quoted));
  ip.identification = 0;
  ip.fragmentWire = 0x0040;
  ip.ttl = <u8>TTL;
  ip.protocol = <u8>ICMP;
  ip.checksum = 0;
  ip.srcAddr = subnet.gateway4 != 0 ? subnet.gateway4 : about.dstAddr;
  ip.dstAddr = about.srcAddr;
  ip.checksum = <u16>~fold(sumOf(header, IPV4_HEADER));
  const icmp = header + IPV4_HEADER;
  fillIcmp(icmp, type, code, parameter, packet, quoted);
  Icmp.at(icmp).checksum = <u16>~fold(sumOf(icmp, ICMP_HEADER + quoted));
  answerError(port, subnet, error, ETHERNET_HEADER + IPV4_HEADER + ICMP_HEADER + quoted);
}

/** As `reportError4`. */
export function reportError6(
  port: Port,
  subnet: Subnet,
  frame: usize,
  shape: u64,
  type: u32,
  code: u32,
  parameter: u32,
): void {
  const packet = frame + ETHERNET_HEADER;
  const about = Ipv6.at(packet);
  if (Ethernet.at(frame).isGroup || !isAnswerable6(packet, about, shape)) return;
  if (!mayError(port, subnet)) return;
  if (isDefined(NETVIRT_LIVE)) settle(frame);
  const quoted = min(IPV6_HEADER + about.payloadLength, MOST6 - IPV6_HEADER - ICMP_HEADER);
  const error = takeCopy();
  Ethernet.at(error).setMacs(port.mac, routerMac);
  Ethernet.at(error).etherType = ETHERTYPE_IPV6;
  const ip = Ipv6.at(error + ETHERNET_HEADER);
  const hasGateway = (subnet.gateway6High | subnet.gateway6Low) != 0;
  ip.setHead(ICMP_HEADER + quoted, ICMPV6, TTL);
  ip.srcHigh = hasGateway ? subnet.gateway6High : about.dstHigh;
  ip.srcLow = hasGateway ? subnet.gateway6Low : about.dstLow;
  ip.dstHigh = about.srcHigh;
  ip.dstLow = about.srcLow;
  const icmp = error + ETHERNET_HEADER + IPV6_HEADER;
  fillIcmp(icmp, type, code, parameter, packet, quoted);
  const sum = ip.pseudoHeaderSum(ICMP_HEADER + quoted, ICMPV6) + sumOf(icmp, ICMP_HEADER + quoted);
  Icmp.at(icmp).checksum = <u16>~fold(sum);
  answerError(port, subnet, error, ETHERNET_HEADER + IPV6_HEADER + ICMP_HEADER + quoted);
}

function fillIcmp(icmp: usize, type: u32, code: u32, parameter: u32, packet: usize, quoted: u32): void {
  const header = Icmp.at(icmp);
  header.type = <u8>type;
  header.code = <u8>code;
  header.checksum = 0;
  header.parameter = parameter;
  memory.copy(icmp + ICMP_HEADER, packet, quoted);
}

/** The port's limit and the slots allow one more; otherwise it is counted. */
function mayError(port: Port, subnet: Subnet): bool {
  if (hasRoom(1, 1) && maySendError(port)) return true;
  count(subnet.index, SUPPRESSED_ERROR);
  return false;
}

/** RFC 1122 §3.2.2, RFC 1812 §4.3.2.7: what an error is never sent about. */
function isAnswerable4(domain: u32, packet: usize, about: Ipv4, shape: u64): bool {
  if (isLaterFragment(shape) || !isUnicast4(about.srcAddr) || !isUnicast4(about.dstAddr)) return false;
  if (isBroadcast4(domain, about.dstAddr) || isBroadcast4(domain, about.srcAddr)) return false;
  const icmp = packet + transportOffsetOf(shape);
  return protocolOf(shape) != ICMP || !isIcmpError(icmp, packet + about.totalLength);
}

/** Of one host: not unspecified, loopback, multicast, reserved or broadcast. */
function isUnicast4(address: u32): bool {
  const first = address & 0xff;
  return first != 0 && first != 127 && first < 224;
}

function isNobody6(high: u64, low: u64): bool {
  return isUnspecified6(high, low) || isLoopback6(high, low);
}

/** RFC 4443 §2.4 (e). */
function isAnswerable6(packet: usize, about: Ipv6, shape: u64): bool {
  if (isLaterFragment(shape) || isMulticast6(about.dstHigh) || isMulticast6(about.srcHigh)) return false;
  if (isNobody6(about.srcHigh, about.srcLow) || isNobody6(about.dstHigh, about.dstLow)) return false;
  const icmp = packet + transportOffsetOf(shape);
  if (protocolOf(shape) != ICMPV6 || icmp >= packet + IPV6_HEADER + about.payloadLength) return true;
  const type = <u32>load<u8>(icmp);
  return type >= 128 && type != REDIRECT;
}
