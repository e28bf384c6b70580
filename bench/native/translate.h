// New addresses for a packet, and everything that depends on them (W2–W6; assembly/path/translate.ts, quote.ts, transport.ts).
// Each function answers 0, or the reason to drop. `leaving`: customer to provider addresses; otherwise back.

#pragma once

#include "classify.h"
#include "guard.h"
#include "tables.h"

#define DCCP 33
#define UDP_LITE 136

// Offset of the checksum in the transport header; 0: none that we keep (SCTP, GRE, ESP, unknown).
static inline uint32_t checksum_offset(uint32_t protocol, uint32_t family) {
  if (protocol == TCP) return 16;
  if (protocol == UDP || protocol == UDP_LITE || protocol == DCCP) return 6;
  return protocol == (family == 4 ? ICMP : ICMPV6) ? 2 : 0;
}

// Adds `change` to the sum under the checksum of a transport header that lies before `end`. A field that does not fit is left
// alone. Returns what this changes in the sum of an enclosing checksum (an ICMP error that quotes this packet).
static inline uint64_t update_transport(uint8_t *transport, const uint8_t *end, uint32_t protocol, uint32_t family,
                                        uint64_t change) {
  const uint32_t offset = checksum_offset(protocol, family);
  if (offset == 0 || transport + offset + 2 > end) return 0;
  uint8_t *field = transport + offset;
  const uint16_t before = load16(field);
  if (before == 0 && protocol == UDP) return 0;
  uint16_t after = updated(before, change);
  // 0 would mean "no checksum" (RFC 768, RFC 3828 §3.1).
  if (after == 0 && (protocol == UDP || protocol == UDP_LITE)) after = 0xffff;
  store16(field, after);
  return (uint64_t)(uint16_t)~before + after;
}

// The packet that an ICMP error quotes (W6). A translation answers what it changes in the ICMP checksum, or a reason to drop in
// its upper half.

#define QUOTE_FAULT ((uint64_t)DROP_REWRITE_QUOTE << 56)

static inline uint32_t quote_fault(uint64_t translated) { return (uint32_t)(translated >> 56); }

// The other address of a quoted one, itself if there is none; QUOTE_FAULT where the way back would not lead here.
static uint64_t counterpart4(const struct netvirt *n, uint32_t domain, uint32_t address, bool leaving) {
  struct provider4 room;
  const struct provider4 *provider = take_provider4(n, address, &room);
  const bool is_provider = provider != NULL && provider->domain == domain;
  if (!leaving) return is_provider ? provider->customer : address;
  const uint8_t *entry = find_address4(n, domain, address);
  const uint32_t counterpart = entry == NULL ? 0 : provider_of(mapping_of4(n, entry));
  if (counterpart != 0) return counterpart;
  return is_provider ? QUOTE_FAULT : address;
}

static COLD uint64_t translate_quote4(const struct netvirt *n, uint32_t domain, uint8_t *icmp, const uint8_t *end,
                                      bool leaving) {
  uint8_t *quote = icmp + ICMP_HEADER;
  if (quote + IPV4_HEADER > end) return 0;
  struct ipv4 *ip = ipv4_at(quote);
  const uint32_t header_length = header_length4(ip);
  if (version4(ip) != 4 || header_length < IPV4_HEADER || quote + header_length > end) return 0;
  const uint64_t src = counterpart4(n, domain, ip->src_addr, leaving);
  const uint64_t dst = counterpart4(n, domain, ip->dst_addr, leaving);
  if (((src | dst) & QUOTE_FAULT) != 0) return QUOTE_FAULT;

  const uint64_t addresses = change32(ip->src_addr, (uint32_t)src) + change32(ip->dst_addr, (uint32_t)dst);
  const uint16_t before = ip->checksum;
  const uint16_t after = updated(before, addresses);
  ip->checksum = after;
  ip->src_addr = (uint32_t)src;
  ip->dst_addr = (uint32_t)dst;
  const uint64_t change = addresses + (uint16_t)~before + after;
  const uint64_t shape = shape_ipv4(quote);
  const uint32_t protocol = protocol_of(shape);
  if (is_later_fragment(shape) || protocol == ICMP) return change;
  return change + update_transport(quote + transport_offset_of(shape), end, protocol, 4, addresses);
}

