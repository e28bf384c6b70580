// Virtual subnets by VSID: eight entries of 8 bytes (VSID, index of the counter block) per bucket; VSID 0 = free.

import { BOUND_SUBNETS, BUCKET, subnetBuckets, subnets } from '../memory';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 8;

/** The index of a subnet, 0 if it is not known here. The VSID as it lies in memory. */
export function findSubnet(vsid: u32): u32 {
  const entry = find(vsid);
  return entry == 0 ? 0 : load<u32>(entry, 4);
}

function find(vsid: u32): usize {
  const home = bucketOf(<u64>vsid, subnetBuckets);
  const bound = load<u32>(BOUND_SUBNETS);
  for (let step: u32 = 0; step <= bound; step++) {
    const entry = entryOf(bucketAt(subnets, subnetBuckets, home, step), vsid);
    if (entry != 0) return entry;
  }
  return 0;
}

function entryOf(bucket: usize, vsid: u32): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u32>(entry) == vsid) return entry;
  }
  return 0;
}

/** Adds or replaces. False: no room within the probe bound. */
export function putSubnet(vsid: u32, index: u32): bool {
  const home = bucketOf(<u64>vsid, subnetBuckets);
  let entry = find(vsid);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, subnetBuckets)) return false;
    entry = entryOf(bucketAt(subnets, subnetBuckets, home, step), 0);
    if (entry != 0) raiseBound(BOUND_SUBNETS, step);
  }
  store<u32>(entry, vsid);
  store<u32>(entry, index, 4);
  return true;
}
