// What the sender of a frame left to be done, from the virtio-net header in front of it (live build): a partial checksum, or cutting a
// super-segment. One packet is processed at a time, so its state stands here. Two steps: `readOffload` holds the header against the frame,
// `matchOffload` against the customer's packet, once that is known. Behind them only TCP and UDP packets have something left to
// be done; for all others it is done at once.
//
// Addresses are kept, not offsets: a tag that is taken away or put in front moves nothing but MACs.

import { INPUT_VNET, OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../../src/abi/layout';
import { DROP_OFFLOAD_HEADER, DROP_OFFLOAD_TYPE } from '../../src/abi/verdict';
import {
  VNET_DATA_VALID,
  VNET_GSO_ECN,
  VNET_GSO_NONE,
  VNET_GSO_TCPV4,
  VNET_GSO_TCPV6,
  VNET_GSO_UDP_L4,
  VNET_NEEDS_CSUM,
} from '../../src/abi/vnet';
import { offloadsOf } from '../live/offloads';
import { fold, sumOfMany } from '../wire/checksum';
import { crc32c } from '../wire/crc32c';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { TCP, TCP_HEADER, Tcp } from '../wire/tcp';
import { Vnet } from '../wire/vnet';
import { hasBrokenChain, isAuthenticated, isFragment, protocolOf, transportOffsetOf } from './classify';

const UDP: u32 = 17;
const UDP_HEADER: u32 = 8;
const SCTP: u32 = 132;
// Offsets of the checksum in the transport header.
const TCP_CHECKSUM: u32 = 16;
const UDP_CHECKSUM: u32 = 6;
const SCTP_CHECKSUM: u32 = 8;

const NONE: u32 = 0;
const PARTIAL: u32 = 1;
const SUPER: u32 = 2;
/** Nothing is left; what is forwarded is a further part of an input that has been counted. */
const FURTHER: u32 = 3;
let kind: u32 = NONE;
/** The frame came with a header. */
let hasHeader: bool = false;

/** Where the transport header of the packet begins, where its checksum stands, and where the packet ends. */
export let transport: usize = 0;
let field: usize = 0;
export let end: usize = 0;

// Of a super-segment.
let gsoType: u32 = 0;
/** Bytes of payload in every segment but the last. */
export let gsoSize: u32 = 0;
/** Where its IP header and its payload begin. */
export let packet: usize = 0;
export let payload: usize = 0;
/** Bytes of IP in the longest segment; else more than there can be. */
let longest: u32 = u32.MAX_VALUE;

/** Something is left to be done. */
export function isOffloaded(): bool {
  return kind != NONE;
}

export function isFurther(): bool {
  return kind == FURTHER;
}

export function isSuper(): bool {
  return kind == SUPER;
}

/** What the size of a packet of `length` bytes is judged by (T1): the longest of its segments. */
export function segmentOf(length: u32): u32 {
  return min(length, longest);
}

/** As `segmentOf`, for the frame that the packet lies in. */
export function segmentFrameOf(length: u32): u32 {
  return longest == u32.MAX_VALUE ? length : min(length, longest + ETHERNET_HEADER);
}

/** Takes in the header of an input whose flags are INPUT_…. Answers 0, or the reason to drop: it lies about the frame. */
export function readOffload(frame: usize, length: u32, flags: u32): u32 {
  kind = NONE;
  longest = u32.MAX_VALUE;
  hasHeader = (flags & INPUT_VNET) != 0;
  if (!hasHeader) return 0;
  const vnet = Vnet.before(frame);
  const isPartial = (vnet.flags & VNET_NEEDS_CSUM) != 0;
  if (vnet.gsoType == VNET_GSO_NONE && !isPartial) return 0;
  if (vnet.hdrLen > length) return DROP_OFFLOAD_HEADER;
  if (isPartial && !takeChecksum(frame, length, vnet)) return DROP_OFFLOAD_HEADER;
  gsoType = vnet.gsoType;
  if (gsoType == VNET_GSO_NONE) {
    kind = PARTIAL;
    return 0;
  }
  if (!isKnownType()) return DROP_OFFLOAD_TYPE;
  gsoSize = vnet.gsoSize;
  if (gsoSize == 0) return DROP_OFFLOAD_HEADER;
  if (!isPartial) {
    // A network card that merged segments has verified them; from anybody else the checksum would be anybody's guess.
    if ((vnet.flags & VNET_DATA_VALID) == 0) return DROP_OFFLOAD_HEADER;
    field = 0;
  }
  kind = SUPER;
  return 0;
}

function isKnownType(): bool {
  const type = gsoType & ~VNET_GSO_ECN;
  return type == VNET_GSO_TCPV4 || type == VNET_GSO_TCPV6 || gsoType == VNET_GSO_UDP_L4;
}

function takeChecksum(frame: usize, length: u32, vnet: Vnet): bool {
  const start = <u32>vnet.csumStart;
  const offset = <u32>vnet.csumOffset;
  transport = frame + start;
  field = transport + offset;
  end = frame + length;
  return start >= ETHERNET_HEADER && start + offset + 2 <= length;
}

/** Behind `isOffloaded`, for the IPv4 packet of a whole frame. Answers 0, or the reason to drop: the header is another packet's. */
export function matchOffload4(start: usize, shape: u64): u32 {
  return match(start, start + Ipv4.at(start).totalLength, shape, VNET_GSO_TCPV4);
}

export function matchOffload6(start: usize, shape: u64): u32 {
  return match(start, start + IPV6_HEADER + Ipv6.at(start).payloadLength, shape, VNET_GSO_TCPV6);
}

/** As `matchOffload4`, for a frame that is not IP: the checksum of something else inside, as of a tunnel of the VM's own. */
export function matchOffloadOther(frame: usize, length: u32): u32 {
  if (kind == SUPER || transport < frame + ETHERNET_HEADER || field + 2 > frame + length)
    return DROP_OFFLOAD_HEADER;
  end = frame + length;
  complete();
  return 0;
}

/** `tcpType`: the VNET_GSO_… of the packet's family. */
function match(start: usize, packetEnd: usize, shape: u64, tcpType: u32): u32 {
  const from = start + transportOffsetOf(shape);
  // A part of a packet has no checksum of its own, and a chain of headers that leads nowhere has nothing behind it.
  if (isFragment(shape) || hasBrokenChain(shape)) return DROP_OFFLOAD_HEADER;
  const protocol = protocolOf(shape);
  packet = start;
  end = packetEnd;
  if (kind == SUPER) return matchSuper(from, protocol, isAuthenticated(shape), tcpType);
  if (transport < from || field + 2 > packetEnd) return DROP_OFFLOAD_HEADER;
  const offset = transport == from ? <u32>(field - transport) : 0;
  if (protocol == TCP && offset == TCP_CHECKSUM) return 0;
  if (protocol == UDP && offset == UDP_CHECKSUM) return 0;
  if (protocol == SCTP && offset == SCTP_CHECKSUM) return completeSctp();
  complete();
  return 0;
}

function matchSuper(from: usize, protocol: u32, authenticated: bool, tcpType: u32): u32 {
  const isTcp = gsoType != VNET_GSO_UDP_L4;
  if (protocol != (isTcp ? TCP : UDP) || authenticated) return DROP_OFFLOAD_HEADER;
  if (isTcp && (gsoType & ~VNET_GSO_ECN) != tcpType) return DROP_OFFLOAD_HEADER;
  const offset = isTcp ? TCP_CHECKSUM : UDP_CHECKSUM;
  if (field != 0 && (transport != from || field != from + offset)) return DROP_OFFLOAD_HEADER;
  const least = isTcp ? TCP_HEADER : UDP_HEADER;
  if (from + least > end) return DROP_OFFLOAD_HEADER;
  const headerLength = isTcp ? Tcp.at(from).headerLength : UDP_HEADER;
  if (headerLength < least || from + headerLength > end) return DROP_OFFLOAD_HEADER;
  payload = from + headerLength;
  const size = <u32>(payload - packet) + gsoSize;
  if (size > 0xffff) return DROP_OFFLOAD_HEADER;
  const isWhole = payload + gsoSize >= end;
  if (field == 0) {
    // Verified: one segment is right as it is.
    if (isWhole) kind = NONE;
    if (isWhole) return 0;
    transport = from;
    field = from + offset;
    store<u16>(field, <u16>fold(pseudoHeaderSum(tcpType, protocol, <u32>(end - from))));
  }
  // One segment is no super-segment.
  if (isWhole) kind = PARTIAL;
  else longest = size;
  return 0;
}

/** RFC 9293 §3.1, RFC 8200 §8.1. */
function pseudoHeaderSum(tcpType: u32, protocol: u32, length: u32): u64 {
  if (tcpType == VNET_GSO_TCPV6) return Ipv6.at(packet).pseudoHeaderSum(length, protocol);
  const ip = Ipv4.at(packet);
  return <u64>ip.srcAddr + <u64>ip.dstAddr + <u64>bswap<u16>(<u16>length) + ((<u64>protocol) << 8);
}

/** The checksum that stands at `address` is still a partial one. */
export function isPartialAt(address: usize): bool {
  return kind != NONE && field == address;
}

/** Completes a partial checksum; no super-segment. RFC 1071, RFC 768: a computed 0 is 0xFFFF. */
export function complete(): void {
  if (kind != PARTIAL) return;
  kind = NONE;
  const sum = ~fold(sumOfMany(transport, <u32>(end - transport))) & 0xffff;
  store<u16>(field, <u16>(sum == 0 && field - transport != TCP_CHECKSUM ? 0xffff : sum));
}

/** RFC 9260 §6.8: Linux leaves its CRC32c to be done the same way. */
function completeSctp(): u32 {
  if (field + 4 > end) return DROP_OFFLOAD_HEADER;
  kind = NONE;
  store<u32>(field, 0);
  store<u32>(field, crc32c(transport, <u32>(end - transport)));
  return 0;
}

/** Nothing is left to be done: the packet has been cut. */
export function endOffload(): void {
  kind = NONE;
  longest = u32.MAX_VALUE;
}

/** What is forwarded from here on belongs to the input that has been counted. */
export function beginFurther(): void {
  kind = FURTHER;
}

/**
 * Behind `isOffloaded`: the packet is made such that `port` takes it; false: it is a super-segment, to be cut.
 */
export function finishFor(port: u32): bool {
  const taken = offloadsOf(port);
  if (kind == SUPER) {
    const needed = neededOffloads();
    return (taken & needed) == needed;
  }
  if ((taken & OFFLOAD_CHECKSUM) == 0) complete();
  return true;
}

function neededOffloads(): u32 {
  if (gsoType == VNET_GSO_UDP_L4) return OFFLOAD_CHECKSUM | OFFLOAD_USO;
  const isIpv4 = (gsoType & ~VNET_GSO_ECN) == VNET_GSO_TCPV4;
  return OFFLOAD_CHECKSUM | (isIpv4 ? OFFLOAD_TSO4 : OFFLOAD_TSO6);
}

export function isTcpSuper(): bool {
  return gsoType != VNET_GSO_UDP_L4;
}

/** Segments of at most `most` bytes of IP: TCP may be cut anywhere. */
export function shortenTo(most: u32): void {
  gsoSize = most - <u32>(payload - packet);
  longest = most;
}

/** Writes the header in front of a frame that leaves. */
export function describeOffload(frame: usize): void {
  const vnet = Vnet.before(frame);
  vnet.clear();
  if (kind != PARTIAL && kind != SUPER) return;
  vnet.flags = <u8>VNET_NEEDS_CSUM;
  vnet.csumStart = <u16>(transport - frame);
  vnet.csumOffset = <u16>(field - transport);
  if (kind != SUPER) return;
  vnet.gsoType = <u8>gsoType;
  vnet.hdrLen = <u16>(payload - frame);
  vnet.gsoSize = <u16>gsoSize;
}

/** As `describeOffload`, for a frame that leaves as it came. */
export function keepOffload(frame: usize): void {
  if (!hasHeader) Vnet.before(frame).clear();
}
