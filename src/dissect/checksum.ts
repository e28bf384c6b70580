/** The Internet checksum (RFC 1071). */

import type { Dissection } from './dissection.ts';

/** The folded one's complement sum: 0xffff over what carries a right checksum. */
export function sumOf(bytes: Uint8Array, at: number, length: number, start = 0): number {
  let sum = start;
  for (let index = 0; index < length; index += 2) {
    const low = index + 1 < length ? bytes[at + index + 1]! : 0;
    sum += (bytes[at + index]! << 8) | low;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** Whether the transport checksum is right; undefined for a fragment or a packet that is not whole. */
export function isTransportRight(frame: Dissection, at: number, protocol: number): boolean | undefined {
  const { pseudo, end } = frame;
  if (pseudo === undefined) return undefined;
  const length = end - at;
  const start = sumOf(frame.frame, pseudo.addresses, pseudo.length, protocol + length);
  return sumOf(frame.frame, at, length, start) === 0xffff;
}
