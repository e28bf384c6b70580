// Virtual subnets: a record for each, and where to find it by VSID (eight entries of 8 bytes per bucket; VSID 0 = free).

import { SUBNET_FLOOD, SUBNET_GATEWAY4, SUBNET_GATEWAY6 } from '../../src/abi/layout';
import { BOUND_VSIDS, BUCKET, SUBNET_SIZE, generation, subnets, vsidBuckets, vsids } from '../memory';
import { acquire64, publish64 } from '../epoch';
import { bucketAt, bucketOf, isBeyond, raiseBound } from './hash';

@unmanaged
export class Subnet {
  /** As it lies in memory; 0 = no such subnet. */
  vsid: u32;
  domain: u32;
  /** Its own number, also of its block of counters. */
  index: u32;
  flags: u32;
  /** First member that gets copies of broadcasts, 0 = none. */
  firstMember: u32;
  /** First IPv6 prefix, 0 = none. */
  firstPrefix: u32;
  /** The first gateway address of each family, 0 = none. */
  gateway4: u32;
  private reserved: u32;
  gateway6High: u64;
  gateway6Low: u64;

  static at(index: u32): Subnet {
    return changetype<Subnet>(subnets + <usize>index * SUBNET_SIZE);
  }

  get floods(): bool {
    return (this.flags & SUBNET_FLOOD) != 0;
  }

  get hasGateway4(): bool {
    return (this.flags & SUBNET_GATEWAY4) != 0;
  }

  get hasGateway6(): bool {
    return (this.flags & SUBNET_GATEWAY6) != 0;
  }
}

const ENTRY: usize = 8;

/** The index of a subnet, 0 if it is not known here. The VSID as it lies in memory. */
export function findSubnet(vsid: u32): u32 {
  const entry: usize = vsid == 0 ? 0 : find(vsid);
  if (entry == 0) return 0;
  // VSID and number are one word: behind the VSID of a removed one stands an epoch.
  const word = acquire64(entry);
  return <u32>word == vsid ? <u32>(word >> 32) : 0;
}

function find(vsid: u32): usize {
  const home = bucketOf(<u64>vsid, vsidBuckets);
  const bound = load<u32>(generation, BOUND_VSIDS);
  for (let step: u32 = 0; step <= bound; step++) {
    const bucket = bucketAt(vsids, vsidBuckets, home, step);
    for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
      if (load<u32>(entry) == vsid) return entry;
    }
  }
  return 0;
}

/** Makes a subnet findable, or another one with the same VSID. False: no room within the probe bound. */
export function putSubnet(vsid: u32, index: u32, oldest: u32): bool {
  let entry = find(vsid);
  const home = bucketOf(<u64>vsid, vsidBuckets);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, vsidBuckets)) return false;
    entry = freeEntry(bucketAt(vsids, vsidBuckets, home, step), oldest);
    if (entry != 0) raiseBound(generation + BOUND_VSIDS, step);
  }
  publish64(entry, (<u64>vsid) | ((<u64>index) << 32));
  return true;
}

/** Behind VSID 0 stands the epoch since which the entry is free. */
function freeEntry(bucket: usize, oldest: u32): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u32>(entry) == 0 && load<u32>(entry, 4) < oldest) return entry;
  }
  return 0;
}

export function removeSubnet(vsid: u32, epoch: u32): void {
  const entry = find(vsid);
  if (entry != 0) publish64(entry, (<u64>epoch) << 32);
}
