// Neighbour discovery from a VM (V4, RFC 4861): solicitations are answered from the records, claims are checked against them.

import * as events from '../../src/abi/trace';
import {
  DROP_ADDRESS_TAKEN,
  DROP_ND_MALFORMED,
  DROP_ND_SENDER,
  DROP_NO_SLOT,
  DROP_NEIGHBOR_NEEDLESS,
  DROP_NEIGHBOR_UNKNOWN,
} from '../../src/abi/verdict';
import { routerMac } from '../memory';
import { findAddress6, recordOf6, scopeOf6, subnetOf6 } from '../tables/addresses6';
import { findMac, isForwarding, nextHopOfMac } from '../tables/macs';
import { GATEWAY, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, nextHopOf, recordFor } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { fold, sumOf } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { ICMPV6, ICMP_HEADER, Icmp } from '../wire/icmp';
import {
  ALL_NODES_LOW,
  ALL_NODES_MAC,
  IPV6_HEADER,
  Ipv6,
  LINK_LOCAL_PREFIX,
  LINK_SCOPE_HIGH,
  isFromMac,
  isLinkLocal6,
  isMulticast6,
  isSolicitedNode6,
  isUnspecified6,
  macOfInterface,
} from '../wire/ipv6';
import {
  FLAG_OVERRIDE,
  FLAG_ROUTER,
  FLAG_SOLICITED,
  NEIGHBOR_ADVERTISEMENT,
  NEIGHBOR_SOLICITATION,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
  REDIRECT,
  SOURCE_LINK_LAYER,
  TARGET,
  TARGET_LINK_LAYER,
  areOptionsWhole,
  findOption,
  fixedLength,
} from '../wire/ndp';
import { advertiseRouter } from './advertise';
import { isRewrittenTo } from './arp';
import { isFragment, isLaterFragment, transportOffsetOf } from './classify';
import { drop, hasRoom, takeCopy } from './emit';
import { isOwn6 } from './guard';
import { answer, answerBeside } from './reply';

/** False: the frame was neighbour discovery and is done with. True: it goes on like any packet. */
export function isForVms(port: Port, subnet: Subnet, frame: usize, shape: u64): bool {
  // What lies there is the middle of something.
  if (isLaterFragment(shape)) return true;
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv6.at(packet);
  const icmp = packet + transportOffsetOf(shape);
  const end = packet + IPV6_HEADER + ip.payloadLength;
  const type: u32 = icmp < end ? <u32>load<u8>(icmp) : 0;
  const fixed = fixedLength(type);
  if (fixed == 0) return true;
  const reason = faultOf(port, subnet, ip, icmp, end, type, fixed, shape);
  if (reason != 0) {
    drop(subnet.index, reason);
    return false;
  }
  const dstMac = Ethernet.at(frame).dstMac;
  const isForAll =
    Ethernet.at(frame).isGroup ||
    isMulticast6(ip.dstHigh) ||
    dstMac == routerMac ||
    // Routers of the provider network would lower its hop limit (RFC 4861 §7.1.1).
    (type == NEIGHBOR_SOLICITATION && isRewrittenTo(port, subnet, dstMac));
  if (!isForAll || type == ROUTER_ADVERTISEMENT || type == REDIRECT) return true;
  if (type == NEIGHBOR_SOLICITATION) answerSolicitation(port, subnet, frame, icmp);
  else if (type == ROUTER_SOLICITATION) advertiseRouter(port, subnet, frame);
  else drop(subnet.index, DROP_NEIGHBOR_NEEDLESS);
  return false;
}

/** A reason to drop, 0 = none. */
function faultOf(
  port: Port,
  subnet: Subnet,
  ip: Ipv6,
  icmp: usize,
  end: usize,
  type: u32,
  fixed: u32,
  shape: u64,
): u32 {
  // RFC 6980, RFC 7113: nobody has a reason to hide these in fragments or behind extension headers.
  if (isFragment(shape) || transportOffsetOf(shape) != IPV6_HEADER) return DROP_ND_MALFORMED;
  if (icmp + fixed > end || ip.hopLimit != 255 || Icmp.at(icmp).code != 0) return DROP_ND_MALFORMED;
  if (!areOptionsWhole(icmp + fixed, end) || !isChecksumRight(ip, icmp, end)) return DROP_ND_MALFORMED;
  if (!isSensible(ip, icmp, end, type, fixed)) return DROP_ND_MALFORMED;
  return isHonest(port, subnet, icmp, end, type, fixed) ? 0 : DROP_ND_SENDER;
}

function isChecksumRight(ip: Ipv6, icmp: usize, end: usize): bool {
  const length = <u32>(end - icmp);
  return fold(ip.pseudoHeaderSum(length, ICMPV6) + sumOf(icmp, length)) == 0xffff;
}

/** RFC 4861 §6.1.1, §6.1.2, §7.1.1, §7.1.2, §8.1, beyond lengths. */
function isSensible(ip: Ipv6, icmp: usize, end: usize, type: u32, fixed: u32): bool {
  const isUnspecified = isUnspecified6(ip.srcHigh, ip.srcLow);
  const hasSourceOption = findOption(icmp + fixed, end, SOURCE_LINK_LAYER) != 0;
  if (type == ROUTER_SOLICITATION) return !isUnspecified || !hasSourceOption;
  if (type == ROUTER_ADVERTISEMENT || type == REDIRECT) return isLinkLocal6(ip.srcHigh);
  if (isMulticast6(load<u64>(icmp, TARGET))) return false;
  if (type == NEIGHBOR_ADVERTISEMENT) {
    return !isMulticast6(ip.dstHigh) || (Icmp.at(icmp).parameter & FLAG_SOLICITED) == 0;
  }
  return !isUnspecified || (isSolicitedNode6(ip.dstHigh, ip.dstLow) && !hasSourceOption);
}

