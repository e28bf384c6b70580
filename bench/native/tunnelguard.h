// The tunnel guard (V7, assembly/path/tunnelguard.ts): a packet is taken out of an envelope only if the host that the policy names
// for its inner source owns the outer source address, and only out of the kind of tunnel that this pair of endpoints uses.

#pragma once

#include "routes.h"

// An outer source address: its family, and where it stands.
struct outer {
  uint32_t family;
  const uint8_t *source;
  uint32_t tos;
};

// The host of a next hop has the outer source address. A local endpoint has none: it never sends from outside.
static inline bool owns(const struct netvirt *n, uint32_t next_hop, const struct outer *outer) {
  const struct next_hop *hop = hop_at(n, next_hop);
  if (outer->family == 4) {
    const uint32_t address = load32(outer->source);
    return address == hop->provider4 && address != 0 && !is_here(hop);
  }
  const uint64_t high = load64(outer->source);
  const uint64_t low = load64(outer->source + 8);
  return high == hop->provider6_high && low == hop->provider6_low && (high | low) != 0 && !is_here(hop);
}

// `any_endpoint`: not only forwarding endpoints may send this without an address of their own.
static COLD bool is_source_by_mac(const struct netvirt *n, uint32_t subnet, const uint8_t *frame, bool any_endpoint,
                                  const struct outer *outer) {
  const uint64_t found = find_mac(n, subnet_at(n, subnet)->vsid, src_mac(frame));
  if (next_hop_of_mac(found) == 0) return false;
  return (any_endpoint || is_forwarding(found)) && owns(n, next_hop_of_mac(found), outer);
}

// A gateway VM, through which a route leads to the source address, is on that host (RFC 3704 §2.2, for any of its metrics).
static COLD bool is_routed_source4(const struct netvirt *n, uint32_t domain, uint32_t src, const struct outer *outer) {
  const uint32_t result = match_ipv4(n, domain, src);
  if (is_connected(result)) return false;
  for (uint32_t route = result; route != 0; route = next_of4(n, route)) {
    const uint8_t *entry = via_of4(n, domain, route);
    if (entry != NULL && owns(n, next_hop_of(record_of4(entry)), outer)) return true;
  }
  return false;
}

static inline bool is_source_of4(const struct netvirt *n, uint32_t subnet, uint32_t domain, const uint8_t *frame,
                                 const struct outer *outer) {
  const uint32_t src = ipv4_at(frame + ETHERNET_HEADER)->src_addr;
  const uint64_t mac = src_mac(frame);
  const uint8_t *entry = find_address4(n, domain, src);
  if (entry != NULL) {
    const uint64_t record = record_of4(entry);
    if (mac == n->router_mac || (mac_of(record) == mac && subnet_of4(entry) == subnet))
      return owns(n, next_hop_of(record), outer);
  }
  if (mac == n->router_mac) return is_routed_source4(n, domain, src, outer);
  return is_source_by_mac(n, subnet, frame, src == 0, outer);
}

static COLD bool is_routed_source6(const struct netvirt *n, uint32_t domain, uint64_t high, uint64_t low,
                                   const struct outer *outer) {
  const uint32_t result = match_ipv6(n, domain, high, low);
  if (is_connected(result)) return false;
  for (uint32_t index = result; index != 0; index = route_at(n, index)->next) {
    const struct route *route = route_at(n, index);
    const uint8_t *entry = find_address6(n, domain, route->via6_high, route->via6_low);
    if (entry != NULL && owns(n, next_hop_of(record_of6(entry)), outer)) return true;
  }
  return false;
}

static inline bool is_source_of6(const struct netvirt *n, uint32_t subnet, uint32_t domain, const uint8_t *frame,
                                 const struct outer *outer) {
  const struct ipv6 *ip = ipv6_at(frame + ETHERNET_HEADER);
  const uint64_t high = ip->src_high;
  const uint64_t low = ip->src_low;
  const uint64_t mac = src_mac(frame);
  const uint8_t *entry = find_address6(n, scope_of6(domain, subnet, high), high, low);
  if (entry != NULL) {
    const uint64_t record = record_of6(entry);
    if (mac == n->router_mac || (mac_of(record) == mac && subnet_of6(entry) == subnet))
      return owns(n, next_hop_of(record), outer);
  }
  if (mac == n->router_mac) return is_routed_source6(n, domain, high, low, outer);
  return is_source_by_mac(n, subnet, frame, is_unspecified6(high, low) || is_link_local6(high), outer);
}

// Both ends have a provider address of their own, and the source sent it itself: it should have come rewritten.

static inline bool is_wrong_tunnel4(const struct netvirt *n, uint32_t subnet, uint32_t domain, const uint8_t *frame) {
  const struct ipv4 *ip = ipv4_at(frame + ETHERNET_HEADER);
  const uint8_t *from = find_address4(n, domain, ip->src_addr);
  if (from == NULL || provider_of(mapping_of4(n, from)) == 0 || subnet_of4(from) != subnet) return false;
  if (mac_of(record_of4(from)) != src_mac(frame)) return false;
  const uint8_t *to = find_address4(n, domain, ip->dst_addr);
  return to != NULL && provider_of(mapping_of4(n, to)) != 0;
}

static inline bool is_wrong_tunnel6(const struct netvirt *n, uint32_t subnet, uint32_t domain, const uint8_t *frame) {
  const struct ipv6 *ip = ipv6_at(frame + ETHERNET_HEADER);
  const uint32_t scope = scope_of6(domain, subnet, ip->src_high);
  const uint8_t *from = find_address6(n, scope, ip->src_high, ip->src_low);
  if (from == NULL || !has_provider6(mapping_of6(from)) || subnet_of6(from) != subnet) return false;
  if (mac_of(record_of6(from)) != src_mac(frame)) return false;
  const uint8_t *to = find_address6(n, scope_of6(domain, subnet, ip->dst_high), ip->dst_high, ip->dst_low);
  return to != NULL && has_provider6(mapping_of6(to));
}
