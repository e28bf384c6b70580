// IPv6 addresses by (scope, customer address), one entry of 64 bytes per bucket. The scope is the routing domain; for link-local
// addresses, which mean something on one link only, the subnet.
//
//  0          16      20       24                 32        56      60
// +----------+-------+--------+------------------+---------+-------+-----+   scope 0 = free since the epoch
// | customer | scope | subnet | MAC 6, nextHop 2 | mapping | epoch |     |
// +----------+-------+--------+------------------+---------+-------+-----+
//
// The version in the mapping is also that of the record: whoever needs both reads them by `readMapped6`.

import { BOUND_ADDRESSES6, BUCKET, addressBuckets6, addresses6, generation } from '../memory';
import { acquire64, beginChange, endChange, isStill, publish32, publish64, versionAt } from '../epoch';
import { isLinkLocal6 } from '../wire/ipv6';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';
import { isMapping6, readMapping6, storeMapping6, versionOf6 } from './mappings6';

const LINK_SCOPE: u32 = 0x8000_0000;

export function scopeOf6(domain: u32, subnet: u32, high: u64): u32 {
  return isLinkLocal6(high) ? LINK_SCOPE | subnet : domain;
}

/** The entry of an address in a scope, 0 if there is none. The address as it lies in memory. */
export function findAddress6(scope: u32, high: u64, low: u64): usize {
  const home = homeOf(scope, high, low);
  const bound = load<u32>(generation, BOUND_ADDRESSES6);
  for (let step: u32 = 0; step <= bound; step++) {
    const entry = bucketAt(addresses6, addressBuckets6, home, step);
    if (load<u64>(entry, 8) == low && load<u64>(entry) == high && load<u32>(entry, 16) == scope) return entry;
  }
  return 0;
}

/** Reads the line that a lookup begins with; what it returns means nothing. */
export function touchAddress6(scope: u32, high: u64, low: u64): u64 {
  return load<u64>(addresses6 + homeOf(scope, high, low) * BUCKET);
}

function homeOf(scope: u32, high: u64, low: u64): usize {
  return bucketOfPair(high ^ ((<u64>scope) << 32), low, addressBuckets6);
}

export function subnetOf6(entry: usize): u32 {
  return load<u32>(entry, 20);
}

/** MAC and next hop. */
export function recordOf6(entry: usize): u64 {
  return acquire64(entry + 24);
}

/** Where the mapping of an entry stands. */
export function mappingOf6(entry: usize): usize {
  return entry + 32;
}

/** As `readMapping6`. Returns the record that goes with it. */
export function readMapped6(entry: usize): u64 {
  const version = versionOf6(mappingOf6(entry));
  let seen: u32;
  let record: u64;
  do {
    seen = versionAt(version);
    record = recordOf6(entry);
    readMapping6(mappingOf6(entry));
  } while (!isStill(version, seen));
  return record;
}

/** Adds or replaces. False: no room within the probe bound. Removed entries older than `oldest` are room. */
export function putAddress6(
  scope: u32,
  subnet: u32,
  high: u64,
  low: u64,
  providerHigh: u64,
  providerLow: u64,
  usesVmMac: bool,
  record: u64,
  oldest: u32,
): bool {
  const known = findAddress6(scope, high, low);
  if (known != 0) {
    const mapping = mappingOf6(known);
    const isSame = isMapping6(mapping, providerHigh, providerLow, usesVmMac);
    if (!isSame) beginChange(versionOf6(mapping));
    if (!isSame) storeMapping6(mapping, providerHigh, providerLow, usesVmMac);
    publish64(known + 24, record);
    if (!isSame) endChange(versionOf6(mapping));
    return true;
  }
  const home = homeOf(scope, high, low);
  let entry: usize = 0;
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, addressBuckets6)) return false;
    const candidate = bucketAt(addresses6, addressBuckets6, home, step);
    if (load<u32>(candidate, 16) != 0 || load<u32>(candidate, 56) >= oldest) continue;
    entry = candidate;
    raiseBound(generation + BOUND_ADDRESSES6, step);
  }
  store<u64>(entry, high);
  store<u64>(entry, low, 8);
  store<u64>(entry, record, 24);
  storeMapping6(mappingOf6(entry), providerHigh, providerLow, usesVmMac);
  store<u32>(entry, subnet, 20);
  publish32(entry + 16, scope);
  return true;
}

export function removeAddress6(scope: u32, high: u64, low: u64, epoch: u32): void {
  const entry = findAddress6(scope, high, low);
  if (entry == 0) return;
  store<u32>(entry, epoch, 56);
  publish32(entry + 16, 0);
}
