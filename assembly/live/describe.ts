// A frame that a kernel ring holds becomes an input of the next batch, where it lies.

import { INPUT_SIZE, INPUT_TOO_LONG, INPUT_VNET, SLOT_SIZE } from '../../src/abi/layout';
import { VNET_SIZE } from '../../src/abi/vnet';
import { copySlotTotal, inputs } from '../memory';

/** Bytes of a super-segment that a piece of it has at least, headers not counted: smaller ones are an attack, and are dropped. */
const LEAST_PIECE: u32 = 512;

let described: u32 = 0;
let pieces: u32 = 0;
let bytes: u32 = 0;

export function beginInputs(): void {
  described = 0;
  pieces = 0;
  bytes = 0;
}

export function inputsDescribed(): u32 {
  return described;
}

/** Bytes of the frames, super-segments as they are. */
export function inputBytes(): u32 {
  return bytes;
}

/** The frame may need more copies than are left for this batch: it begins the next one. */
export function isForNextBatch(length: u32): bool {
  if (length <= <u32>SLOT_SIZE) return false;
  pieces += length / LEAST_PIECE + 1;
  return described > 0 && pieces > copySlotTotal;
}

/** `captured`: bytes of it that are there. */
export function describe(frame: usize, length: u32, captured: u32, port: u32, hasVnet: bool): void {
  const input = inputs + <usize>described * INPUT_SIZE;
  const flags: u32 = (hasVnet ? INPUT_VNET : 0) | (captured < length ? INPUT_TOO_LONG : 0);
  store<u64>(input, (<u64>frame) | ((<u64>captured) << 32));
  store<u64>(input, <u64>(port | (flags << 16)), 8);
  described++;
  bytes += length;
}

/**
 * The kernel takes a VLAN tag out of the frame and hands it over beside it: puts it back. Returns the frame, which then begins
 * 4 bytes earlier, its virtio_net_hdr too. `tag`: TPID and TCI as numbers.
 */
export function putTagBack(frame: usize, tpid: u32, tci: u32, hasVnet: bool): usize {
  const start = frame - 4;
  if (hasVnet) {
    memory.copy(start - VNET_SIZE, frame - VNET_SIZE, VNET_SIZE + 12);
    const vnet = start - VNET_SIZE;
    // hdr_len and csum_start count from the start of the frame; 0 = unused.
    if (load<u16>(vnet, 2) != 0) store<u16>(vnet, load<u16>(vnet, 2) + 4, 2);
    if (load<u8>(vnet) & 1) store<u16>(vnet, load<u16>(vnet, 6) + 4, 6);
  } else {
    memory.copy(start, frame, 12);
  }
  store<u16>(start, bswap<u16>(<u16>tpid), 12);
  store<u16>(start, bswap<u16>(<u16>tci), 14);
  return start;
}
