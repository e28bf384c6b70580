// IPv4 provider addresses of the physical network that mean something here: two entries of 32 bytes per bucket.
//
//  0          4           8             12      16                 24
// +----------+-----------+-------------+-------+------------------+---------+
// | provider | customer  | VSID        | used  | MAC 6, nextHop 2 |         |   VSID 0 = a host's own address
// +----------+-----------+-------------+-------+------------------+---------+

import { BOUND_PROVIDERS4, providerBuckets4, providers4 } from '../memory';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 32;

/** The entry of a provider address as it lies in memory, 0 if there is none. */
export function findProvider4(provider: u32): usize {
  const home = bucketOf(<u64>provider, providerBuckets4);
  const bound = load<u32>(BOUND_PROVIDERS4);
  for (let step: u32 = 0; step <= bound; step++) {
    const bucket = bucketAt(providers4, providerBuckets4, home, step);
    if (load<u32>(bucket) == provider && load<u32>(bucket, 12) != 0) return bucket;
    if (load<u32>(bucket, 32) == provider && load<u32>(bucket, 44) != 0) return bucket + ENTRY;
  }
  return 0;
}

/** Adds or replaces. False: no room within the probe bound. */
export function putProvider4(provider: u32, customer: u32, vsid: u32, mac: u64, nextHop: u32): bool {
  const home = bucketOf(<u64>provider, providerBuckets4);
  let entry = findProvider4(provider);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, providerBuckets4)) return false;
    const bucket = bucketAt(providers4, providerBuckets4, home, step);
    if (load<u32>(bucket, 12) == 0) entry = bucket;
    else if (load<u32>(bucket, 44) == 0) entry = bucket + ENTRY;
    if (entry != 0) raiseBound(BOUND_PROVIDERS4, step);
  }
  store<u32>(entry, provider);
  store<u32>(entry, customer, 4);
  store<u32>(entry, vsid, 8);
  store<u64>(entry, mac | ((<u64>nextHop) << 48), 16);
  store<u32>(entry, 1, 12);
  return true;
}

@unmanaged
export class Provider4 {
  provider: u32;
  customer: u32;
  vsid: u32;
  used: u32;
  macAndNextHop: u64;

  static at(entry: usize): Provider4 {
    return changetype<Provider4>(entry);
  }
}
