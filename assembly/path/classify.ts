// What kind of packet this is, found in one pass over its headers: lengths are checked here and nowhere else.
//
// The result is a "shape", one u64:
//   bits 0–7    0, or what is wrong: TRUNCATED, MALFORMED
//   bits 8–15   protocol of the transport header
//   bits 16–31  offset of the transport header from the IP header, bytes
//   bits 32–39  flags
//   bits 40–47  protocol that all fragments of the packet agree on, for the flow hash

import { Ipv4, IPV4_HEADER } from '../wire/ipv4';
import { Ipv6, IPV6_HEADER } from '../wire/ipv6';

/** Something ends behind the end of the frame. */
export const TRUNCATED: u32 = 1;
/** Version or header length cannot be. */
export const MALFORMED: u32 = 2;

const FRAGMENT: u64 = 1 << 32;
const LATER_FRAGMENT: u64 = 1 << 33;
/** The chain of extension headers leaves the packet or is too long to follow. */
const BROKEN_CHAIN: u64 = 1 << 34;
/** A routing header has segments left: the pseudo-header's destination is not the one of the IP header. */
const SEGMENTS_LEFT: u64 = 1 << 35;
const AUTHENTICATED: u64 = 1 << 36;
/** A first fragment without the whole chain of headers (RFC 7112). */
const SHORT_FIRST: u64 = 1 << 37;

export function faultOf(shape: u64): u32 {
  return (<u32>shape) & 0xff;
}

export function protocolOf(shape: u64): u32 {
  return ((<u32>shape) >> 8) & 0xff;
}

export function transportOffsetOf(shape: u64): u32 {
  return (<u32>shape) >> 16;
}

export function flowProtocolOf(shape: u64): u32 {
  return (<u32>(shape >> 40)) & 0xff;
}

export function isFragment(shape: u64): bool {
  return (shape & FRAGMENT) != 0;
}

export function isLaterFragment(shape: u64): bool {
  return (shape & LATER_FRAGMENT) != 0;
}

export function hasBrokenChain(shape: u64): bool {
  return (shape & BROKEN_CHAIN) != 0;
}

/** What the packet carries cannot be told: guards would be evaded (RFC 7112, RFC 7113). */
export function hidesTransport(shape: u64): bool {
  return (shape & (BROKEN_CHAIN | SHORT_FIRST)) != 0;
}

export function hasSegmentsLeft(shape: u64): bool {
  return (shape & SEGMENTS_LEFT) != 0;
}

export function isAuthenticated(shape: u64): bool {
  return (shape & AUTHENTICATED) != 0;
}

function shapeOf(protocol: u32, offset: u32, flags: u64, flowProtocol: u32): u64 {
  return ((<u64>protocol) << 8) | ((<u64>offset) << 16) | flags | ((<u64>flowProtocol) << 40);
}

/** Shape of the IPv4 packet in `available` bytes. */
export function classifyIpv4(packet: usize, available: u32): u64 {
  if (available < IPV4_HEADER) return TRUNCATED;
  const ip = Ipv4.at(packet);
  const headerLength = ip.headerLength;
  if (ip.version != 4 || headerLength < IPV4_HEADER) return MALFORMED;
  if (headerLength > available) return TRUNCATED;
  const totalLength = ip.totalLength;
  if (totalLength < headerLength) return MALFORMED;
  if (totalLength > available) return TRUNCATED;
  return shapeIpv4(packet);
}

/** Shape of an IPv4 packet whose header is known to be whole (its payload may be cut, as in an ICMP quote). */
export function shapeIpv4(packet: usize): u64 {
  const ip = Ipv4.at(packet);
  const protocol = <u32>ip.protocol;
  let flags: u64 = 0;
  if (ip.isFragment) flags = ip.isLaterFragment ? FRAGMENT | LATER_FRAGMENT : FRAGMENT;
  if (protocol == AUTHENTICATION) flags |= AUTHENTICATED;
  return shapeOf(protocol, ip.headerLength, flags, protocol);
}

