/** Frames to the virtual router, the same frames behind it, and the ICMP errors that it sends (V2, T2). */

import { type Upper, ethernet, icmpv4, icmpv6, ipv4, ipv6, type ExtensionHeader } from '../packets/index.ts';
import type { PacketFields } from './case.ts';
import { ROUTER_MAC, type VmName, subnet, vm } from './fabric.ts';

type Ends = { readonly src?: string; readonly dst?: string };
type Fields4 = PacketFields & Ends;
type Fields6 = Ends & {
  readonly tos?: number;
  readonly ttl?: number;
  readonly flowLabel?: number;
  readonly headers?: readonly ExtensionHeader[];
};

/** From a VM's MAC to the router's. */
export const toRouter4 = (
  from: VmName,
  dst: string,
  upper: Upper | Uint8Array,
  fields: Fields4 = {},
): Uint8Array =>
  ethernet({ src: vm(from).mac, dst: ROUTER_MAC }, ipv4({ src: vm(from).ipv4!, dst, ...fields }, upper));

const packet6 = (src: string, dst: string, fields: Fields6, upper: Upper | Uint8Array) => {
  const { tos = 0, ttl = 64, ...rest } = fields;
  return ipv6({ src, dst, trafficClass: tos, hopLimit: ttl, ...rest }, upper);
};

export const toRouter6 = (
  from: VmName,
  dst: string,
  upper: Upper | Uint8Array,
  fields: Fields6 = {},
): Uint8Array =>
  ethernet({ src: vm(from).mac, dst: ROUTER_MAC }, packet6(vm(from).ipv6!, dst, fields, upper));

/** Behind the router: its MAC, and a TTL of 63 where the VM sent 64. `dst` where the next hop is a gateway VM. */
export const routed4 = (
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: Fields4 = {},
): Uint8Array =>
  ethernet(
    { src: ROUTER_MAC, dst: vm(to).mac },
    ipv4({ src: vm(from).ipv4!, dst: vm(to).ipv4!, ttl: 63, ...fields }, upper),
  );

export const routed6 = (
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: Fields6 = {},
): Uint8Array =>
  ethernet(
    { src: ROUTER_MAC, dst: vm(to).mac },
    packet6(vm(from).ipv6!, vm(to).ipv6!, { ttl: 63, ...fields }, upper),
  );

export interface ErrorFields extends Ends {
  readonly type: number;
  readonly code: number;
  /** The second word: the MTU, else 0. */
  readonly rest?: number;
}

const firstGateway = (name: VmName, isIpv6: boolean): string =>
  subnet(vm(name).vsid).gateways!.find((address) => address.includes(':') === isIpv6)!;

/** The ICMP error about a frame to the VM that sent it: the packet without padding, up to 576 bytes in all (RFC 1812). */
export function error4(
  to: VmName,
  about: Uint8Array,
  { type, code, rest, src, dst }: ErrorFields,
): Uint8Array {
  const packet = about.subarray(14);
  const length = (packet[2]! << 8) | packet[3]!;
  const ends = { src: src ?? firstGateway(to, false), dst: dst ?? vm(to).ipv4! };
  return ethernet(
    { src: ROUTER_MAC, dst: vm(to).mac },
    ipv4(
      { ...ends, tos: 0xc0, id: 0, df: true, ttl: 64 },
      icmpv4({ type, code, rest: rest ?? 0 }, packet.subarray(0, Math.min(length, 576 - 28))),
    ),
  );
}

/** The same with ICMPv6, up to 1280 bytes in all (RFC 4443 §2.4 c). */
export function error6(
  to: VmName,
  about: Uint8Array,
  { type, code, rest, src, dst }: ErrorFields,
): Uint8Array {
  const packet = about.subarray(14);
  const length = 40 + ((packet[4]! << 8) | packet[5]!);
  const ends = { src: src ?? firstGateway(to, true), dst: dst ?? vm(to).ipv6! };
  return ethernet(
    { src: ROUTER_MAC, dst: vm(to).mac },
    ipv6(
      { ...ends, hopLimit: 64 },
      icmpv6({ type, code, rest: rest ?? 0 }, packet.subarray(0, Math.min(length, 1280 - 48))),
    ),
  );
}

/** RFC 792, RFC 1191. */
export const ERROR4 = {
  timeExceeded: { type: 11, code: 0 },
  hostUnreachable: { type: 3, code: 1 },
  netUnreachable: { type: 3, code: 0 },
  tooBig: (mtu: number) => ({ type: 3, code: 4, rest: mtu }),
} as const;

/** RFC 4443. */
export const ERROR6 = {
  timeExceeded: { type: 3, code: 0 },
  hostUnreachable: { type: 1, code: 3 },
  netUnreachable: { type: 1, code: 0 },
  tooBig: (mtu: number) => ({ type: 2, code: 0, rest: mtu }),
} as const;

/** One family of what is above, for rules that are the same in both. */
export const FAMILIES = [
  {
    family: 'IPv4',
    toRouter: (from: VmName, dst: string, upper: Upper, fields: Ends & { ttl?: number } = {}) =>
      toRouter4(from, dst, upper, fields),
    routed: (from: VmName, to: VmName, upper: Upper, fields: Ends & { ttl?: number } = {}) =>
      routed4(from, to, upper, fields),
    address: (name: VmName): string => vm(name).ipv4!,
    error: error4,
    errors: ERROR4,
  },
  {
    family: 'IPv6',
    toRouter: (from: VmName, dst: string, upper: Upper, fields: Ends & { ttl?: number } = {}) =>
      toRouter6(from, dst, upper, fields),
    routed: (from: VmName, to: VmName, upper: Upper, fields: Ends & { ttl?: number } = {}) =>
      routed6(from, to, upper, fields),
    address: (name: VmName): string => vm(name).ipv6!,
    error: error6,
    errors: ERROR6,
  },
] as const;
