// Records from the policy compiler, through the staging region into the tables of one generation.

import * as abi from '../../src/abi/layout';
import { nextEpoch, oldestEpoch, publish32 } from '../epoch';
import {
  EPOCH,
  HOST_ADVERTISED_MTU,
  HOST_FLAGS,
  HOST_FLOOD_LIMIT,
  HOST_FLOW_ID_MASK,
  HOST_ICMP_LIMIT,
  HOST_MAC,
  HOST_PROVIDER4,
  HOST_PROVIDER6,
  HOST_ROUTER_MAC,
  HOST_TOS_FIXED,
  HOST_TOS_MASK,
  domainCapacity,
  generation,
  memberCapacity,
  portCapacity,
  prefixCapacity,
  rangeCapacity4,
  rangeCapacity6,
  routeCapacity,
  select,
  selectHost,
  staging,
  subnetCapacity,
} from '../memory';
import { MAC_MASK } from '../wire/ethernet';
import { putAddress4, removeAddress4 } from './addresses4';
import { putAddress6, removeAddress6, scopeOf6 } from './addresses6';
import { putMac, removeMac } from './macs';
import { putMember, removeMember } from './members';
import {
  LOCAL,
  NextHop,
  isNextHop,
  joinPeer,
  putGatewayHop,
  putLocalNextHop,
  putNeighbor,
  putPeer,
} from './nexthops';
import { Port, putPort, putPortAddress4, putPortAddress6, removePort } from './ports';
import { putPrefix } from './prefixes';
import { putProvider4, removeProvider4 } from './providers4';
import { putProvider6, removeProvider6 } from './providers6';
import { recordFor } from './records';
import { Route, putRoutes, stageRanges, treeWords } from './routes';
import { Subnet, putSubnet, removeSubnet } from './subnets';
import { putVlan, removeVlan } from './vlans';

/** Why the last `install` stopped: INSTALL_FULL or INSTALL_INVALID, 0 if it took everything. */
let error: u32 = 0;
/** Entries that were removed before this epoch are room. */
let oldest: u32 = 0;
/** Stamped on what is removed now. */
let epoch: u32 = 0;

/** Installs the first `count` records of the staging region. Returns how many it took; fewer: `installError` says why. */
export function install(header: usize, count: u32): u32 {
  select(header);
  oldest = oldestEpoch();
  epoch = load<u32>(EPOCH);
  for (let index: u32 = 0; index < count; index++) {
    const record = staging + <usize>index * abi.RECORD_SIZE;
    const isRemoval = (load<u8>(record) & abi.RECORD_REMOVE) != 0;
    error = isRemoval ? removeRecord(record) : installRecord(record);
    if (error != 0) return index;
  }
  return count;
}

export function installError(): u32 {
  return error;
}

/** Ends the epoch of what was removed. Returns the new one. */
export function endEpoch(): u32 {
  return nextEpoch();
}

/** Puts `count` staged ranges into the tree of a domain; false: it has no room for `total`. */
export function installRanges(
  header: usize,
  family: u32,
  base: u32,
  first: u32,
  count: u32,
  total: u32,
): bool {
  select(header);
  if (first + count > total || !hasRoomForRanges(family, base, total)) return false;
  stageRanges(family, base, first, count);
  return true;
}

function hasRoomForRanges(family: u32, base: u32, count: u32): bool {
  const words: u32 = family == 4 ? (count == 0 ? 0 : treeWords(count)) : count;
  const capacity = family == 4 ? rangeCapacity4 : rangeCapacity6;
  return words <= capacity && base <= capacity - words;
}

