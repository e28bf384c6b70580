// IP Rewrite, arriving: both provider addresses become customer addresses again, and the frame gets the MACs of the
// virtual subnet. Only packets between two endpoints of one routing domain pass (V1, V7), and what routers of the provider
// network report about such packets (W6), as if the gateway reported it (V10).

import { DROP_REWRITE_PEER, DROP_TUNNEL_SOURCE, DROP_TUNNEL_TYPE } from '../../src/abi/verdict';
import { copyOfFrom, hostProvider4, hostProvider6High, hostProvider6Low, routerMac } from '../memory';
import { LOCAL, NextHop, PROTOCOL_GRE } from '../tables/nexthops';
import { Provider4, takeProvider4 } from '../tables/providers4';
import { Provider6, takeProvider6 } from '../tables/providers6';
import { macOf, nextHopOf } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { ETHERNET_HEADER, Ethernet, VLAN_TAG } from '../wire/ethernet';
import { ICMP, ICMPV6, ICMP_HEADER, isIcmpError, isIcmpv6Error } from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { isFragment, protocolOf, transportOffsetOf } from './classify';
import { isOnVlan, tagFor } from './deliver';
import { drop, forward } from './emit';
import { translateIpv4, translateIpv6 } from './translate';

/** `to`: the record of the packet's destination, an endpoint on this host. */
export function restoreIpv4(frame: usize, length: u32, shape: u64, to: Provider4): void {
  const packet = frame + ETHERNET_HEADER;
  const entry = takeProvider4(Ipv4.at(packet).srcAddr, copyOfFrom);
  if (entry == 0) return restoreReport4(frame, length, shape, to);
  const from = Provider4.at(entry);
  const stranger = strangerOf(from.domain, from.record, to.domain, shape);
  if (stranger != 0) return drop(to.subnet, stranger);
  const fault = translateIpv4(to.domain, packet, shape, from.customer, to.customer, false);
  if (fault != 0) return drop(to.subnet, fault);
  const srcMac = from.subnet == to.subnet ? macOf(from.record) : routerMac;
  deliver(to.subnet, to.record, frame, length, srcMac);
}

/** An ICMP error of a router about a packet that `to` sent: from the gateway, where the subnet has one. */
function restoreReport4(frame: usize, length: u32, shape: u64, to: Provider4): void {
  const packet = frame + ETHERNET_HEADER;
  const icmp = packet + transportOffsetOf(shape);
  const end = packet + Ipv4.at(packet).totalLength;
  const quote = icmp + ICMP_HEADER;
  const isRouters = Ipv4.at(packet).srcAddr != hostProvider4;
  const isError = isRouters && protocolOf(shape) == ICMP && !isFragment(shape) && isIcmpError(icmp, end);
  if (!isError || quote + IPV4_HEADER > end) return drop(to.subnet, DROP_REWRITE_PEER);
  const entry = takeProvider4(Ipv4.at(quote).dstAddr, copyOfFrom);
  const isOurs =
    entry != 0 && Provider4.at(entry).domain == to.domain && Ipv4.at(quote).srcAddr == to.provider;
  if (!isOurs) return drop(to.subnet, DROP_REWRITE_PEER);
  const gateway = Subnet.at(to.subnet).gateway4;
  const src = gateway != 0 ? gateway : Provider4.at(entry).customer;
  const fault = translateIpv4(to.domain, packet, shape, src, to.customer, false);
  if (fault != 0) return drop(to.subnet, fault);
  deliver(to.subnet, to.record, frame, length, routerMac);
}

/** `to`: the record of the packet's destination, an endpoint on this host. */
export function restoreIpv6(frame: usize, length: u32, shape: u64, to: Provider6): void {
  const packet = frame + ETHERNET_HEADER;
  const entry = takeProvider6(Ipv6.at(packet).srcHigh, Ipv6.at(packet).srcLow, copyOfFrom);
  if (entry == 0) return restoreReport6(frame, length, shape, to);
  const from = Provider6.at(entry);
  const stranger = strangerOf(from.domain, from.record, to.domain, shape);
  if (stranger != 0) return drop(to.subnet, stranger);
  const fault = translateIpv6(
    to.domain,
    packet,
    shape,
    from.customerHigh,
    from.customerLow,
    to.customerHigh,
    to.customerLow,
    false,
  );
  if (fault != 0) return drop(to.subnet, fault);
  const srcMac = from.subnet == to.subnet ? macOf(from.record) : routerMac;
  deliver(to.subnet, to.record, frame, length, srcMac);
}

/** As `restoreReport4`. */
function restoreReport6(frame: usize, length: u32, shape: u64, to: Provider6): void {
  const packet = frame + ETHERNET_HEADER;
  const icmp = packet + transportOffsetOf(shape);
  const end = packet + IPV6_HEADER + Ipv6.at(packet).payloadLength;
  const quote = icmp + ICMP_HEADER;
  const ip = Ipv6.at(packet);
  const isRouters = ip.srcHigh != hostProvider6High || ip.srcLow != hostProvider6Low;
  const isError = isRouters && protocolOf(shape) == ICMPV6 && !isFragment(shape) && isIcmpv6Error(icmp, end);
  if (!isError || quote + IPV6_HEADER > end) return drop(to.subnet, DROP_REWRITE_PEER);
  const about = Ipv6.at(quote);
  const entry = takeProvider6(about.dstHigh, about.dstLow, copyOfFrom);
  const isSender = about.srcHigh == to.providerHigh && about.srcLow == to.providerLow;
  const isOurs = entry != 0 && Provider6.at(entry).domain == to.domain && isSender;
  if (!isOurs) return drop(to.subnet, DROP_REWRITE_PEER);
  const subnet = Subnet.at(to.subnet);
  const hasGateway = (subnet.gateway6High | subnet.gateway6Low) != 0;
  const fault = translateIpv6(
    to.domain,
    packet,
    shape,
    hasGateway ? subnet.gateway6High : Provider6.at(entry).customerHigh,
    hasGateway ? subnet.gateway6Low : Provider6.at(entry).customerLow,
    to.customerHigh,
    to.customerLow,
    false,
  );
  if (fault != 0) return drop(to.subnet, fault);
  deliver(to.subnet, to.record, frame, length, routerMac);
}

/** Why a packet from this source must not reach the destination; 0: it may. */
function strangerOf(fromDomain: u32, fromRecord: u64, toDomain: u32, shape: u64): u32 {
  if (fromDomain == 0) return protocolOf(shape) == PROTOCOL_GRE ? DROP_TUNNEL_TYPE : DROP_REWRITE_PEER;
  if (NextHop.at(nextHopOf(fromRecord)).family == LOCAL) return DROP_TUNNEL_SOURCE;
  return fromDomain == toDomain ? 0 : DROP_REWRITE_PEER;
}

function deliver(subnet: u32, to: u64, frame: usize, length: u32, srcMac: u64): void {
  const port = NextHop.at(nextHopOf(to)).port;
  Ethernet.at(frame).setMacs(macOf(to), srcMac);
  if (!isOnVlan(port, subnet)) return forward(subnet, port, frame, length, length);
  forward(subnet, port, tagFor(port, subnet, frame), length + VLAN_TAG, length);
}
