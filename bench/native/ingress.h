// From the uplink (assembly/path/ingress.ts): is the packet ours, and by which mechanism did it come? The order of the checks is
// the one of docs/protocol.md. What routers say about the size of our envelopes (T4) is not taken here.

#pragma once

#include "decapsulate.h"
#include "restore.h"

static inline uint32_t outer_fault(uint32_t fault) {
  return fault == TRUNCATED ? DROP_OUTER_TRUNCATED : DROP_OUTER_MALFORMED;
}

// A rewrite address of an endpoint on this host; a host's own address is in no domain.
static inline bool is_local(const struct netvirt *n, uint32_t domain, uint64_t record) {
  return domain != 0 && hop_at(n, next_hop_of(record))->family == LOCAL;
}

// To this host's own address, and no tunnel. A report about a tunnel would change a path MTU (assembly/path/pathmtu.ts).
static COLD void ingress_own4(struct netvirt *n, const uint8_t *frame, uint32_t length) {
  const uint8_t *packet = frame + ETHERNET_HEADER;
  const struct ipv4 *ip = ipv4_at(packet);
  const uint64_t shape = classify_ipv4(packet, length - ETHERNET_HEADER);
  if (fault_of(shape) != 0 || protocol_of(shape) != ICMP || is_fragment(shape) || !is_checksum_right(packet))
    return punt(n, frame, length);
  const uint8_t *icmp = packet + header_length4(ip);
  const uint8_t *quote = icmp + ICMP_HEADER;
  const bool is_report = quote + IPV4_HEADER <= packet + total_length4(ip) && icmp[0] == UNREACHABLE &&
                         icmp[1] == FRAGMENTATION_NEEDED;
  if (!is_report) return punt(n, frame, length);
  const struct ipv4 *about = ipv4_at(quote);
  const bool is_tunnel =
      version4(about) == 4 && about->protocol == PROTOCOL_GRE && about->src_addr == n->host_provider4;
  if (is_tunnel) not_built(n);
  else punt(n, frame, length);
}

static COLD void ingress_own6(struct netvirt *n, const uint8_t *frame, uint32_t length) {
  const uint8_t *packet = frame + ETHERNET_HEADER;
  const uint64_t shape = classify_ipv6(packet, length - ETHERNET_HEADER);
  if (fault_of(shape) != 0 || protocol_of(shape) != ICMPV6 || is_fragment(shape) || has_broken_chain(shape))
    return punt(n, frame, length);
  const uint8_t *icmp = packet + transport_offset_of(shape);
  const uint8_t *quote = icmp + ICMP_HEADER;
  const uint8_t *end = packet + IPV6_HEADER + payload_length6(ipv6_at(packet));
  if (quote + IPV6_HEADER > end || icmp[0] != PACKET_TOO_BIG || icmp[1] != 0) return punt(n, frame, length);
  const struct ipv6 *about = ipv6_at(quote);
  const bool is_tunnel = version6(quote) == 6 && about->next_header == PROTOCOL_GRE &&
                         about->src_high == n->host_provider6_high && about->src_low == n->host_provider6_low;
  if (is_tunnel) not_built(n);
  else punt(n, frame, length);
}

static inline void ingress_ipv4(struct netvirt *n, uint8_t *frame, uint32_t length) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const uint32_t available = length - ETHERNET_HEADER;
  if (available < IPV4_HEADER) return drop(n, 0, DROP_OUTER_TRUNCATED);
  const struct ipv4 *ip = ipv4_at(packet);
  const uint32_t header_length = header_length4(ip);
  if (version4(ip) != 4 || header_length < IPV4_HEADER) return drop(n, 0, DROP_OUTER_MALFORMED);
  if (header_length > available) return drop(n, 0, DROP_OUTER_TRUNCATED);
  const uint32_t dst = ip->dst_addr;
  if (dst == n->host_provider4 && dst != 0) {
    if (ip->protocol != PROTOCOL_GRE) return ingress_own4(n, frame, length);
    if (!is_checksum_right(packet)) return drop(n, 0, DROP_OUTER_CHECKSUM);
    const uint32_t total_length = total_length4(ip);
    if (total_length < header_length) return drop(n, 0, DROP_OUTER_MALFORMED);
    if (total_length > available) return drop(n, 0, DROP_OUTER_TRUNCATED);
    if (is_fragment4(ip)) return drop(n, 0, DROP_OUTER_FRAGMENT);
    const struct outer outer = {4, packet + offsetof(struct ipv4, src_addr), ip->tos};
    return decapsulate(n, packet + header_length, packet + total_length, &outer);
  }
  struct provider4 room;
  const struct provider4 *entry = take_provider4(n, dst, &room);
  if (entry == NULL || !is_local(n, entry->domain, entry->record)) return punt(n, frame, length);
  const uint64_t shape = classify_ipv4(packet, available);
  if (fault_of(shape) != 0) return drop(n, 0, outer_fault(fault_of(shape)));
  restore_ipv4(n, frame, length, shape, entry);
}

static void ingress_ipv6(struct netvirt *n, uint8_t *frame, uint32_t length) {
  uint8_t *packet = frame + ETHERNET_HEADER;
  const uint32_t available = length - ETHERNET_HEADER;
  if (available < IPV6_HEADER) return drop(n, 0, DROP_OUTER_TRUNCATED);
  const struct ipv6 *ip = ipv6_at(packet);
  if (version6(packet) != 6) return drop(n, 0, DROP_OUTER_MALFORMED);
  const uint64_t high = ip->dst_high;
  const uint64_t low = ip->dst_low;
  if (high == n->host_provider6_high && low == n->host_provider6_low && (high | low) != 0) {
    const uint32_t packet_length = IPV6_HEADER + payload_length6(ip);
    const uint64_t shape = shape_ipv6(packet, min32(packet_length, available));
    if (protocol_of(shape) != PROTOCOL_GRE) return ingress_own6(n, frame, length);
    if (packet_length > available) return drop(n, 0, DROP_OUTER_TRUNCATED);
    if (is_fragment(shape)) return drop(n, 0, DROP_OUTER_FRAGMENT);
    const struct outer outer = {6, packet + offsetof(struct ipv6, src_high), traffic_class(ip)};
    return decapsulate(n, packet + transport_offset_of(shape), packet + packet_length, &outer);
  }
  struct provider6 room;
  const struct provider6 *entry = take_provider6(n, high, low, &room);
  if (entry == NULL || !is_local(n, entry->domain, entry->record)) return punt(n, frame, length);
  const uint64_t shape = classify_ipv6(packet, available);
  if (fault_of(shape) != 0) return drop(n, 0, outer_fault(fault_of(shape)));
  restore_ipv6(n, frame, length, shape, entry);
}

static inline void ingress(struct netvirt *n, uint8_t *frame, uint32_t length) {
  if (length < ETHERNET_HEADER) return drop(n, 0, DROP_FRAME_TRUNCATED);
  const uint32_t type = ether_type(frame);
  if (type == ETHERTYPE_IPV4) ingress_ipv4(n, frame, length);
  else if (type == ETHERTYPE_IPV6) ingress_ipv6(n, frame, length);
  else punt(n, frame, length);
}
