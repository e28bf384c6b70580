// IPv4 provider addresses of the physical network that mean something here, two entries of 32 bytes per bucket.
//
//  0          4          8        10       12      16                 24      28
// +----------+----------+--------+--------+-------+------------------+-------+---------+   used 0 = free since the epoch
// | provider | customer | domain | subnet | used  | MAC 6, nextHop 2 | epoch | version |   domain 0 = a host's own address
// +----------+----------+--------+--------+-------+------------------+-------+---------+
//
// A provider address may become another customer address's: the version changes with it.

import { BOUND_PROVIDERS4, BUCKET, generation, providerBuckets4, providers4 } from '../memory';
import { acquire64, beginChange, endChange, isStill, publish32, publish64, versionAt } from '../epoch';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 32;

/** The entry of a provider address as it lies in memory, 0 if there is none. */
export function findProvider4(provider: u32): usize {
  const home = bucketOf(<u64>provider, providerBuckets4);
  const bound = load<u32>(generation, BOUND_PROVIDERS4);
  for (let step: u32 = 0; step <= bound; step++) {
    const bucket = bucketAt(providers4, providerBuckets4, home, step);
    if (load<u32>(bucket) == provider && load<u32>(bucket, 12) != 0) return bucket;
    if (load<u32>(bucket, 32) == provider && load<u32>(bucket, 44) != 0) return bucket + ENTRY;
  }
  return 0;
}

/** Reads the line that a lookup begins with; what it returns means nothing. */
export function touchProvider4(provider: u32): u64 {
  return load<u64>(providers4 + bucketOf(<u64>provider, providerBuckets4) * BUCKET);
}

/** As `findProvider4`, what stands there belonging together and staying as it is: `copy` is room for it. */
export function takeProvider4(provider: u32, copy: usize): usize {
  const entry = findProvider4(provider);
  if (!ASC_FEATURE_THREADS || entry == 0) return entry;
  const version = entry + 28;
  let seen: u32;
  do {
    seen = versionAt(version);
    for (let offset: usize = 0; offset < 24; offset += 8)
      store<u64>(copy + offset, acquire64(entry + offset));
  } while (!isStill(version, seen));
  return copy;
}

/** Adds or replaces. False: no room within the probe bound. Removed entries older than `oldest` are room. */
export function putProvider4(
  provider: u32,
  customer: u32,
  domain: u32,
  subnet: u32,
  record: u64,
  oldest: u32,
): bool {
  const known = findProvider4(provider);
  if (known != 0) {
    const isSame = load<u32>(known, 4) == customer && load<u32>(known, 8) == (domain | (subnet << 16));
    if (!isSame) beginChange(known + 28);
    if (!isSame) publish32(known + 4, customer);
    if (!isSame) publish32(known + 8, domain | (subnet << 16));
    publish64(known + 16, record);
    if (!isSame) endChange(known + 28);
    return true;
  }
  const home = bucketOf(<u64>provider, providerBuckets4);
  let entry: usize = 0;
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, providerBuckets4)) return false;
    const bucket = bucketAt(providers4, providerBuckets4, home, step);
    if (isFree(bucket, oldest)) entry = bucket;
    else if (isFree(bucket + ENTRY, oldest)) entry = bucket + ENTRY;
    if (entry != 0) raiseBound(generation + BOUND_PROVIDERS4, step);
  }
  store<u32>(entry, provider);
  store<u32>(entry, customer, 4);
  store<u32>(entry, domain | (subnet << 16), 8);
  store<u64>(entry, record, 16);
  publish32(entry + 12, 1);
  return true;
}

function isFree(entry: usize, oldest: u32): bool {
  return load<u32>(entry, 12) == 0 && load<u32>(entry, 24) < oldest;
}

export function removeProvider4(provider: u32, epoch: u32): void {
  const entry = findProvider4(provider);
  if (entry == 0) return;
  store<u32>(entry, epoch, 24);
  publish32(entry + 12, 0);
}

@unmanaged
export class Provider4 {
  provider: u32;
  customer: u32;
  domain: u16;
  subnet: u16;
  used: u32;
  record: u64;

  static at(entry: usize): Provider4 {
    return changetype<Provider4>(entry);
  }
}
