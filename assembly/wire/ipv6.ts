//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |Version| Traffic Class |           Flow Label                  |
// |         Payload Length        |  Next Header  |   Hop Limit   |
// |                       Source Address, 128 bits                |
// |                    Destination Address, 128 bits              |   RFC 8200 §3

import { sumOf } from './checksum';

export const IPV6_HEADER: u32 = 40;

/** A view of a header of at least IPV6_HEADER bytes. Addresses as they lie in memory, in two halves. */
@unmanaged
export class Ipv6 {
  versionClassLabelWire: u32;
  payloadLengthWire: u16;
  nextHeader: u8;
  hopLimit: u8;
  srcHigh: u64;
  srcLow: u64;
  dstHigh: u64;
  dstLow: u64;

  static at(packet: usize): Ipv6 {
    return changetype<Ipv6>(packet);
  }

  get version(): u32 {
    return (<u32>load<u8>(changetype<usize>(this))) >> 4;
  }

  get payloadLength(): u32 {
    return <u32>bswap<u16>(this.payloadLengthWire);
  }

  get trafficClass(): u32 {
    return (bswap<u32>(this.versionClassLabelWire) >> 20) & 0xff;
  }

  /** The sum of the pseudo-header (RFC 8200 §8.1) for an upper layer of `length` bytes. */
  pseudoHeaderSum(length: u32, protocol: u32): u64 {
    return sumOf(changetype<usize>(this) + 8, 32) + <u64>bswap<u32>(length) + <u64>bswap<u32>(protocol);
  }

  /** Version, traffic class and flow label 0, and the rest of the first eight bytes. */
  setHead(payloadLength: u32, nextHeader: u32, hopLimit: u32): void {
    this.versionClassLabelWire = 0x60;
    this.payloadLengthWire = bswap<u16>(<u16>payloadLength);
    this.nextHeader = <u8>nextHeader;
    this.hopLimit = <u8>hopLimit;
  }

  setTrafficClass(value: u32): void {
    const word = bswap<u32>(this.versionClassLabelWire);
    this.versionClassLabelWire = bswap<u32>((word & 0xf00f_ffff) | (value << 20));
  }
}

/** ::/128 (RFC 4291 §2.5.2). */
export function isUnspecified6(high: u64, low: u64): bool {
  return (high | low) == 0;
}

/** ::1/128 (RFC 4291 §2.5.3). */
export function isLoopback6(high: u64, low: u64): bool {
  return high == 0 && low == 0x0100_0000_0000_0000;
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal6(high: u64): bool {
  return (high & 0xc0ff) == 0x80fe;
}

/** ff00::/8 (RFC 4291 §2.7). */
export function isMulticast6(high: u64): bool {
  return (high & 0xff) == 0xff;
}

/** fe80::/64, as it lies in memory. */
export const LINK_LOCAL_PREFIX: u64 = 0x80fe;

/** The interface identifier that a MAC gives (modified EUI-64, RFC 4291 appendix A), as it lies in memory. */
export function interfaceIdentifier(mac: u64): u64 {
  return ((mac & 0xff_ffff) | 0xfe_ff00_0000 | ((mac & 0xffff_ff00_0000) << 16)) ^ 0x02;
}

/** The MAC that an interface identifier was made from; only behind `isFromMac`. */
export function macOfInterface(low: u64): u64 {
  const flipped = low ^ 0x02;
  return (flipped & 0xff_ffff) | ((flipped >> 16) & 0xffff_ff00_0000);
}

/** The interface identifier has the form that `interfaceIdentifier` gives: FF FE in the middle. */
export function isFromMac(low: u64): bool {
  return (low & 0xff_ff00_0000) == 0xfe_ff00_0000;
}

// ff02::1 and ff02::1:ff00:0/104, as they lie in memory (RFC 4291 §2.7.1).
export const LINK_SCOPE_HIGH: u64 = 0x02ff;
export const ALL_NODES_LOW: u64 = 0x0100_0000_0000_0000;
/** 33:33:00:00:00:01, the group of ff02::1 (RFC 2464 §7). */
export const ALL_NODES_MAC: u64 = 0x0100_0000_3333;

export function isSolicitedNode6(high: u64, low: u64): bool {
  return high == LINK_SCOPE_HIGH && (low & 0xff_ffff_ffff) == 0xff_0100_0000;
}
