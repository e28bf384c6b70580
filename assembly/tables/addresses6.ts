// IPv6 endpoints by (VSID, customer address): one entry of 64 bytes per bucket.
//
//  0          16     20      24                 32               48
// +----------+------+-------+------------------+----------------+---------+
// | customer | VSID | used  | MAC 6, nextHop 2 | provider       |         |   provider :: = none
// +----------+------+-------+------------------+----------------+---------+

import { BOUND_ADDRESSES6, addressBuckets6, addresses6 } from '../memory';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';

/** The entry of (VSID, address), 0 if there is none. Both as they lie in memory. */
export function findAddress6(vsid: u32, high: u64, low: u64): usize {
  const home = homeOf(vsid, high, low);
  const bound = load<u32>(BOUND_ADDRESSES6);
  for (let step: u32 = 0; step <= bound; step++) {
    const entry = bucketAt(addresses6, addressBuckets6, home, step);
    if (load<u64>(entry, 8) == low && load<u64>(entry) == high && load<u32>(entry, 16) == vsid) return entry;
  }
  return 0;
}

function homeOf(vsid: u32, high: u64, low: u64): usize {
  return bucketOfPair(high ^ ((<u64>vsid) << 40), low, addressBuckets6);
}

/** Adds or replaces. False: no room within the probe bound. */
export function putAddress6(
  vsid: u32,
  high: u64,
  low: u64,
  providerHigh: u64,
  providerLow: u64,
  mac: u64,
  nextHop: u32,
): bool {
  let entry = findAddress6(vsid, high, low);
  const home = homeOf(vsid, high, low);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, addressBuckets6)) return false;
    const candidate = bucketAt(addresses6, addressBuckets6, home, step);
    if (load<u32>(candidate, 20) != 0) continue;
    entry = candidate;
    raiseBound(BOUND_ADDRESSES6, step);
  }
  store<u64>(entry, high);
  store<u64>(entry, low, 8);
  store<u64>(entry, mac | ((<u64>nextHop) << 48), 24);
  store<u64>(entry, providerHigh, 32);
  store<u64>(entry, providerLow, 40);
  store<u32>(entry, vsid, 16);
  store<u32>(entry, 1, 20);
  return true;
}

/** Where the provider address of an entry stands; :: in it: the endpoint does not use IP Rewrite. */
export function providerSlotOf6(entry: usize): usize {
  return entry + 32;
}
