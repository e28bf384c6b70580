// A super-segment becomes what a network card would make of it: TCP segments (RFC 9293) or UDP datagrams, each in slots of its own,
// with the headers of the whole and complete checksums. The pieces are built one after the other, right before each is sent.

import { SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout';
import { DROP_NO_SLOT } from '../../src/abi/verdict';
import { NextHop } from '../tables/nexthops';
import { Subnet } from '../tables/subnets';
import { copySummed, fold, sumOf, sumOfMany } from '../wire/checksum';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { drop, forward, forwardMore, hasRoom, takeCopy } from './emit';
import { encapsulate } from './encapsulate';
import {
  complete,
  end,
  endOffload,
  gsoSize,
  isSuper,
  isTcpSuper,
  packet,
  payload,
  transport,
} from './offload';

// TCP flags (RFC 9293 §3.1).
const FIN: u32 = 0x01;
const PSH: u32 = 0x08;
const CWR: u32 = 0x80;
/** Offsets in a TCP header. */
const SEQUENCE: usize = 4;
const FLAGS: usize = 13;
const TCP_CHECKSUM: usize = 16;
const UDP_LENGTH: usize = 4;
const UDP_CHECKSUM: usize = 6;

/** The frame that is cut; it stays as it is. */
let whole: usize = 0;
/** Bytes of the frame in front of the payload. */
let headersLength: u32 = 0;
/** Slots that each segment takes. */
export let slotsEach: u32 = 0;
let count: u32 = 0;
let next: u32 = 0;
/** Bytes of the frame that `nextSegment` made. */
export let segmentLength: u32 = 0;

/**
 * Begins to cut the super-segment in `frame` into as many frames as it answers, for each of `targets`; 0: the slots do not
 * suffice, and nothing is cut. Frames longer than a slot take several, one behind the other.
 */
export function beginSegments(frame: usize, targets: u32): u32 {
  whole = frame;
  headersLength = <u32>(payload - frame);
  const bytes = <u32>(end - payload);
  count = (bytes + gsoSize - 1) / gsoSize;
  slotsEach = (SLOT_HEADROOM + headersLength + gsoSize + SLOT_SIZE - 1) / SLOT_SIZE;
  const segments = <u64>count * targets;
  // No more than there can be, so that nothing below overflows.
  if (segments > 0xffff || !hasRoom(<u32>segments * slotsEach, <u32>segments - 1)) return 0;
  next = 0;
  endOffload();
  return count;
}

/** The same segments once more, for the next target. */
export function repeatSegments(): void {
  next = 0;
}

/** Builds the next one. Returns where its frame begins, behind headroom; `segmentLength` is its length. */
export function nextSegment(): usize {
  const number = next++;
  const from = payload + <usize>number * gsoSize;
  const bytes = min(gsoSize, <u32>(end - from));
  const frame = takeCopy();
  for (let more: u32 = 1; more < slotsEach; more++) takeCopy();
  memory.copy(frame, whole, headersLength);
  const sum = copySummed(frame + headersLength, from, bytes);
  fillHeaders(frame, number, bytes, sum);
  segmentLength = headersLength + bytes;
  return frame;
}

/** What differs between the headers of segments. `sum`: of the payload, `bytes` long. */
function fillHeaders(frame: usize, number: u32, bytes: u32, sum: u64): void {
  const ip = frame + (packet - whole);
  const header = frame + (transport - whole);
  const ipLength = <u32>(payload - packet) + bytes;
  if (Ipv4.at(ip).version == 4) fillIpv4(Ipv4.at(ip), number, ipLength);
  else Ipv6.at(ip).payloadLengthWire = bswap<u16>(<u16>(ipLength - IPV6_HEADER));
  const headerLength = <u32>(payload - transport);
  const length = headerLength + bytes;
  if (isTcpSuper()) {
    store<u32>(header, bswap<u32>(bswap<u32>(load<u32>(header, SEQUENCE)) + number * gsoSize), SEQUENCE);
    let flags = <u32>load<u8>(header, FLAGS);
    if (number != count - 1) flags &= ~(FIN | PSH);
    if (number != 0) flags &= ~CWR;
    store<u8>(header, <u8>flags, FLAGS);
  } else {
    store<u16>(header, bswap<u16>(<u16>length), UDP_LENGTH);
  }
  // The field holds the pseudo-header's sum for the length of the whole.
  sum += sumOf(header, headerLength) + <u64>(~(<u32>bswap<u16>(<u16>(end - transport))) & 0xffff);
  const checksum = ~fold(sum + <u64>bswap<u16>(<u16>length)) & 0xffff;
  if (isTcpSuper()) store<u16>(header, <u16>checksum, TCP_CHECKSUM);
  else store<u16>(header, <u16>(checksum == 0 ? 0xffff : checksum), UDP_CHECKSUM);
}

/** Identifications count up (RFC 791 §3.2: different for datagrams that could be confused). */
function fillIpv4(ip: Ipv4, number: u32, totalLength: u32): void {
  ip.totalLengthWire = bswap<u16>(<u16>totalLength);
  ip.identification = bswap<u16>(<u16>(<u32>bswap<u16>(ip.identification) + number));
  ip.checksum = 0;
  ip.checksum = <u16>~fold(sumOf(changetype<usize>(ip), ip.headerLength));
}

/** Sends the segments out of a port that does not take them in one. `bytes`: length of the customer's frame, for the counters. */
export function forwardSegments(subnet: u32, port: u32, frame: usize, bytes: u32): void {
  const segments = beginSegments(frame, 1);
  if (segments == 0) return drop(subnet, DROP_NO_SLOT);
  for (let number: u32 = 0; number < segments; number++) {
    const segment = nextSegment();
    if (number == 0) forward(subnet, port, segment, segmentLength, bytes);
    else forwardMore(port, segment, segmentLength);
  }
}

/** Sends the segments to another host, each in an envelope of its own. */
export function encapsulateSegments(
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  hop: NextHop,
  tos: u32,
  flow: u32,
): void {
  const segments = beginSegments(frame, 1);
  if (segments == 0) return drop(subnet.index, DROP_NO_SLOT);
  const bytes = <u32>(end - frame);
  for (let number: u32 = 0; number < segments; number++) {
    const segment = nextSegment();
    encapsulate(subnet.index, vsid, segment, segmentLength, hop, tos, flow, number == 0 ? bytes : 0);
  }
}

/** Makes the packet in `frame` one that could have been on a wire, so that it can be quoted: a super-segment its first segment. */
export function settle(frame: usize): void {
  complete();
  if (!isSuper()) return;
  whole = frame;
  count = u32.MAX_VALUE;
  endOffload();
  fillHeaders(frame, 0, gsoSize, sumOfMany(payload, gsoSize));
}
