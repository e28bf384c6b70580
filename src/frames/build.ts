/** Ethernet frames as VMs send them: for examples, probes and simulations. Lengths and checksums are right. */

import { ipBytes } from '../policy/addresses.ts';
import type { IpAddress, MacAddress } from '../policy/model.ts';

export interface Party {
  readonly mac: MacAddress;
  readonly address: IpAddress;
}

const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export function ping(from: Party, to: Party, sequence: number, payload = 'is anybody there?'): Uint8Array {
  const isIpv4 = from.address.family === 4;
  const echoRequest = isIpv4 ? 8 : 128;
  const message = concat(Uint8Array.of(echoRequest, 0, 0, 0, 0, 1), u16(sequence), text(payload));
  return packet(from, to, isIpv4 ? PROTOCOL.icmp : PROTOCOL.icmpv6, message, 2);
}

export function udp(from: Party, to: Party, ports: readonly [number, number], payload: string): Uint8Array {
  const data = text(payload);
  const datagram = concat(u16(ports[0]), u16(ports[1]), u16(8 + data.length), u16(0), data);
  return packet(from, to, PROTOCOL.udp, datagram, 6);
}

export function tcp(
  from: Party,
  to: Party,
  ports: readonly [number, number],
  flags: number,
  payload = '',
): Uint8Array {
  const header = concat(
    u16(ports[0]),
    u16(ports[1]),
    u32(1),
    u32(flags === SYN ? 0 : 1),
    Uint8Array.of(0x50, flags),
  );
  return packet(from, to, PROTOCOL.tcp, concat(header, u16(0xffff), u16(0), u16(0), text(payload)), 16);
}

export const SYN = 0x02;
export const PSH_ACK = 0x18;

/** @param field offset of the transport checksum. */
function packet(from: Party, to: Party, protocol: number, message: Uint8Array, field: number): Uint8Array {
  const src = ipBytes(from.address);
  const dst = ipBytes(to.address);
  const isIpv4 = from.address.family === 4;
  const pseudo = protocol === PROTOCOL.icmp ? [] : [src, dst, u32(message.length), u32(protocol)];
  const sum = checksum(...pseudo, message);
  // 0 would say that there is none (RFC 768, RFC 8200 §8.1).
  message.set(u16(protocol === PROTOCOL.udp && sum === 0 ? 0xffff : sum), field);
  const header = isIpv4 ? ipv4(src, dst, protocol, message.length) : ipv6(src, dst, protocol, message.length);
  return concat(mac(to.mac), mac(from.mac), u16(isIpv4 ? 0x0800 : 0x86dd), header, message);
}

export function ipv4(src: Uint8Array, dst: Uint8Array, protocol: number, length: number): Uint8Array {
  const start = concat(
    Uint8Array.of(0x45, 0),
    u16(20 + length),
    u16(0),
    u16(0x4000),
    Uint8Array.of(64, protocol),
  );
  return concat(start, u16(checksum(start, src, dst)), src, dst);
}

function ipv6(src: Uint8Array, dst: Uint8Array, protocol: number, length: number): Uint8Array {
  return concat(u32(0x6000_0000), u16(length), Uint8Array.of(protocol, 64), src, dst);
}

/** RFC 1071 over parts of even length; only the last may be odd. */
function checksum(...parts: readonly Uint8Array[]): number {
  const bytes = concat(...parts);
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += (bytes[index]! << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function mac(address: MacAddress): Uint8Array {
  return concat(u16(Math.floor(address / 0x1_0000_0000)), u32(address % 0x1_0000_0000));
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
