// To a VM on another host (assembly/path/transmit.ts): by IP Rewrite where both addresses have a provider address (W1), else in an
// envelope. What is larger than the path carries would be refused with an ICMP error or cut into pieces: not built here.

#pragma once

#include "encapsulate.h"
#include "translate.h"

// A packet on its way out: who sent it, the subnet that counts it, and what was found out about it.
struct packet {
  const struct port *port;
  const struct subnet *subnet;
  uint8_t *frame;
  uint32_t length;
  uint64_t shape;
  // The mapping of the sender's address: of an IPv4 one the word, of an IPv6 one where it stands.
  uint64_t source4;
  const uint8_t *source6;
};

// TCP's maximum segment size is lowered to what the path carries (T3), on SYN segments (assembly/path/clamp.ts).

// `packet` of `length` bytes is a TCP segment with SYN, its header whole.
static inline bool is_syn(const uint8_t *packet, uint64_t shape, uint32_t length) {
  if (protocol_of(shape) != TCP || is_later_fragment(shape)) return false;
  const uint32_t offset = transport_offset_of(shape);
  return offset + TCP_HEADER <= length && (packet[offset + 13] & 2) != 0;
}

static void lower_mss(uint8_t *tcp, uint8_t *field, uint32_t most) {
  const uint16_t before = load16(field);
  if (swap16(before) <= most) return;
  const uint16_t after = swap16((uint16_t)most);
  store16(field, after);
  // A field on an odd place straddles two words of the sum, its bytes in the other halves.
  const bool is_odd = ((field - tcp) & 1) != 0;
  const uint16_t removed = is_odd ? swap16(before) : before;
  const uint16_t added = is_odd ? swap16(after) : after;
  store16(tcp + 16, updated(load16(tcp + 16), (uint64_t)(uint16_t)~removed + added));
}

// Behind `is_syn`. `most`: largest segment that fits.
static COLD void clamp_mss(uint8_t *packet, uint64_t shape, uint32_t length, uint32_t most) {
  uint8_t *tcp = packet + transport_offset_of(shape);
  const uint8_t *header_end = tcp + ((uint32_t)(tcp[12] >> 4) << 2);
  const uint8_t *packet_end = packet + length;
  const uint8_t *end = header_end < packet_end ? header_end : packet_end;
  uint8_t *option = tcp + TCP_HEADER;
  while (option < end) {
    const uint8_t kind = *option;
    if (kind == 0) return;
    if (kind == 1) {
      option++;
      continue;
    }
    const uint32_t size = option + 1 < end ? option[1] : 0;
    if (size < 2 || option + size > end) return;
    if (kind == 2 && size == 4) lower_mss(tcp, option + 2, most);
    option += size;
  }
}

// The frame fits the path to the peer as it is (T1).
static inline bool fits_rewritten(uint32_t length, const struct next_hop *hop) {
  return length - ETHERNET_HEADER <= hop->mtu;
}

// The MACs of the physical network (W9). `keeps_mac`: the sender's own.
static inline void set_outer_macs(const struct netvirt *n, const struct port *port, bool keeps_mac, uint8_t *frame,
                                  uint64_t mac, const struct next_hop *hop) {
  const uint64_t dst = (hop->flags & NEXT_HOP_VM_MAC) != 0 ? mac : hop->rewrite_mac;
  const uint64_t src = keeps_mac ? port->mac : load64(n->generation + HOST_MAC);
  set_macs(frame, dst, src);
}

static void send_tunnelled4(struct netvirt *n, const struct packet *p, uint32_t vsid, const struct next_hop *hop) {
  uint8_t *packet = p->frame + ETHERNET_HEADER;
  const uint32_t total_length = total_length4(ipv4_at(packet));
  uint32_t length = p->length;
  if (!fits_tunnel(length, hop)) {
    // Without what Ethernet put behind the packet.
    length = ETHERNET_HEADER + total_length;
    if (!fits_tunnel(length, hop)) return not_built(n);
  }
  if (is_syn(packet, p->shape, total_length) && (n->host_flags & HOST_CLAMP_MSS) != 0)
    clamp_mss(packet, p->shape, total_length, hop->mtu - overhead_of(hop) - 40);
  const uint32_t flow = flow_of_ipv4(packet, p->shape, total_length);
  encapsulate(n, p->subnet->index, vsid, p->frame, length, hop, ipv4_at(packet)->tos, flow);
}

