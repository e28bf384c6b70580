// Broadcast and multicast (V5): to every local port of the subnet, and once to each other host that has an endpoint in it.
// What needs no change leaves from the slot that it lies in; what gets a header or a tag is copied into a slot of its own.

import * as events from '../../src/abi/trace';
import { SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout';
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
import { VLAN_TAG } from '../wire/ethernet';
import { isOnVlan, tagFor } from './deliver';
import { count, drop, forward, forwardMore, hasRoom, takeCopy } from './emit';
import { encapsulate, fitsTunnel } from './encapsulate';
import { floodSegments } from './flood-segments';
import { mayFlood } from './limit';
import { complete, isSuper } from './offload';

const SLOT_FRAME: u32 = SLOT_SIZE - SLOT_HEADROOM;

/** From a VM. */
export function flood(port: Port, subnet: Subnet, frame: usize, length: u32, tos: u32, flow: u32): void {
  if (!subnet.floods) return drop(subnet.index, DROP_FLOOD);
  if (!mayFlood(port)) return drop(subnet.index, DROP_FLOOD_RATE);
  if (isDefined(NETVIRT_LIVE)) {
    if (isSuper()) return floodSegments(subnet, port.index, frame, tos, flow);
    complete();
  }
  let targets: u32 = 0;
  let copies: u32 = 0;
  let tooLong: u32 = 0;
  const first = firstMemberOf(subnet);
  for (let index = first; index != 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    if (isSource(hop, port.index)) continue;
    if (hop.family != LOCAL && !fitsTunnel(length, hop)) {
      tooLong++;
      continue;
    }
    targets++;
    if (needsCopy(hop, subnet)) copies++;
  }
  trace(events.TRACE_FLOOD, targets, copies);
  if (targets == 0) return drop(subnet.index, tooLong == 0 ? DROP_NO_RECORD : DROP_OVER_MTU);
  if (!hasRoom(copies, targets - 1) || (copies > 0 && length > SLOT_FRAME))
    return drop(subnet.index, DROP_NO_SLOT);
  for (; tooLong > 0; tooLong--) count(subnet.index, LOST_COPY);
  copyToMembers(subnet, first, port.index, frame, length, tos, flow, targets, copies);
}

/** From the uplink: to local ports only, the sending host has served the others. */
export function floodLocal(subnet: Subnet, frame: usize, length: u32): void {
  if (isDefined(NETVIRT_LIVE)) {
    if (isSuper()) return floodSegments(subnet, 0, frame, 0, 0);
    complete();
  }
  let targets: u32 = 0;
  let copies: u32 = 0;
  const first = firstMemberOf(subnet);
  for (let index = first; index != 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    if (hop.family != LOCAL) continue;
    targets++;
    if (needsCopy(hop, subnet)) copies++;
  }
  trace(events.TRACE_FLOOD, targets, copies);
  if (targets == 0) return drop(subnet.index, DROP_NO_LOCAL_PORT);
  if (!hasRoom(copies, targets - 1) || (copies > 0 && length > SLOT_FRAME))
    return drop(subnet.index, DROP_NO_SLOT);
  copyToMembers(subnet, first, 0, frame, length, 0, 0, targets, copies);
}

export function isSource(hop: NextHop, port: u32): bool {
  return hop.family == LOCAL && hop.port == port;
}

function needsCopy(hop: NextHop, subnet: Subnet): bool {
  return hop.family != LOCAL || isOnVlan(hop.port, subnet.index);
}

/**
 * `first`: where the list began when `targets` and `copies` were counted: who joined since stands in front of it, and is left out.
 * `from`: the port that the frame came from, 0 = the uplink, whose frames stay on this host.
 */
function copyToMembers(
  subnet: Subnet,
  first: u32,
  from: u32,
  frame: usize,
  length: u32,
  tos: u32,
  flow: u32,
  targets: u32,
  copies: u32,
): void {
  let isFirst = true;
  for (let index = first; index != 0 && targets > 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    const isRemote = hop.family != LOCAL;
    if (isSource(hop, from) || (isRemote && (from == 0 || !fitsTunnel(length, hop)))) continue;
    let out = frame;
    let outLength = length;
    if (needsCopy(hop, subnet)) {
      if (copies == 0) continue;
      copies--;
      out = takeCopy();
      memory.copy(out, frame, length);
      if (!isRemote) {
        out = tagFor(hop.port, subnet.index, out);
        outLength += VLAN_TAG;
      }
    }
    targets--;
    if (isRemote) encapsulate(subnet.index, subnet.vsid, out, length, hop, tos, flow, isFirst ? length : 0);
    else if (isFirst) forward(subnet.index, hop.port, out, outLength, length);
    else forwardMore(hop.port, out, outLength);
    isFirst = false;
  }
  // All of them left the subnet in the meantime.
  if (isFirst) drop(subnet.index, from == 0 ? DROP_NO_LOCAL_PORT : DROP_NO_RECORD);
}