/** Shape of the IPv6 packet in `available` bytes. */
export function classifyIpv6(packet: usize, available: u32): u64 {
  if (available < IPV6_HEADER) return TRUNCATED;
  const ip = Ipv6.at(packet);
  if (ip.version != 6) return MALFORMED;
  const length = IPV6_HEADER + ip.payloadLength;
  if (length > available) return TRUNCATED;
  return shapeIpv6(packet, length);
}

// Extension headers, RFC 8200 §4, RFC 4302.
const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const FRAGMENT_HEADER: u32 = 44;
const AUTHENTICATION: u32 = 51;
const DESTINATION_OPTIONS: u32 = 60;
const NO_NEXT_HEADER: u32 = 59;
const TCP: u32 = 6;
const MAX_EXTENSION_HEADERS = 8;

function isExtension(protocol: u32): bool {
  return (
    protocol == HOP_BY_HOP ||
    protocol == ROUTING ||
    protocol == FRAGMENT_HEADER ||
    protocol == AUTHENTICATION ||
    protocol == DESTINATION_OPTIONS
  );
}

/** Shape of an IPv6 packet whose first header is known to be whole, of which `length` bytes are there. */
export function shapeIpv6(packet: usize, length: u32): u64 {
  const protocol = <u32>Ipv6.at(packet).nextHeader;
  if (!isExtension(protocol)) return shapeOf(protocol, IPV6_HEADER, 0, protocol);
  return walkExtensions(packet, length, protocol);
}

function walkExtensions(packet: usize, length: u32, first: u32): u64 {
  let protocol = first;
  let offset: u32 = IPV6_HEADER;
  let flags: u64 = 0;
  let flowProtocol: u32 = 0;
  for (let count = 0; isExtension(protocol); count++) {
    if (count == MAX_EXTENSION_HEADERS || offset + 8 > length)
      return shapeOf(protocol, offset, flags | BROKEN_CHAIN, protocol);
    const header = packet + offset;
    let size = (<u32>load<u8>(header, 1) + 1) << 3;
    if (protocol == FRAGMENT_HEADER) {
      size = 8;
      flowProtocol = load<u8>(header);
      flags |= fragmentFlags(header);
    } else if (protocol == AUTHENTICATION) {
      size = (<u32>load<u8>(header, 1) + 2) << 2;
      flags |= AUTHENTICATED;
    } else if (protocol == ROUTING && load<u8>(header, 3) != 0) {
      flags |= SEGMENTS_LEFT;
    }
    protocol = load<u8>(header);
    offset += size;
    if (offset > length) return shapeOf(protocol, offset, flags | BROKEN_CHAIN, protocol);
    // Behind the header of a later fragment lies the middle of something, not another header.
    if ((flags & LATER_FRAGMENT) != 0) break;
  }
  const isFirst = (flags & (FRAGMENT | LATER_FRAGMENT)) == FRAGMENT;
  if (isFirst && offset + headerOf(protocol) > length) flags |= SHORT_FIRST;
  return shapeOf(protocol, offset, flags, (flags & FRAGMENT) != 0 ? flowProtocol : protocol);
}

/** Bytes of the header at the end of the chain that must be there: no fragment but the last has less than 8. */
function headerOf(protocol: u32): u32 {
  if (protocol == NO_NEXT_HEADER) return 0;
  return protocol == TCP ? 20 : 8;
}

/** An atomic fragment (RFC 6946: offset 0, nothing follows) is not a fragment. */
function fragmentFlags(header: usize): u64 {
  const offsetAndMore = <u32>bswap<u16>(load<u16>(header, 2));
  if (offsetAndMore >> 3 != 0) return FRAGMENT | LATER_FRAGMENT;
  return (offsetAndMore & 1) != 0 ? FRAGMENT : 0;
}
