// The source guard of a VM's port (V6, assembly/path/guard.ts). What it stops it answers with 0; what it lets pass, with the
// mapping of the source address: IPv4 with the word and PASSED, IPv6 with where it stands (zeros at NO_PROVIDER where there is none).

#pragma once

#include "classify.h"
#include "tables.h"

// A client without an address yet (RFC 2131 §4.1).
static inline bool is_dhcp_request(const uint8_t *packet, uint64_t shape) {
  const uint32_t offset = transport_offset_of(shape);
  if (protocol_of(shape) != UDP || is_fragment(shape) || offset + 4 > total_length4(ipv4_at(packet))) return false;
  return load32(packet + offset) == DHCP_CLIENT_TO_SERVER;
}

static COLD uint64_t guard_ipv4_further(const struct netvirt *n, const struct port *port, const struct subnet *subnet,
                                        const uint8_t *packet, uint64_t shape) {
  const uint32_t src = ipv4_at(packet)->src_addr;
  if (src == 0 && is_dhcp_request(packet, shape)) return PASSED;
  const uint8_t *entry = find_address4(n, port->domain, src);
  const bool is_own = entry != NULL && subnet_of4(entry) == subnet->index &&
                      next_hop_of(record_of4(entry)) == port->next_hop;
  if (is_own) return mapping_of4(n, entry) | PASSED;
  return (port->flags & PORT_FORWARDING) != 0 ? PASSED : 0;
}

// `subnet`: which the packet belongs to.
static inline uint64_t guard_ipv4(const struct netvirt *n, const struct port *port, const struct subnet *subnet,
                                  const uint8_t *packet, uint64_t shape) {
  const uint32_t src = ipv4_at(packet)->src_addr;
  if (src == port->address4 && src != 0 && subnet->index == port->subnet)
    return acquire64((const uint8_t *)port + offsetof(struct port, mapping4_word)) | PASSED;
  return guard_ipv4_further(n, port, subnet, packet, shape);
}

static COLD const uint8_t *guard_ipv6_further(const struct netvirt *n, const struct port *port,
                                              const struct subnet *subnet, const struct ipv6 *ip) {
  const uint64_t high = ip->src_high;
  const uint64_t low = ip->src_low;
  if (high == LINK_LOCAL_PREFIX && low == port->link_local_low) return n->memory + NO_PROVIDER;
  // Duplicate address detection (RFC 4862 §5.4.2) and multicast listener reports (RFC 3590).
  if (is_unspecified6(high, low) && is_multicast6(ip->dst_high)) return n->memory + NO_PROVIDER;
  const uint8_t *entry = find_address6(n, scope_of6(port->domain, subnet->index, high), high, low);
  const bool is_own = entry != NULL && subnet_of6(entry) == subnet->index &&
                      next_hop_of(record_of6(entry)) == port->next_hop;
  if (is_own) return mapping_of6(entry);
  return (port->flags & PORT_FORWARDING) != 0 ? n->memory + NO_PROVIDER : NULL;
}

static inline const uint8_t *guard_ipv6(const struct netvirt *n, const struct port *port,
                                        const struct subnet *subnet, const uint8_t *packet) {
  const struct ipv6 *ip = ipv6_at(packet);
  const uint64_t high = ip->src_high;
  const uint64_t low = ip->src_low;
  const bool is_first = low == port->address6_low && high == port->address6_high && high != 0;
  if (is_first && subnet->index == port->subnet)
    return (const uint8_t *)port + offsetof(struct port, provider6_high);
  return guard_ipv6_further(n, port, subnet, ip);
}
