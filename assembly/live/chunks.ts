// The UMEM of a thread: chunks of one size, which all of its AF_XDP sockets share. Each is free, in a ring of the kernel, or in the
// batch that is being processed.

import { CHUNKS_COUNT, CHUNKS_FREE, CHUNKS_FREE_COUNT, CHUNKS_SIZE, CHUNKS_START } from '../../src/abi/live';

/** Address of offset 0 of the UMEM. */
export let umem: usize = 0;
export let chunkSize: u32 = 0;
let table: usize = 0;
let total: u32 = 0;
let states: usize = 0;

// The state of a chunk: these, or the number of the socket that has it.
const FREE: u8 = 0;
/** Came with the batch that is being processed, and nobody else has it yet. */
const HERE: u8 = 1;

/** Begins to use the chunks that a table of zeros but for start, size and count describes. */
export function openChunks(address: usize): void {
  table = address;
  umem = load<u32>(address, CHUNKS_START);
  chunkSize = load<u32>(address, CHUNKS_SIZE);
  total = load<u32>(address, CHUNKS_COUNT);
  states = table + CHUNKS_FREE + <usize>total * 4;
  store<u32>(table, 0, CHUNKS_FREE_COUNT);
  // The first ones are on top, so that few are used as long as few are needed.
  for (let index = total; index > 0; index--) putChunk((index - 1) * chunkSize);
}

export function freeChunks(): u32 {
  return load<u32>(table, CHUNKS_FREE_COUNT);
}

/** Gives a free chunk to a socket, `freeChunks` having said that there is one. Returns its offset in the UMEM. */
export function takeChunk(owner: u32): u32 {
  const count = load<u32>(table, CHUNKS_FREE_COUNT) - 1;
  store<u32>(table, count, CHUNKS_FREE_COUNT);
  const offset = load<u32>(table + CHUNKS_FREE + <usize>count * 4);
  store<u8>(stateOf(offset), <u8>owner);
  return offset;
}

/** Frees the chunk in which the offset lies. */
export function putChunk(offset: u32): void {
  const count = load<u32>(table, CHUNKS_FREE_COUNT);
  store<u32>(table + CHUNKS_FREE + <usize>count * 4, offset & ~(chunkSize - 1));
  store<u32>(table, count + 1, CHUNKS_FREE_COUNT);
  store<u8>(stateOf(offset), FREE);
}

function stateOf(offset: u32): usize {
  return states + offset / chunkSize;
}

/** The chunk came with a frame of the batch. */
export function enterChunk(offset: u32): void {
  store<u8>(stateOf(offset), HERE);
}

/** Gives the chunk of a frame of this batch to a socket, or to nobody (0), if it has one that nobody has taken. */
export function claimChunk(frame: usize, owner: u32): bool {
  if (frame < umem || frame >= umem + <usize>total * chunkSize) return false;
  const state = stateOf(<u32>(frame - umem));
  if (load<u8>(state) != HERE) return false;
  store<u8>(state, <u8>owner);
  return true;
}

/** Frees what a socket had when it was closed. */
export function reclaimChunks(owner: u32): void {
  for (let index: u32 = 0; index < total; index++) {
    if (load<u8>(states + index) == <u8>owner) putChunk(index * chunkSize);
  }
}

/** Whether the bytes from `frame` to `end` lie in one chunk, as the kernel demands of what it sends. */
export function isInChunk(frame: usize, end: usize): bool {
  return frame >= umem && (frame - umem) / chunkSize == (end - 1 - umem) / chunkSize;
}
