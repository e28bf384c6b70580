/** What a sender leaves to be done to a frame: `struct virtio_net_hdr`, VIRTIO 1.2 §5.1.6, little-endian. */

import { onesComplementSum } from './checksum.ts';
import { patched } from './bytes.ts';
import { PROTOCOL, type Upper, pseudoHeader } from './upper.ts';

export const NEEDS_CSUM = 1;
export const DATA_VALID = 2;
export const GSO = { none: 0, tcp4: 1, udp: 3, tcp6: 4, udpL4: 5, ecn: 0x80 } as const;

export interface VnetFields {
  readonly flags?: number;
  readonly gsoType?: number;
  readonly hdrLen?: number;
  readonly gsoSize?: number;
  readonly csumStart?: number;
  readonly csumOffset?: number;
}

export function vnet(fields: VnetFields = {}): Uint8Array {
  const { flags = 0, gsoType = 0, hdrLen = 0, gsoSize = 0, csumStart = 0, csumOffset = 0 } = fields;
  const words = [hdrLen, gsoSize, csumStart, csumOffset].flatMap((word) => [word & 255, word >> 8]);
  return Uint8Array.of(flags, gsoType, ...words);
}

const OFFSETS: Readonly<Record<number, number>> = {
  [PROTOCOL.tcp]: 16,
  [PROTOCOL.udp]: 6,
  [PROTOCOL.icmpv6]: 2,
};

/** The same with a partial checksum: the sum of the pseudo-header, not complemented. */
export const partial = (upper: Upper): Upper => ({
  protocol: upper.protocol,
  build(addresses) {
    const bytes = upper.build(addresses);
    const sum = onesComplementSum(pseudoHeader(addresses, upper.protocol, bytes.length));
    return patched(bytes, OFFSETS[upper.protocol]!, sum >> 8, sum & 255);
  },
});

/** The header for a partial checksum of a transport header at that offset of the frame. */
export const leftPartial = (transport: number, protocol: number, more: VnetFields = {}): Uint8Array =>
  vnet({ flags: NEEDS_CSUM, csumStart: transport, csumOffset: OFFSETS[protocol]!, ...more });
