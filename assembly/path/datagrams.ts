// UDP datagrams that came in one and are longer than the path carries, but may be cut (T1, W7). Unlike TCP's their limits must stay: each
// is built in slots of its own, and then goes the way of any such packet, in IP fragments.

import { SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout';
import { DROP_NO_SLOT } from '../../src/abi/verdict';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { providerOf, usesVmMac } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { Ipv4 } from '../wire/ipv4';
import { shapeIpv4 } from './classify';
import { addBytes, drop, forward, hasRoom } from './emit';
import { encapsulate } from './encapsulate';
import { flowOfIpv4 } from './flow';
import { rewritePieces, sendPieces } from './fragment';
import { beginFurther, end, segmentOf } from './offload';
import { setOuterMacs } from './rewrite';
import { beginSegments, nextSegment, segmentLength, slotsEach } from './segment';
import { translateIpv4 } from './translate';

const LONGEST_HEADER: u32 = 60;

/** Returns the number of datagrams; 0: the slots do not suffice for all of them and all their fragments. `most`: longest fragment. */
function beginDatagrams(frame: usize, most: u32): u32 {
  const longest = segmentOf(u32.MAX_VALUE);
  const count = beginSegments(frame, 1);
  const room = (min(most, SLOT_SIZE - SLOT_HEADROOM - ETHERNET_HEADER) - LONGEST_HEADER) & ~7;
  const pieces = longest / room + 2;
  return hasRoom(count * (slotsEach + pieces), count * pieces) ? count : 0;
}

/** As `sendPieces`. */
export function sendDatagrams(subnet: Subnet, vsid: u32, frame: usize, most: u32, hop: NextHop): void {
  const count = beginDatagrams(frame, most);
  if (count == 0) return drop(subnet.index, DROP_NO_SLOT);
  for (let number: u32 = 0; number < count; number++) {
    const datagram = nextSegment();
    const packet = datagram + ETHERNET_HEADER;
    const ip = Ipv4.at(packet);
    if (number == 0) addBytes(subnet.index, <u32>(end - frame) - segmentLength);
    if (ip.totalLength > most) {
      sendPieces(subnet, vsid, datagram, most, hop);
    } else {
      const flow = flowOfIpv4(packet, shapeIpv4(packet), ip.totalLength);
      encapsulate(subnet.index, vsid, datagram, segmentLength, hop, ip.tos, flow, segmentLength);
    }
    beginFurther();
  }
}

/** As `rewritePieces`. */
export function rewriteDatagrams(
  port: Port,
  subnet: Subnet,
  frame: usize,
  source: u64,
  destination: u32,
  mac: u64,
  most: u32,
  hop: NextHop,
): void {
  const count = beginDatagrams(frame, most);
  if (count == 0) return drop(subnet.index, DROP_NO_SLOT);
  for (let number: u32 = 0; number < count; number++) {
    const datagram = nextSegment();
    const packet = datagram + ETHERNET_HEADER;
    if (number == 0) addBytes(subnet.index, <u32>(end - frame) - segmentLength);
    if (Ipv4.at(packet).totalLength > most) {
      rewritePieces(port, subnet, datagram, source, destination, mac, most, hop);
    } else {
      // Nothing that could not be rewritten: it is UDP.
      translateIpv4(port.domain, packet, shapeIpv4(packet), providerOf(source), destination, true);
      setOuterMacs(port, usesVmMac(source), datagram, mac, hop);
      forward(subnet.index, 0, datagram, segmentLength, segmentLength);
    }
    beginFurther();
  }
}
