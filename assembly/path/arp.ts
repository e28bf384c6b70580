// ARP from a VM (V4, RFC 826): questions are answered from the records, so that none crosses the physical network.

import * as events from '../../src/abi/trace';
import {
  DROP_ADDRESS_TAKEN,
  DROP_ARP_SENDER,
  DROP_INNER_MALFORMED,
  DROP_INNER_TRUNCATED,
  DROP_NEIGHBOR_NEEDLESS,
  DROP_NEIGHBOR_UNKNOWN,
} from '../../src/abi/verdict';
import { routerMac } from '../memory';
import { findAddress4, recordOf4, subnetOf4 } from '../tables/addresses4';
import { findMac, isRewriteMac, nextHopOfMac } from '../tables/macs';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { macOf, nextHopOf } from '../tables/records';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST, Arp } from '../wire/arp';
import { ETHERNET_HEADER, Ethernet } from '../wire/ethernet';
import { drop, hasRoom } from './emit';
import { isOwn4 } from './guard';
import { answer, answerBeside } from './reply';

/** False: the frame is done with, answered or dropped. True: it goes to the VM that its destination MAC names. */
export function isLeftToVms(port: Port, subnet: Subnet, frame: usize, length: u32): bool {
  const reason = faultOf(port, subnet, frame, length);
  if (reason != 0) {
    drop(subnet.index, reason);
    return false;
  }
  const arp = Arp.at(frame + ETHERNET_HEADER);
  const dstMac = Ethernet.at(frame).dstMac;
  const isForAll = Ethernet.at(frame).isGroup || dstMac == routerMac;
  const isAnnouncement = arp.srcAddr == arp.dstAddr && isOwn4(port, subnet, arp.srcAddr);
  if (isAnnouncement || (isForAll && arp.operation == ARP_REPLY)) {
    drop(subnet.index, DROP_NEIGHBOR_NEEDLESS);
    return false;
  }
  const isAnswered = isForAll || isRewrittenTo(port, subnet, dstMac);
  if (arp.operation == ARP_REPLY || !isAnswered) return true;
  answerRequest(port, subnet, frame, arp);
  return false;
}

/** What is wrong with the frame, or with what it claims (V6): a reason to drop, 0 = nothing. */
function faultOf(port: Port, subnet: Subnet, frame: usize, length: u32): u32 {
  if (length < ETHERNET_HEADER + ARP_LENGTH) return DROP_INNER_TRUNCATED;
  const arp = Arp.at(frame + ETHERNET_HEADER);
  const operation = arp.operation;
  if (!arp.isEthernetIpv4 || (operation != ARP_REQUEST && operation != ARP_REPLY))
    return DROP_INNER_MALFORMED;
  if (arp.srcHardware != port.mac) return DROP_ARP_SENDER;
  const sender = arp.srcAddr;
  return sender == 0 || port.isForwarding || isOwn4(port, subnet, sender) ? 0 : DROP_ARP_SENDER;
}

/** To another host, both endpoints using IP Rewrite: nothing but IP crosses the physical network (W8), and not as its neighbour's. */
export function isRewrittenTo(port: Port, subnet: Subnet, dstMac: u64): bool {
  const found = findMac(subnet.vsid, dstMac);
  if (nextHopOfMac(found) == 0 || !port.usesRewrite || !isRewriteMac(found)) return false;
  return !NextHop.at(nextHopOfMac(found)).isHere;
}

function answerRequest(port: Port, subnet: Subnet, frame: usize, arp: Arp): void {
  const target = arp.dstAddr;
  const sender = arp.srcAddr;
  const entry = findAddress4(subnet.domain, target);
  const isKnown = entry != 0 && subnetOf4(entry) == subnet.index;
  const record: u64 = isKnown ? recordOf4(entry) : 0;
  trace(events.TRACE_NEIGHBOR4, target, macOf(record));
  if (!isKnown) return drop(subnet.index, DROP_NEIGHBOR_UNKNOWN);
  if (nextHopOf(record) == port.nextHop) return drop(subnet.index, DROP_NEIGHBOR_NEEDLESS);
  const mac = macOf(record);
  Ethernet.at(frame).setMacs(port.mac, mac);
  arp.operation = ARP_REPLY;
  arp.setSource(mac, target);
  arp.setDestination(port.mac, sender);
  const length = ETHERNET_HEADER + ARP_LENGTH;
  if (sender != 0) return answer(port, subnet, frame, length);
  // A probe (RFC 5227 §2.1.1): the VM must not take the address, and is told so.
  if (hasRoom(0, 1)) answerBeside(port, subnet, frame, length);
  drop(subnet.index, DROP_ADDRESS_TAKEN);
}
