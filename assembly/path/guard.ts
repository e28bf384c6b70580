// The source guard of a VM's port (V6). What it lets pass it answers with the address of the packet's own provider
// address (zeros at NO_PROVIDER where there is none), what it stops with 0.

import * as events from '../../src/abi/trace';
import { NO_PROVIDER } from '../memory';
import { findAddress4, providerSlotOf4 } from '../tables/addresses4';
import { findAddress6, providerSlotOf6 } from '../tables/addresses6';
import { Port } from '../tables/ports';
import { nextHopOf } from '../tables/records';
import { trace } from '../trace';
import { Arp } from '../wire/arp';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6, LINK_LOCAL_PREFIX, isMulticast6, isUnspecified6 } from '../wire/ipv6';
import { isFragment, protocolOf, transportOffsetOf } from './classify';

const UDP: u32 = 17;
/** Ports 68 → 67, as they lie in memory. */
const DHCP_CLIENT_TO_SERVER: u32 = 0x4300_4400;

export function guardIpv4(port: Port, packet: usize, shape: u64): usize {
  const src = Ipv4.at(packet).srcAddr;
  if (src == port.address4 && src != 0) {
    trace(events.TRACE_SOURCE_ADDRESS4, src);
    return port.provider4Slot;
  }
  return guardIpv4Further(port, packet, shape, src);
}

function guardIpv4Further(port: Port, packet: usize, shape: u64, src: u32): usize {
  if (src == 0 && isDhcpRequest(packet, shape)) {
    trace(events.TRACE_SOURCE_UNSPECIFIED);
    return NO_PROVIDER;
  }
  const entry = findAddress4(port.vsid, src);
  if (entry != 0 && nextHopOf(load<u64>(entry, 8)) == port.nextHop) {
    trace(events.TRACE_SOURCE_ADDRESS4, src);
    return providerSlotOf4(entry);
  }
  if (!port.isForwarding) return 0;
  trace(events.TRACE_SOURCE_FORWARDING);
  return NO_PROVIDER;
}

/** A client without an address yet (RFC 2131 §4.1). */
function isDhcpRequest(packet: usize, shape: u64): bool {
  const offset = transportOffsetOf(shape);
  if (protocolOf(shape) != UDP || isFragment(shape) || offset + 4 > Ipv4.at(packet).totalLength) return false;
  return load<u32>(packet + offset) == DHCP_CLIENT_TO_SERVER;
}

export function guardIpv6(port: Port, packet: usize): usize {
  const ip = Ipv6.at(packet);
  const high = ip.srcHigh;
  const low = ip.srcLow;
  if (low == port.address6Low && high == port.address6High && (high | low) != 0) {
    trace(events.TRACE_SOURCE_ADDRESS6, high, low);
    return port.provider6Slot;
  }
  return guardIpv6Further(port, ip, high, low);
}

function guardIpv6Further(port: Port, ip: Ipv6, high: u64, low: u64): usize {
  if (high == LINK_LOCAL_PREFIX && low == port.linkLocalLow) {
    trace(events.TRACE_SOURCE_LINK_LOCAL);
    return NO_PROVIDER;
  }
  // Duplicate address detection (RFC 4862 §5.4.2) and multicast listener reports (RFC 3590).
  if (isUnspecified6(high, low) && isMulticast6(ip.dstHigh)) {
    trace(events.TRACE_SOURCE_UNSPECIFIED);
    return NO_PROVIDER;
  }
  const entry = findAddress6(port.vsid, high, low);
  if (entry != 0 && nextHopOf(load<u64>(entry, 24)) == port.nextHop) {
    trace(events.TRACE_SOURCE_ADDRESS6, high, low);
    return providerSlotOf6(entry);
  }
  if (!port.isForwarding) return 0;
  trace(events.TRACE_SOURCE_FORWARDING);
  return NO_PROVIDER;
}

/** ARP names a sender twice: its MAC must be the port's, its address one of the endpoint's or 0.0.0.0 (RFC 5227 §2.1.1). */
export function isArpSenderRight(port: Port, packet: usize): bool {
  const arp = Arp.at(packet);
  if (arp.srcHardware != port.mac) return false;
  const address = arp.srcAddr;
  if (address == port.address4 || address == 0 || port.isForwarding) return true;
  const entry = findAddress4(port.vsid, address);
  return entry != 0 && nextHopOf(load<u64>(entry, 8)) == port.nextHop;
}
