// IPv6 provider addresses of the physical network that mean something here: one entry of 64 bytes per bucket.
//
//  0          16         32      36      40
// +----------+----------+-------+-------+------------------+---------+
// | provider | customer | VSID  | used  | MAC 6, nextHop 2 |         |   VSID 0 = a host's own address
// +----------+----------+-------+-------+------------------+---------+

import { BOUND_PROVIDERS6, providerBuckets6, providers6 } from '../memory';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';

/** The entry of a provider address as it lies in memory, 0 if there is none. */
export function findProvider6(high: u64, low: u64): usize {
  const home = bucketOfPair(high, low, providerBuckets6);
  const bound = load<u32>(BOUND_PROVIDERS6);
  for (let step: u32 = 0; step <= bound; step++) {
    const entry = bucketAt(providers6, providerBuckets6, home, step);
    if (load<u64>(entry, 8) == low && load<u64>(entry) == high && load<u32>(entry, 36) != 0) return entry;
  }
  return 0;
}

/** Adds or replaces. False: no room within the probe bound. */
export function putProvider6(
  high: u64,
  low: u64,
  customerHigh: u64,
  customerLow: u64,
  vsid: u32,
  mac: u64,
  nextHop: u32,
): bool {
  const home = bucketOfPair(high, low, providerBuckets6);
  let entry = findProvider6(high, low);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, providerBuckets6)) return false;
    const candidate = bucketAt(providers6, providerBuckets6, home, step);
    if (load<u32>(candidate, 36) != 0) continue;
    entry = candidate;
    raiseBound(BOUND_PROVIDERS6, step);
  }
  const record = Provider6.at(entry);
  record.providerHigh = high;
  record.providerLow = low;
  record.customerHigh = customerHigh;
  record.customerLow = customerLow;
  record.vsid = vsid;
  record.macAndNextHop = mac | ((<u64>nextHop) << 48);
  record.used = 1;
  return true;
}

@unmanaged
export class Provider6 {
  providerHigh: u64;
  providerLow: u64;
  customerHigh: u64;
  customerLow: u64;
  vsid: u32;
  used: u32;
  macAndNextHop: u64;

  static at(entry: usize): Provider6 {
    return changetype<Provider6>(entry);
  }

  /** Where the customer address stands. */
  get customerSlot(): usize {
    return changetype<usize>(this) + offsetof<Provider6>('customerHigh');
  }
}
