// From a VM's port to wherever the packet belongs (assembly/path/egress.ts): VLAN, source guard, gateway, destination. The order
// of the checks is the one of docs/protocol.md. Neighbours and floods are not built here.

#pragma once

#include "gateway.h"
#include "guard.h"
#include "transmit.h"

// `found`: what stands behind the destination MAC. `type`: 0 for what is not IP.
static COLD void send_by_mac(struct netvirt *n, const struct packet *p, uint32_t type, uint64_t found) {
  const uint32_t next_hop = next_hop_of_mac(found);
  if (next_hop == 0) return drop(n, p->subnet->index, DROP_NO_RECORD);
  const struct next_hop *hop = hop_at(n, next_hop);
  if (hop->family == LOCAL) return deliver(n, p, p->subnet->index, hop->port);
  if (type == ETHERTYPE_IPV4) return send_tunnelled4(n, p, p->subnet->vsid, hop);
  if (type == ETHERTYPE_IPV6) return send_tunnelled6(n, p, p->subnet->vsid, hop);
  if (!fits_tunnel(p->length, hop)) return drop(n, p->subnet->index, DROP_OVER_MTU);
  encapsulate(n, p->subnet->index, p->subnet->vsid, p->frame, p->length, hop, 0, flow_of_frame(p->frame));
}

// Where no record of an address leads: by destination MAC, local or in an envelope.
static COLD void egress_by_mac(struct netvirt *n, const struct packet *p, uint32_t type) {
  send_by_mac(n, p, type, find_mac(n, p->subnet->vsid, dst_mac(p->frame)));
}

static inline void egress_ipv4(struct netvirt *n, const struct port *port, const struct subnet *subnet,
                               uint8_t *frame, uint32_t length) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const uint64_t shape = classify_ipv4(packet, length - ETHERNET_HEADER);
  if (fault_of(shape) != 0) return drop(n, subnet->index, inner_fault(fault_of(shape)));
  const uint64_t source = guard_ipv4(n, port, subnet, packet, shape);
  if (source == 0) return drop(n, subnet->index, DROP_SOURCE_ADDRESS);
  const struct packet p = {port, subnet, frame, length, shape, source, NULL};
  if (is_group(frame)) return subnet_floods(subnet) ? not_built(n) : drop(n, subnet->index, DROP_FLOOD);
  if (dst_mac(frame) == n->router_mac) return gateway_ipv4(n, &p);

  const struct ipv4 *ip = ipv4_at(packet);
  const uint8_t *entry = find_address4(n, port->domain, ip->dst_addr);
  if (entry == NULL || subnet_of4(entry) != subnet->index) return egress_by_mac(n, &p, ETHERTYPE_IPV4);
  const uint64_t record = record_of4(entry);
  const struct next_hop *hop = hop_at(n, next_hop_of(record));
  if (is_here(hop)) {
    if (hop->family != LOCAL) return gateway_ipv4(n, &p);
    return deliver(n, &p, subnet->index, hop->port);
  }
  if (provider_of(source) == 0) {
    if (!fits_tunnel(length, hop) || is_syn(packet, shape, total_length4(ip)))
      return send_tunnelled4(n, &p, subnet->vsid, hop);
    const uint32_t flow = flow_of_ipv4(packet, shape, total_length4(ip));
    return encapsulate(n, subnet->index, subnet->vsid, frame, length, hop, ip->tos, flow);
  }
  const uint64_t mapping = mapping_of4(n, entry);
  const struct next_hop *mapped = NETVIRT_THREADS ? hop_at(n, mapped_hop_of(mapping)) : hop;
  // It has moved here since.
  if (NETVIRT_THREADS && is_here(mapped)) return deliver(n, &p, subnet->index, mapped->port);
  if (provider_of(mapping) != 0 && fits_rewritten(length, mapped)) {
    const uint32_t fault =
        translate_ipv4(n, port->domain, packet, shape, provider_of(source), provider_of(mapping), true);
    if (fault != 0) return drop(n, subnet->index, fault);
    set_outer_macs(n, port, keeps_vm_mac(source), frame, mac_of(record), mapped);
    return forward(n, subnet->index, 0, frame, length, length);
  }
  transmit_ipv4(n, &p, subnet->vsid, mapping, mac_of(record));
}

// Neighbour discovery (RFC 4861): answered and checked by the WASM side only.
static inline bool is_neighbor_discovery(const struct packet *p) {
  const uint8_t *packet = p->frame + ETHERNET_HEADER;
  const uint8_t *icmp = packet + transport_offset_of(p->shape);
  const uint8_t *end = packet + IPV6_HEADER + payload_length6(ipv6_at(packet));
  return protocol_of(p->shape) == ICMPV6 && icmp < end && *icmp >= 133 && *icmp <= 137;
}

