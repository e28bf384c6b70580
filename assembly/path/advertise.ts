// The answer to a router solicitation (V4, RFC 4861 §4.2): who the gateway is, how large packets may be, which addresses are on
// the link. Addresses come from the policy, so nothing is told to be autonomous.

import { DROP_NEIGHBOR_UNKNOWN, DROP_NO_SLOT } from '../../src/abi/verdict';
import { HOST_ADVERTISED_MTU, generation, routerMac } from '../memory';
import { Port } from '../tables/ports';
import { Prefix } from '../tables/prefixes';
import { Subnet } from '../tables/subnets';
import { fold, sumOf } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { ICMPV6, Icmp } from '../wire/icmp';
import {
  ALL_NODES_LOW,
  ALL_NODES_MAC,
  IPV6_HEADER,
  Ipv6,
  LINK_LOCAL_PREFIX,
  LINK_SCOPE_HIGH,
  interfaceIdentifier,
  isUnspecified6,
} from '../wire/ipv6';
import { MTU_OPTION, PREFIX_INFORMATION, ROUTER_ADVERTISEMENT, SOURCE_LINK_LAYER } from '../wire/ndp';
import { drop, hasRoom, takeCopy } from './emit';
import { answer } from './reply';

/** Current hop limit 64, no flags; the lifetime of a gateway 1800 s (RFC 4861 §6.2.1): a word as it lies in memory. */
const PARAMETER: u32 = 64;
const LIFETIME: u32 = 0x0807_0000;
/** On-link, not autonomous. */
const ON_LINK: u32 = 0x80;
/** More than fit into an answer that has to fit every link are left out. */
const MOST_PREFIXES = 32;

/** `frame`: the solicitation. */
export function advertiseRouter(port: Port, subnet: Subnet, frame: usize): void {
  if (subnet.firstPrefix == 0) return drop(subnet.index, DROP_NEIGHBOR_UNKNOWN);
  if (!hasRoom(1, 0)) return drop(subnet.index, DROP_NO_SLOT);
  const asking = Ipv6.at(frame + ETHERNET_HEADER);
  const isUnspecified = isUnspecified6(asking.srcHigh, asking.srcLow);
  const out = takeCopy();
  const ip = Ipv6.at(out + ETHERNET_HEADER);
  ip.dstHigh = isUnspecified ? LINK_SCOPE_HIGH : asking.srcHigh;
  ip.dstLow = isUnspecified ? ALL_NODES_LOW : asking.srcLow;
  ip.srcHigh = LINK_LOCAL_PREFIX;
  ip.srcLow = interfaceIdentifier(routerMac);
  Ethernet.at(out).setMacs(isUnspecified ? ALL_NODES_MAC : port.mac, routerMac);
  Ethernet.at(out).etherType = ETHERTYPE_IPV6;
  const icmp = out + ETHERNET_HEADER + IPV6_HEADER;
  const end = fillOptions(subnet, icmp + 16);
  const length = <u32>(end - icmp);
  const message = Icmp.at(icmp);
  message.type = <u8>ROUTER_ADVERTISEMENT;
  message.code = 0;
  message.checksum = 0;
  message.parameter = subnet.hasGateway6 ? PARAMETER | LIFETIME : PARAMETER;
  store<u64>(icmp, 0, 8);
  ip.setHead(length, ICMPV6, 255);
  message.checksum = <u16>~fold(ip.pseudoHeaderSum(length, ICMPV6) + sumOf(icmp, length));
  answer(port, subnet, out, ETHERNET_HEADER + IPV6_HEADER + length);
}

/** Returns where they end. */
function fillOptions(subnet: Subnet, option: usize): usize {
  store<u64>(option, (routerMac << 16) | 0x0100 | (<u64>SOURCE_LINK_LAYER));
  const mtu = bswap<u32>(load<u32>(generation, HOST_ADVERTISED_MTU));
  store<u64>(option, ((<u64>mtu) << 32) | 0x0100 | (<u64>MTU_OPTION), 8);
  option += 16;
  let count = 0;
  for (let index = subnet.firstPrefix; index != 0 && count < MOST_PREFIXES; index = Prefix.at(index).next) {
    const prefix = Prefix.at(index);
    const head = (ON_LINK << 24) | (prefix.length << 16) | 0x0400 | PREFIX_INFORMATION;
    store<u64>(option, (<u64>head) | 0xffff_ffff_0000_0000);
    store<u64>(option, 0xffff_ffff, 8);
    store<u64>(option, prefix.high, 16);
    store<u64>(option, prefix.low, 24);
    option += 32;
    count++;
  }
  return option;
}
