// Headers as they lie in memory, and the internet checksum over them (assembly/wire).

#pragma once

#include "netvirt.h"

#define WIRE __attribute__((packed, may_alias))

// RFC 791 §3.1. Addresses and checksum as they lie in memory.
struct ipv4 {
  uint8_t version_ihl;
  uint8_t tos;
  uint16_t total_length_wire;
  uint16_t identification;
  uint16_t fragment_wire;
  uint8_t ttl;
  uint8_t protocol;
  uint16_t checksum;
  uint32_t src_addr;
  uint32_t dst_addr;
} WIRE;

// RFC 8200 §3. Addresses as they lie in memory, in two halves.
struct ipv6 {
  uint32_t version_class_label_wire;
  uint16_t payload_length_wire;
  uint8_t next_header;
  uint8_t hop_limit;
  uint64_t src_high;
  uint64_t src_low;
  uint64_t dst_high;
  uint64_t dst_low;
} WIRE;

// IEEE 802.3 §3.2. MACs are 48 bits as they lie in memory.

static inline uint64_t dst_mac(const uint8_t *frame) { return load64(frame) & MAC_MASK; }
static inline uint64_t src_mac(const uint8_t *frame) { return load64(frame + 6) & MAC_MASK; }
static inline uint32_t ether_type(const uint8_t *frame) { return load16(frame + 12); }
// The group bit is the lowest of the first byte.
static inline bool is_group(const uint8_t *frame) { return (frame[0] & 1) != 0; }

static inline bool is_tagged(const uint8_t *frame) {
  const uint32_t type = ether_type(frame);
  return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN;
}

// Sets both MACs; the EtherType stays.
static inline void set_macs(uint8_t *frame, uint64_t dst, uint64_t src) {
  store64(frame, dst | (src << 48));
  store32(frame + 8, (uint32_t)(src >> 16));
}

// Closes the gap of a removed tag, or opens one for a tag of priority 0: the MACs move by four (IEEE 802.1Q §9.6).

static inline uint8_t *remove_tag(uint8_t *frame) {
  const uint64_t macs = load64(frame);
  const uint32_t rest = load32(frame + 8);
  store64(frame + VLAN_TAG, macs);
  store32(frame + VLAN_TAG + 8, rest);
  return frame + VLAN_TAG;
}

static inline uint8_t *insert_tag(uint8_t *frame, uint32_t vid) {
  const uint64_t macs = load64(frame);
  const uint32_t rest = load32(frame + 8);
  store64(frame - VLAN_TAG, macs);
  store32(frame - VLAN_TAG + 8, rest);
  store16(frame - VLAN_TAG + 12, ETHERTYPE_VLAN);
  store16(frame - VLAN_TAG + 14, swap16((uint16_t)vid));
  return frame - VLAN_TAG;
}

static inline struct ipv4 *ipv4_at(const uint8_t *packet) { return (struct ipv4 *)packet; }
static inline uint32_t version4(const struct ipv4 *ip) { return ip->version_ihl >> 4; }
static inline uint32_t header_length4(const struct ipv4 *ip) { return (ip->version_ihl & 15u) << 2; }
static inline uint32_t total_length4(const struct ipv4 *ip) { return swap16(ip->total_length_wire); }
static inline bool has_dont_fragment(const struct ipv4 *ip) { return (ip->fragment_wire & 0x40) != 0; }
// More fragments follow, or this is not the first.
static inline bool is_fragment4(const struct ipv4 *ip) { return (ip->fragment_wire & 0xff3f) != 0; }
static inline bool is_later_fragment4(const struct ipv4 *ip) { return (ip->fragment_wire & 0xff1f) != 0; }

static inline struct ipv6 *ipv6_at(const uint8_t *packet) { return (struct ipv6 *)packet; }
static inline uint32_t version6(const uint8_t *packet) { return packet[0] >> 4; }
static inline uint32_t payload_length6(const struct ipv6 *ip) { return swap16(ip->payload_length_wire); }

static inline uint32_t traffic_class(const struct ipv6 *ip) {
  return (swap32(ip->version_class_label_wire) >> 20) & 0xff;
}

static inline void set_traffic_class(struct ipv6 *ip, uint32_t value) {
  const uint32_t word = swap32(ip->version_class_label_wire);
  ip->version_class_label_wire = swap32((word & 0xf00fffff) | (value << 20));
}

// RFC 4291 §2.5.2, §2.5.3, §2.5.6, §2.7.

static inline bool is_unspecified6(uint64_t high, uint64_t low) { return (high | low) == 0; }
static inline bool is_loopback6(uint64_t high, uint64_t low) { return high == 0 && low == 1ULL << 56; }
static inline bool is_link_local6(uint64_t high) { return (high & 0xc0ff) == 0x80fe; }
static inline bool is_multicast6(uint64_t high) { return (high & 0xff) == 0xff; }

// Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 1122 §3.2.2).
static inline bool is_icmp_error(const uint8_t *icmp, const uint8_t *end) {
  if (icmp >= end) return false;
  const uint8_t type = *icmp;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// Error messages have types below 128 (RFC 4443 §2.1); 1–4 are defined.
static inline bool is_icmpv6_error(const uint8_t *icmp, const uint8_t *end) {
  return icmp < end && *icmp >= 1 && *icmp <= 4;
}

// The checksum (RFC 1071) over words as they lie in memory: the sum of byte-swapped words is the byte-swapped sum.

static inline uint32_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

// The sum of `length` bytes, an odd last one as if a zero followed.
static inline uint64_t sum_of(const uint8_t *bytes, uint32_t length) {
  uint64_t sum = 0;
  const uint8_t *end = bytes + length;
  for (; bytes + 4 <= end; bytes += 4) sum += load32(bytes);
  if (bytes + 2 <= end) {
    sum += load16(bytes);
    bytes += 2;
  }
  return bytes < end ? sum + *bytes : sum;
}

// `header_length4` bytes must be there. A right header sums up to 0xFFFF.
static inline bool is_checksum_right(const uint8_t *packet) {
  uint64_t sum = (uint64_t)load32(packet) + load32(packet + 4) + load32(packet + 8) + load32(packet + 12) +
                 load32(packet + 16);
  const uint8_t *end = packet + header_length4(ipv4_at(packet));
  for (const uint8_t *option = packet + IPV4_HEADER; option < end; option += 4) sum += load32(option);
  return fold(sum) == 0xffff;
}

// What changes in a sum when `before` becomes `after`: ~m + m' of RFC 1624 eqn. 3.

static inline uint64_t change32(uint32_t before, uint32_t after) { return (uint64_t)~before + after; }

static inline uint64_t change64(uint64_t before, uint64_t after) {
  const uint64_t removed = ~before;
  return (removed & 0xffffffff) + (removed >> 32) + (after & 0xffffffff) + (after >> 32);
}

// HC' = ~(~HC + ~m + m'), RFC 1624 eqn. 3: a checksum that was wrong stays wrong by the same difference.
static inline uint16_t updated(uint16_t checksum, uint64_t change) {
  return (uint16_t)~fold((uint64_t)(uint16_t)~checksum + change);
}
