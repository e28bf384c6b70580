// A super-segment to a group's MAC address (V5, W7): nobody gets it in one. Its segments are built for each target anew, because
// each target's headers go in front of them.

import {
  DROP_NO_LOCAL_PORT,
  DROP_NO_RECORD,
  DROP_NO_SLOT,
  DROP_OVER_MTU,
  LOST_COPY,
} from '../../src/abi/verdict';
import { Member, firstMemberOf } from '../tables/members';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Subnet } from '../tables/subnets';
import { VLAN_TAG } from '../wire/ethernet';
import { isOnVlan, tagFor } from './deliver';
import { count, drop, forward, forwardMore } from './emit';
import { encapsulate, fitsTunnel } from './encapsulate';
import { isSource } from './flood';
import { end, segmentFrameOf } from './offload';
import { beginSegments, nextSegment, repeatSegments, segmentLength } from './segment';

/** `from`: the port that the frame came from, 0 = the uplink, whose frames stay on this host. */
export function floodSegments(subnet: Subnet, from: u32, frame: usize, tos: u32, flow: u32): void {
  let targets: u32 = 0;
  let tooLong: u32 = 0;
  const nobody = from == 0 ? DROP_NO_LOCAL_PORT : DROP_NO_RECORD;
  const longest = segmentFrameOf(u32.MAX_VALUE);
  const first = firstMemberOf(subnet);
  for (let index = first; index != 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    if (isSource(hop, from) || (hop.family != LOCAL && from == 0)) continue;
    if (hop.family == LOCAL || fitsTunnel(longest, hop)) targets++;
    else tooLong++;
  }
  if (targets == 0) return drop(subnet.index, tooLong == 0 ? nobody : DROP_OVER_MTU);
  const bytes = <u32>(end - frame);
  const segments = beginSegments(frame, targets);
  if (segments == 0) return drop(subnet.index, DROP_NO_SLOT);
  for (; tooLong > 0; tooLong--) count(subnet.index, LOST_COPY);
  let isFirst = true;
  for (let index = first; index != 0 && targets > 0; index = Member.at(index).next) {
    const hop = NextHop.at(Member.at(index).nextHop);
    const isRemote = hop.family != LOCAL;
    if (isSource(hop, from) || (isRemote && (from == 0 || !fitsTunnel(longest, hop)))) continue;
    targets--;
    repeatSegments();
    for (let number: u32 = 0; number < segments; number++) {
      const segment = nextSegment();
      const counted = isFirst ? bytes : 0;
      isFirst = false;
      if (isRemote) encapsulate(subnet.index, subnet.vsid, segment, segmentLength, hop, tos, flow, counted);
      else sendLocal(subnet, hop.port, segment, counted);
    }
  }
  // All of them left the subnet in the meantime.
  if (isFirst) drop(subnet.index, nobody);
}

/** `counted`: as `bytes` of `encapsulate`. */
function sendLocal(subnet: Subnet, port: u32, segment: usize, counted: u32): void {
  const isTagged = isOnVlan(port, subnet.index);
  const out = isTagged ? tagFor(port, subnet.index, segment) : segment;
  const length = isTagged ? segmentLength + VLAN_TAG : segmentLength;
  if (counted == 0) forwardMore(port, out, length);
  else forward(subnet.index, port, out, length, counted);
}
