// What kind of packet this is, found in one pass over its headers: lengths are checked here and nowhere else
// (assembly/path/classify.ts).
//
// The result is a "shape", one word:
//   bits 0–7    0, or what is wrong: TRUNCATED, MALFORMED
//   bits 8–15   protocol of the transport header
//   bits 16–31  offset of the transport header from the IP header, bytes
//   bits 32–39  flags
//   bits 40–47  protocol that all fragments of the packet agree on, for the flow hash

#pragma once

#include "wire.h"

enum { TRUNCATED = 1, MALFORMED = 2 };

#define FRAGMENT (1ULL << 32)
#define LATER_FRAGMENT (1ULL << 33)
// The chain of extension headers leaves the packet or is too long to follow.
#define BROKEN_CHAIN (1ULL << 34)
// A routing header has segments left: the pseudo-header's destination is not the one of the IP header.
#define SEGMENTS_LEFT (1ULL << 35)
#define AUTHENTICATED (1ULL << 36)
// A first fragment without the whole chain of headers (RFC 7112).
#define SHORT_FIRST (1ULL << 37)

// Extension headers, RFC 8200 §4, RFC 4302.
enum {
  HOP_BY_HOP = 0,
  ROUTING = 43,
  FRAGMENT_HEADER = 44,
  AUTHENTICATION = 51,
  DESTINATION_OPTIONS = 60,
  NO_NEXT_HEADER = 59,
  MAX_EXTENSION_HEADERS = 8,
};

static inline uint32_t fault_of(uint64_t shape) { return (uint32_t)shape & 0xff; }
static inline uint32_t protocol_of(uint64_t shape) { return ((uint32_t)shape >> 8) & 0xff; }
static inline uint32_t transport_offset_of(uint64_t shape) { return (uint32_t)shape >> 16; }
static inline uint32_t flow_protocol_of(uint64_t shape) { return (uint32_t)(shape >> 40) & 0xff; }
static inline bool is_fragment(uint64_t shape) { return (shape & FRAGMENT) != 0; }
static inline bool is_later_fragment(uint64_t shape) { return (shape & LATER_FRAGMENT) != 0; }
static inline bool has_broken_chain(uint64_t shape) { return (shape & BROKEN_CHAIN) != 0; }
// What the packet carries cannot be told: guards would be evaded (RFC 7112, RFC 7113).
static inline bool hides_transport(uint64_t shape) { return (shape & (BROKEN_CHAIN | SHORT_FIRST)) != 0; }
static inline bool has_segments_left(uint64_t shape) { return (shape & SEGMENTS_LEFT) != 0; }
static inline bool is_authenticated(uint64_t shape) { return (shape & AUTHENTICATED) != 0; }

static inline uint64_t shape_of(uint32_t protocol, uint32_t offset, uint64_t flags, uint32_t flow_protocol) {
  return ((uint64_t)protocol << 8) | ((uint64_t)offset << 16) | flags | ((uint64_t)flow_protocol << 40);
}

// Shape of an IPv4 packet whose header is known to be whole (its payload may be cut, as in an ICMP quote).
static inline uint64_t shape_ipv4(const uint8_t *packet) {
  const struct ipv4 *ip = ipv4_at(packet);
  uint64_t flags = 0;
  if (is_fragment4(ip)) flags = is_later_fragment4(ip) ? FRAGMENT | LATER_FRAGMENT : FRAGMENT;
  if (ip->protocol == AUTHENTICATION) flags |= AUTHENTICATED;
  return shape_of(ip->protocol, header_length4(ip), flags, ip->protocol);
}

