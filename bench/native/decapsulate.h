// Out of the envelope (assembly/path/decapsulate.ts): GRE, virtual subnet, inner frame, tunnel guard (V7), destination port, ECN.

#pragma once

#include "gateway.h"
#include "tunnelguard.h"

// Congestion experienced on the way of a packet that could not be marked.
#define ECN_DROPPED 15
// RFC 6040 §4.2, for GRE by RFC 9601: four bits for every (inner, outer), codepoints Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3; the
// lowest are (0, 0).
//                   inner CE    ECT(0)  ECT(1)  Not-ECT
#define ECN_COMBINED 0x333332123111f000ULL

// Brings the outer congestion mark into the inner packet. False: the packet must be dropped.
static inline bool take_ecn(uint8_t *frame, uint32_t outer_tos) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const uint32_t type = ether_type(frame);
  const bool is_ipv4 = type == ETHERTYPE_IPV4;
  if (!is_ipv4 && type != ETHERTYPE_IPV6) return true;
  const uint32_t inner = (is_ipv4 ? packet[1] : packet[1] >> 4) & 3;
  const uint32_t outer = outer_tos & 3;
  if (inner == outer) return true;
  const uint32_t combined = (uint32_t)(ECN_COMBINED >> (((inner << 2) | outer) << 2)) & 15;
  if (combined == ECN_DROPPED) return false;
  if (combined == inner) return true;
  if (is_ipv4) {
    struct ipv4 *ip = ipv4_at(packet);
    const uint16_t before = load16(packet);
    ip->tos = (uint8_t)((ip->tos & 0xfc) | combined);
    ip->checksum = updated(ip->checksum, (uint64_t)(uint16_t)~before + load16(packet));
  } else {
    set_traffic_class(ipv6_at(packet), (traffic_class(ipv6_at(packet)) & 0xfc) | combined);
  }
  return true;
}

// Lengths of the inner packet, then the tunnel guard. 0, or the reason to drop. `to_rewrite`: to an endpoint that uses it.
static inline uint32_t check_inner(const struct netvirt *n, uint32_t subnet, uint32_t domain, const uint8_t *frame,
                                   uint32_t length, const struct outer *outer, bool to_rewrite) {
  const uint32_t type = ether_type(frame);
  const uint8_t *packet = frame + ETHERNET_HEADER;
  if (type == ETHERTYPE_IPV4) {
    const uint32_t fault = fault_of(classify_ipv4(packet, length - ETHERNET_HEADER));
    if (fault != 0) return inner_fault(fault);
    if (!is_source_of4(n, subnet, domain, frame, outer)) return DROP_TUNNEL_SOURCE;
    return to_rewrite && is_wrong_tunnel4(n, subnet, domain, frame) ? DROP_TUNNEL_TYPE : 0;
  }
  if (type == ETHERTYPE_IPV6) {
    const uint32_t fault = fault_of(classify_ipv6(packet, length - ETHERNET_HEADER));
    if (fault != 0) return inner_fault(fault);
    if (!is_source_of6(n, subnet, domain, frame, outer)) return DROP_TUNNEL_SOURCE;
    return to_rewrite && is_wrong_tunnel6(n, subnet, domain, frame) ? DROP_TUNNEL_TYPE : 0;
  }
  // What is not IP has only its source MAC.
  return is_source_by_mac(n, subnet, frame, true, outer) ? 0 : DROP_TUNNEL_SOURCE;
}

static inline uint32_t unknown_vsid(uint32_t vsid) {
  const uint32_t id = swap32(vsid) >> 8;
  if (id < 0x1000) return DROP_VSID_RESERVED;
  return id == 0xffffff ? DROP_VSID_ALL_ONES : DROP_VSID_UNKNOWN;
}

// Its destination MAC is no local port's: a group's (V5), or nobody's here.
static COLD void open_for_many(struct netvirt *n, uint32_t index, const uint8_t *frame) {
  if (!is_group(frame)) return drop(n, index, DROP_NO_LOCAL_PORT);
  if (!subnet_floods(subnet_at(n, index))) return drop(n, index, DROP_FLOOD);
  not_built(n);
}

