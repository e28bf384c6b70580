//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// |     Type      |     Code      |          Checksum             |
// |               parameter: identifier, MTU, unused              |   RFC 792, RFC 4443 §2.1

export const ICMP: u32 = 1;
export const ICMPV6: u32 = 58;

/** Header and parameter; in an error the quoted packet follows. */
export const ICMP_HEADER: u32 = 8;

// ICMP.
export const ECHO_REPLY: u32 = 0;
export const UNREACHABLE: u32 = 3;
export const ECHO_REQUEST: u32 = 8;
export const TIME_EXCEEDED: u32 = 11;
// Codes of UNREACHABLE.
export const NETWORK: u32 = 0;
export const HOST: u32 = 1;
export const FRAGMENTATION_NEEDED: u32 = 4;

// ICMPv6.
export const UNREACHABLE6: u32 = 1;
export const PACKET_TOO_BIG: u32 = 2;
export const TIME_EXCEEDED6: u32 = 3;
export const ECHO_REQUEST6: u32 = 128;
export const ECHO_REPLY6: u32 = 129;
// Codes of UNREACHABLE6.
export const NO_ROUTE: u32 = 0;
export const ADDRESS: u32 = 3;

@unmanaged
export class Icmp {
  type: u8;
  code: u8;
  checksum: u16;
  /** As it lies in memory. */
  parameter: u32;

  static at(header: usize): Icmp {
    return changetype<Icmp>(header);
  }
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 1122 §3.2.2). */
export function isIcmpError(icmp: usize, end: usize): bool {
  if (icmp >= end) return false;
  const type = load<u8>(icmp);
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/** Error messages have types below 128 (RFC 4443 §2.1); 1–4 are defined. */
export function isIcmpv6Error(icmp: usize, end: usize): bool {
  if (icmp >= end) return false;
  const type = load<u8>(icmp);
  return type >= 1 && type <= 4;
}
