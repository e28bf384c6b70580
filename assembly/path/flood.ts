// Broadcast and multicast (V5): to every local port of the subnet, and once to each other host that has an endpoint in it.
// What needs no change leaves from the slot that it lies in; what gets a header or a tag is copied into slots of its own. To a
// host whose path does not carry the frame it goes as T1 says, in pieces or not at all.

import * as events from '../../src/abi/trace';
import {
  DROP_FLOOD,
  DROP_FLOOD_RATE,
  DROP_NO_LOCAL_PORT,
  DROP_NO_RECORD,
  DROP_NO_SLOT,
  DROP_OVER_MTU,
  LOST_COPY,
} from '../../src/abi/verdict';
import { Member, firstMemberOf } from '../tables/members';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet, VLAN_TAG } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { shapeIpv6 } from './classify';
import { isOnVlan, tagFor } from './deliver';
import { count, drop, forward, forwardMore, hasRoom, slotsFor, takeCopies } from './emit';
import { encapsulate, overheadOf } from './encapsulate';
import { tellTooBig6 } from './errors';
import { encapsulatePieces, piecesOf } from './fragment';
import { floodSegments } from './flood-segments';
import { mayFlood } from './limit';
import { complete, isSuper } from './offload';

// What a member needs, by the last `reckon`.
/** Frames that go to it; 0: its path does not carry this one. */
let frames: u32 = 0;
/** Copy slots for them. */
let slots: u32 = 0;
/** Longest packet that its path carries. */
let most: u32 = 0;

/** Of those that the frame was too long for, the least `most`; 0: for nobody. */
let narrowest: u32 = 0;

/** From a VM. */
export function flood(port: Port, subnet: Subnet, frame: usize, length: u32, tos: u32, flow: u32): void {
  if (!subnet.floods) return drop(subnet.index, DROP_FLOOD);
  if (!mayFlood(port)) return drop(subnet.index, DROP_FLOOD_RATE);
  if (isDefined(NETVIRT_LIVE)) {
    if (isSuper()) return floodSegments(subnet, port.index, frame, tos, flow);
    complete();
  }
  copyToMembers(port.index, subnet, frame, length, tos, flow);
  if (narrowest == 0 || Ethernet.at(frame).etherType != ETHERTYPE_IPV6) return;
  // So that VMs can find the path MTU of a group (RFC 4443 §2.4 (e.3)), which is the least of its paths' (RFC 8201 §3).
  const packet = frame + ETHERNET_HEADER;
  const shape = shapeIpv6(packet, IPV6_HEADER + Ipv6.at(packet).payloadLength);
  tellTooBig6(port, subnet, frame, shape, narrowest);
}

/** From the uplink: to local ports only, the sending host has served the others. */
export function floodLocal(subnet: Subnet, frame: usize, length: u32): void {
  if (isDefined(NETVIRT_LIVE)) {
    if (isSuper()) return floodSegments(subnet, 0, frame, 0, 0);
    complete();
  }
  copyToMembers(0, subnet, frame, length, 0, 0);
}

