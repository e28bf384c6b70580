// Staging (assembly/path/touch.ts): with tables larger than the caches, the lines that a group of packets will need are read first,
// all at once. By loads, as in WebAssembly, so that both sides do the same; what is touched is a guess and decides nothing.

#pragma once

#include "encapsulate.h"

static inline const uint8_t *descriptor_of(const struct netvirt *n, uint32_t index) {
  return n->inputs + (uint64_t)(index & n->ring_mask) * INPUT_SIZE;
}

static inline const uint8_t *frame_of(const struct netvirt *n, const uint8_t *descriptor) {
  return n->memory + load32(descriptor + INPUT_ADDRESS);
}

static inline bool is_frame4(const uint8_t *frame) { return ether_type(frame) == ETHERTYPE_IPV4; }

// From a VM: the record of the destination.
static inline uint64_t touch_destination(const struct netvirt *n, const struct port *port, const uint8_t *frame) {
  if (n->staged < STAGED_SENT && (port->flags & PORT_REWRITE) == 0) return 0;
  const uint8_t *packet = frame + ETHERNET_HEADER;
  if (!is_frame4(frame))
    return touch_address6(n, port->domain, ipv6_at(packet)->dst_high, ipv6_at(packet)->dst_low);
  const uint32_t dst = ipv4_at(packet)->dst_addr;
  const uint64_t record = touch_address4(n, port->domain, dst);
  return (port->flags & PORT_REWRITE) != 0 ? record ^ touch_mapping4(n, port->domain, dst) : record;
}

// From the uplink, to an address of this host itself: probably a tunnel.
static inline bool is_for_host(const struct netvirt *n, const uint8_t *frame) {
  const uint8_t *packet = frame + ETHERNET_HEADER;
  if (is_frame4(frame)) return ipv4_at(packet)->dst_addr == n->host_provider4;
  const struct ipv6 *ip = ipv6_at(packet);
  return ip->dst_high == n->host_provider6_high && ip->dst_low == n->host_provider6_low;
}

// From the uplink, rewritten: what both addresses mean.
static inline uint64_t touch_providers(const struct netvirt *n, const uint8_t *frame) {
  const uint8_t *packet = frame + ETHERNET_HEADER;
  if (is_frame4(frame))
    return touch_provider4(n, ipv4_at(packet)->dst_addr) ^ touch_provider4(n, ipv4_at(packet)->src_addr);
  const struct ipv6 *ip = ipv6_at(packet);
  return touch_provider6(n, ip->dst_high, ip->dst_low) ^ touch_provider6(n, ip->src_high, ip->src_low);
}

// Where the GRE header of a tunnel probably is.
static inline const uint8_t *gre_of(const uint8_t *frame) {
  return frame + ETHERNET_HEADER + (is_frame4(frame) ? IPV4_HEADER : IPV6_HEADER);
}

static inline uint64_t touch_inner_mac(const struct netvirt *n, const uint8_t *frame) {
  const uint8_t *gre = gre_of(frame);
  return touch_mac(n, vsid_of(load32(gre + GRE_HEADER), false), dst_mac(gre + NVGRE_HEADER));
}

// When the line of the inner destination's MAC is there: its port, and the record of the inner source.
static inline uint64_t touch_inner(const struct netvirt *n, const uint8_t *frame) {
  const uint8_t *gre = gre_of(frame);
  const uint8_t *inner = gre + NVGRE_HEADER;
  const uint64_t found = find_mac(n, vsid_of(load32(gre + GRE_HEADER), false), dst_mac(inner));
  if (next_hop_of_mac(found) == 0) return 0;
  const uint8_t *packet = inner + ETHERNET_HEADER;
  const uint32_t domain = domain_of_mac(found);
  const uint64_t source = is_frame4(inner)
                              ? touch_address4(n, domain, ipv4_at(packet)->src_addr)
                              : touch_address6(n, domain, ipv6_at(packet)->src_high, ipv6_at(packet)->src_low);
  const uint32_t port = hop_at(n, next_hop_of_mac(found))->port;
  return source ^ (is_port(n, port) ? port_at(n, port)->mac : 0);
}

// Touches what `count` input descriptors from number `first` of the ring on will need.
static __attribute__((noinline)) void touch(const struct netvirt *n, uint32_t first, uint32_t count) {
  uint64_t read = 0;
  uint32_t tunnels = 0;
  for (uint32_t index = 0; index < count; index++) {
    const uint8_t *descriptor = descriptor_of(n, first + index);
    const uint8_t *frame = frame_of(n, descriptor);
    const uint32_t port = load16(descriptor + INPUT_PORT);
    if (port != 0) {
      read ^= is_port(n, port) ? touch_destination(n, port_at(n, port), frame) : 0;
    } else if (n->staged < STAGED_ALL) {
      continue;
    } else if (is_for_host(n, frame)) {
      read ^= touch_inner_mac(n, frame);
      tunnels++;
    } else {
      read ^= touch_providers(n, frame);
    }
  }
  for (uint32_t index = 0; tunnels != 0 && index < count; index++) {
    const uint8_t *descriptor = descriptor_of(n, first + index);
    const uint8_t *frame = frame_of(n, descriptor);
    if (load16(descriptor + INPUT_PORT) == 0 && is_for_host(n, frame)) read ^= touch_inner(n, frame);
  }
  // So that no compiler leaves the loads out.
  __asm__ volatile("" : : "r"(read));
}
