// The distributed router (V2, assembly/path/gateway.ts): on to other subnets of the routing domain, or to the gateway VM that a
// route names. Ping to the gateway and ICMP errors are not built here.

#pragma once

#include "routes.h"
#include "transmit.h"

static inline bool subnet_floods(const struct subnet *subnet) { return (subnet->flags & SUBNET_FLOOD) != 0; }
static inline bool has_gateway4(const struct subnet *subnet) { return (subnet->flags & SUBNET_GATEWAY4) != 0; }
static inline bool has_gateway6(const struct subnet *subnet) { return (subnet->flags & SUBNET_GATEWAY6) != 0; }

// A frame for a local port, with the tag of its VLAN where it has the subnet on one (N6, V8). `counted`: by which subnet.
static inline void hand_over(struct netvirt *n, uint32_t counted, uint32_t subnet, uint32_t port, uint8_t *frame,
                             uint32_t length) {
  if (port_at(n, port)->subnet == subnet) return forward(n, counted, port, frame, length, length);
  uint8_t *tagged = insert_tag(frame, vid_of_subnet(n, port, subnet));
  forward(n, counted, port, tagged, length + VLAN_TAG, length);
}

// To a local port. `to`: the subnet that the packet arrives in.
static void deliver(struct netvirt *n, const struct packet *p, uint32_t to, uint32_t port) {
  if (port == p->port->index) return drop(n, p->subnet->index, DROP_SAME_PORT);
  hand_over(n, p->subnet->index, to, port, p->frame, p->length);
}

// TTL is the low byte of its word in memory: one less, so the sum grows by ~1 + 0, RFC 1624 eqn. 3.
static inline void decrement_ttl(struct ipv4 *ip) {
  ip->ttl -= 1;
  ip->checksum = updated(ip->checksum, 0xfffe);
}

// Not an address that means something on one link or on one host only (RFC 1812 §5.3, RFC 6890).
static inline bool is_routable4(uint32_t address) {
  const uint32_t first = address & 0xff;
  return first != 0 && first != 127 && first < 224 && (address & 0xffff) != 0xfea9;
}

// Passes the packet on into subnet `to`. `entry`: of the destination address, NULL where a route leads to a gateway VM.
static inline void route_ipv4(struct netvirt *n, const struct packet *p, const struct subnet *to,
                              const uint8_t *entry, uint64_t record) {
  const uint32_t next_hop = next_hop_of(record);
  const bool is_source_mapped = entry != NULL && provider_of(p->source4) != 0 && !is_here(hop_at(n, next_hop));
  const uint64_t mapping = is_source_mapped ? mapping_of4(n, entry) : mapping_for(0, next_hop);
  const struct next_hop *hop = hop_at(n, NETVIRT_THREADS ? mapped_hop_of(mapping) : next_hop);
  uint8_t *packet = p->frame + ETHERNET_HEADER;
  struct ipv4 *ip = ipv4_at(packet);
  if (hop->family == LOCAL) {
    if (hop->port == p->port->index) return drop(n, p->subnet->index, DROP_SAME_PORT);
    decrement_ttl(ip);
    set_macs(p->frame, mac_of(record), n->router_mac);
    return deliver(n, p, to->index, hop->port);
  }
  const uint32_t total_length = total_length4(ip);
  const bool is_rewritten = provider_of(mapping) != 0;
  const uint32_t whole = ETHERNET_HEADER + total_length;
  // An ICMP error, before anything changes: it quotes what the VM sent.
  if (has_dont_fragment(ip) && !(is_rewritten ? fits_rewritten(whole, hop) : fits_tunnel(whole, hop)))
    return not_built(n);
  decrement_ttl(ip);
  set_macs(p->frame, mac_of(record), n->router_mac);
  if (!is_rewritten && fits_tunnel(p->length, hop) && !is_syn(packet, p->shape, total_length)) {
    const uint32_t flow = flow_of_ipv4(packet, p->shape, total_length);
    return encapsulate(n, p->subnet->index, to->vsid, p->frame, p->length, hop, ip->tos, flow);
  }
  transmit_ipv4(n, p, to->vsid, mapping, mac_of(record));
}

static void route_by_prefix4(struct netvirt *n, const struct packet *p, uint32_t dst) {
  const uint32_t result = match_ipv4(n, p->subnet->domain, dst);
  if (is_connected(result)) return not_built(n);
  for (uint32_t route = result; route != 0; route = next_of4(n, route)) {
    const uint8_t *entry = via_of4(n, p->subnet->domain, route);
    if (entry == NULL) continue;
    const struct subnet *to = subnet_at(n, subnet_of4(entry));
    if (has_gateway4(to)) return route_ipv4(n, p, to, NULL, record_of4(entry));
  }
  not_built(n);
}

