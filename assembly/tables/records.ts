// What every endpoint entry has: where the endpoint is and how it is called on the virtual wire. What belongs together is one word,
// or stands beside a version (`epoch.ts`).

import { MAC_MASK } from '../wire/ethernet';

/** MAC 6 bytes, next hop 2 bytes, as one word: a VM that moves changes it in one store. */
export function recordFor(mac: u64, nextHop: u32): u64 {
  return mac | ((<u64>nextHop) << 48);
}

export function macOf(record: u64): u64 {
  return record & MAC_MASK;
}

export function nextHopOf(record: u64): u32 {
  return <u32>(record >> 48);
}

const VM_MAC: u64 = 1 << 48;

/**
 * How packets of an IPv4 address cross the physical network, as one word: provider address 4 bytes (0 = in envelopes), next hop
 * 2 bytes, and whether the VM's MAC stays on them (W9).
 */
export function mappingFor(provider: u32, nextHop: u32, usesVmMac: bool): u64 {
  return (<u64>provider) | ((<u64>nextHop) << 32) | (usesVmMac ? VM_MAC : 0);
}

export function providerOf(mapping: u64): u32 {
  return <u32>mapping;
}

export function mappedHopOf(mapping: u64): u32 {
  return (<u32>(mapping >> 32)) & 0xffff;
}

export function usesVmMac(mapping: u64): bool {
  return (mapping & VM_MAC) != 0;
}
