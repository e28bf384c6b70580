/** What a switch or router reads of a frame on the physical network. */

import { ipBytes } from '../policy/addresses.ts';
import type { IpAddress, MacAddress } from '../policy/model.ts';

/** An address as a key of maps and sets: its bytes, as characters. */
export type AddressKey = string;

export const ETHERNET = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
export const PROTOCOL_GRE = 47;
/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** Offsets are from the start of the frame. No DataView: making one for each small frame costs more than all reading. */
export interface Outer {
  readonly family: 4 | 6;
  readonly frame: Uint8Array;
  /** Source, then destination. */
  readonly addresses: number;
  /** 4 or 16. */
  readonly addressLength: number;
  readonly protocol: number;
  /** What lies behind the IP header. */
  readonly payload: number;
  readonly isFragment: boolean;
}

/** Undefined for what is not IP. Extension headers of IPv6 are not walked: routers do not either. */
export function readOuter(frame: Uint8Array): Outer | undefined {
  if (frame.length < ETHERNET + 20) return undefined;
  const etherType = u16(frame, 12);
  if (etherType === ETHERTYPE_IPV4) {
    return {
      family: 4,
      frame,
      addresses: ETHERNET + 12,
      addressLength: 4,
      protocol: frame[ETHERNET + 9]!,
      payload: ETHERNET + (frame[ETHERNET]! & 15) * 4,
      // More fragments, or an offset.
      isFragment: (u16(frame, ETHERNET + 6) & 0x3fff) !== 0,
    };
  }
  if (etherType !== ETHERTYPE_IPV6 || frame.length < ETHERNET + 40) return undefined;
  return {
    family: 6,
    frame,
    addresses: ETHERNET + 8,
    addressLength: 16,
    protocol: frame[ETHERNET + 6]!,
    payload: ETHERNET + 40,
    isFragment: false,
  };
}

export function u16(frame: Uint8Array, offset: number): number {
  return (frame[offset]! << 8) | frame[offset + 1]!;
}

export function sourceOf({ frame, addresses, addressLength }: Outer): AddressKey {
  return keyOfBytes(frame.subarray(addresses, addresses + addressLength));
}

export function destinationOf({ frame, addresses, addressLength }: Outer): AddressKey {
  return keyOfBytes(frame.subarray(addresses + addressLength, addresses + addressLength * 2));
}

export function keyOf(address: IpAddress): AddressKey {
  return keyOfBytes(ipBytes(address));
}

function keyOfBytes(bytes: Uint8Array): AddressKey {
  return String.fromCharCode(...bytes);
}

export function hasPorts({ protocol, isFragment, payload, frame }: Outer): boolean {
  return WITH_PORTS.has(protocol) && !isFragment && payload + 4 <= frame.length;
}

export function dstMac(frame: Uint8Array): MacAddress {
  return macAt(frame, 0);
}

export function srcMac(frame: Uint8Array): MacAddress {
  return macAt(frame, 6);
}

function macAt(frame: Uint8Array, offset: number): MacAddress {
  let mac = 0;
  for (let index = offset; index < offset + 6; index++) mac = mac * 256 + frame[index]!;
  return mac;
}

export function putMac(frame: Uint8Array, offset: number, mac: MacAddress): void {
  for (let index = 5, rest = mac; index >= 0; index--) {
    frame[offset + index] = rest;
    rest = Math.floor(rest / 256);
  }
}
