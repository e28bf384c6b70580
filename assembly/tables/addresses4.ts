// IPv4 addresses by (routing domain, customer address): buckets of 64 bytes with four entries of 16, one cache line per lookup.
//
//  0                 4        6        8                    14
// +-----------------+--------+--------+--------------------+---------+   first word 0 = free
// | customer address| domain | subnet | MAC                | nextHop |   domain 0 = removed in the epoch at 0
// +-----------------+--------+--------+--------------------+---------+
//
// The mapping of entry n is the n-th word of `addressMappings4`. An entry's address, subnet and MAC never change; what is removed keeps
// its subnet and its record, for those who have found it.

import {
  BOUND_ADDRESSES4,
  BUCKET,
  addressBuckets4,
  addressMappings4,
  addresses4,
  generation,
} from '../memory';
import { acquire64, publish64 } from '../epoch';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';
import { mappingFor, nextHopOf } from './records';

const ENTRY: usize = 16;

/** Shifted, so that the comparison loses the subnet. */
function keyOf(domain: u32, address: u32): u64 {
  return ((<u64>domain) << 48) | ((<u64>address) << 16);
}

/** The entry of an address in a routing domain, 0 if there is none. The address as it lies in memory. */
export function findAddress4(domain: u32, address: u32): usize {
  const key = keyOf(domain, address);
  const home = bucketOf(key, addressBuckets4);
  const entry = entryIn(addresses4 + home * BUCKET, key);
  return entry != 0 ? entry : findFurther(key, home);
}

/** Reads the line that a lookup begins with; what it returns means nothing. */
export function touchAddress4(domain: u32, address: u32): u64 {
  return load<u64>(addresses4 + bucketOf(keyOf(domain, address), addressBuckets4) * BUCKET);
}

/** Reads the line of the mapping; the bucket is not needed for that. */
export function touchMapping4(domain: u32, address: u32): u64 {
  const home = bucketOf(keyOf(domain, address), addressBuckets4);
  return load<u64>(addressMappings4 + home * (BUCKET / 2));
}

/** Which of the four it is no processor predicts: without branches here and in `macs.ts` a packet takes 0.8 of the time. */
function entryIn(bucket: usize, key: u64): usize {
  let entry: usize = select<usize>(bucket, 0, load<u64>(bucket) << 16 == key);
  entry = select<usize>(bucket + 16, entry, load<u64>(bucket, 16) << 16 == key);
  entry = select<usize>(bucket + 32, entry, load<u64>(bucket, 32) << 16 == key);
  return select<usize>(bucket + 48, entry, load<u64>(bucket, 48) << 16 == key);
}

function findFurther(key: u64, home: usize): usize {
  const bound = load<u32>(generation, BOUND_ADDRESSES4);
  for (let step: u32 = 1; step <= bound; step++) {
    const entry = entryIn(bucketAt(addresses4, addressBuckets4, home, step), key);
    if (entry != 0) return entry;
  }
  return 0;
}

export function addressOf4(entry: usize): u32 {
  return load<u32>(entry);
}

export function subnetOf4(entry: usize): u32 {
  return load<u16>(entry, 6);
}

/** MAC and next hop. */
export function recordOf4(entry: usize): u64 {
  return acquire64(entry + 8);
}

/** Where the mapping of an entry stands. */
function mappingAt(entry: usize): usize {
  return addressMappings4 + ((entry - addresses4) >> 1);
}

/** With the next hop that goes with the provider address: the one of the record may be that of before or after. */
export function mappingOf4(entry: usize): u64 {
  return acquire64(mappingAt(entry));
}

/** Adds or replaces. False: no room within the probe bound. Removed entries older than `oldest` are room. */
export function putAddress4(
  domain: u32,
  subnet: u32,
  address: u32,
  provider: u32,
  usesVmMac: bool,
  record: u64,
  oldest: u32,
): bool {
  const mapping = mappingFor(provider, nextHopOf(record), usesVmMac);
  const known = findAddress4(domain, address);
  if (known != 0) {
    publish64(mappingAt(known), mapping);
    publish64(known + 8, record);
    return true;
  }
  const home = bucketOf(keyOf(domain, address), addressBuckets4);
  let entry: usize = 0;
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, addressBuckets4)) return false;
    entry = freeEntry(bucketAt(addresses4, addressBuckets4, home, step), oldest);
    if (entry != 0) raiseBound(generation + BOUND_ADDRESSES4, step);
  }
  store<u64>(mappingAt(entry), mapping);
  store<u64>(entry, record, 8);
  publish64(entry, (<u64>address) | ((<u64>domain) << 32) | ((<u64>subnet) << 48));
  return true;
}

function freeEntry(bucket: usize, oldest: u32): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u16>(entry, 4) == 0 && load<u32>(entry) < oldest) return entry;
  }
  return 0;
}

export function removeAddress4(domain: u32, address: u32, epoch: u32): void {
  const entry = findAddress4(domain, address);
  if (entry != 0) publish64(entry, (<u64>epoch) | ((<u64>subnetOf4(entry)) << 48));
}
