// How packets of an IPv6 address cross the physical network: 24 bytes, in the entry of the address and in the port.
//
//  0          16        20
// +----------+---------+---------+   provider :: = in envelopes
// | provider | version | VM MAC? |   the VM's MAC stays on the packets (W9)
// +----------+---------+---------+

import {
  acquire32,
  acquire64,
  beginChange,
  endChange,
  isStill,
  publish32,
  publish64,
  versionAt,
} from '../epoch';

// What `readMapping6` found.
export let providerHigh: u64 = 0;
export let providerLow: u64 = 0;
export let usesVmMac6: bool = false;

export function versionOf6(mapping: usize): usize {
  return mapping + 16;
}

/** Whether there is a provider address, for those who do not need to know which. */
export function hasProvider6(mapping: usize): bool {
  return (acquire64(mapping) | acquire64(mapping + 8)) != 0;
}

/** Takes the mapping into the variables above. False: no provider address. */
export function readMapping6(mapping: usize): bool {
  const version = versionOf6(mapping);
  let seen: u32;
  do {
    seen = versionAt(version);
    providerHigh = acquire64(mapping);
    providerLow = acquire64(mapping + 8);
    usesVmMac6 = acquire32(mapping + 20) != 0;
  } while (!isStill(version, seen));
  return (providerHigh | providerLow) != 0;
}

export function isMapping6(mapping: usize, high: u64, low: u64, usesVmMac: bool): bool {
  return (
    load<u64>(mapping) == high && load<u64>(mapping, 8) == low && (load<u32>(mapping, 20) != 0) == usesVmMac
  );
}

/** Between `beginChange` and `endChange`, or where nobody reads it yet. */
export function storeMapping6(mapping: usize, high: u64, low: u64, usesVmMac: bool): void {
  publish64(mapping, high);
  publish64(mapping + 8, low);
  publish32(mapping + 20, usesVmMac ? 1 : 0);
}

export function changeMapping6(mapping: usize, high: u64, low: u64, usesVmMac: bool): void {
  beginChange(versionOf6(mapping));
  storeMapping6(mapping, high, low, usesVmMac);
  endChange(versionOf6(mapping));
}