// Shape of the IPv4 packet in `available` bytes.
static inline uint64_t classify_ipv4(const uint8_t *packet, uint32_t available) {
  if (available < IPV4_HEADER) return TRUNCATED;
  const struct ipv4 *ip = ipv4_at(packet);
  const uint32_t header_length = header_length4(ip);
  if (version4(ip) != 4 || header_length < IPV4_HEADER) return MALFORMED;
  if (header_length > available) return TRUNCATED;
  const uint32_t total_length = total_length4(ip);
  if (total_length < header_length) return MALFORMED;
  if (total_length > available) return TRUNCATED;
  return shape_ipv4(packet);
}

static inline bool is_extension(uint32_t protocol) {
  return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == FRAGMENT_HEADER ||
         protocol == AUTHENTICATION || protocol == DESTINATION_OPTIONS;
}

// An atomic fragment (RFC 6946: offset 0, nothing follows) is not a fragment.
static inline uint64_t fragment_flags(const uint8_t *header) {
  const uint32_t offset_and_more = swap16(load16(header + 2));
  if (offset_and_more >> 3 != 0) return FRAGMENT | LATER_FRAGMENT;
  return (offset_and_more & 1) != 0 ? FRAGMENT : 0;
}

// Bytes of the header at the end of the chain that must be there: no fragment but the last has less than 8.
static inline uint32_t header_of(uint32_t protocol) {
  if (protocol == NO_NEXT_HEADER) return 0;
  return protocol == TCP ? TCP_HEADER : 8;
}

static COLD uint64_t walk_extensions(const uint8_t *packet, uint32_t length, uint32_t protocol) {
  uint32_t offset = IPV6_HEADER;
  uint64_t flags = 0;
  uint32_t flow_protocol = 0;
  for (int count = 0; is_extension(protocol); count++) {
    if (count == MAX_EXTENSION_HEADERS || offset + 8 > length)
      return shape_of(protocol, offset, flags | BROKEN_CHAIN, protocol);
    const uint8_t *header = packet + offset;
    uint32_t size = (load8(header + 1) + 1u) << 3;
    if (protocol == FRAGMENT_HEADER) {
      size = 8;
      flow_protocol = load8(header);
      flags |= fragment_flags(header);
    } else if (protocol == AUTHENTICATION) {
      size = (load8(header + 1) + 2u) << 2;
      flags |= AUTHENTICATED;
    } else if (protocol == ROUTING && load8(header + 3) != 0) {
      flags |= SEGMENTS_LEFT;
    }
    protocol = load8(header);
    offset += size;
    if (offset > length) return shape_of(protocol, offset, flags | BROKEN_CHAIN, protocol);
    // Behind the header of a later fragment lies the middle of something, not another header.
    if ((flags & LATER_FRAGMENT) != 0) break;
  }
  const bool is_first = (flags & (FRAGMENT | LATER_FRAGMENT)) == FRAGMENT;
  if (is_first && offset + header_of(protocol) > length) flags |= SHORT_FIRST;
  return shape_of(protocol, offset, flags, (flags & FRAGMENT) != 0 ? flow_protocol : protocol);
}

// Shape of an IPv6 packet whose first header is known to be whole, of which `length` bytes are there.
static inline uint64_t shape_ipv6(const uint8_t *packet, uint32_t length) {
  const uint32_t protocol = ipv6_at(packet)->next_header;
  if (!is_extension(protocol)) return shape_of(protocol, IPV6_HEADER, 0, protocol);
  return walk_extensions(packet, length, protocol);
}

// Shape of the IPv6 packet in `available` bytes.
static inline uint64_t classify_ipv6(const uint8_t *packet, uint32_t available) {
  if (available < IPV6_HEADER) return TRUNCATED;
  if (version6(packet) != 6) return MALFORMED;
  const uint32_t length = IPV6_HEADER + payload_length6(ipv6_at(packet));
  if (length > available) return TRUNCATED;
  return shape_ipv6(packet, length);
}

// The reason for a fault that classification found in a customer's packet.
static inline uint32_t inner_fault(uint32_t fault) {
  return fault == TRUNCATED ? DROP_INNER_TRUNCATED : DROP_INNER_MALFORMED;
}
