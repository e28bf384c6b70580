// Rings of AF_PACKET sockets that are mapped into this memory, TPACKET_V2: blocks of slots, a slot per frame. Layouts:
// <linux/if_packet.h>, Documentation/networking/packet_mmap.rst.

import { beginInputs, describe, inputsDescribed, isForNextBatch, putTagBack } from './describe';

const TP_STATUS_USER: u32 = 1;
/** Too long for the slot: the whole frame is in the socket's queue as well. */
const TP_STATUS_COPY: u32 = 2;
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
const TPID_CUSTOMER: u32 = 0x8100;

/** Slots fill a block but for its end. */
function slotAt(ring: usize, slotSize: u32, blockSize: u32, slot: u32): usize {
  const perBlock = blockSize / slotSize;
  return ring + <usize>(slot / perBlock) * blockSize + <usize>(slot % perBlock) * slotSize;
}

/**
 * Describes up to `most` frames from slot `next` on, and stops at one that has to be read from the socket. Returns how many; their
 * slots are the ring's until `releaseSlots`.
 *
 *  tpacket2_hdr: 0 status, 4 len, 8 snaplen, 12 mac u16, 14 net u16, 16 sec, 20 nsec, 24 vlan_tci u16, 26 vlan_tpid u16
 */
export function describeSlots(
  ring: usize,
  slotSize: u32,
  blockSize: u32,
  slots: u32,
  next: u32,
  most: u32,
  port: u32,
  hasVnet: bool,
): u32 {
  beginInputs();
  while (inputsDescribed() < most) {
    const header = slotAt(ring, slotSize, blockSize, next);
    const status = atomic.load<u32>(header);
    if ((status & TP_STATUS_USER) == 0 || (status & TP_STATUS_COPY) != 0) break;
    const length = load<u32>(header, 4);
    if (isForNextBatch(length)) break;
    put(header, length, status, port, hasVnet);
    next = next + 1 == slots ? 0 : next + 1;
  }
  return inputsDescribed();
}

function put(header: usize, length: u32, status: u32, port: u32, hasVnet: bool): void {
  const frame = header + load<u16>(header, 12);
  const captured = load<u32>(header, 8);
  if ((status & TP_STATUS_VLAN_VALID) == 0) return describe(frame, length, captured, port, hasVnet);
  const tpid: u32 = status & TP_STATUS_VLAN_TPID_VALID ? load<u16>(header, 26) : TPID_CUSTOMER;
  const tagged = putTagBack(frame, tpid, load<u16>(header, 24), hasVnet);
  describe(tagged, length + 4, captured + 4, port, hasVnet);
}

/** Whether the frame in that slot has to be read from the socket. */
export function isInQueue(ring: usize, slotSize: u32, blockSize: u32, slot: u32): bool {
  const mask = TP_STATUS_USER | TP_STATUS_COPY;
  return (atomic.load<u32>(slotAt(ring, slotSize, blockSize, slot)) & mask) == mask;
}

export function releaseSlots(
  ring: usize,
  slotSize: u32,
  blockSize: u32,
  slots: u32,
  first: u32,
  count: u32,
): void {
  for (let index: u32 = 0; index < count; index++) {
    atomic.store<u32>(slotAt(ring, slotSize, blockSize, first), 0);
    first = first + 1 == slots ? 0 : first + 1;
  }
}
