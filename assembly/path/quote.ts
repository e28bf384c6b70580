// The packet that an ICMP error quotes (W6): without its translation no VM would recognise the error, and path MTU
// discovery would fail.
//
// A translation answers what it changes in the ICMP checksum, or a reason to drop in its upper half (`quoteFault`).

import * as events from '../../src/abi/trace';
import { DROP_REWRITE_QUOTE } from '../../src/abi/verdict';
import { copyOfQuoted } from '../memory';
import { findAddress4, mappingOf4 } from '../tables/addresses4';
import { findAddress6, mappingOf6, scopeOf6 } from '../tables/addresses6';
import { providerHigh, providerLow, readMapping6 } from '../tables/mappings6';
import { Provider4, takeProvider4 } from '../tables/providers4';
import { Provider6, takeProvider6 } from '../tables/providers6';
import { providerOf } from '../tables/records';
import { trace } from '../trace';
import { change32, updated } from '../wire/checksum';
import { ICMP, ICMP_HEADER } from '../wire/icmp';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { IPV6_HEADER, Ipv6 } from '../wire/ipv6';
import {
  hasBrokenChain,
  hasSegmentsLeft,
  isLaterFragment,
  protocolOf,
  shapeIpv4,
  shapeIpv6,
  transportOffsetOf,
} from './classify';
import { updateTransport } from './transport';
import { setDestination6, setSource6 } from './translate';

const FAULT: u64 = (<u64>DROP_REWRITE_QUOTE) << 56;

export function quoteFault(translated: u64): u32 {
  return <u32>(translated >> 56);
}

export function translateQuote4(domain: u32, icmp: usize, end: usize, leaving: bool): u64 {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV4_HEADER > end) return 0;
  const ip = Ipv4.at(quote);
  if (ip.version != 4 || ip.headerLength < IPV4_HEADER || quote + ip.headerLength > end) return 0;
  trace(events.TRACE_QUOTE, ICMP_HEADER);
  const src = counterpart4(domain, ip.srcAddr, leaving);
  const dst = counterpart4(domain, ip.dstAddr, leaving);
  if (((src | dst) & FAULT) != 0) return FAULT;

  const addresses = change32(ip.srcAddr, <u32>src) + change32(ip.dstAddr, <u32>dst);
  const before = <u32>ip.checksum;
  const after = updated(before, addresses);
  ip.checksum = <u16>after;
  ip.srcAddr = <u32>src;
  ip.dstAddr = <u32>dst;
  const change = addresses + <u64>(~before & 0xffff) + <u64>after;
  const shape = shapeIpv4(quote);
  const protocol = protocolOf(shape);
  if (isLaterFragment(shape) || protocol == ICMP) return change;
  return change + updateTransport(quote + transportOffsetOf(shape), end, protocol, 4, addresses);
}

/** The other address of a quoted one, itself if there is none; FAULT where the way back would not lead here. */
function counterpart4(domain: u32, address: u32, leaving: bool): u64 {
  const provider = takeProvider4(address, copyOfQuoted);
  const isProvider = provider != 0 && Provider4.at(provider).domain == domain;
  if (!leaving) return isProvider ? Provider4.at(provider).customer : address;
  const entry = findAddress4(domain, address);
  const counterpart: u32 = entry == 0 ? 0 : providerOf(mappingOf4(entry));
  if (counterpart != 0) return counterpart;
  return isProvider ? FAULT : address;
}

export function translateQuote6(domain: u32, icmp: usize, end: usize, leaving: bool): u64 {
  const quote = icmp + ICMP_HEADER;
  if (quote + IPV6_HEADER > end) return 0;
  const ip = Ipv6.at(quote);
  if (ip.version != 6) return 0;
  trace(events.TRACE_QUOTE, ICMP_HEADER);
  if (!findCounterpart6(domain, ip.srcHigh, ip.srcLow, leaving)) return FAULT;
  const srcHigh = counterpartHigh;
  const srcLow = counterpartLow;
  if (!findCounterpart6(domain, ip.dstHigh, ip.dstLow, leaving)) return FAULT;
  const available = min(<u32>(end - quote), IPV6_HEADER + ip.payloadLength);
  const srcChange = setSource6(ip, srcHigh, srcLow);
  const dstChange = setDestination6(ip, counterpartHigh, counterpartLow);
  const shape = shapeIpv6(quote, available);
  if (isLaterFragment(shape) || hasBrokenChain(shape)) return srcChange + dstChange;
  const covered = hasSegmentsLeft(shape) ? srcChange : srcChange + dstChange;
  const transport = updateTransport(quote + transportOffsetOf(shape), end, protocolOf(shape), 6, covered);
  return srcChange + dstChange + transport;
}

// What `findCounterpart6` found.
let counterpartHigh: u64 = 0;
let counterpartLow: u64 = 0;

/** The other address of a quoted one, itself if there is none; false where the way back would not lead here. */
function findCounterpart6(domain: u32, high: u64, low: u64, leaving: bool): bool {
  const provider = takeProvider6(high, low, copyOfQuoted);
  const isProvider = provider != 0 && Provider6.at(provider).domain == domain;
  counterpartHigh = !leaving && isProvider ? Provider6.at(provider).customerHigh : high;
  counterpartLow = !leaving && isProvider ? Provider6.at(provider).customerLow : low;
  if (!leaving) return true;
  const entry = findAddress6(scopeOf6(domain, 0, high), high, low);
  if (entry == 0 || !readMapping6(mappingOf6(entry))) return !isProvider;
  counterpartHigh = providerHigh;
  counterpartLow = providerLow;
  return true;
}
