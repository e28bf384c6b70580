// What routers of the provider network say about the size of our envelopes (T4, RFC 1191, RFC 8201). It is believed only where
// it quotes a tunnel that exists, and only for ten minutes.

import * as events from '../../src/abi/trace';
import { DROP_ICMP_UNMATCHED, DROP_PATH_MTU } from '../../src/abi/verdict';
import {
  PATH_MTU_EXPIRY,
  copyOfTo,
  generation,
  hostProvider4,
  hostProvider6High,
  hostProvider6Low,
  nextHopCapacity,
} from '../memory';
import { acquire64, publish64, replace64 } from '../epoch';
import { NextHop, PROTOCOL_GRE } from '../tables/nexthops';
import { Provider4, takeProvider4 } from '../tables/providers4';
import { Provider6, takeProvider6 } from '../tables/providers6';
import { nextHopOf } from '../tables/records';
import { findSubnet } from '../tables/subnets';
import { trace } from '../trace';
import { fold, sumOf } from '../wire/checksum';
import { Gre, NVGRE_FIRST_WORD, NVGRE_HEADER, vsidOf } from '../wire/gre';
import { FRAGMENTATION_NEEDED, ICMPV6, ICMP_HEADER, Icmp, PACKET_TOO_BIG, UNREACHABLE } from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import { drop, now } from './emit';

/** RFC 1191 §3 and RFC 8200 §5: less is never believed. */
const LEAST4: u32 = 576;
const LEAST6: u32 = 1280;
/** RFC 1191 §6.3, RFC 8201 §4: when to try larger packets again, milliseconds. */
const LIFETIME: f64 = 600_000;

/** An ICMP message to this host from `icmp` to `end`. False: it is none of ours. */
export function takePathMtu4(icmp: usize, end: usize): bool {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV4_HEADER > end) return false;
  const message = Icmp.at(icmp);
  if (message.type != UNREACHABLE || message.code != FRAGMENTATION_NEEDED) return false;
  const ip = Ipv4.at(quote);
  if (ip.version != 4 || ip.protocol != PROTOCOL_GRE || ip.srcAddr != hostProvider4) return false;
  const peer = fold(sumOf(icmp, <u32>(end - icmp))) == 0xffff ? peer4(ip, quote, end) : 0;
  const announced = <u32>bswap<u16>(load<u16>(icmp, 6));
  take(peer, max(announced == 0 ? plateauBelow(ip.totalLength) : announced, LEAST4));
  return true;
}

/** `packet`: the IPv6 header in front. */
export function takePathMtu6(packet: usize, icmp: usize, end: usize): bool {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV6_HEADER > end) return false;
  const message = Icmp.at(icmp);
  if (message.type != PACKET_TOO_BIG || message.code != 0) return false;
  const ip = Ipv6.at(quote);
  if (ip.version != 6 || ip.nextHeader != PROTOCOL_GRE) return false;
  if (ip.srcHigh != hostProvider6High || ip.srcLow != hostProvider6Low) return false;
  const length = <u32>(end - icmp);
  const isRight = fold(Ipv6.at(packet).pseudoHeaderSum(length, ICMPV6) + sumOf(icmp, length)) == 0xffff;
  take(isRight ? peer6(ip, quote, end) : 0, max(bswap<u32>(message.parameter), LEAST6));
  return true;
}

function take(peer: u32, mtu: u32): void {
  trace(events.TRACE_PATH_MTU, peer == 0 ? 0 : peer + 1, mtu);
  if (peer == 0) return drop(0, DROP_ICMP_UNMATCHED);
  lower(peer, mtu);
  drop(0, DROP_PATH_MTU);
}

/** A next hop of the peer whose tunnel is quoted, 0 = there is no such tunnel. */
function peer4(ip: Ipv4, quote: usize, end: usize): u32 {
  const entry = takeProvider4(ip.dstAddr, copyOfTo);
  if (entry == 0 || Provider4.at(entry).domain != 0) return 0;
  const peer = nextHopOf(Provider4.at(entry).record);
  return isOurTunnel(peer, quote + ip.headerLength, end) ? peer : 0;
}

function peer6(ip: Ipv6, quote: usize, end: usize): u32 {
  const entry = takeProvider6(ip.dstHigh, ip.dstLow, copyOfTo);
  if (entry == 0 || Provider6.at(entry).domain != 0) return 0;
  const peer = nextHopOf(Provider6.at(entry).record);
  return isOurTunnel(peer, quote + IPV6_HEADER, end) ? peer : 0;
}

function isOurTunnel(peer: u32, gre: usize, end: usize): bool {
  if (gre + NVGRE_HEADER > end) return false;
  const header = Gre.at(gre);
  if (header.firstWord != NVGRE_FIRST_WORD) return false;
  return findSubnet(vsidOf(header.keyWire, NextHop.at(peer).hasDraft00Key)) != 0;
}

/** RFC 1191 §7: a router that names no MTU. */
function plateauBelow(length: u32): u32 {
  if (length > 32000) return 32000;
  if (length > 17914) return 17914;
  if (length > 8166) return 8166;
  if (length > 4352) return 4352;
  if (length > 2002) return 2002;
  if (length > 1492) return 1492;
  return length > 1006 ? 1006 : LEAST4;
}

/** For all next hops of the peer: they differ only in how they are used. */
function lower(peer: u32, mtu: u32): void {
  let index = peer;
  do {
    const hop = NextHop.at(index);
    if (mtu <= hop.mtu && mtu < hop.policyMtu) {
      hop.mtu = mtu;
      publish64(hop.expiryAt, reinterpret<u64>(now + LIFETIME));
      noteExpiry(now + LIFETIME);
    }
    index = hop.nextOfPeer;
  } while (index != peer);
}

/** Some path MTU ends then: at that time at the latest all of them are looked at. */
function noteExpiry(expiry: f64): void {
  let first: u64;
  do {
    first = acquire64(generation + PATH_MTU_EXPIRY);
    if (first != 0 && reinterpret<f64>(first) <= expiry) return;
  } while (!replace64(generation + PATH_MTU_EXPIRY, first, reinterpret<u64>(expiry)));
}

/** Gives peers back the policy's MTU when their time is over. Other workers may learn of new ones meanwhile, or do the same. */
export function agePathMtus(time: f64): void {
  const first = load<f64>(generation, PATH_MTU_EXPIRY);
  if (first == 0 || time < first) return;
  // What is learnt from now on stands there again; what was learnt before is seen below.
  publish64(generation + PATH_MTU_EXPIRY, 0);
  for (let index: u32 = 1; index < nextHopCapacity; index++) {
    const hop = NextHop.at(index);
    const word = acquire64(hop.expiryAt);
    if (word == 0) continue;
    const expiry = reinterpret<f64>(word);
    if (expiry > time) noteExpiry(expiry);
    else if (replace64(hop.expiryAt, word, 0)) hop.mtu = hop.policyMtu;
  }
}
