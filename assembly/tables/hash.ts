// Multiply-shift hashing (Dietzfelbinger et al. 1997) with a secret odd multiplier: two keys share a bucket with
// probability 2/buckets whatever the keys are, as long as nobody knows the multiplier. The bucket comes from the upper
// half of the product, scaled to the number of buckets, which therefore need not be a power of two.

import { BUCKET, seedA, seedB } from '../memory';

export function bucketOf(key: u64, buckets: u32): usize {
  return scaled(key * seedA, buckets);
}

/** For keys of more than 64 bits. The first product is folded, so that its upper half reaches every bit of the second. */
export function bucketOfPair(high: u64, low: u64, buckets: u32): usize {
  const first = high * seedB;
  return scaled((low ^ first ^ (first >> 32)) * seedA, buckets);
}

function scaled(hash: u64, buckets: u32): usize {
  return <usize>(((hash >> 32) * <u64>buckets) >> 32);
}

/** An insertion that would have to go further than this from the home bucket fails. */
const MAX_PROBE: u32 = 16;

/** The bucket `step` buckets behind `home`, around the end of the table. */
export function bucketAt(table: usize, buckets: u32, home: usize, step: u32): usize {
  let index = home + step;
  if (index >= buckets) index -= buckets;
  return table + index * BUCKET;
}

/** `bound`: where it stands. Lookups search as far as the furthest insertion went. */
export function raiseBound(bound: usize, step: u32): void {
  if (step > load<u32>(bound)) store<u32>(bound, step);
}

/** No entry may lie further than this from its home. */
export function isBeyond(step: u32, buckets: u32): bool {
  return step > MAX_PROBE || step >= buckets;
}
