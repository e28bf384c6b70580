// IPv6 provider addresses of the physical network that mean something here: one entry of 64 bytes per bucket.
//
//  0          16         32       34       36      40                 48      52
// +----------+----------+--------+--------+-------+------------------+-------+---------+   used 0 = free since the epoch
// | provider | customer | domain | subnet | used  | MAC 6, nextHop 2 | epoch | version |   domain 0 = a host's own address
// +----------+----------+--------+--------+-------+------------------+-------+---------+
//
// The version as in `providers4.ts`.

import { BOUND_PROVIDERS6, BUCKET, generation, providerBuckets6, providers6 } from '../memory';
import { acquire64, beginChange, endChange, isStill, publish32, publish64, versionAt } from '../epoch';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';

/** The entry of a provider address as it lies in memory, 0 if there is none. */
export function findProvider6(high: u64, low: u64): usize {
  const home = bucketOfPair(high, low, providerBuckets6);
  const bound = load<u32>(generation, BOUND_PROVIDERS6);
  for (let step: u32 = 0; step <= bound; step++) {
    const entry = bucketAt(providers6, providerBuckets6, home, step);
    if (load<u64>(entry, 8) == low && load<u64>(entry) == high && load<u32>(entry, 36) != 0) return entry;
  }
  return 0;
}

/** Reads the line that a lookup begins with; what it returns means nothing. */
export function touchProvider6(high: u64, low: u64): u64 {
  return load<u64>(providers6 + bucketOfPair(high, low, providerBuckets6) * BUCKET);
}

/** As `takeProvider4`. */
export function takeProvider6(high: u64, low: u64, copy: usize): usize {
  const entry = findProvider6(high, low);
  if (!ASC_FEATURE_THREADS || entry == 0) return entry;
  const version = entry + 52;
  let seen: u32;
  do {
    seen = versionAt(version);
    for (let offset: usize = 0; offset < 48; offset += 8)
      store<u64>(copy + offset, acquire64(entry + offset));
  } while (!isStill(version, seen));
  return copy;
}

/** Adds or replaces. False: no room within the probe bound. Removed entries older than `oldest` are room. */
export function putProvider6(
  high: u64,
  low: u64,
  customerHigh: u64,
  customerLow: u64,
  domain: u32,
  subnet: u32,
  record: u64,
  oldest: u32,
): bool {
  const known = findProvider6(high, low);
  if (known != 0) {
    const one = Provider6.at(known);
    const isSameCustomer = one.customerHigh == customerHigh && one.customerLow == customerLow;
    const isSame = isSameCustomer && load<u32>(known, 32) == (domain | (subnet << 16));
    if (!isSame) beginChange(known + 52);
    if (!isSame) publish64(known + 16, customerHigh);
    if (!isSame) publish64(known + 24, customerLow);
    if (!isSame) publish32(known + 32, domain | (subnet << 16));
    publish64(known + 40, record);
    if (!isSame) endChange(known + 52);
    return true;
  }
  const home = bucketOfPair(high, low, providerBuckets6);
  let entry: usize = 0;
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, providerBuckets6)) return false;
    const candidate = bucketAt(providers6, providerBuckets6, home, step);
    if (load<u32>(candidate, 36) != 0 || load<u32>(candidate, 48) >= oldest) continue;
    entry = candidate;
    raiseBound(generation + BOUND_PROVIDERS6, step);
  }
  const found = Provider6.at(entry);
  found.providerHigh = high;
  found.providerLow = low;
  found.customerHigh = customerHigh;
  found.customerLow = customerLow;
  found.domain = <u16>domain;
  found.subnet = <u16>subnet;
  found.record = record;
  publish32(entry + 36, 1);
  return true;
}

export function removeProvider6(high: u64, low: u64, epoch: u32): void {
  const entry = findProvider6(high, low);
  if (entry == 0) return;
  store<u32>(entry, epoch, 48);
  publish32(entry + 36, 0);
}

@unmanaged
export class Provider6 {
  providerHigh: u64;
  providerLow: u64;
  customerHigh: u64;
  customerLow: u64;
  domain: u16;
  subnet: u16;
  used: u32;
  record: u64;

  static at(entry: usize): Provider6 {
    return changetype<Provider6>(entry);
  }
}
