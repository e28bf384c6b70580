// AF_XDP sockets: their four rings lie in this memory, and so does the UMEM. Rings have one producer and one consumer, each with an
// index that only it advances (Documentation/networking/af_xdp.rst). A frame leaves in the chunk that it came in.

import { INPUT_ADDRESS, INPUT_SIZE } from '../../src/abi/layout';
import {
  LANE_COUNT,
  LANE_FIRST,
  XSK_COMPLETION,
  XSK_FILL,
  XSK_OWNER,
  XSK_RX,
  XSK_TX,
} from '../../src/abi/live';
import { inputs } from '../memory';
import { base, lane, vector } from './area';
import {
  chunkSize,
  claimChunk,
  enterChunk,
  freeChunks,
  isInChunk,
  putChunk,
  takeChunk,
  umem,
} from './chunks';
import { beginInputs, describe, inputsDescribed } from './describe';
import { markPartial } from './partial';

export { openChunks, reclaimChunks } from './chunks';

/** Where a frame begins that is copied into a chunk: as much as the kernel leaves. */
const HEADROOM: u32 = 256;
/** Chunks that stay for frames that leave: of those the fill rings get none. */
const FOR_SENDING: u32 = 512;

/** Offsets in a ring's description. */
const PRODUCER: usize = 0;
const CONSUMER: usize = 4;
const ENTRIES: usize = 8;
const MASK: usize = 12;

/** Entries between the two indexes. */
function filled(ring: usize): u32 {
  return atomic.load<u32>(load<u32>(ring, PRODUCER)) - atomic.load<u32>(load<u32>(ring, CONSUMER));
}

/** Describes up to `most` frames that arrived. They lie in chunks, which `returnChunks` takes back after the batch. */
export function receiveXdp(xsk: usize, most: u32, port: u32): u32 {
  beginInputs();
  const ring = xsk + XSK_RX;
  const count = min(filled(ring), most);
  const consumer = load<u32>(load<u32>(ring, CONSUMER));
  const entries = <usize>load<u32>(ring, ENTRIES);
  const mask = load<u32>(ring, MASK);
  for (let index: u32 = 0; index < count; index++) {
    // xdp_desc: 0 addr u64, 8 len u32, 12 options u32
    const entry = entries + ((<usize>((consumer + index) & mask)) << 4);
    const offset = load<u32>(entry);
    const length = load<u32>(entry, 8);
    enterChunk(offset);
    const frame = umem + offset;
    markPartial(frame, length);
    describe(frame, length, length, port, true);
  }
  atomic.store<u32>(load<u32>(ring, CONSUMER), consumer + count);
  return inputsDescribed();
}

/** After a batch of `count` frames, all of which came by AF_XDP: frees the chunks of those that did not leave in them. */
export function returnChunks(count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    const frame: usize = load<u32>(inputs + <usize>index * INPUT_SIZE, INPUT_ADDRESS);
    if (claimChunk(frame, 0)) putChunk(<u32>(frame - umem));
  }
}

/**
 * Puts what `collect` found for a lane into the ring that sends, from message `skip` of the lane on. Returns how many; the
 * others find no room. `sendto` makes the kernel look.
 */
export function sendXdp(xsk: usize, number: u32, skip: u32): u32 {
  const ring = xsk + XSK_TX;
  const at = lane(number);
  const first = load<u32>(at, LANE_FIRST);
  const count = load<u32>(at, LANE_COUNT);
  const mask = load<u32>(ring, MASK);
  const entries = <usize>load<u32>(ring, ENTRIES);
  const producer = load<u32>(load<u32>(ring, PRODUCER));
  const room = mask + 1 - filled(ring);
  const owner = load<u32>(xsk, XSK_OWNER);
  let sent: u32 = 0;
  while (skip + sent < count && sent < room) {
    const from = vector(first + skip + sent);
    const frame = <usize>(load<u64>(from) - base);
    const length = load<u32>(from, 8);
    let offset: u32;
    // A frame to a group may leave through several ports.
    const isAlone = (load<u8>(frame) & 1) == 0 && isInChunk(frame, frame + length);
    if (isAlone && claimChunk(frame, owner)) offset = <u32>(frame - umem);
    else {
      if (freeChunks() == 0) break;
      offset = takeChunk(owner) + HEADROOM;
      memory.copy(umem + offset, frame, min(length, chunkSize - HEADROOM));
    }
    const entry = entries + ((<usize>((producer + sent) & mask)) << 4);
    store<u64>(entry, <u64>offset);
    store<u64>(entry, <u64>length, 8);
    sent++;
  }
  atomic.store<u32>(load<u32>(ring, PRODUCER), producer + sent);
  return sent;
}

/** Frees the chunks of what has been sent. Returns how many frames of the socket are still on their way. */
export function reapXdp(xsk: usize): u32 {
  const ring = xsk + XSK_COMPLETION;
  const count = filled(ring);
  const consumer = load<u32>(load<u32>(ring, CONSUMER));
  const entries = <usize>load<u32>(ring, ENTRIES);
  const mask = load<u32>(ring, MASK);
  for (let index: u32 = 0; index < count; index++) {
    putChunk(<u32>load<u64>(entries + ((<usize>((consumer + index) & mask)) << 3)));
  }
  atomic.store<u32>(load<u32>(ring, CONSUMER), consumer + count);
  return filled(xsk + XSK_TX);
}

/** Gives the kernel chunks to receive into, as many as there are and as its ring takes. */
export function refillXdp(xsk: usize): void {
  const ring = xsk + XSK_FILL;
  const mask = load<u32>(ring, MASK);
  const room = mask + 1 - filled(ring);
  const free = freeChunks();
  const count = min(room, free > FOR_SENDING ? free - FOR_SENDING : 0);
  const producer = load<u32>(load<u32>(ring, PRODUCER));
  const entries = <usize>load<u32>(ring, ENTRIES);
  const owner = load<u32>(xsk, XSK_OWNER);
  for (let index: u32 = 0; index < count; index++) {
    store<u64>(entries + ((<usize>((producer + index) & mask)) << 3), <u64>takeChunk(owner));
  }
  atomic.store<u32>(load<u32>(ring, PRODUCER), producer + count);
}
