// Endpoints by (VSID, MAC): buckets of 64 bytes with four entries of 16.
//
//  0                6               8            9       10       12
// +----------------+---------------+------------+-------+--------+---------+
// | MAC            | VSID 0…1      | VSID 2     | flags | nextHop|         |   first word 0 = free
// +----------------+---------------+------------+-------+--------+---------+

import { MAC_FORWARDING, MAC_REWRITE } from '../../src/abi/layout';
import { BOUND_MACS, BUCKET, macBuckets, macs } from '../memory';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';

const ENTRY: usize = 16;

/** The entry of (VSID, MAC), 0 if there is none. Both as they lie in memory. */
export function findMac(vsid: u32, mac: u64): usize {
  const key = mac | ((<u64>vsid) << 48);
  const last = vsid >> 16;
  const home = bucketOfPair(<u64>vsid, key, macBuckets);
  const bound = load<u32>(BOUND_MACS);
  for (let step: u32 = 0; step <= bound; step++) {
    const bucket = bucketAt(macs, macBuckets, home, step);
    for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
      if (load<u64>(entry) == key && load<u8>(entry, 8) == last) return entry;
    }
  }
  return 0;
}

/** Adds or replaces. False: no room within the probe bound. */
export function putMac(vsid: u32, mac: u64, flags: u32, nextHop: u32): bool {
  const key = mac | ((<u64>vsid) << 48);
  const home = bucketOfPair(<u64>vsid, key, macBuckets);
  let entry = findMac(vsid, mac);
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, macBuckets)) return false;
    entry = freeEntry(bucketAt(macs, macBuckets, home, step));
    if (entry != 0) raiseBound(BOUND_MACS, step);
  }
  store<u64>(entry, <u64>((vsid >> 16) | (flags << 8) | (nextHop << 16)), 8);
  store<u64>(entry, key);
  return true;
}

function freeEntry(bucket: usize): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u64>(entry) == 0) return entry;
  }
  return 0;
}

export function nextHopOfMac(entry: usize): u32 {
  return load<u16>(entry, 10);
}

/** The endpoint sends packets that are not its own (a gateway VM). */
export function isForwarding(entry: usize): bool {
  return (load<u8>(entry, 9) & MAC_FORWARDING) != 0;
}

export function usesRewrite(entry: usize): bool {
  return (load<u8>(entry, 9) & MAC_REWRITE) != 0;
}
