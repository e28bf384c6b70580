// One writer, many readers on one memory. Readers take no lock: what they can still see is not overwritten. A worker notes
// at the begin of each batch the epoch that it saw; the writer stamps what it removes with the epoch, and uses the room
// again once every worker is idle or in a batch that began later.

import { CAPACITIES, CAPACITY_WORKERS } from '../src/abi/layout';
import { CURRENT, EPOCH, select, worker, workerEpoch } from './memory';

/** Noted by a worker that is in no batch. As an epoch it would be later than all. */
const IDLE: u32 = 0xffff_ffff;

/** What another thread reads must not be torn or reordered; one thread needs neither. */
export function publish32(address: usize, value: u32): void {
  if (ASC_FEATURE_THREADS) atomic.store<u32>(address, value);
  else store<u32>(address, value);
}

export function publish64(address: usize, value: u64): void {
  if (ASC_FEATURE_THREADS) atomic.store<u64>(address, value);
  else store<u64>(address, value);
}

/** Stores a word in place of `before`. False: there stands another one. */
export function replace64(address: usize, before: u64, value: u64): bool {
  if (ASC_FEATURE_THREADS) return atomic.cmpxchg<u64>(address, before, value) == before;
  store<u64>(address, value);
  return true;
}

/** What stands behind a word that was published is seen after this load. */
export function acquire32(address: usize): u32 {
  return ASC_FEATURE_THREADS ? atomic.load<u32>(address) : load<u32>(address);
}

export function acquire64(address: usize): u64 {
  return ASC_FEATURE_THREADS ? atomic.load<u64>(address) : load<u64>(address);
}

// What takes more than one store has a version beside it, which is odd while the writer is at it. Whoever read it begins anew
// where the version is another one afterwards.

export function beginChange(version: usize): void {
  publish32(version, load<u32>(version) + 1);
}

export function endChange(version: usize): void {
  publish32(version, load<u32>(version) + 1);
}

/** The version of what can be read now. */
export function versionAt(version: usize): u32 {
  if (!ASC_FEATURE_THREADS) return 0;
  let seen: u32;
  // The writer needs nanoseconds.
  do seen = acquire32(version);
  while ((seen & 1) != 0);
  return seen;
}

/** What was read since `versionAt`, by loads that acquire, belongs together. */
export function isStill(version: usize, seen: u32): bool {
  return !ASC_FEATURE_THREADS || acquire32(version) == seen;
}

/** The batch that begins sees the generation that is current now, to its end. */
export function enterBatch(): void {
  if (ASC_FEATURE_THREADS) {
    // A removal between the two loads could be missed: then the epoch has moved on.
    let epoch: u32;
    do {
      epoch = acquire32(EPOCH);
      publish32(workerEpoch(worker), epoch);
    } while (acquire32(EPOCH) != epoch);
  }
  select(<usize>acquire32(CURRENT));
}

export function leaveBatch(): void {
  if (ASC_FEATURE_THREADS) publish32(workerEpoch(worker), IDLE);
}

/** A worker that died in a batch sees nothing any more: what it could see may be overwritten. */
export function releaseWorker(number: u32): void {
  publish32(workerEpoch(number), IDLE);
}

/** Epochs start at 1: a stamp is never 0. */
export function startEpochs(workers: u32): void {
  publish32(EPOCH, 1);
  for (let number: u32 = 0; number < workers; number++) publish32(workerEpoch(number), IDLE);
}

/** Ends the epoch; what is removed from now on bears the next one. */
export function nextEpoch(): u32 {
  const epoch = load<u32>(EPOCH) + 1;
  publish32(EPOCH, epoch);
  return epoch;
}

/** What was removed before this epoch is seen by nobody. */
export function oldestEpoch(): u32 {
  let oldest = load<u32>(EPOCH);
  for (let number: u32 = 0; number < load<u32>(CAPACITIES + CAPACITY_WORKERS); number++) {
    oldest = min(oldest, acquire32(workerEpoch(number)));
  }
  return oldest;
}
