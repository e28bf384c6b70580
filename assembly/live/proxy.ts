// Who asks the provider network for a rewrite address of this host gets an answer (ARP, RFC 826; neighbour solicitation, RFC 4861
// §7.2.4). The host's own stack cannot give it: the address is not its own, or it would also answer what is sent there.

import { HOST_MAC, copyOfTo, generation } from '../memory';
import { hasRoom, reply, takeCopy } from '../path/emit';
import { fillAdvertisement } from '../path/neighbors';
import { LOCAL, NextHop } from '../tables/nexthops';
import { Provider4, takeProvider4 } from '../tables/providers4';
import { Provider6, takeProvider6 } from '../tables/providers6';
import { nextHopOf } from '../tables/records';
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST, Arp } from '../wire/arp';
import { ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { ICMPV6 } from '../wire/icmp';
import {
  ALL_NODES_LOW,
  ALL_NODES_MAC,
  IPV6_HEADER,
  Ipv6,
  LINK_SCOPE_HIGH,
  isUnspecified6,
} from '../wire/ipv6';
import { FLAG_OVERRIDE, FLAG_SOLICITED, NEIGHBOR_SOLICITATION, TARGET } from '../wire/ndp';

const SOLICITATION_LENGTH: u32 = 24;

/** True: the frame from the uplink was such a question, and is answered. */
export function isAnsweredForProvider(frame: usize, length: u32): bool {
  const etherType = Ethernet.at(frame).etherType;
  if (etherType == ETHERTYPE_ARP) return isArpAnswered(frame, length);
  return etherType == ETHERTYPE_IPV6 && isSolicitationAnswered(frame, length);
}

function isArpAnswered(frame: usize, length: u32): bool {
  if (length < ETHERNET_HEADER + ARP_LENGTH) return false;
  const arp = Arp.at(frame + ETHERNET_HEADER);
  if (!arp.isEthernetIpv4 || arp.operation != ARP_REQUEST) return false;
  const target = arp.dstAddr;
  const entry = takeProvider4(target, copyOfTo);
  if (entry == 0 || arp.srcAddr == target) return false;
  const to = Provider4.at(entry);
  if (!isLocal(to.domain, to.record)) return false;
  const asking = arp.srcHardware;
  const sender = arp.srcAddr;
  Ethernet.at(frame).setMacs(asking, hostMac());
  arp.operation = ARP_REPLY;
  arp.setSource(hostMac(), target);
  arp.setDestination(asking, sender);
  reply(to.subnet, 0, frame, ETHERNET_HEADER + ARP_LENGTH);
  return true;
}

function isSolicitationAnswered(frame: usize, length: u32): bool {
  if (length < ETHERNET_HEADER + IPV6_HEADER + SOLICITATION_LENGTH) return false;
  const asking = Ipv6.at(frame + ETHERNET_HEADER);
  const icmp = frame + ETHERNET_HEADER + IPV6_HEADER;
  if (asking.nextHeader != <u8>ICMPV6 || <u32>load<u8>(icmp) != NEIGHBOR_SOLICITATION) return false;
  if (asking.hopLimit != 255 || load<u8>(icmp, 1) != 0) return false;
  const high = load<u64>(icmp, TARGET);
  const low = load<u64>(icmp, TARGET + 8);
  const entry = takeProvider6(high, low, copyOfTo);
  if (entry == 0 || !hasRoom(1, 0)) return false;
  const to = Provider6.at(entry);
  if (!isLocal(to.domain, to.record)) return false;
  const isProbe = isUnspecified6(asking.srcHigh, asking.srcLow);
  const out = takeCopy();
  const ip = Ipv6.at(out + ETHERNET_HEADER);
  ip.dstHigh = isProbe ? LINK_SCOPE_HIGH : asking.srcHigh;
  ip.dstLow = isProbe ? ALL_NODES_LOW : asking.srcLow;
  ip.srcHigh = high;
  ip.srcLow = low;
  Ethernet.at(out).setMacs(isProbe ? ALL_NODES_MAC : Ethernet.at(frame).srcMac, hostMac());
  Ethernet.at(out).etherType = ETHERTYPE_IPV6;
  const flags = isProbe ? FLAG_OVERRIDE : FLAG_OVERRIDE | FLAG_SOLICITED;
  reply(to.subnet, 0, out, fillAdvertisement(ip, flags, hostMac()));
  return true;
}

function isLocal(domain: u32, record: u64): bool {
  return domain != 0 && NextHop.at(nextHopOf(record)).family == LOCAL;
}

function hostMac(): u64 {
  return load<u64>(generation, HOST_MAC);
}
