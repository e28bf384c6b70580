// To a VM on this host (V8), with the tag of its VLAN where it has the subnet on one (N6).

import * as events from '../../src/abi/trace';
import { Port } from '../tables/ports';
import { vidOfSubnet } from '../tables/vlans';
import { trace } from '../trace';
import { insertTag } from '../wire/ethernet';

/** The port has the subnet on a VLAN. */
export function isOnVlan(port: u32, subnet: u32): bool {
  return Port.at(port).subnet != subnet;
}

/** Puts the tag in front, into the headroom: the frame then begins VLAN_TAG bytes earlier. */
export function tagFor(port: u32, subnet: u32, frame: usize): usize {
  const vid = vidOfSubnet(port, subnet);
  trace(events.TRACE_VLAN_ADDED, vid);
  return insertTag(frame, vid);
}
