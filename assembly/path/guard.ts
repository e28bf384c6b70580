// The source guard of a VM's port (V6). What it stops it answers with 0; what it lets pass, with the mapping of the source address:
// IPv4 with the word and PASSED, IPv6 with where it stands (zeros at NO_PROVIDER where there is none).

import * as events from '../../src/abi/trace';
import { NO_PROVIDER } from '../memory';
import { findAddress4, mappingOf4, recordOf4, subnetOf4 } from '../tables/addresses4';
import { findAddress6, mappingOf6, recordOf6, scopeOf6, subnetOf6 } from '../tables/addresses6';
import { Port } from '../tables/ports';
import { nextHopOf } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6, LINK_LOCAL_PREFIX, isMulticast6, isUnspecified6 } from '../wire/ipv6';
import { isFragment, protocolOf, transportOffsetOf } from './classify';

/** Beside a mapping, which has nothing there. */
const PASSED: u64 = 1 << 63;
const UDP: u32 = 17;
/** Ports 68 → 67, as they lie in memory. */
const DHCP_CLIENT_TO_SERVER: u32 = 0x4300_4400;

/** `subnet`: which the packet belongs to. */
export function guardIpv4(port: Port, subnet: Subnet, packet: usize, shape: u64): u64 {
  const src = Ipv4.at(packet).srcAddr;
  if (src == port.address4 && src != 0 && subnet.index == port.subnet) {
    trace(events.TRACE_SOURCE_ADDRESS4, src);
    return port.mapping4 | PASSED;
  }
  return guardIpv4Further(port, subnet, packet, shape, src);
}

function guardIpv4Further(port: Port, subnet: Subnet, packet: usize, shape: u64, src: u32): u64 {
  if (src == 0 && isDhcpRequest(packet, shape)) {
    trace(events.TRACE_SOURCE_UNSPECIFIED);
    return PASSED;
  }
  const entry = ownEntry4(port, subnet, src);
  if (entry != 0) {
    trace(events.TRACE_SOURCE_ADDRESS4, src);
    return mappingOf4(entry) | PASSED;
  }
  if (!port.isForwarding) return 0;
  trace(events.TRACE_SOURCE_FORWARDING);
  return PASSED;
}

/** The entry of an address that the endpoint itself has in the subnet, 0 if it has not. */
function ownEntry4(port: Port, subnet: Subnet, address: u32): usize {
  const entry = findAddress4(port.domain, address);
  if (entry == 0 || subnetOf4(entry) != subnet.index) return 0;
  return nextHopOf(recordOf4(entry)) == port.nextHop ? entry : 0;
}

export function isOwn4(port: Port, subnet: Subnet, address: u32): bool {
  return ownEntry4(port, subnet, address) != 0;
}

/** A client without an address yet (RFC 2131 §4.1). */
function isDhcpRequest(packet: usize, shape: u64): bool {
  const offset = transportOffsetOf(shape);
  if (protocolOf(shape) != UDP || isFragment(shape) || offset + 4 > Ipv4.at(packet).totalLength) return false;
  return load<u32>(packet + offset) == DHCP_CLIENT_TO_SERVER;
}

export function guardIpv6(port: Port, subnet: Subnet, packet: usize): usize {
  const ip = Ipv6.at(packet);
  const high = ip.srcHigh;
  const low = ip.srcLow;
  if (low == port.address6Low && high == port.address6High && high != 0 && subnet.index == port.subnet) {
    trace(events.TRACE_SOURCE_ADDRESS6, high, low);
    return port.mapping6;
  }
  return guardIpv6Further(port, subnet, ip, high, low);
}

function guardIpv6Further(port: Port, subnet: Subnet, ip: Ipv6, high: u64, low: u64): usize {
  if (high == LINK_LOCAL_PREFIX && low == port.linkLocalLow) {
    trace(events.TRACE_SOURCE_LINK_LOCAL);
    return NO_PROVIDER;
  }
  // Duplicate address detection (RFC 4862 §5.4.2) and multicast listener reports (RFC 3590).
  if (isUnspecified6(high, low) && isMulticast6(ip.dstHigh)) {
    trace(events.TRACE_SOURCE_UNSPECIFIED);
    return NO_PROVIDER;
  }
  const entry = ownEntry6(port, subnet, high, low);
  if (entry != 0) {
    trace(events.TRACE_SOURCE_ADDRESS6, high, low);
    return mappingOf6(entry);
  }
  if (!port.isForwarding) return 0;
  trace(events.TRACE_SOURCE_FORWARDING);
  return NO_PROVIDER;
}

function ownEntry6(port: Port, subnet: Subnet, high: u64, low: u64): usize {
  const entry = findAddress6(scopeOf6(port.domain, subnet.index, high), high, low);
  if (entry == 0 || subnetOf6(entry) != subnet.index) return 0;
  return nextHopOf(recordOf6(entry)) == port.nextHop ? entry : 0;
}

/** An address of the endpoint in the subnet, or the link-local one that its MAC gives. */
export function isOwn6(port: Port, subnet: Subnet, high: u64, low: u64): bool {
  if (high == LINK_LOCAL_PREFIX && low == port.linkLocalLow) return true;
  return ownEntry6(port, subnet, high, low) != 0;
}
