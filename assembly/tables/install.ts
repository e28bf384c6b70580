// Records from the policy compiler, through the staging region into the tables.

import * as abi from '../../src/abi/layout';
import {
  HOST_FLOW_ID_MASK,
  HOST_INSTALL_ERROR,
  HOST_MAC,
  HOST_PROVIDER4,
  HOST_PROVIDER6,
  HOST_ROUTER_MAC,
  HOST_TOS_FIXED,
  HOST_TOS_MASK,
  nextHopCapacity,
  portCapacity,
  staging,
  subnetCapacity,
} from '../memory';
import { MAC_MASK } from '../wire/ethernet';
import { putAddress4 } from './addresses4';
import { putAddress6 } from './addresses6';
import { putMac } from './macs';
import { LOCAL, NextHop, putLocalNextHop, putPeer } from './nexthops';
import { putPort, putPortAddress4, putPortAddress6 } from './ports';
import { putProvider4 } from './providers4';
import { putProvider6 } from './providers6';
import { putSubnet } from './subnets';

/** Installs the first `count` records of the staging region. Returns how many it took; fewer: `installError` says why. */
export function install(count: u32): u32 {
  for (let index: u32 = 0; index < count; index++) {
    const error = installRecord(staging + <usize>index * abi.RECORD_SIZE);
    store<u32>(HOST_INSTALL_ERROR, error);
    if (error != 0) return index;
  }
  return count;
}

/** INSTALL_FULL or INSTALL_INVALID of the last `install`, 0 if it took everything. */
export function installError(): u32 {
  return load<u32>(HOST_INSTALL_ERROR);
}

function installRecord(record: usize): u32 {
  const index = load<u32>(record, abi.RECORD_INDEX);
  const nextHop = <u32>load<u16>(record, abi.RECORD_NEXTHOP);
  switch (<i32>load<u8>(record)) {
    case abi.RECORD_HOST:
      installHost(record);
      return 0;
    case abi.RECORD_NEXT_HOP:
      if (index >= nextHopCapacity) return abi.INSTALL_INVALID;
      installNextHop(record, index);
      return 0;
    case abi.RECORD_SUBNET:
      if (index >= subnetCapacity) return abi.INSTALL_INVALID;
      return full(putSubnet(vsidOf(record), index));
    case abi.RECORD_PORT:
      if (index >= portCapacity || nextHop >= nextHopCapacity) return abi.INSTALL_INVALID;
      installPort(record, index, nextHop);
      return 0;
    case abi.RECORD_ADDRESS:
      if (nextHop >= nextHopCapacity) return abi.INSTALL_INVALID;
      return full(
        familyOf(record) == 4 ? installAddress4(record, nextHop) : installAddress6(record, nextHop),
      );
    case abi.RECORD_ENDPOINT_MAC:
      if (nextHop >= nextHopCapacity) return abi.INSTALL_INVALID;
      return full(putMac(vsidOf(record), macAt(record, abi.RECORD_MAC), flagsOf(record), nextHop));
    case abi.RECORD_PEER:
      if (nextHop >= nextHopCapacity) return abi.INSTALL_INVALID;
      return full(installPeer(record, nextHop));
    default:
      return abi.INSTALL_INVALID;
  }
}

function full(stored: bool): u32 {
  return stored ? 0 : abi.INSTALL_FULL;
}

