/** What stands above IP: it says its protocol number and builds its bytes once the addresses are known. */
import { concat, u16, u32, u8 } from './bytes.ts';

/** The addresses of the pseudo-header: 4 or 16 bytes each. */
export interface PseudoAddresses {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

export interface Upper {
  readonly protocol: number;
  build(addresses: PseudoAddresses): Uint8Array;
}

/** RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6. */
export function pseudoHeader({ src, dst }: PseudoAddresses, protocol: number, length: number): Uint8Array {
  return src.length === 4
    ? concat(src, dst, u8(0), u8(protocol), u16(length))
    : concat(src, dst, u32(length), u32(protocol));
}

export const PROTOCOL = {
  hopByHop: 0,
  icmpv4: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  noNextHeader: 59,
  destinationOptions: 60,
  sctp: 132,
  udpLite: 136,
  /** RFC 3692: for experiments. */
  experiment: 253,
} as const;

/** Bytes as they are, under any protocol number. */
export const raw = (protocol: number, bytes: Uint8Array): Upper => ({ protocol, build: () => bytes });

/** The first `length` bytes of what `upper` builds, or those from `start`: for fragments and truncated packets. */
export const part = (upper: Upper, start: number, end?: number): Upper => ({
  protocol: upper.protocol,
  build: (addresses) => upper.build(addresses).subarray(start, end),
});