/** The VM speaks for itself (V6). */
function isHonest(port: Port, subnet: Subnet, icmp: usize, end: usize, type: u32, fixed: u32): bool {
  if (type == ROUTER_ADVERTISEMENT || type == REDIRECT) return port.isForwarding;
  const claims = type == NEIGHBOR_ADVERTISEMENT ? TARGET_LINK_LAYER : SOURCE_LINK_LAYER;
  let option = findOption(icmp + fixed, end, claims);
  while (option != 0) {
    const length = (<usize>load<u8>(option, 1)) << 3;
    if (length != 8 || load<u64>(option) >> 16 != port.mac) return false;
    option = findOption(option + length, end, claims);
  }
  if (type != NEIGHBOR_ADVERTISEMENT || port.isForwarding) return true;
  return isOwn6(port, subnet, load<u64>(icmp, TARGET), load<u64>(icmp, TARGET + 8));
}

/** MAC and next hop of an address in the subnet, 0 = nobody's. */
function recordOf(subnet: Subnet, high: u64, low: u64): u64 {
  const entry = findAddress6(scopeOf6(subnet.domain, subnet.index, high), high, low);
  if (entry != 0) return subnetOf6(entry) == subnet.index ? recordOf6(entry) : 0;
  if (high != LINK_LOCAL_PREFIX || !isFromMac(low)) return 0;
  const mac = macOfInterface(low);
  const nextHop = nextHopOfMac(findMac(subnet.vsid, mac));
  return nextHop == 0 ? 0 : recordFor(mac, nextHop);
}

function answerSolicitation(port: Port, subnet: Subnet, frame: usize, icmp: usize): void {
  const high = load<u64>(icmp, TARGET);
  const low = load<u64>(icmp, TARGET + 8);
  const record = recordOf(subnet, high, low);
  trace(events.TRACE_NEIGHBOR6, high, low);
  if (record == 0) return drop(subnet.index, DROP_NEIGHBOR_UNKNOWN);
  if (nextHopOf(record) == port.nextHop) return drop(subnet.index, DROP_NEIGHBOR_NEEDLESS);
  const asking = Ipv6.at(frame + ETHERNET_HEADER);
  const isProbe = isUnspecified6(asking.srcHigh, asking.srcLow);
  if (!hasRoom(1, isProbe ? 1 : 0)) return drop(subnet.index, DROP_NO_SLOT);
  let flags = FLAG_OVERRIDE;
  if (isRouter(subnet, record)) flags |= FLAG_ROUTER;
  if (!isProbe) flags |= FLAG_SOLICITED;

  // In a slot of its own: an answer is longer than the question may be.
  const out = takeCopy();
  const ip = Ipv6.at(out + ETHERNET_HEADER);
  ip.dstHigh = isProbe ? LINK_SCOPE_HIGH : asking.srcHigh;
  ip.dstLow = isProbe ? ALL_NODES_LOW : asking.srcLow;
  ip.srcHigh = high;
  ip.srcLow = low;
  Ethernet.at(out).setMacs(isProbe ? ALL_NODES_MAC : port.mac, macOf(record));
  Ethernet.at(out).etherType = ETHERTYPE_IPV6;
  const length = fillAdvertisement(ip, flags, macOf(record));
  if (!isProbe) return answer(port, subnet, out, length);
  // Duplicate address detection (RFC 4862 §5.4.3): the VM must not take the address, and is told so.
  answerBeside(port, subnet, out, length);
  drop(subnet.index, DROP_ADDRESS_TAKEN);
}

/** A gateway, or an endpoint that forwards: who has it as a router gives it up when it says that it is none (RFC 4861 §7.2.5). */
function isRouter(subnet: Subnet, record: u64): bool {
  return NextHop.at(nextHopOf(record)).family == GATEWAY || isForwarding(findMac(subnet.vsid, macOf(record)));
}

/** About the source address. Returns the length of the frame. */
export function fillAdvertisement(ip: Ipv6, flags: u32, mac: u64): u32 {
  const length: u32 = 24 + 8;
  const icmp = changetype<usize>(ip) + IPV6_HEADER;
  store<u64>(icmp, ip.srcHigh, TARGET);
  store<u64>(icmp, ip.srcLow, TARGET + 8);
  ip.setHead(length, ICMPV6, 255);
  const message = Icmp.at(icmp);
  message.type = <u8>NEIGHBOR_ADVERTISEMENT;
  message.code = 0;
  message.checksum = 0;
  message.parameter = flags;
  store<u64>(icmp, (mac << 16) | 0x0100 | (<u64>TARGET_LINK_LAYER), ICMP_HEADER + 16);
  message.checksum = <u16>~fold(ip.pseudoHeaderSum(length, ICMPV6) + sumOf(icmp, length));
  return ETHERNET_HEADER + IPV6_HEADER + length;
}
