// More room for copies and pieces than a worker was given at the start. The old room stays as it is, because what lies in it may
// still be read; the worker moves to the new one with its next batch.

import { OUTPUT_SIZE, SLOT_SIZE } from '../src/abi/layout';
import { acquire32, publish32 } from './epoch';
import { copySlotTotal, moveCopies, outputEntriesFor, worker, workerEpoch } from './memory';

/** Beside the worker's epoch: how many copy slots it has, and where its output ring and they begin. */
const COUNT: usize = 4;
const START: usize = 8;
const PAGE: usize = 4096;

/** Bytes that an output ring and `count` copy slots take, which begin on pages. */
export function copyRoomSize(count: u32): usize {
  return ringSize(count) + <usize>count * SLOT_SIZE;
}

function ringSize(count: u32): usize {
  return (<usize>outputEntriesFor(count) * OUTPUT_SIZE + PAGE - 1) & ~(PAGE - 1);
}

/** Gives a worker `count` copy slots, more than it has; `start`: a page from which `copyRoomSize` bytes are its own. */
export function giveCopyRoom(number: u32, start: usize, count: u32): void {
  store<u32>(workerEpoch(number) + START, <u32>start);
  publish32(workerEpoch(number) + COUNT, count);
}

/** Moves this worker to the room that it was given. */
export function takeCopyRoom(): void {
  const count = acquire32(workerEpoch(worker) + COUNT);
  if (count <= copySlotTotal) return;
  const start = <usize>load<u32>(workerEpoch(worker) + START);
  moveCopies(start, start + ringSize(count), count);
}
