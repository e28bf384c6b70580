// IP Rewrite, arriving: both provider addresses become customer addresses again, and the frame gets the MACs of the
// virtual subnet. Only packets between two endpoints of one virtual subnet pass (V1, V7).

import { DROP_REWRITE_PEER, DROP_TUNNEL_SOURCE, DROP_TUNNEL_TYPE } from '../../src/abi/verdict';
import { LOCAL, NextHop, PROTOCOL_GRE } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { Provider4, findProvider4 } from '../tables/providers4';
import { Provider6, findProvider6 } from '../tables/providers6';
import { macOf, nextHopOf } from '../tables/records';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6 } from '../wire/ipv6';
import { protocolOf } from './classify';
import { drop, forward } from './emit';
import { translateIpv4, translateIpv6 } from './translate';

/** `to`: the record of the packet's destination, an endpoint on this host. */
export function restoreIpv4(frame: usize, length: u32, shape: u64, to: Provider4): void {
  const hop = NextHop.at(nextHopOf(to.macAndNextHop));
  const subnet = Port.at(hop.port).subnet;
  const packet = frame + ETHERNET_HEADER;
  const entry = findProvider4(Ipv4.at(packet).srcAddr);
  if (entry == 0) return drop(subnet, DROP_REWRITE_PEER);
  const from = Provider4.at(entry);
  const stranger = strangerOf(from.vsid, from.macAndNextHop, to.vsid, shape);
  if (stranger != 0) return drop(subnet, stranger);
  const fault = translateIpv4(to.vsid, packet, shape, from.customer, to.customer, false);
  if (fault != 0) return drop(subnet, fault);
  deliver(subnet, hop.port, frame, length, to.macAndNextHop, from.macAndNextHop);
}

/** `to`: the record of the packet's destination, an endpoint on this host. */
export function restoreIpv6(frame: usize, length: u32, shape: u64, to: Provider6): void {
  const hop = NextHop.at(nextHopOf(to.macAndNextHop));
  const subnet = Port.at(hop.port).subnet;
  const packet = frame + ETHERNET_HEADER;
  const entry = findProvider6(Ipv6.at(packet).srcHigh, Ipv6.at(packet).srcLow);
  if (entry == 0) return drop(subnet, DROP_REWRITE_PEER);
  const from = Provider6.at(entry);
  const stranger = strangerOf(from.vsid, from.macAndNextHop, to.vsid, shape);
  if (stranger != 0) return drop(subnet, stranger);
  const fault = translateIpv6(to.vsid, packet, shape, from.customerSlot, to.customerSlot, false);
  if (fault != 0) return drop(subnet, fault);
  deliver(subnet, hop.port, frame, length, to.macAndNextHop, from.macAndNextHop);
}

/** Why a packet from this source must not reach the destination; 0: it may. */
function strangerOf(fromVsid: u32, fromRecord: u64, toVsid: u32, shape: u64): u32 {
  if (fromVsid == 0) return protocolOf(shape) == PROTOCOL_GRE ? DROP_TUNNEL_TYPE : DROP_REWRITE_PEER;
  if (NextHop.at(nextHopOf(fromRecord)).family == LOCAL) return DROP_TUNNEL_SOURCE;
  return fromVsid == toVsid ? 0 : DROP_REWRITE_PEER;
}

function deliver(subnet: u32, port: u32, frame: usize, length: u32, to: u64, from: u64): void {
  Ethernet.at(frame).setMacs(macOf(to), macOf(from));
  forward(subnet, port, frame, length, length);
}