static void send_rewritten4(struct netvirt *n, const struct packet *p, uint32_t destination, uint64_t mac,
                            const struct next_hop *hop) {
  uint8_t *packet = p->frame + ETHERNET_HEADER;
  uint32_t length = p->length;
  if (!fits_rewritten(length, hop)) {
    length = ETHERNET_HEADER + total_length4(ipv4_at(packet));
    if (!fits_rewritten(length, hop)) return not_built(n);
  }
  const uint32_t own = provider_of(p->source4);
  const uint32_t fault = translate_ipv4(n, p->port->domain, packet, p->shape, own, destination, true);
  if (fault != 0) return drop(n, p->subnet->index, fault);
  set_outer_macs(n, p->port, keeps_vm_mac(p->source4), p->frame, mac, hop);
  forward(n, p->subnet->index, 0, p->frame, length, length);
}

// `vsid`: of the subnet that the packet arrives in. `destination`: the mapping of its address. `mac`: the destination's.
static COLD void transmit_ipv4(struct netvirt *n, const struct packet *p, uint32_t vsid, uint64_t destination,
                               uint64_t mac) {
  const struct next_hop *hop = hop_at(n, mapped_hop_of(destination));
  if (provider_of(p->source4) == 0 || provider_of(destination) == 0) return send_tunnelled4(n, p, vsid, hop);
  send_rewritten4(n, p, provider_of(destination), mac, hop);
}

// What `resolve6` found for the packet: both mappings, and the record that leads there.
struct resolved6 {
  struct mapping6 source;
  struct mapping6 destination;
  uint64_t record;
  // Both ends have a provider address.
  bool is_mapped;
};

// By which mechanism an IPv6 packet crosses the physical network, found once for all steps that need it. `entry`: of the
// destination address, NULL: it was found by route, and has no provider address.
static inline void resolve6(const struct packet *p, const uint8_t *entry, uint64_t record, struct resolved6 *found) {
  found->record = record;
  found->is_mapped = false;
  if (entry == NULL || !has_provider6(p->source6)) return;
  found->source = read_mapping6(p->source6);
  if (!is_set6(found->source.provider)) return;
  found->record = read_mapped6(entry, &found->destination);
  found->is_mapped = is_set6(found->destination.provider);
}

static void send_tunnelled6(struct netvirt *n, const struct packet *p, uint32_t vsid, const struct next_hop *hop) {
  uint8_t *packet = p->frame + ETHERNET_HEADER;
  const uint32_t packet_length = IPV6_HEADER + payload_length6(ipv6_at(packet));
  uint32_t length = p->length;
  if (!fits_tunnel(length, hop)) {
    length = ETHERNET_HEADER + packet_length;
    if (!fits_tunnel(length, hop)) return not_built(n);
  }
  if (is_syn(packet, p->shape, packet_length) && (n->host_flags & HOST_CLAMP_MSS) != 0)
    clamp_mss(packet, p->shape, packet_length, hop->mtu - overhead_of(hop) - 60);
  const uint32_t flow = flow_of_ipv6(packet, p->shape, packet_length);
  encapsulate(n, p->subnet->index, vsid, p->frame, length, hop, traffic_class(ipv6_at(packet)), flow);
}

static void send_rewritten6(struct netvirt *n, const struct packet *p, const struct resolved6 *found,
                            const struct next_hop *hop) {
  uint8_t *packet = p->frame + ETHERNET_HEADER;
  uint32_t length = p->length;
  if (!fits_rewritten(length, hop)) {
    length = ETHERNET_HEADER + IPV6_HEADER + payload_length6(ipv6_at(packet));
    if (!fits_rewritten(length, hop)) return not_built(n);
  }
  const uint32_t fault = translate_ipv6(n, p->port->domain, packet, p->shape, found->source.provider,
                                        found->destination.provider, true);
  if (fault != 0) return drop(n, p->subnet->index, fault);
  set_outer_macs(n, p->port, found->source.keeps_vm_mac, p->frame, mac_of(found->record), hop);
  forward(n, p->subnet->index, 0, p->frame, length, length);
}

// As `transmit_ipv4`, behind `resolve6`.
static void transmit_ipv6(struct netvirt *n, const struct packet *p, uint32_t vsid, const struct resolved6 *found) {
  const struct next_hop *hop = hop_at(n, next_hop_of(found->record));
  if (found->is_mapped) return send_rewritten6(n, p, found, hop);
  send_tunnelled6(n, p, vsid, hop);
}