function installRecord(record: usize): u32 {
  const index = load<u32>(record, abi.RECORD_INDEX);
  const nextHop = <u32>load<u16>(record, abi.RECORD_NEXTHOP);
  if (!isNextHop(nextHop)) return abi.INSTALL_INVALID;
  switch (<i32>load<u8>(record)) {
    case abi.RECORD_HOST:
      installHost(record);
      return 0;
    case abi.RECORD_NEXT_HOP:
      if (!isNextHop(index) || index == abi.GATEWAY_HOP) return abi.INSTALL_INVALID;
      return installNextHop(record, index);
    case abi.RECORD_NEIGHBOR:
      if (!isNextHop(index)) return abi.INSTALL_INVALID;
      return putNeighbor(index, macAt(record, abi.RECORD_MAC), macAt(record, abi.RECORD_MAC2))
        ? 0
        : abi.INSTALL_INVALID;
    case abi.RECORD_SUBNET_ENTRY:
      if (index == 0 || index >= subnetCapacity || domainOf(record) >= domainCapacity)
        return abi.INSTALL_INVALID;
      return full(installSubnet(record, index));
    case abi.RECORD_ROUTE:
      if (index == 0 || index >= routeCapacity || nextOf(record) >= routeCapacity) return abi.INSTALL_INVALID;
      installRoute(record, index);
      return 0;
    case abi.RECORD_ROUTES:
      return installRoutes(record, index);
    case abi.RECORD_PEER:
      return full(installPeer(record, nextHop));
    default:
      return installOfSubnet(record, index, nextHop);
  }
}

/** Records that name a subnet. */
function installOfSubnet(record: usize, index: u32, nextHop: u32): u32 {
  const number = load<u32>(record, abi.RECORD_SUBNET);
  if (number == 0 || number >= subnetCapacity) return abi.INSTALL_INVALID;
  const subnet = Subnet.at(number);
  switch (<i32>load<u8>(record)) {
    case abi.RECORD_PORT:
      if (index == 0 || index >= portCapacity) return abi.INSTALL_INVALID;
      putPort(index, macAt(record, abi.RECORD_MAC), flagsOf(record), subnet, nextHop);
      return 0;
    case abi.RECORD_ADDRESS:
      return full(
        familyOf(record) == 4
          ? installAddress4(record, subnet, nextHop)
          : installAddress6(record, subnet, nextHop),
      );
    case abi.RECORD_ENDPOINT_MAC:
      return full(putMac(subnet, macAt(record, abi.RECORD_MAC), flagsOf(record), nextHop, oldest));
    case abi.RECORD_MEMBER:
      if (index == 0 || index >= memberCapacity) return abi.INSTALL_INVALID;
      putMember(subnet, index, nextHop);
      return 0;
    case abi.RECORD_PREFIX:
      if (index == 0 || index >= prefixCapacity) return abi.INSTALL_INVALID;
      putPrefix(
        subnet,
        index,
        address6High(record),
        address6Low(record),
        load<u32>(record, abi.RECORD_LENGTH),
      );
      return 0;
    case abi.RECORD_VLAN:
      if (index == 0 || index >= portCapacity) return abi.INSTALL_INVALID;
      return full(putVlan(index, load<u16>(record, abi.RECORD_VID), number, oldest));
    default:
      return abi.INSTALL_INVALID;
  }
}

function removeRecord(record: usize): u32 {
  const index = load<u32>(record, abi.RECORD_INDEX);
  const number = load<u32>(record, abi.RECORD_SUBNET);
  const kind = load<u8>(record) & ~abi.RECORD_REMOVE;
  if (kind == abi.RECORD_PORT) {
    if (index == 0 || index >= portCapacity) return abi.INSTALL_INVALID;
    removePort(index);
    return 0;
  }
  if (kind == abi.RECORD_PEER) {
    removePeer(record);
    return 0;
  }
  if (number == 0 || number >= subnetCapacity) return abi.INSTALL_INVALID;
  const subnet = Subnet.at(number);
  switch (<i32>kind) {
    case abi.RECORD_SUBNET_ENTRY:
      removeSubnet(subnet.vsid, epoch);
      return 0;
    case abi.RECORD_ADDRESS:
      removeAddress(record, subnet);
      return 0;
    case abi.RECORD_ENDPOINT_MAC:
      removeMac(subnet.vsid, macAt(record, abi.RECORD_MAC), epoch);
      return 0;
    case abi.RECORD_MEMBER:
      removeMember(subnet, index);
      return 0;
    case abi.RECORD_VLAN:
      removeVlan(index, load<u16>(record, abi.RECORD_VID), number, epoch);
      return 0;
    default:
      return abi.INSTALL_INVALID;
  }
}

function full(stored: bool): u32 {
  return stored ? 0 : abi.INSTALL_FULL;
}

function domainOf(record: usize): u32 {
  return load<u32>(record, abi.RECORD_DOMAIN);
}

