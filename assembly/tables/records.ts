// What every endpoint entry has: where the endpoint is and how it is called on the virtual wire.

import { acquire64 } from '../epoch';
import { MAC_MASK } from '../wire/ethernet';

/** MAC 6 bytes, next hop 2 bytes, as one word: a VM that moves changes it in one store. */
export function recordFor(mac: u64, nextHop: u32): u64 {
  return mac | ((<u64>nextHop) << 48);
}

export function macOf(record: u64): u64 {
  return record & MAC_MASK;
}

export function nextHopOf(record: u64): u32 {
  return <u32>(record >> 48);
}

/** Stands in the place of a record while its provider address changes. No next hop has this number. */
export const BUSY: u64 = 0xffff_0000_0000_0000;

export function recordAt(address: usize): u64 {
  if (!ASC_FEATURE_THREADS) return load<u64>(address);
  let record: u64;
  // The writer is between two stores.
  do record = acquire64(address);
  while (record == BUSY);
  return record;
}

/** What was read between `recordAt` and now belongs to that record. */
export function isStill(address: usize, record: u64): bool {
  return !ASC_FEATURE_THREADS || acquire64(address) == record;
}
