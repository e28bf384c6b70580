// Checksums of transport headers when addresses change (W3, W4).

import * as events from '../../src/abi/trace';
import { trace } from '../trace';
import { fold, updated } from '../wire/checksum';
import { ICMP, ICMPV6 } from '../wire/icmp';
import { TCP } from '../wire/tcp';
import { isPartialAt } from './offload';

const UDP: u32 = 17;
const DCCP: u32 = 33;
const UDP_LITE: u32 = 136;

/** Offset of the checksum in the transport header; 0: none that we keep (SCTP, GRE, ESP, unknown). */
function checksumOffset(protocol: u32, family: u32): usize {
  if (protocol == TCP) return 16;
  if (protocol == UDP || protocol == UDP_LITE || protocol == DCCP) return 6;
  if (protocol == (family == 4 ? ICMP : ICMPV6)) return 2;
  return 0;
}

/**
 * Adds `change` to the sum under the checksum of a transport header that lies before `end`. A field that does not fit is
 * left alone. Returns what this changes in the sum of an enclosing checksum (an ICMP error that quotes this packet).
 */
export function updateTransport(transport: usize, end: usize, protocol: u32, family: u32, change: u64): u64 {
  const offset = checksumOffset(protocol, family);
  if (offset == 0 || transport + offset + 2 > end) return 0;
  const field = transport + offset;
  const before = <u32>load<u16>(field);
  if (isDefined(NETVIRT_LIVE) && isPartialAt(field)) {
    // Not complemented (W7): the sum itself changes. Nothing encloses it.
    store<u16>(field, <u16>fold(<u64>before + change));
    return 0;
  }
  if (before == 0 && protocol == UDP) return 0;
  let after = updated(before, change);
  // 0 would mean "no checksum" (RFC 768, RFC 3828 §3.1).
  if (after == 0 && (protocol == UDP || protocol == UDP_LITE)) after = 0xffff;
  store<u16>(field, <u16>after);
  trace(events.TRACE_L4_CHECKSUM, bswap<u16>(<u16>before), bswap<u16>(<u16>after));
  return <u64>(~before & 0xffff) + <u64>after;
}