function nextOf(record: usize): u32 {
  return load<u32>(record, abi.RECORD_NEXT);
}

function flagsOf(record: usize): u32 {
  return load<u8>(record, abi.RECORD_FLAGS);
}

function familyOf(record: usize): u32 {
  return load<u8>(record, abi.RECORD_FAMILY);
}

function macAt(record: usize, offset: usize): u64 {
  return load<u64>(record + offset) & MAC_MASK;
}

function address6High(record: usize): u64 {
  return load<u64>(record, abi.RECORD_ADDRESS6);
}

function address6Low(record: usize): u64 {
  return load<u64>(record, abi.RECORD_ADDRESS6 + 8);
}

function provider6High(record: usize): u64 {
  return load<u64>(record, abi.RECORD_PROVIDER6);
}

function provider6Low(record: usize): u64 {
  return load<u64>(record, abi.RECORD_PROVIDER6 + 8);
}

function installHost(record: usize): void {
  const flags = flagsOf(record);
  const isFixed = (flags & abi.HOST_DSCP_FIXED) != 0;
  const ecnMask: u32 = (flags & abi.HOST_ECN_COMPATIBILITY) != 0 ? 0 : 3;
  store<u32>(generation, flags, HOST_FLAGS);
  store<u64>(generation, macAt(record, abi.RECORD_MAC), HOST_MAC);
  store<u64>(generation, macAt(record, abi.RECORD_MAC2), HOST_ROUTER_MAC);
  store<u32>(generation, load<u32>(record, abi.RECORD_PROVIDER4), HOST_PROVIDER4);
  store<u64>(generation, provider6High(record), HOST_PROVIDER6);
  store<u64>(generation, provider6Low(record), HOST_PROVIDER6 + 8);
  store<u32>(generation, isFixed ? ecnMask : 0xfc | ecnMask, HOST_TOS_MASK);
  store<u32>(generation, isFixed ? load<u32>(record, abi.RECORD_INDEX) << 2 : 0, HOST_TOS_FIXED);
  store<u32>(generation, (flags & abi.HOST_FLOW_ID_ZERO) != 0 ? 0 : 0xff, HOST_FLOW_ID_MASK);
  store<f64>(generation, <f64>load<u32>(record, abi.RECORD_FLOOD_LIMIT), HOST_FLOOD_LIMIT);
  store<f64>(generation, <f64>load<u32>(record, abi.RECORD_ICMP_LIMIT), HOST_ICMP_LIMIT);
  store<u32>(generation, load<u16>(record, abi.RECORD_MTU), HOST_ADVERTISED_MTU);
  putGatewayHop();
  selectHost();
}

function installSubnet(record: usize, index: u32): bool {
  const vsid = load<u32>(record, abi.RECORD_VSID) & 0xff_ffff;
  const subnet = Subnet.at(index);
  subnet.vsid = vsid;
  subnet.domain = domainOf(record);
  subnet.index = index;
  subnet.flags = flagsOf(record);
  subnet.firstMember = 0;
  subnet.firstPrefix = 0;
  subnet.gateway4 = load<u32>(record, abi.RECORD_ADDRESS4);
  subnet.gateway6High = provider6High(record);
  subnet.gateway6Low = provider6Low(record);
  return putSubnet(vsid, index, oldest);
}

function installNextHop(record: usize, index: u32): u32 {
  if (familyOf(record) == LOCAL) {
    const port = load<u32>(record, abi.RECORD_PORT_NUMBER);
    if (port == 0 || port >= portCapacity) return abi.INSTALL_INVALID;
    putLocalNextHop(index, port);
    return 0;
  }
  const ring = load<u32>(record, abi.RECORD_PEER_RING);
  if (!isNextHop(ring)) return abi.INSTALL_INVALID;
  const hop = NextHop.at(index);
  hop.provider4 = load<u32>(record, abi.RECORD_PROVIDER4);
  hop.provider6High = provider6High(record);
  hop.provider6Low = provider6Low(record);
  hop.rewriteMac = macAt(record, abi.RECORD_MAC2);
  hop.flags = flagsOf(record);
  hop.policyMtu = load<u16>(record, abi.RECORD_MTU);
  hop.mtu = hop.policyMtu;
  joinPeer(index, ring);
  putPeer(index, familyOf(record), macAt(record, abi.RECORD_MAC), load<u8>(record, abi.RECORD_TTL));
  return 0;
}