static void gateway_ipv4(struct netvirt *n, const struct packet *p) {
  const struct subnet *subnet = p->subnet;
  if (!has_gateway4(subnet)) return drop(n, subnet->index, DROP_NO_GATEWAY);
  const struct ipv4 *ip = ipv4_at(p->frame + ETHERNET_HEADER);
  const uint32_t dst = ip->dst_addr;
  const uint8_t *entry = find_address4(n, subnet->domain, dst);
  const uint64_t record = entry == NULL ? 0 : record_of4(entry);
  if (entry != NULL && hop_at(n, next_hop_of(record))->family == GATEWAY) return not_built(n);
  if (!is_routable4(dst) || ip->src_addr == 0) return drop(n, subnet->index, DROP_NOT_ROUTABLE);
  if (ip->ttl <= 1) return not_built(n);
  if (entry == NULL) return route_by_prefix4(n, p, dst);
  const struct subnet *to = subnet_at(n, subnet_of4(entry));
  if (!has_gateway4(to)) return not_built(n);
  route_ipv4(n, p, to, entry, record);
}

// RFC 4291 §2.5: neither for one link nor for one host.
static inline bool is_routable6(uint64_t high, uint64_t low) {
  return !is_multicast6(high) && !is_link_local6(high) && !is_unspecified6(high, low) && !is_loopback6(high, low);
}

// As `route_ipv4`.
static void route_ipv6(struct netvirt *n, const struct packet *p, const struct subnet *to, const uint8_t *entry,
                       uint64_t record) {
  struct resolved6 found = {.record = record};
  if (!is_here(hop_at(n, next_hop_of(record)))) resolve6(p, entry, record, &found);
  record = found.record;
  const struct next_hop *hop = hop_at(n, next_hop_of(record));
  struct ipv6 *ip = ipv6_at(p->frame + ETHERNET_HEADER);
  if (hop->family == LOCAL) {
    if (hop->port == p->port->index) return drop(n, p->subnet->index, DROP_SAME_PORT);
    ip->hop_limit -= 1;
    set_macs(p->frame, mac_of(record), n->router_mac);
    return deliver(n, p, to->index, hop->port);
  }
  const uint32_t whole = ETHERNET_HEADER + IPV6_HEADER + payload_length6(ip);
  if (!(found.is_mapped ? fits_rewritten(whole, hop) : fits_tunnel(whole, hop))) return not_built(n);
  ip->hop_limit -= 1;
  set_macs(p->frame, mac_of(record), n->router_mac);
  transmit_ipv6(n, p, to->vsid, &found);
}

static void route_by_prefix6(struct netvirt *n, const struct packet *p, uint64_t high, uint64_t low) {
  const uint32_t result = match_ipv6(n, p->subnet->domain, high, low);
  if (is_connected(result)) return not_built(n);
  for (uint32_t index = result; index != 0; index = route_at(n, index)->next) {
    const struct route *route = route_at(n, index);
    const uint8_t *entry = find_address6(n, p->subnet->domain, route->via6_high, route->via6_low);
    if (entry == NULL) continue;
    const struct subnet *to = subnet_at(n, subnet_of6(entry));
    if (has_gateway6(to)) return route_ipv6(n, p, to, NULL, record_of6(entry));
  }
  not_built(n);
}

static void gateway_ipv6(struct netvirt *n, const struct packet *p) {
  const struct subnet *subnet = p->subnet;
  if (!has_gateway6(subnet)) return drop(n, subnet->index, DROP_NO_GATEWAY);
  const struct ipv6 *ip = ipv6_at(p->frame + ETHERNET_HEADER);
  const uint64_t high = ip->dst_high;
  const uint64_t low = ip->dst_low;
  const uint8_t *entry = find_address6(n, scope_of6(subnet->domain, subnet->index, high), high, low);
  const uint64_t record = entry == NULL ? 0 : record_of6(entry);
  if (entry != NULL && hop_at(n, next_hop_of(record))->family == GATEWAY) return not_built(n);
  if (!is_routable6(high, low) || is_link_local6(ip->src_high) || is_unspecified6(ip->src_high, ip->src_low))
    return drop(n, subnet->index, DROP_NOT_ROUTABLE);
  if (ip->hop_limit <= 1) return not_built(n);
  if (entry == NULL) return route_by_prefix6(n, p, high, low);
  const struct subnet *to = subnet_at(n, subnet_of6(entry));
  if (!has_gateway6(to)) return not_built(n);
  route_ipv6(n, p, to, entry, record);
}
