// Staging: with tables larger than the caches nearly every lookup waits for memory, one packet after the other. So the cache
// lines that a group of packets will need are read first, all of them at once as far as the processor can; there is no
// prefetch in WebAssembly, so these are loads whose values only go into a sum that nobody reads. What is touched is a guess
// from the usual places of header fields and decides nothing: the packets are processed afterwards as without it.

import { INPUT_ADDRESS, INPUT_PORT, INPUT_SIZE } from '../../src/abi/layout';
import {
  STAGED_ALL,
  STAGED_SENT,
  hostProvider4,
  hostProvider6High,
  hostProvider6Low,
  inputs,
  ringEntries,
  staged,
} from '../memory';
import { touchAddress4, touchMapping4 } from '../tables/addresses4';
import { touchAddress6 } from '../tables/addresses6';
import { domainOfMac, findMac, nextHopOfMac, touchMac } from '../tables/macs';
import { NextHop } from '../tables/nexthops';
import { Port, isPort } from '../tables/ports';
import { touchProvider4 } from '../tables/providers4';
import { touchProvider6 } from '../tables/providers6';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, Ethernet } from '../wire/ethernet';
import { GRE_HEADER, NVGRE_HEADER, vsidOf } from '../wire/gre';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';

/** Packets that are touched before they are processed. */
export const GROUP: u32 = 64;

/** Written only, so that no compiler leaves the loads out. */
export let touched: u64 = 0;

/** Touches what `count` input descriptors from number `first` of the ring on will need. */
export function touch(first: u32, count: u32): void {
  let read: u64 = 0;
  let tunnels: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const descriptor = descriptorOf(first + index);
    const frame = <usize>load<u32>(descriptor, INPUT_ADDRESS);
    const port = <u32>load<u16>(descriptor, INPUT_PORT);
    if (port != 0) read ^= isPort(port) ? touchDestination(Port.at(port), frame) : 0;
    else if (staged < STAGED_ALL) continue;
    else if (isForHost(frame)) {
      read ^= touchInnerMac(frame);
      tunnels++;
    } else read ^= touchProviders(frame);
  }
  for (let index: u32 = 0; tunnels != 0 && index < count; index++) {
    const descriptor = descriptorOf(first + index);
    const frame = <usize>load<u32>(descriptor, INPUT_ADDRESS);
    if (load<u16>(descriptor, INPUT_PORT) == 0 && isForHost(frame)) read ^= touchInner(frame);
  }
  touched = read;
}

function descriptorOf(index: u32): usize {
  return inputs + <usize>(index & (ringEntries - 1)) * INPUT_SIZE;
}

function isIpv4(frame: usize): bool {
  return Ethernet.at(frame).etherType == ETHERTYPE_IPV4;
}

/** From a VM: the record of the destination. */
function touchDestination(port: Port, frame: usize): u64 {
  if (staged < STAGED_SENT && !port.usesRewrite) return 0;
  const packet = frame + ETHERNET_HEADER;
  if (!isIpv4(frame)) return touchAddress6(port.domain, Ipv6.at(packet).dstHigh, Ipv6.at(packet).dstLow);
  const dst = Ipv4.at(packet).dstAddr;
  const record = touchAddress4(port.domain, dst);
  return port.usesRewrite ? record ^ touchMapping4(port.domain, dst) : record;
}

/** From the uplink, to an address of this host itself: probably a tunnel. */
function isForHost(frame: usize): bool {
  const packet = frame + ETHERNET_HEADER;
  if (isIpv4(frame)) return Ipv4.at(packet).dstAddr == hostProvider4;
  return Ipv6.at(packet).dstHigh == hostProvider6High && Ipv6.at(packet).dstLow == hostProvider6Low;
}

/** From the uplink, rewritten: what both addresses mean. */
function touchProviders(frame: usize): u64 {
  const packet = frame + ETHERNET_HEADER;
  if (isIpv4(frame)) return touchProvider4(Ipv4.at(packet).dstAddr) ^ touchProvider4(Ipv4.at(packet).srcAddr);
  const ip = Ipv6.at(packet);
  return touchProvider6(ip.dstHigh, ip.dstLow) ^ touchProvider6(ip.srcHigh, ip.srcLow);
}

/** Where the GRE header of a tunnel probably is. */
function greOf(frame: usize): usize {
  return frame + ETHERNET_HEADER + (isIpv4(frame) ? IPV4_HEADER : IPV6_HEADER);
}

function touchInnerMac(frame: usize): u64 {
  const gre = greOf(frame);
  return touchMac(vsidOf(load<u32>(gre, GRE_HEADER), false), Ethernet.at(gre + NVGRE_HEADER).dstMac);
}

/** When the line of the inner destination's MAC is there: its port, and the record of the inner source. */
function touchInner(frame: usize): u64 {
  const gre = greOf(frame);
  const inner = gre + NVGRE_HEADER;
  const found = findMac(vsidOf(load<u32>(gre, GRE_HEADER), false), Ethernet.at(inner).dstMac);
  if (nextHopOfMac(found) == 0) return 0;
  const packet = inner + ETHERNET_HEADER;
  const domain = domainOfMac(found);
  const source = isIpv4(inner)
    ? touchAddress4(domain, Ipv4.at(packet).srcAddr)
    : touchAddress6(domain, Ipv6.at(packet).srcHigh, Ipv6.at(packet).srcLow);
  const port = NextHop.at(nextHopOfMac(found)).port;
  return source ^ (isPort(port) ? Port.at(port).mac : 0);
}
