// VLANs that are virtual subnets (N6), by (port, VID) on the way in and by (port, subnet) on the way out: buckets of 64 bytes
// with four entries of 16: key 8, value 4, epoch 4. Free since the epoch is one with key 0, and one on the way out that has an
// epoch: whoever is on the way to the port still finds its VID.

import { BOUND_VLANS, BUCKET, generation, vlanBuckets, vlans } from '../memory';
import { publish32, publish64 } from '../epoch';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 16;

function keyOfVid(port: u32, vid: u32): u64 {
  return ((<u64>port) << 32) | (<u64>vid);
}

function keyOfSubnet(port: u32, subnet: u32): u64 {
  return ((<u64>port) << 32) | 0x8000_0000 | (<u64>subnet);
}

/** The subnet that a VID of a port means, 0 = none. */
export function subnetOfVid(port: u32, vid: u32): u32 {
  return valueOf(keyOfVid(port, vid));
}

/** The VID by which a port has a subnet, 0 = none. */
export function vidOfSubnet(port: u32, subnet: u32): u32 {
  return valueOf(keyOfSubnet(port, subnet));
}

function valueOf(key: u64): u32 {
  const entry = find(key);
  return entry == 0 ? 0 : load<u32>(entry, 8);
}

function find(key: u64): usize {
  const home = bucketOf(key, vlanBuckets);
  const bound = load<u32>(generation, BOUND_VLANS);
  for (let step: u32 = 0; step <= bound; step++) {
    const bucket = bucketAt(vlans, vlanBuckets, home, step);
    for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
      if (load<u64>(entry) == key) return entry;
    }
  }
  return 0;
}

/** False: no room within the probe bound. */
export function putVlan(port: u32, vid: u32, subnet: u32, oldest: u32): bool {
  return put(keyOfVid(port, vid), subnet, oldest) && put(keyOfSubnet(port, subnet), vid, oldest);
}

function put(key: u64, value: u32, oldest: u32): bool {
  let entry = find(key);
  const home = bucketOf(key, vlanBuckets);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, vlanBuckets)) return false;
    entry = freeEntry(bucketAt(vlans, vlanBuckets, home, step), oldest);
    if (entry != 0) raiseBound(generation + BOUND_VLANS, step);
  }
  store<u32>(entry, value, 8);
  store<u32>(entry, 0, 12);
  publish64(entry, key);
  return true;
}

function freeEntry(bucket: usize, oldest: u32): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    const isFree = load<u64>(entry) == 0 || load<u32>(entry, 12) != 0;
    if (isFree && load<u32>(entry, 12) < oldest) return entry;
  }
  return 0;
}

export function removeVlan(port: u32, vid: u32, subnet: u32, epoch: u32): void {
  const inward = find(keyOfVid(port, vid));
  if (inward != 0) {
    store<u32>(inward, epoch, 12);
    publish64(inward, 0);
  }
  const outward = find(keyOfSubnet(port, subnet));
  if (outward != 0) publish32(outward + 12, epoch);
}
