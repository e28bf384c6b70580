/** Super-segments and what a network card would make of them: the builders of the cases in `segmented.ts` and `wholes.ts`. */

import {
  GSO,
  PROTOCOL,
  type TcpFields,
  type Upper,
  leftPartial,
  pattern,
  tcp,
  udp,
} from '../packets/index.ts';
import type { PacketFields } from './case.ts';

export const CWR = 0x80;
export const ACK = 0x10;
export const PSH = 0x08;
export const FIN = 0x01;

const ports = { srcPort: 1000, dstPort: 80 };
export const SEQ = 0x01020304;
/** Of the first IPv4 packet, where a case does not say otherwise. */
export const ID = 0x1234;

export interface Super {
  /** Bytes of payload in all, and in each segment but the last. */
  readonly bytes: number;
  readonly size: number;
  readonly tcp?: Partial<TcpFields>;
  /** UDP datagrams. */
  readonly isUdp?: boolean;
  /** Of the IPv4 packet. */
  readonly id?: number;
}

/** The transport header and payload of the whole, its checksum complete. */
export function wholeOf({ bytes, tcp: fields = {}, isUdp = false }: Super): Upper {
  const payload = pattern(bytes);
  return isUdp ? udp(ports, payload) : tcp({ ...ports, seq: SEQ, flags: ACK | PSH, ...fields }, payload);
}

export interface Segment {
  readonly upper: Upper;
  readonly fields: PacketFields;
}

/** What leaves: identifications and sequence numbers go on; CWR on the first only (RFC 3168 §6.1.2), PSH and FIN on the last. */
export function segmentsOf(one: Super): Segment[] {
  const { bytes, size, tcp: fields = {}, isUdp = false, id = ID } = one;
  const payload = pattern(bytes);
  const { flags = ACK | PSH, seq = SEQ } = fields;
  const count = Math.ceil(bytes / size);
  return Array.from({ length: count }, (_, index) => {
    const part = payload.subarray(index * size, (index + 1) * size);
    const last = index === count - 1 ? flags : flags & ~(PSH | FIN);
    const own = index === 0 ? last : last & ~CWR;
    const upper = isUdp
      ? udp(ports, part)
      : tcp({ ...ports, ...fields, seq: (seq + index * size) % 2 ** 32, flags: own }, part);
    return { upper, fields: { id: (id + index) & 0xffff } };
  });
}

export interface Left {
  /** Offset of the transport header in the frame. */
  readonly at: number;
  readonly gsoType: number;
  /** Bytes of TCP options. */
  readonly options?: number;
}

/** The virtio-net header of a whole. */
export function leftWhole({ at, gsoType, options = 0 }: Left, gsoSize: number): Uint8Array {
  const isUdp = gsoType === GSO.udpL4;
  const hdrLen = at + (isUdp ? 8 : 20 + options);
  return leftPartial(at, isUdp ? PROTOCOL.udp : PROTOCOL.tcp, { gsoType, gsoSize, hdrLen });
}

/** Where transport headers stand in a frame. */
export const OVER4 = 34;
export const OVER6 = 54;
export const TCP4: Left = { at: OVER4, gsoType: GSO.tcp4 };
export const TCP6: Left = { at: OVER6, gsoType: GSO.tcp6 };
export const UDP4: Left = { at: OVER4, gsoType: GSO.udpL4 };
export const UDP6: Left = { at: OVER6, gsoType: GSO.udpL4 };