static void egress_ipv6(struct netvirt *n, const struct port *port, const struct subnet *subnet, uint8_t *frame,
                        uint32_t length) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const uint64_t shape = classify_ipv6(packet, length - ETHERNET_HEADER);
  if (fault_of(shape) != 0) return drop(n, subnet->index, inner_fault(fault_of(shape)));
  if (hides_transport(shape)) return drop(n, subnet->index, DROP_INNER_MALFORMED);
  const uint8_t *source = guard_ipv6(n, port, subnet, packet);
  if (source == NULL) return drop(n, subnet->index, DROP_SOURCE_ADDRESS);
  const struct packet p = {port, subnet, frame, length, shape, 0, source};
  if (is_neighbor_discovery(&p)) return not_built(n);
  if (is_group(frame)) return subnet_floods(subnet) ? not_built(n) : drop(n, subnet->index, DROP_FLOOD);
  if (dst_mac(frame) == n->router_mac) return gateway_ipv6(n, &p);

  const struct ipv6 *ip = ipv6_at(packet);
  const uint32_t scope = scope_of6(port->domain, subnet->index, ip->dst_high);
  const uint8_t *entry = find_address6(n, scope, ip->dst_high, ip->dst_low);
  if (entry == NULL || subnet_of6(entry) != subnet->index) return egress_by_mac(n, &p, ETHERTYPE_IPV6);
  const uint64_t record = record_of6(entry);
  const struct next_hop *hop = hop_at(n, next_hop_of(record));
  if (is_here(hop)) {
    if (hop->family != LOCAL) return gateway_ipv6(n, &p);
    return deliver(n, &p, subnet->index, hop->port);
  }
  struct resolved6 found;
  resolve6(&p, entry, record, &found);
  const struct next_hop *mapped = hop_at(n, next_hop_of(found.record));
  if (NETVIRT_THREADS && is_here(mapped)) return deliver(n, &p, subnet->index, mapped->port);
  transmit_ipv6(n, &p, subnet->vsid, &found);
}

// What is not IP.
static void egress_other(struct netvirt *n, const struct port *port, const struct subnet *subnet, uint8_t *frame,
                         uint32_t length, uint32_t type) {
  if (type == ETHERTYPE_ARP) return not_built(n);
  if (is_group(frame)) return subnet_floods(subnet) ? not_built(n) : drop(n, subnet->index, DROP_FLOOD);
  if (dst_mac(frame) == n->router_mac) return drop(n, subnet->index, DROP_NOT_ROUTABLE);
  const struct packet p = {port, subnet, frame, length, 0, 0, NULL};
  const uint64_t found = find_mac(n, subnet->vsid, dst_mac(frame));
  const bool uses_rewrite = (port->flags & PORT_REWRITE) != 0 && is_rewrite_mac(found);
  if (next_hop_of_mac(found) != 0 && uses_rewrite && !is_here(hop_at(n, next_hop_of_mac(found))))
    return drop(n, subnet->index, DROP_REWRITE_NON_IP);
  send_by_mac(n, &p, 0, found);
}

// Tags (N6), IPv6, what is not IP, and what is no frame at all.
static COLD void egress_any(struct netvirt *n, const struct port *port, uint8_t *frame, uint32_t length) {
  uint32_t subnet = port->subnet;
  if (length < ETHERNET_HEADER) return drop(n, subnet, DROP_FRAME_TRUNCATED);
  while (is_tagged(frame)) {
    if (length < ETHERNET_HEADER + VLAN_TAG) return drop(n, subnet, DROP_FRAME_TRUNCATED);
    const uint32_t vid = swap16(load16(frame + 14)) & 0xfff;
    if (vid != 0) {
      const bool may_map = (port->flags & PORT_VLANS) != 0 && subnet == port->subnet;
      const uint32_t mapped = may_map ? subnet_of_vid(n, port->index, vid) : 0;
      if (mapped == 0) return drop(n, subnet, DROP_VLAN_TAG);
      subnet = mapped;
    }
    frame = remove_tag(frame);
    length -= VLAN_TAG;
  }
  if (src_mac(frame) != port->mac) return drop(n, subnet, DROP_SOURCE_MAC);
  const uint32_t type = ether_type(frame);
  if (type == ETHERTYPE_IPV4) egress_ipv4(n, port, subnet_at(n, subnet), frame, length);
  else if (type == ETHERTYPE_IPV6) egress_ipv6(n, port, subnet_at(n, subnet), frame, length);
  else egress_other(n, port, subnet_at(n, subnet), frame, length, type);
}

static inline void egress(struct netvirt *n, uint32_t index, uint8_t *frame, uint32_t length) {
  const struct port *port = port_at(n, index);
  if (length >= ETHERNET_HEADER && ether_type(frame) == ETHERTYPE_IPV4) {
    if (src_mac(frame) == port->mac) return egress_ipv4(n, port, subnet_at(n, port->subnet), frame, length);
    return drop(n, port->subnet, DROP_SOURCE_MAC);
  }
  egress_any(n, port, frame, length);
}
