// Rings of AF_PACKET sockets that are mapped into this memory: TPACKET_V2, a slot per frame, and TPACKET_V3, blocks of frames.
// Layouts: <linux/if_packet.h>, Documentation/networking/packet_mmap.rst.

import { beginInputs, describe, inputsDescribed, isForNextBatch, putTagBack } from './describe';

const TP_STATUS_USER: u32 = 1;
/** Too long for the slot: the whole frame is in the socket's queue as well. */
const TP_STATUS_COPY: u32 = 2;
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
const TPID_CUSTOMER: u32 = 0x8100;

/**
 * Describes up to `most` frames of a V2 ring from slot `next` on, and stops at one that has to be read from the socket. Returns how
 * many; their slots are the ring's until `releaseSlots`.
 *
 *  tpacket2_hdr: 0 status, 4 len, 8 snaplen, 12 mac u16, 14 net u16, 16 sec, 20 nsec, 24 vlan_tci u16, 26 vlan_tpid u16
 */
export function describeSlots(
  ring: usize,
  slotSize: u32,
  slots: u32,
  next: u32,
  most: u32,
  port: u32,
  hasVnet: bool,
): u32 {
  beginInputs();
  while (inputsDescribed() < most) {
    const header = ring + <usize>next * slotSize;
    const status = atomic.load<u32>(header);
    if ((status & TP_STATUS_USER) == 0 || (status & TP_STATUS_COPY) != 0) break;
    const length = load<u32>(header, 4);
    const captured = load<u32>(header, 8);
    if (isForNextBatch(length)) break;
    const frame = header + load<u16>(header, 12);
    put(frame, length, captured, port, status, load<u16>(header, 24), load<u16>(header, 26), hasVnet);
    next = next + 1 == slots ? 0 : next + 1;
  }
  return inputsDescribed();
}

/** Whether the frame in that slot has to be read from the socket. */
export function isInQueue(ring: usize, slotSize: u32, slot: u32): bool {
  const mask = TP_STATUS_USER | TP_STATUS_COPY;
  return (atomic.load<u32>(ring + <usize>slot * slotSize) & mask) == mask;
}

export function releaseSlots(ring: usize, slotSize: u32, slots: u32, first: u32, count: u32): void {
  for (let index: u32 = 0; index < count; index++) {
    atomic.store<u32>(ring + <usize>first * slotSize, 0);
    first = first + 1 == slots ? 0 : first + 1;
  }
}

// The block that is being read.
let packet: usize = 0;
let packetsLeft: u32 = 0;

/**
 * Whether the kernel has given this block of a V3 ring away; then its frames are described next.
 *
 *  tpacket_block_desc: 0 version, 4 offset_to_priv, 8 block_status, 12 num_pkts, 16 offset_to_first_pkt
 */
export function openBlock(block: usize): bool {
  if ((atomic.load<u32>(block + 8) & TP_STATUS_USER) == 0) return false;
  packetsLeft = load<u32>(block, 12);
  packet = block + load<u32>(block, 16);
  return true;
}

/**
 * Describes up to `most` of the frames that are left in the block. Returns how many; 0: there are no more.
 *
 *  tpacket3_hdr: 0 next_offset, 4 sec, 8 nsec, 12 snaplen, 16 len, 20 status, 24 mac u16, 26 net u16, 28 rxhash, 32 vlan_tci u32,
 *  36 vlan_tpid u16
 */
export function describeBlock(most: u32, port: u32, hasVnet: bool): u32 {
  beginInputs();
  while (packetsLeft > 0 && inputsDescribed() < most) {
    const length = load<u32>(packet, 16);
    if (isForNextBatch(length)) break;
    const frame = packet + load<u16>(packet, 24);
    const status = load<u32>(packet, 20);
    const captured = load<u32>(packet, 12);
    put(frame, length, captured, port, status, load<u32>(packet, 32), load<u16>(packet, 36), hasVnet);
    packet += load<u32>(packet);
    packetsLeft--;
  }
  return inputsDescribed();
}

export function releaseBlock(block: usize): void {
  atomic.store<u32>(block + 8, 0);
}

function put(
  frame: usize,
  length: u32,
  captured: u32,
  port: u32,
  status: u32,
  tci: u32,
  tpid: u32,
  hasVnet: bool,
): void {
  if ((status & TP_STATUS_VLAN_VALID) == 0) return describe(frame, length, captured, port, hasVnet);
  const tag = status & TP_STATUS_VLAN_TPID_VALID ? tpid : TPID_CUSTOMER;
  describe(putTagBack(frame, tag, tci, hasVnet), length + 4, captured + 4, port, hasVnet);
}
