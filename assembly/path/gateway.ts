// The distributed router (V2): every host is the gateway of its VMs' subnets. It answers ping, and passes packets on to other
// subnets of the routing domain, or to the gateway VM that a route names.

import * as events from '../../src/abi/trace';
import {
  DROP_GATEWAY,
  DROP_NOT_ROUTABLE,
  DROP_NO_GATEWAY,
  DROP_NO_RECORD,
  DROP_NO_ROUTE,
  DROP_SAME_PORT,
  DROP_TTL_EXCEEDED,
} from '../../src/abi/verdict';
import { routerMac } from '../memory';
import { addressOf4, findAddress4, mappingOf4, recordOf4, subnetOf4 } from '../tables/addresses4';
import { findAddress6, recordOf6, scopeOf6, subnetOf6 } from '../tables/addresses6';
import { GATEWAY, LOCAL, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, mappedHopOf, mappingFor, nextHopOf, providerOf } from '../tables/records';
import { Route, connectedOf, isConnected, matchIpv4, matchIpv6, nextOf4, viaOf4 } from '../tables/routes';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { updated } from '../wire/checksum';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import {
  ADDRESS,
  HOST,
  NETWORK,
  NO_ROUTE,
  TIME_EXCEEDED,
  TIME_EXCEEDED6,
  UNREACHABLE,
  UNREACHABLE6,
} from '../wire/icmp';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6, isLinkLocal6, isLoopback6, isMulticast6, isUnspecified6 } from '../wire/ipv6';
import { isSyn } from './clamp';
import { drop } from './emit';
import { answerEcho4, answerEcho6 } from './echo';
import { deliver } from './egress';
import { reportError4, reportError6, reportTooBig4, reportTooBig6 } from './errors';
import { encapsulate, fitsTunnel, overheadOf } from './encapsulate';
import { flowOfIpv4 } from './flow';
import { isOffloaded } from './offload';
import { fitsRewritten } from './rewrite';
import { isMapped6, resolve6, transmitIpv4, transmitIpv6 } from './transmit';

/** What is not IP is for nobody here. */
export function gatewayOther(subnet: Subnet): void {
  drop(subnet.index, DROP_NOT_ROUTABLE);
}

/** `source`: the mapping of the sender's address. */
export function gatewayIpv4(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: u64,
): void {
  if (!subnet.hasGateway4) return drop(subnet.index, DROP_NO_GATEWAY);
  const ip = Ipv4.at(frame + ETHERNET_HEADER);
  const dst = ip.dstAddr;
  const entry = findAddress4(subnet.domain, dst);
  const record: u64 = entry == 0 ? 0 : recordOf4(entry);
  if (entry != 0 && NextHop.at(nextHopOf(record)).family == GATEWAY) {
    trace(events.TRACE_GATEWAY4, dst);
    if (!answerEcho4(port, subnet, frame, length, shape)) drop(subnet.index, DROP_GATEWAY);
    return;
  }
  if (!isRoutable4(dst) || ip.srcAddr == 0) return drop(subnet.index, DROP_NOT_ROUTABLE);
  if (ip.ttl <= 1) {
    reportError4(port, subnet, frame, shape, TIME_EXCEEDED, 0, 0);
    return drop(subnet.index, DROP_TTL_EXCEEDED);
  }
  if (entry != 0) {
    const to = Subnet.at(subnetOf4(entry));
    trace(events.TRACE_ROUTED4, dst, to.vsid);
    if (to.hasGateway4) return routeIpv4(port, subnet, to, frame, length, shape, source, entry, record);
    trace(events.TRACE_NO_WAY_IN);
    return refuseNetwork4(port, subnet, frame, shape);
  }
  routeByPrefix4(port, subnet, frame, length, shape, dst);
}