static inline uint32_t translate_ipv4(const struct netvirt *n, uint32_t domain, uint8_t *packet, uint64_t shape,
                                      uint32_t src, uint32_t dst, bool leaving) {
  if (is_authenticated(shape)) return DROP_REWRITE_AH;
  struct ipv4 *ip = ipv4_at(packet);
  const uint64_t change = change32(ip->src_addr, src) + change32(ip->dst_addr, dst);
  ip->checksum = updated(ip->checksum, change);
  ip->src_addr = src;
  ip->dst_addr = dst;
  if (is_later_fragment(shape)) return 0;
  uint8_t *transport = packet + transport_offset_of(shape);
  const uint8_t *end = packet + total_length4(ip);
  const uint32_t protocol = protocol_of(shape);
  if (protocol == ICMP) {
    if (!is_icmp_error(transport, end)) return 0;
    const uint64_t quoted = translate_quote4(n, domain, transport, end, leaving);
    if (quote_fault(quoted) != 0) return quote_fault(quoted);
    update_transport(transport, end, ICMP, 4, quoted);
    return 0;
  }
  update_transport(transport, end, protocol, 4, change);
  return 0;
}

// Both return what they change in a checksum.

static inline uint64_t set_source6(struct ipv6 *ip, struct address6 to) {
  const uint64_t change = change64(ip->src_high, to.high) + change64(ip->src_low, to.low);
  ip->src_high = to.high;
  ip->src_low = to.low;
  return change;
}

static inline uint64_t set_destination6(struct ipv6 *ip, struct address6 to) {
  const uint64_t change = change64(ip->dst_high, to.high) + change64(ip->dst_low, to.low);
  ip->dst_high = to.high;
  ip->dst_low = to.low;
  return change;
}

// Makes of a quoted address the other one, where there is one; false where the way back would not lead here.
static bool find_counterpart6(const struct netvirt *n, uint32_t domain, struct address6 *address, bool leaving) {
  const uint64_t high = address->high;
  const uint64_t low = address->low;
  struct provider6 room;
  const struct provider6 *provider = take_provider6(n, high, low, &room);
  const bool is_provider = provider != NULL && provider->domain == domain;
  if (!leaving) {
    if (is_provider) *address = customer_of(provider);
    return true;
  }
  const uint8_t *entry = find_address6(n, scope_of6(domain, 0, high), high, low);
  if (entry == NULL) return !is_provider;
  const struct address6 counterpart = read_mapping6(mapping_of6(entry)).provider;
  if (!is_set6(counterpart)) return !is_provider;
  *address = counterpart;
  return true;
}

static COLD uint64_t translate_quote6(const struct netvirt *n, uint32_t domain, uint8_t *icmp, const uint8_t *end,
                                      bool leaving) {
  uint8_t *quote = icmp + ICMP_HEADER;
  if (quote + IPV6_HEADER > end) return 0;
  struct ipv6 *ip = ipv6_at(quote);
  if (version6(quote) != 6) return 0;
  struct address6 src = {ip->src_high, ip->src_low};
  struct address6 dst = {ip->dst_high, ip->dst_low};
  if (!find_counterpart6(n, domain, &src, leaving)) return QUOTE_FAULT;
  if (!find_counterpart6(n, domain, &dst, leaving)) return QUOTE_FAULT;
  const uint32_t available = min32((uint32_t)(end - quote), IPV6_HEADER + payload_length6(ip));
  const uint64_t src_change = set_source6(ip, src);
  const uint64_t dst_change = set_destination6(ip, dst);
  const uint64_t shape = shape_ipv6(quote, available);
  if (is_later_fragment(shape) || has_broken_chain(shape)) return src_change + dst_change;
  const uint64_t covered = has_segments_left(shape) ? src_change : src_change + dst_change;
  uint8_t *transport = quote + transport_offset_of(shape);
  return src_change + dst_change + update_transport(transport, end, protocol_of(shape), 6, covered);
}

static inline uint32_t translate_ipv6(const struct netvirt *n, uint32_t domain, uint8_t *packet, uint64_t shape,
                                      struct address6 src, struct address6 dst, bool leaving) {
  if (is_authenticated(shape)) return DROP_REWRITE_AH;
  if (has_broken_chain(shape)) return DROP_REWRITE_HEADERS;
  struct ipv6 *ip = ipv6_at(packet);
  const uint8_t *end = packet + IPV6_HEADER + payload_length6(ip);
  uint64_t change = set_source6(ip, src);
  const uint64_t dst_change = set_destination6(ip, dst);
  // The pseudo-header holds the final destination, which stands in the routing header (RFC 8200 §8.1).
  if (!has_segments_left(shape)) change += dst_change;
  if (is_later_fragment(shape)) return 0;
  uint8_t *transport = packet + transport_offset_of(shape);
  const uint32_t protocol = protocol_of(shape);
  if (protocol == ICMPV6 && is_icmpv6_error(transport, end)) {
    const uint64_t quoted = translate_quote6(n, domain, transport, end, leaving);
    if (quote_fault(quoted) != 0) return quote_fault(quoted);
    change += quoted;
  }
  update_transport(transport, end, protocol, 6, change);
  return 0;
}