function vsidOf(record: usize): u32 {
  return load<u32>(record, abi.RECORD_VSID) & 0xff_ffff;
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

function installHost(record: usize): void {
  store<u64>(HOST_MAC, macAt(record, abi.RECORD_MAC));
  store<u64>(HOST_ROUTER_MAC, macAt(record, abi.RECORD_MAC2));
  store<u32>(HOST_PROVIDER4, load<u32>(record, abi.RECORD_PROVIDER4));
  store<u64>(HOST_PROVIDER6, load<u64>(record, abi.RECORD_PROVIDER6));
  store<u64>(HOST_PROVIDER6, load<u64>(record, abi.RECORD_PROVIDER6 + 8), 8);
  const flags = flagsOf(record);
  const isFixed = (flags & abi.HOST_DSCP_FIXED) != 0;
  const ecnMask: u32 = (flags & abi.HOST_ECN_COMPATIBILITY) != 0 ? 0 : 3;
  store<u32>(HOST_TOS_MASK, isFixed ? ecnMask : 0xfc | ecnMask);
  store<u32>(HOST_TOS_FIXED, isFixed ? load<u32>(record, abi.RECORD_INDEX) << 2 : 0);
  store<u32>(HOST_FLOW_ID_MASK, (flags & abi.HOST_FLOW_ID_ZERO) != 0 ? 0 : 0xff);
}

function installPort(record: usize, index: u32, nextHop: u32): void {
  const subnet = load<u32>(record, abi.RECORD_SUBNET_INDEX);
  putPort(index, vsidOf(record), macAt(record, abi.RECORD_MAC), flagsOf(record), subnet, nextHop);
}

function installNextHop(record: usize, index: u32): void {
  if (familyOf(record) == LOCAL) {
    putLocalNextHop(index, load<u32>(record, abi.RECORD_PORT_NUMBER));
    return;
  }
  const hop = NextHop.at(index);
  hop.provider4 = load<u32>(record, abi.RECORD_PROVIDER4);
  hop.provider6High = load<u64>(record, abi.RECORD_PROVIDER6);
  hop.provider6Low = load<u64>(record, abi.RECORD_PROVIDER6 + 8);
  hop.rewriteMac = macAt(record, abi.RECORD_MAC2);
  hop.flags = flagsOf(record);
  hop.mtu = load<u16>(record, abi.RECORD_MTU);
  putPeer(index, familyOf(record), macAt(record, abi.RECORD_MAC), load<u8>(record, abi.RECORD_TTL));
}

function installAddress4(record: usize, nextHop: u32): bool {
  const vsid = vsidOf(record);
  const mac = macAt(record, abi.RECORD_MAC);
  const customer = load<u32>(record, abi.RECORD_ADDRESS4);
  const provider = load<u32>(record, abi.RECORD_PROVIDER4);
  const hop = NextHop.at(nextHop);
  if (hop.family == LOCAL) putPortAddress4(hop.port, customer, provider);
  if (!putAddress4(vsid, customer, provider, mac, nextHop)) return false;
  return provider == 0 || putProvider4(provider, customer, vsid, mac, nextHop);
}

function installAddress6(record: usize, nextHop: u32): bool {
  const vsid = vsidOf(record);
  const mac = macAt(record, abi.RECORD_MAC);
  const high = load<u64>(record, abi.RECORD_ADDRESS6);
  const low = load<u64>(record, abi.RECORD_ADDRESS6 + 8);
  const providerHigh = load<u64>(record, abi.RECORD_PROVIDER6);
  const providerLow = load<u64>(record, abi.RECORD_PROVIDER6 + 8);
  const hop = NextHop.at(nextHop);
  if (hop.family == LOCAL) putPortAddress6(hop.port, high, low, providerHigh, providerLow);
  if (!putAddress6(vsid, high, low, providerHigh, providerLow, mac, nextHop)) return false;
  if ((providerHigh | providerLow) == 0) return true;
  return putProvider6(providerHigh, providerLow, high, low, vsid, mac, nextHop);
}

function installPeer(record: usize, nextHop: u32): bool {
  if (familyOf(record) == 4) return putProvider4(load<u32>(record, abi.RECORD_PROVIDER4), 0, 0, 0, nextHop);
  const high = load<u64>(record, abi.RECORD_PROVIDER6);
  return putProvider6(high, load<u64>(record, abi.RECORD_PROVIDER6 + 8), 0, 0, 0, 0, nextHop);
}