function routeByPrefix4(port: Port, subnet: Subnet, frame: usize, length: u32, shape: u64, dst: u32): void {
  const result = matchIpv4(subnet.domain, dst);
  if (isConnected(result)) {
    const connected = Subnet.at(connectedOf(result));
    trace(events.TRACE_CONNECTED, connected.vsid);
    if (!connected.hasGateway4) {
      trace(events.TRACE_NO_WAY_IN);
      return refuseNetwork4(port, subnet, frame, shape);
    }
    reportError4(port, subnet, frame, shape, UNREACHABLE, HOST, 0);
    return drop(subnet.index, DROP_NO_RECORD);
  }
  for (let route = result; route != 0; route = nextOf4(route)) {
    const entry = viaOf4(subnet.domain, route);
    if (entry == 0) continue;
    const to = Subnet.at(subnetOf4(entry));
    trace(events.TRACE_ROUTE4, addressOf4(entry), to.vsid);
    if (!to.hasGateway4) continue;
    return routeIpv4(port, subnet, to, frame, length, shape, 0, 0, recordOf4(entry));
  }
  trace(events.TRACE_NO_ROUTE4, dst);
  refuseNetwork4(port, subnet, frame, shape);
}

function refuseNetwork4(port: Port, subnet: Subnet, frame: usize, shape: u64): void {
  reportError4(port, subnet, frame, shape, UNREACHABLE, NETWORK, 0);
  drop(subnet.index, DROP_NO_ROUTE);
}

/** Passes the packet on into subnet `to`. `entry`: of the destination address, 0 where a route leads to a gateway VM. */
function routeIpv4(
  port: Port,
  subnet: Subnet,
  to: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: u64,
  entry: usize,
  record: u64,
): void {
  const isSourceMapped = entry != 0 && providerOf(source) != 0 && !NextHop.at(nextHopOf(record)).isHere;
  const mapping = isSourceMapped ? mappingOf4(entry) : mappingFor(0, nextHopOf(record), false);
  const hop = NextHop.at(ASC_FEATURE_THREADS ? mappedHopOf(mapping) : nextHopOf(record));
  const ip = Ipv4.at(frame + ETHERNET_HEADER);
  if (hop.family == LOCAL) {
    if (hop.port == port.index) return drop(subnet.index, DROP_SAME_PORT);
    decrementTtl(ip);
    Ethernet.at(frame).setMacs(macOf(record), routerMac);
    return deliver(port, subnet, to.index, frame, length, hop.port);
  }
  const isRewritten = providerOf(mapping) != 0;
  const whole = ETHERNET_HEADER + ip.totalLength;
  if (ip.hasDontFragment && !(isRewritten ? fitsRewritten(whole, hop) : fitsTunnel(whole, hop))) {
    // Before anything changes: the error quotes what the VM sent.
    return reportTooBig4(port, subnet, frame, shape, isRewritten ? hop.mtu : hop.mtu - overheadOf(hop));
  }
  decrementTtl(ip);
  Ethernet.at(frame).setMacs(macOf(record), routerMac);
  const packet = frame + ETHERNET_HEADER;
  const isPlain = !isDefined(NETVIRT_LIVE) || !isOffloaded();
  if (isPlain && !isRewritten && fitsTunnel(length, hop) && !isSyn(packet, shape, ip.totalLength)) {
    // As `transmitIpv4` would do it, two calls less.
    const flow = flowOfIpv4(packet, shape, ip.totalLength);
    return encapsulate(subnet.index, to.vsid, frame, length, hop, ip.tos, flow, length);
  }
  transmitIpv4(port, subnet, to.vsid, frame, length, shape, source, mapping, macOf(record));
}

function decrementTtl(ip: Ipv4): void {
  ip.ttl -= 1;
  // TTL is the low byte of its word in memory: one less, so the sum grows by ~1 + 0, RFC 1624 eqn. 3.
  ip.checksum = <u16>updated(ip.checksum, 0xfffe);
}

/** Not an address that means something on one link or on one host only (RFC 1812 §5.3, RFC 6890). */
function isRoutable4(address: u32): bool {
  const first = address & 0xff;
  return first != 0 && first != 127 && first < 224 && (address & 0xffff) != 0xfea9;
}