function installRoute(record: usize, index: u32): void {
  const route = Route.at(index);
  if (familyOf(record) == 4) {
    route.via4 = load<u32>(record, abi.RECORD_ADDRESS4);
  } else {
    route.via6High = address6High(record);
    route.via6Low = address6Low(record);
  }
  route.next = nextOf(record);
}

function installRoutes(record: usize, domain: u32): u32 {
  const base = load<u32>(record, abi.RECORD_BASE);
  const count = load<u32>(record, abi.RECORD_COUNT);
  const family = familyOf(record);
  if (domain == 0 || domain >= domainCapacity || !hasRoomForRanges(family, base, count))
    return abi.INSTALL_INVALID;
  putRoutes(domain, family, base, count);
  return 0;
}

function installAddress4(record: usize, subnet: Subnet, nextHop: u32): bool {
  const customer = load<u32>(record, abi.RECORD_ADDRESS4);
  const provider = load<u32>(record, abi.RECORD_PROVIDER4);
  const value = recordFor(macAt(record, abi.RECORD_MAC), nextHop);
  const hop = NextHop.at(nextHop);
  const isLocal = hop.family == LOCAL;
  if (isLocal && Port.at(hop.port).subnet == subnet.index) putPortAddress4(hop.port, customer, provider);
  const vmMac = isLocal && Port.at(hop.port).usesVmMac;
  if (!putAddress4(subnet.domain, subnet.index, customer, provider, vmMac, value, oldest)) return false;
  return provider == 0 || putProvider4(provider, customer, subnet.domain, subnet.index, value, oldest);
}

function installAddress6(record: usize, subnet: Subnet, nextHop: u32): bool {
  const high = address6High(record);
  const low = address6Low(record);
  const providerHigh = provider6High(record);
  const providerLow = provider6Low(record);
  const value = recordFor(macAt(record, abi.RECORD_MAC), nextHop);
  const hop = NextHop.at(nextHop);
  const isLocal = hop.family == LOCAL;
  if (isLocal && Port.at(hop.port).subnet == subnet.index)
    putPortAddress6(hop.port, high, low, providerHigh, providerLow);
  const vmMac = isLocal && Port.at(hop.port).usesVmMac;
  const scope = scopeOf6(subnet.domain, subnet.index, high);
  if (!putAddress6(scope, subnet.index, high, low, providerHigh, providerLow, vmMac, value, oldest))
    return false;
  if ((providerHigh | providerLow) == 0) return true;
  return putProvider6(providerHigh, providerLow, high, low, subnet.domain, subnet.index, value, oldest);
}

/** With its provider address, if the record names one. */
function removeAddress(record: usize, subnet: Subnet): void {
  if (familyOf(record) == 4) {
    removeAddress4(subnet.domain, load<u32>(record, abi.RECORD_ADDRESS4), epoch);
    const provider = load<u32>(record, abi.RECORD_PROVIDER4);
    if (provider != 0) removeProvider4(provider, epoch);
    return;
  }
  const high = address6High(record);
  removeAddress6(scopeOf6(subnet.domain, subnet.index, high), high, address6Low(record), epoch);
  const provider = provider6High(record) | provider6Low(record);
  if (provider != 0) removeProvider6(provider6High(record), provider6Low(record), epoch);
}

function installPeer(record: usize, nextHop: u32): bool {
  const value = recordFor(0, nextHop);
  if (familyOf(record) == 4)
    return putProvider4(load<u32>(record, abi.RECORD_PROVIDER4), 0, 0, 0, value, oldest);
  return putProvider6(provider6High(record), provider6Low(record), 0, 0, 0, 0, value, oldest);
}

function removePeer(record: usize): void {
  if (familyOf(record) == 4) removeProvider4(load<u32>(record, abi.RECORD_PROVIDER4), epoch);
  else removeProvider6(provider6High(record), provider6Low(record), epoch);
}

/** Makes a generation the current one. Batches that have begun end with the one before. */
export function publishGeneration(header: usize, current: usize): u32 {
  publish32(current, <u32>header);
  return nextEpoch();
}
