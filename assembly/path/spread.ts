// Which worker of a pool a frame goes to: every packet of a flow to the same one, so that it stays in its order. A fragment does not say
// which flow it is of (its ports are in the first one only, if at all): it asks for the coarser spread by addresses alone,
// and the pool goes over to that for everything between the two (`src/engine/pool.ts`).
//
// Only what tells flows apart is looked at, not whether the packet is right: what is not is dropped, and drops have no order.

import { PROTOCOL_GRE } from '../tables/nexthops';
import {
  ETHERNET_HEADER,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_SERVICE_VLAN,
  ETHERTYPE_VLAN,
  Ethernet,
  VLAN_TAG,
} from '../wire/ethernet';
import { Gre, NVGRE_FIRST_WORD, NVGRE_HEADER } from '../wire/gre';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER } from '../wire/ipv6';
import { hasBrokenChain, isFragment, protocolOf, shapeIpv4, shapeIpv6, transportOffsetOf } from './classify';
import { flowOfIpv4, flowOfIpv6, hasPorts, mix } from './flow';

/** Set: the packet can only be spread by its addresses. */
const BY_ADDRESSES: u32 = 0x8000_0000;

/**
 * Of a frame of which the first `length` bytes are there: bits 0–15 a hash of its flow, bits 16–30 one of its addresses, bit
 * 31 that the first would not be the same for all packets of the flow. `port`: 0 = uplink.
 */
export function spread(frame: usize, length: u32, port: u32): u32 {
  if (length < ETHERNET_HEADER) return 0;
  let type = Ethernet.at(frame).etherType;
  let offset = ETHERNET_HEADER;
  // Tags with and without a priority are the same flow.
  for (; isTag(type) && offset + VLAN_TAG <= length; offset += VLAN_TAG) {
    type = <u32>load<u16>(frame + offset, 2);
  }
  if (type == ETHERTYPE_IPV4) return spreadIpv4(frame, offset, length, port);
  if (type == ETHERTYPE_IPV6) return spreadIpv6(frame, offset, length, port);
  return together(mix(Ethernet.at(frame).dstMac, Ethernet.at(frame).srcMac));
}

function isTag(type: u32): bool {
  return type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN;
}

function spreadIpv4(frame: usize, offset: u32, length: u32, port: u32): u32 {
  const packet = frame + offset;
  const available = length - offset;
  if (available < IPV4_HEADER) return 0;
  const ip = Ipv4.at(packet);
  const pair = mix(load<u64>(packet, 12), <u64>port);
  if (port == 0 && ip.protocol == PROTOCOL_GRE) {
    return spreadEnvelope(packet + ip.headerLength, frame + length, ip.isFragment, pair);
  }
  const shape = shapeIpv4(packet);
  return apart(pair, flowOfIpv4(packet, shape, available), shape, available);
}

function spreadIpv6(frame: usize, offset: u32, length: u32, port: u32): u32 {
  const packet = frame + offset;
  const available = length - offset;
  if (available < IPV6_HEADER) return 0;
  const src = mix(load<u64>(packet, 8), load<u64>(packet, 16));
  const dst = mix(load<u64>(packet, 24), load<u64>(packet, 32));
  const pair = mix((<u64>src) | ((<u64>dst) << 32), <u64>port);
  const shape = shapeIpv6(packet, available);
  if (port == 0 && protocolOf(shape) == PROTOCOL_GRE) {
    return spreadEnvelope(packet + transportOffsetOf(shape), frame + length, isFragment(shape), pair);
  }
  return apart(pair, flowOfIpv6(packet, shape, available), shape, available);
}

/**
 * By what is inside, not by the FlowID: hosts may be told to leave that 0. The inner MAC tells customers with the same addresses
 * apart. What is no envelope that would be opened (N7, N8) goes by its outer addresses.
 */
function spreadEnvelope(gre: usize, end: usize, isFragment: bool, pair: u32): u32 {
  const inner = gre + NVGRE_HEADER;
  if (isFragment || inner + ETHERNET_HEADER > end || Gre.at(gre).firstWord != NVGRE_FIRST_WORD) {
    return together(pair);
  }
  const source = <u32>(Ethernet.at(inner).dstMac >> 16);
  return spread(inner, <u32>(end - inner), max(source, 1));
}

/** One flow, whatever it has. */
function together(hash: u32): u32 {
  return ((hash >> 1) & 0x7fff_0000) | (hash >> 16);
}

function apart(pair: u32, flow: u32, shape: u64, available: u32): u32 {
  const isUnclear =
    isFragment(shape) ||
    hasBrokenChain(shape) ||
    (hasPorts(protocolOf(shape)) && transportOffsetOf(shape) + 4 > available);
  return (isUnclear ? BY_ADDRESSES : 0) | ((pair >> 1) & 0x7fff_0000) | ((pair ^ flow) & 0xffff);
}
