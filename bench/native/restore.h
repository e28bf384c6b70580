// IP Rewrite, arriving (assembly/path/restore.ts): both provider addresses become customer addresses again, and the frame gets the
// MACs of the virtual subnet. Only packets between two endpoints of one routing domain pass (V1, V7), and what routers of the
// provider network report about such packets (W6), as if the gateway reported it (V10).

#pragma once

#include "gateway.h"
#include "translate.h"

// Why a packet from this source must not reach the destination; 0: it may.
static inline uint32_t stranger_of(const struct netvirt *n, uint32_t from_domain, uint64_t from_record,
                                   uint32_t to_domain, uint64_t shape) {
  if (from_domain == 0) return protocol_of(shape) == PROTOCOL_GRE ? DROP_TUNNEL_TYPE : DROP_REWRITE_PEER;
  if (hop_at(n, next_hop_of(from_record))->family == LOCAL) return DROP_TUNNEL_SOURCE;
  return from_domain == to_domain ? 0 : DROP_REWRITE_PEER;
}

static inline void restore_to(struct netvirt *n, uint32_t subnet, uint64_t to, uint8_t *frame, uint32_t length,
                              uint64_t src) {
  set_macs(frame, mac_of(to), src);
  hand_over(n, subnet, subnet, hop_at(n, next_hop_of(to))->port, frame, length);
}

// An ICMP error of a router about a packet that `to` sent: from the gateway, where the subnet has one.
static COLD void restore_report4(struct netvirt *n, uint8_t *frame, uint32_t length, uint64_t shape,
                                 const struct provider4 *to) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const struct ipv4 *ip = ipv4_at(packet);
  const uint8_t *icmp = packet + transport_offset_of(shape);
  const uint8_t *end = packet + total_length4(ip);
  const uint8_t *quote = icmp + ICMP_HEADER;
  const bool is_error = ip->src_addr != n->host_provider4 && protocol_of(shape) == ICMP && !is_fragment(shape) &&
                        is_icmp_error(icmp, end);
  if (!is_error || quote + IPV4_HEADER > end) return drop(n, to->subnet, DROP_REWRITE_PEER);
  struct provider4 room;
  const struct provider4 *entry = take_provider4(n, ipv4_at(quote)->dst_addr, &room);
  const bool is_ours = entry != NULL && entry->domain == to->domain && ipv4_at(quote)->src_addr == to->provider;
  if (!is_ours) return drop(n, to->subnet, DROP_REWRITE_PEER);
  const uint32_t gateway = subnet_at(n, to->subnet)->gateway4;
  const uint32_t src = gateway != 0 ? gateway : entry->customer;
  const uint32_t fault = translate_ipv4(n, to->domain, packet, shape, src, to->customer, false);
  if (fault != 0) return drop(n, to->subnet, fault);
  restore_to(n, to->subnet, to->record, frame, length, n->router_mac);
}

// `to`: the record of the packet's destination, an endpoint on this host.
static inline void restore_ipv4(struct netvirt *n, uint8_t *frame, uint32_t length, uint64_t shape,
                                const struct provider4 *to) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  struct provider4 room;
  const struct provider4 *from = take_provider4(n, ipv4_at(packet)->src_addr, &room);
  if (from == NULL) return restore_report4(n, frame, length, shape, to);
  const uint32_t stranger = stranger_of(n, from->domain, from->record, to->domain, shape);
  if (stranger != 0) return drop(n, to->subnet, stranger);
  const uint32_t fault = translate_ipv4(n, to->domain, packet, shape, from->customer, to->customer, false);
  if (fault != 0) return drop(n, to->subnet, fault);
  const uint64_t src = from->subnet == to->subnet ? mac_of(from->record) : n->router_mac;
  restore_to(n, to->subnet, to->record, frame, length, src);
}

// As `restore_report4`.
static COLD void restore_report6(struct netvirt *n, uint8_t *frame, uint32_t length, uint64_t shape,
                                 const struct provider6 *to) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const struct ipv6 *ip = ipv6_at(packet);
  const uint8_t *icmp = packet + transport_offset_of(shape);
  const uint8_t *end = packet + IPV6_HEADER + payload_length6(ip);
  const uint8_t *quote = icmp + ICMP_HEADER;
  const bool is_routers = ip->src_high != n->host_provider6_high || ip->src_low != n->host_provider6_low;
  const bool is_error =
      is_routers && protocol_of(shape) == ICMPV6 && !is_fragment(shape) && is_icmpv6_error(icmp, end);
  if (!is_error || quote + IPV6_HEADER > end) return drop(n, to->subnet, DROP_REWRITE_PEER);
  const struct ipv6 *about = ipv6_at(quote);
  struct provider6 room;
  const struct provider6 *entry = take_provider6(n, about->dst_high, about->dst_low, &room);
  const bool is_sender = about->src_high == to->provider_high && about->src_low == to->provider_low;
  if (entry == NULL || entry->domain != to->domain || !is_sender) return drop(n, to->subnet, DROP_REWRITE_PEER);
  const struct subnet *subnet = subnet_at(n, to->subnet);
  const struct address6 gateway = {subnet->gateway6_high, subnet->gateway6_low};
  const struct address6 src = is_set6(gateway) ? gateway : customer_of(entry);
  const uint32_t fault = translate_ipv6(n, to->domain, packet, shape, src, customer_of(to), false);
  if (fault != 0) return drop(n, to->subnet, fault);
  restore_to(n, to->subnet, to->record, frame, length, n->router_mac);
}

// `to`: the record of the packet's destination, an endpoint on this host.
static inline void restore_ipv6(struct netvirt *n, uint8_t *frame, uint32_t length, uint64_t shape,
                                const struct provider6 *to) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const struct ipv6 *ip = ipv6_at(packet);
  struct provider6 room;
  const struct provider6 *from = take_provider6(n, ip->src_high, ip->src_low, &room);
  if (from == NULL) return restore_report6(n, frame, length, shape, to);
  const uint32_t stranger = stranger_of(n, from->domain, from->record, to->domain, shape);
  if (stranger != 0) return drop(n, to->subnet, stranger);
  const uint32_t fault =
      translate_ipv6(n, to->domain, packet, shape, customer_of(from), customer_of(to), false);
  if (fault != 0) return drop(n, to->subnet, fault);
  const uint64_t src = from->subnet == to->subnet ? mac_of(from->record) : n->router_mac;
  restore_to(n, to->subnet, to->record, frame, length, src);
}
