// Endpoints by (VSID, MAC): buckets of 64 bytes with four entries of 16.
//
//  0                6               8            9       10       12       14
// +----------------+---------------+------------+-------+--------+--------+--------+   next hop 0 = free
// | MAC            | VSID 0…1      | VSID 2     | flags | nextHop| subnet | domain |   since the epoch at 12
// +----------------+---------------+------------+-------+--------+--------+--------+
//
// Subnet and domain stand here too, so that the tunnel guard need not wait for the port's and the subnet's record. What stands behind
// the MAC is one word, and is read as one: a removal overwrites all of it.

import { MAC_FORWARDING, MAC_REWRITE } from '../../src/abi/layout';
import { BOUND_MACS, BUCKET, generation, macBuckets, macs } from '../memory';
import { acquire64, publish64 } from '../epoch';
import { bucketAt, bucketOfPair, isBeyond, raiseBound } from './hash';
import { Subnet } from './subnets';

const ENTRY: usize = 16;
/** Among the flags: the entry is neither free nor removed. */
const USED: u32 = 0x8000;
/** What of the word behind the MAC belongs to the key: the VSID's last byte, and that the entry is used. */
const REST: u32 = USED | 0xff;

/** What stands behind a MAC; its next hop is 0 where there is no such endpoint, and then nothing else in it counts. */
export function findMac(vsid: u32, mac: u64): u64 {
  // At address 8 stand zeros.
  return acquire64(entryOf(vsid, mac) + 8);
}

/** The entry of (VSID, MAC), 0 if there is none. Both as they lie in memory. */
function entryOf(vsid: u32, mac: u64): usize {
  const key = mac | ((<u64>vsid) << 48);
  const rest = (vsid >> 16) | USED;
  const home = bucketOfPair(<u64>vsid, key, macBuckets);
  const entry = entryIn(macs + home * BUCKET, key, rest);
  return entry != 0 ? entry : findFurther(key, rest, home);
}

/** Reads the line that a lookup begins with; what it returns means nothing. */
export function touchMac(vsid: u32, mac: u64): u64 {
  return load<u64>(macs + bucketOfPair(<u64>vsid, mac | ((<u64>vsid) << 48), macBuckets) * BUCKET);
}

/** Without branches, as in `addresses4.ts`. */
function entryIn(bucket: usize, key: u64, rest: u32): usize {
  let entry: usize = select<usize>(bucket, 0, isAt(bucket, key, rest));
  entry = select<usize>(bucket + 16, entry, isAt(bucket + 16, key, rest));
  entry = select<usize>(bucket + 32, entry, isAt(bucket + 32, key, rest));
  return select<usize>(bucket + 48, entry, isAt(bucket + 48, key, rest));
}

function isAt(entry: usize, key: u64, rest: u32): bool {
  return ((load<u64>(entry) ^ key) | (<u64>((load<u32>(entry, 8) & REST) ^ rest))) == 0;
}

function findFurther(key: u64, rest: u32, home: usize): usize {
  const bound = load<u32>(generation, BOUND_MACS);
  for (let step: u32 = 1; step <= bound; step++) {
    const entry = entryIn(bucketAt(macs, macBuckets, home, step), key, rest);
    if (entry != 0) return entry;
  }
  return 0;
}

function wordFor(subnet: Subnet, flags: u32, nextHop: u32): u64 {
  const low = (subnet.vsid >> 16) | USED | (flags << 8) | (nextHop << 16);
  return (<u64>low) | ((<u64>(subnet.index | (subnet.domain << 16))) << 32);
}

/** Adds or replaces. False: no room within the probe bound. Removed entries older than `oldest` are room. */
export function putMac(subnet: Subnet, mac: u64, flags: u32, nextHop: u32, oldest: u32): bool {
  const vsid = subnet.vsid;
  const known = entryOf(vsid, mac);
  if (known != 0) {
    publish64(known + 8, wordFor(subnet, flags, nextHop));
    return true;
  }
  const key = mac | ((<u64>vsid) << 48);
  const home = bucketOfPair(<u64>vsid, key, macBuckets);
  let entry: usize = 0;
  for (let step: u32 = 0; entry == 0; step++) {
    if (isBeyond(step, macBuckets)) return false;
    entry = freeEntry(bucketAt(macs, macBuckets, home, step), oldest);
    if (entry != 0) raiseBound(generation + BOUND_MACS, step);
  }
  store<u64>(entry, key);
  publish64(entry + 8, wordFor(subnet, flags, nextHop));
  return true;
}

function freeEntry(bucket: usize, oldest: u32): usize {
  for (let entry = bucket; entry < bucket + BUCKET; entry += ENTRY) {
    if (load<u16>(entry, 10) == 0 && load<u32>(entry, 12) < oldest) return entry;
  }
  return 0;
}

export function removeMac(vsid: u32, mac: u64, epoch: u32): void {
  const entry = entryOf(vsid, mac);
  if (entry != 0) publish64(entry + 8, (<u64>epoch) << 32);
}

/** 0: there is no such endpoint. */
export function nextHopOfMac(found: u64): u32 {
  return (<u32>found) >> 16;
}

export function subnetOfMac(found: u64): u32 {
  return (<u32>(found >> 32)) & 0xffff;
}

export function domainOfMac(found: u64): u32 {
  return <u32>(found >> 48);
}

/** The endpoint sends packets that are not its own (a gateway VM). */
export function isForwarding(found: u64): bool {
  return ((<u32>found) & (MAC_FORWARDING << 8)) != 0;
}

export function isRewriteMac(found: u64): bool {
  return ((<u32>found) & (MAC_REWRITE << 8)) != 0;
}
