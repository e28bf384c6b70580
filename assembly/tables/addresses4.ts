// IPv4 endpoints by (VSID, customer address): buckets of 64 bytes with four entries of 16, one cache line per lookup.
//
//  0                 4                 8                    14
// +-----------------+-----------------+--------------------+---------+
// | customer address| VSID        | 0 | MAC                | nextHop |    key 0 = free (VSID 0 is reserved, N5)
// +-----------------+-----------------+--------------------+---------+
//
// The provider address of entry n, if any, is the n-th word of `addressProviders4`.

import { BOUND_ADDRESSES4, BUCKET, addressBuckets4, addressProviders4, addresses4 } from '../memory';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 16;

export function addressKey4(vsid: u32, address: u32): u64 {
  return ((<u64>vsid) << 32) | (<u64>address);
}

/** The entry of (VSID, address), 0 if there is none. Both as they lie in memory. */
export function findAddress4(vsid: u32, address: u32): usize {
  const key = addressKey4(vsid, address);
  const home = bucketOf(key, addressBuckets4);
  const bucket = addresses4 + home * BUCKET;
  if (load<u64>(bucket) == key) return bucket;
  if (load<u64>(bucket, 16) == key) return bucket + 16;
  if (load<u64>(bucket, 32) == key) return bucket + 32;
  if (load<u64>(bucket, 48) == key) return bucket + 48;
  const bound = load<u32>(BOUND_ADDRESSES4);
  if (bound == 0) return 0;
  return findFurther(key, home, bound);
}

function findFurther(key: u64, home: usize, bound: u32): usize {
  for (let step: u32 = 1; step <= bound; step++) {
    const bucket = bucketAt(addresses4, addressBuckets4, home, step);
    for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
      if (load<u64>(entry) == key) return entry;
    }
  }
  return 0;
}

/** Adds or replaces. False: no room within the probe bound. */
export function putAddress4(vsid: u32, address: u32, provider: u32, mac: u64, nextHop: u32): bool {
  const key = addressKey4(vsid, address);
  let entry = findAddress4(vsid, address);
  const home = bucketOf(key, addressBuckets4);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, addressBuckets4)) return false;
    entry = freeEntry(bucketAt(addresses4, addressBuckets4, home, step));
    if (entry != 0) raiseBound(BOUND_ADDRESSES4, step);
  }
  store<u32>(providerSlotOf4(entry), provider);
  store<u64>(entry, mac | ((<u64>nextHop) << 48), 8);
  store<u64>(entry, key);
  return true;
}

function freeEntry(bucket: usize): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u64>(entry) == 0) return entry;
  }
  return 0;
}

/** Where the provider address of an entry stands; 0 in it: the endpoint does not use IP Rewrite. */
export function providerSlotOf4(entry: usize): usize {
  return addressProviders4 + ((entry - addresses4) >> 2);
}