/** `from`: the port that the frame came from, 0 = the uplink, whose frames stay on this host. */
function copyToMembers(from: u32, subnet: Subnet, frame: usize, length: u32, tos: u32, flow: u32): void {
  narrowest = 0;
  // Who joins from now on stands in front of it, and is left out.
  const first = firstMemberOf(subnet);
  let targets: u32 = 0;
  let framesLeft: u32 = 0;
  let slotsLeft: u32 = 0;
  for (let index = first; index != 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    if (!isMeant(hop, from)) continue;
    reckon(hop, subnet, frame, length);
    if (frames != 0) targets++;
    framesLeft += frames;
    slotsLeft += slots;
  }
  trace(events.TRACE_FLOOD, targets, slotsLeft);
  if (framesLeft != 0 && !hasRoom(slotsLeft, framesLeft - 1)) return drop(subnet.index, DROP_NO_SLOT);

  let isFirst = true;
  let lost: u32 = 0;
  for (let index = first; index != 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    if (!isMeant(hop, from)) continue;
    reckon(hop, subnet, frame, length);
    if (frames == 0) narrowest = narrowest == 0 ? most : min(narrowest, most);
    // Another worker may have learnt of another path MTU since there was room.
    if (frames == 0 || frames > framesLeft || slots > slotsLeft) {
      lost++;
      continue;
    }
    framesLeft -= frames;
    slotsLeft -= slots;
    send(hop, subnet, frame, length, tos, flow, isFirst ? length : 0);
    isFirst = false;
  }
  // Nobody is there, or not any more.
  if (isFirst)
    return drop(subnet.index, lost != 0 ? DROP_OVER_MTU : from == 0 ? DROP_NO_LOCAL_PORT : DROP_NO_RECORD);
  for (; lost > 0; lost--) count(subnet.index, LOST_COPY);
}

/** A copy goes there. `from`: as of `copyToMembers`. */
export function isMeant(hop: NextHop, from: u32): bool {
  return hop.family == LOCAL ? hop.port != from : from != 0;
}

/** Finds what a member needs. */
function reckon(hop: NextHop, subnet: Subnet, frame: usize, length: u32): void {
  frames = 1;
  if (hop.family == LOCAL) {
    slots = isOnVlan(hop.port, subnet.index) ? slotsFor(length) : 0;
    return;
  }
  const mtu = hop.mtu;
  most = mtu - overheadOf(hop);
  trace(events.TRACE_SIZE_LIMIT, length + overheadOf(hop) - ETHERNET_HEADER, mtu);
  const travelling = lengthWithin(frame, length, most);
  slots = slotsFor(travelling);
  if (travelling - ETHERNET_HEADER <= most) return;
  frames = mayBeCut(frame) ? piecesOf(frame + ETHERNET_HEADER, most) : 0;
  slots = frames;
}

/** Bytes of the frame that travel: where they are too many, nothing behind the IP packet (T1). */
function lengthWithin(frame: usize, length: u32, most: u32): u32 {
  if (length - ETHERNET_HEADER <= most) return length;
  const packet = frame + ETHERNET_HEADER;
  const etherType = Ethernet.at(frame).etherType;
  if (etherType == ETHERTYPE_IPV4) return ETHERNET_HEADER + Ipv4.at(packet).totalLength;
  if (etherType == ETHERTYPE_IPV6) return ETHERNET_HEADER + IPV6_HEADER + Ipv6.at(packet).payloadLength;
  return length;
}

function mayBeCut(frame: usize): bool {
  return Ethernet.at(frame).etherType == ETHERTYPE_IPV4 && !Ipv4.at(frame + ETHERNET_HEADER).hasDontFragment;
}

/** As `reckon` found it. `bytes`: of the frame when it is the first one that leaves, else 0. */
function send(
  hop: NextHop,
  subnet: Subnet,
  frame: usize,
  length: u32,
  tos: u32,
  flow: u32,
  bytes: u32,
): void {
  const isRemote = hop.family != LOCAL;
  if (isRemote && frames > 1) {
    encapsulatePieces(subnet, subnet.vsid, frame, most, hop, bytes);
    return;
  }
  let out = frame;
  let outLength = isRemote ? lengthWithin(frame, length, most) : length;
  if (slots != 0) {
    out = takeCopies(slots);
    memory.copy(out, frame, outLength);
  }
  if (isRemote) return encapsulate(subnet.index, subnet.vsid, out, outLength, hop, tos, flow, bytes);
  if (slots != 0) {
    out = tagFor(hop.port, subnet.index, out);
    outLength += VLAN_TAG;
  }
  if (bytes != 0) forward(subnet.index, hop.port, out, outLength, bytes);
  else forwardMore(hop.port, out, outLength);
}