export function gatewayIpv6(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
): void {
  if (!subnet.hasGateway6) return drop(subnet.index, DROP_NO_GATEWAY);
  const ip = Ipv6.at(frame + ETHERNET_HEADER);
  const high = ip.dstHigh;
  const low = ip.dstLow;
  const entry = findAddress6(scopeOf6(subnet.domain, subnet.index, high), high, low);
  const record: u64 = entry == 0 ? 0 : recordOf6(entry);
  if (entry != 0 && NextHop.at(nextHopOf(record)).family == GATEWAY) {
    trace(events.TRACE_GATEWAY6, high, low);
    if (!answerEcho6(port, subnet, frame, length, shape)) drop(subnet.index, DROP_GATEWAY);
    return;
  }
  if (!isRoutable6(high, low) || isLinkLocal6(ip.srcHigh) || isUnspecified6(ip.srcHigh, ip.srcLow)) {
    return drop(subnet.index, DROP_NOT_ROUTABLE);
  }
  if (ip.hopLimit <= 1) {
    reportError6(port, subnet, frame, shape, TIME_EXCEEDED6, 0, 0);
    return drop(subnet.index, DROP_TTL_EXCEEDED);
  }
  if (entry != 0) {
    const to = Subnet.at(subnetOf6(entry));
    trace(events.TRACE_ROUTED6, high, low);
    if (to.hasGateway6) return routeIpv6(port, subnet, to, frame, length, shape, source, entry, record);
    trace(events.TRACE_NO_WAY_IN);
    return refuseNetwork6(port, subnet, frame, shape);
  }
  routeByPrefix6(port, subnet, frame, length, shape, high, low);
}

function routeByPrefix6(
  port: Port,
  subnet: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  high: u64,
  low: u64,
): void {
  const result = matchIpv6(subnet.domain, high, low);
  if (isConnected(result)) {
    const connected = Subnet.at(connectedOf(result));
    trace(events.TRACE_CONNECTED, connected.vsid);
    if (!connected.hasGateway6) {
      trace(events.TRACE_NO_WAY_IN);
      return refuseNetwork6(port, subnet, frame, shape);
    }
    reportError6(port, subnet, frame, shape, UNREACHABLE6, ADDRESS, 0);
    return drop(subnet.index, DROP_NO_RECORD);
  }
  for (let index = result; index != 0; index = Route.at(index).next) {
    const route = Route.at(index);
    const entry = findAddress6(subnet.domain, route.via6High, route.via6Low);
    if (entry == 0) continue;
    const to = Subnet.at(subnetOf6(entry));
    trace(events.TRACE_ROUTE6, route.via6High, route.via6Low);
    if (!to.hasGateway6) continue;
    return routeIpv6(port, subnet, to, frame, length, shape, 0, 0, recordOf6(entry));
  }
  trace(events.TRACE_NO_ROUTE6, high, low);
  refuseNetwork6(port, subnet, frame, shape);
}

function refuseNetwork6(port: Port, subnet: Subnet, frame: usize, shape: u64): void {
  reportError6(port, subnet, frame, shape, UNREACHABLE6, NO_ROUTE, 0);
  drop(subnet.index, DROP_NO_ROUTE);
}

/** As `routeIpv4`. */
function routeIpv6(
  port: Port,
  subnet: Subnet,
  to: Subnet,
  frame: usize,
  length: u32,
  shape: u64,
  source: usize,
  entry: usize,
  record: u64,
): void {
  if (!NextHop.at(nextHopOf(record)).isHere) record = resolve6(source, entry, record);
  const hop = NextHop.at(nextHopOf(record));
  const ip = Ipv6.at(frame + ETHERNET_HEADER);
  if (hop.family == LOCAL) {
    if (hop.port == port.index) return drop(subnet.index, DROP_SAME_PORT);
    ip.hopLimit -= 1;
    Ethernet.at(frame).setMacs(macOf(record), routerMac);
    return deliver(port, subnet, to.index, frame, length, hop.port);
  }
  const isRewritten = isMapped6;
  const whole = ETHERNET_HEADER + 40 + ip.payloadLength;
  if (!(isRewritten ? fitsRewritten(whole, hop) : fitsTunnel(whole, hop))) {
    return reportTooBig6(port, subnet, frame, shape, isRewritten ? hop.mtu : hop.mtu - overheadOf(hop));
  }
  ip.hopLimit -= 1;
  Ethernet.at(frame).setMacs(macOf(record), routerMac);
  transmitIpv6(port, subnet, to.vsid, frame, length, shape, record);
}

/** RFC 4291 §2.5: neither for one link nor for one host. */
function isRoutable6(high: u64, low: u64): bool {
  return !isMulticast6(high) && !isLinkLocal6(high) && !isUnspecified6(high, low) && !isLoopback6(high, low);
}
