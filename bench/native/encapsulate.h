// The envelope (RFC 7637): the peer's frozen header goes into the headroom in front of the frame, then lengths, TOS, checksum,
// key and flow label are patched (assembly/path/encapsulate.ts, flow.ts). The frame itself does not move.

#pragma once

#include "classify.h"
#include "emit.h"

#define OVERHEAD4 (ETHERNET_HEADER + IPV4_HEADER + NVGRE_HEADER)
#define OVERHEAD6 (ETHERNET_HEADER + IPV6_HEADER + NVGRE_HEADER)

// The hash of the inner flow (N3, N12): the same for every packet of a flow and every fragment of a packet.
static inline uint32_t mix(uint64_t a, uint64_t b) {
  uint64_t hash = a * MULTIPLIER_A;
  hash = (hash ^ (hash >> 32) ^ b) * MULTIPLIER_B;
  return (uint32_t)((hash ^ (hash >> 29)) >> 32);
}

// TCP, UDP, DCCP, SCTP, UDP-Lite: both ports are the first four bytes.
static inline bool has_ports(uint32_t protocol) {
  if (protocol < 64) return ((0x200020040ULL >> protocol) & 1) != 0;
  return protocol == 132 || protocol == 136;
}

static inline uint64_t ports_of(const uint8_t *packet, uint64_t shape, uint32_t length) {
  const uint32_t offset = transport_offset_of(shape);
  if (!has_ports(protocol_of(shape)) || is_fragment(shape) || has_broken_chain(shape) || offset + 4 > length)
    return 0;
  return (uint64_t)load32(packet + offset) << 8;
}

static inline uint32_t flow_of_ipv4(const uint8_t *packet, uint64_t shape, uint32_t length) {
  return mix(load64(packet + 12), ports_of(packet, shape, length) | flow_protocol_of(shape));
}

static inline uint32_t flow_of_ipv6(const uint8_t *packet, uint64_t shape, uint32_t length) {
  const uint64_t src = load64(packet + 8) * MULTIPLIER_B + load64(packet + 16);
  const uint64_t dst = load64(packet + 24) * MULTIPLIER_A + load64(packet + 32);
  return mix(src ^ (dst << 32 | dst >> 32), ports_of(packet, shape, length) | flow_protocol_of(shape));
}

// What is not IP: both MACs and the EtherType.
static inline uint32_t flow_of_frame(const uint8_t *frame) { return mix(load64(frame), load64(frame + 6)); }

// Bytes in front of the customer's frame, and as many less for its packet than the provider network carries.
static inline uint32_t overhead_of(const struct next_hop *hop) { return hop->family == 4 ? OVERHEAD4 : OVERHEAD6; }

// The frame in its envelope fits the path to the peer, as it was learned (T1, T4).
static inline bool fits_tunnel(uint32_t length, const struct next_hop *hop) {
  return length + overhead_of(hop) - ETHERNET_HEADER <= hop->mtu;
}

// Both halves as they lie in memory (RFC 7637 §3.2, and draft-sridharan-virtualization-nvgre-00).

static inline uint32_t key_of(uint32_t vsid, uint32_t flow_id, bool is_draft00) {
  return is_draft00 ? (vsid << 8) | flow_id : vsid | (flow_id << 24);
}

static inline uint32_t vsid_of(uint32_t key, bool is_draft00) { return is_draft00 ? key >> 8 : key & 0xffffff; }

static inline uint8_t *wrap_ipv4(uint8_t *frame, uint32_t length, const struct next_hop *hop, uint32_t tos,
                                 uint32_t key) {
  uint8_t *outer = frame - OVERHEAD4;
  memcpy(outer, hop, OVERHEAD4);
  struct ipv4 *ip = ipv4_at(outer + ETHERNET_HEADER);
  const uint16_t length_wire = swap16((uint16_t)(IPV4_HEADER + NVGRE_HEADER + length));
  ip->tos = (uint8_t)tos;
  ip->total_length_wire = length_wire;
  ip->checksum = (uint16_t)~fold((uint64_t)hop->header_sum + length_wire + ((uint64_t)tos << 8));
  store32(outer + OVERHEAD4 - 4, key);
  return outer;
}

static inline uint8_t *wrap_ipv6(uint8_t *frame, uint32_t length, const struct next_hop *hop, uint32_t tos,
                                 uint32_t key, uint32_t label) {
  uint8_t *outer = frame - OVERHEAD6;
  memcpy(outer, hop, OVERHEAD6);
  store32(outer + ETHERNET_HEADER, swap32(0x60000000 | (tos << 20) | label));
  store16(outer + ETHERNET_HEADER + 4, swap16((uint16_t)(NVGRE_HEADER + length)));
  store32(outer + OVERHEAD6 - 4, key);
  return outer;
}

// Puts the envelope on and sends the frame. `subnet`: whose counters.
static inline void encapsulate(struct netvirt *n, uint32_t subnet, uint32_t vsid, uint8_t *frame, uint32_t length,
                               const struct next_hop *hop, uint32_t tos, uint32_t flow) {
  const uint32_t outer_tos = (tos & n->tos_mask) | n->tos_fixed;
  const uint32_t flow_id = flow & 0xff & n->flow_id_mask;
  const uint32_t key = key_of(vsid, flow_id, (hop->flags & NEXT_HOP_DRAFT00) != 0);
  if (hop->family == 4) {
    uint8_t *outer = wrap_ipv4(frame, length, hop, outer_tos, key);
    return forward(n, subnet, 0, outer, length + OVERHEAD4, length);
  }
  uint8_t *outer = wrap_ipv6(frame, length, hop, outer_tos, key, max32(flow >> 12, 1));
  forward(n, subnet, 0, outer, length + OVERHEAD6, length);
}