static inline void open_frame(struct netvirt *n, uint32_t vsid, uint8_t *frame, uint32_t length,
                              const struct outer *outer) {
  // A local port found by (VSID, MAC) tells the subnet: the lookup of the VSID is left to the other cases.
  const uint64_t found = find_mac(n, vsid, dst_mac(frame));
  const uint32_t next_hop = next_hop_of_mac(found);
  const struct next_hop *hop = hop_at(n, next_hop);
  const bool is_ours = next_hop != 0 && hop->family == LOCAL;
  const uint32_t subnet = next_hop != 0 ? subnet_of_mac(found) : find_subnet(n, vsid);
  if (subnet == 0) return drop(n, 0, unknown_vsid(vsid));
  if (length < ETHERNET_HEADER) return drop(n, subnet, DROP_INNER_TRUNCATED);
  if (is_tagged(frame)) return drop(n, subnet, DROP_VLAN_TAG);

  const uint32_t domain = next_hop != 0 ? domain_of_mac(found) : subnet_at(n, subnet)->domain;
  const uint32_t port = is_ours ? hop->port : 0;
  const bool to_rewrite = is_ours && (port_at(n, port)->flags & PORT_REWRITE) != 0;
  const uint32_t fault = check_inner(n, subnet, domain, frame, length, outer, to_rewrite);
  if (fault != 0) return drop(n, subnet, fault);
  if (!is_ours) return open_for_many(n, subnet, frame);
  if (!take_ecn(frame, outer->tos)) return drop(n, subnet, DROP_ECN_CE);
  hand_over(n, subnet, subnet, port, frame, length);
}

// The key has the draft-00 layout: this host or the sending one does not know another (N10).
static COLD bool is_from_draft00(const struct netvirt *n, const struct outer *outer) {
  if ((n->host_flags & HOST_DRAFT00) != 0) return true;
  uint64_t record;
  if (outer->family == 4) {
    const uint8_t *entry = find_provider4(n, load32(outer->source));
    if (entry == NULL) return false;
    record = ((const struct provider4 *)entry)->record;
  } else {
    const uint8_t *entry = find_provider6(n, load64(outer->source), load64(outer->source + 8));
    if (entry == NULL) return false;
    record = ((const struct provider6 *)entry)->record;
  }
  return (hop_at(n, next_hop_of(record))->flags & NEXT_HOP_DRAFT00) != 0;
}

// `gre` to `end`: what the outer IP packet carries. RFC 2784 §2.3, RFC 2890 §2, RFC 7637 §3.2.
static inline void decapsulate(struct netvirt *n, uint8_t *gre, const uint8_t *end, const struct outer *outer) {
  const uint32_t length = (uint32_t)(end - gre);
  if (end < gre + GRE_HEADER) return drop(n, 0, DROP_OUTER_TRUNCATED);
  const uint32_t first_word = load32(gre);
  if (((first_word >> 8) & 7) != 0) return drop(n, 0, DROP_GRE_VERSION);
  // Checksum, sequence number, or what RFC 2784 tells to discard.
  if ((first_word & 0xdc) != 0) return drop(n, 0, DROP_GRE_FLAGS);
  if (first_word >> 16 != PROTOCOL_TYPE_ETHERNET) return drop(n, 0, DROP_GRE_PROTOCOL);
  if ((first_word & 0x20) == 0) return drop(n, 0, DROP_GRE_NO_KEY);
  if (length < NVGRE_HEADER) return drop(n, 0, DROP_OUTER_TRUNCATED);
  const bool is_draft00 = (n->host_flags & (HOST_DRAFT00 | HOST_ANY_DRAFT00)) != 0 && is_from_draft00(n, outer);
  open_frame(n, vsid_of(load32(gre + 4), is_draft00), gre + NVGRE_HEADER, length - NVGRE_HEADER, outer);
}
