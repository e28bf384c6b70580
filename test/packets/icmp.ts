import { concat, u16, u32, u8 } from './bytes.ts';
import { chosenChecksum, internetChecksum, type ChecksumChoice } from './checksum.ts';
import { PROTOCOL, pseudoHeader, type Upper } from './upper.ts';

export interface IcmpFields extends ChecksumChoice {
  readonly type: number;
  readonly code?: number;
  /** The second word of the header. */
  readonly rest?: number;
}

const message =
  ({ type, code = 0, rest = 0 }: IcmpFields, body: Uint8Array) =>
  (checksum: number): Uint8Array =>
    concat(u8(type), u8(code), u16(checksum), u32(rest), body);

/** RFC 792: the checksum covers the message alone. */
export const icmpv4 = (fields: IcmpFields, body: Uint8Array): Upper => ({
  protocol: PROTOCOL.icmpv4,
  build() {
    const packet = message(fields, body);
    return packet(chosenChecksum(internetChecksum(packet(0)), fields));
  },
});

/** RFC 4443 §2.3: the checksum covers the pseudo-header too. */
export const icmpv6 = (fields: IcmpFields, body: Uint8Array): Upper => ({
  protocol: PROTOCOL.icmpv6,
  build(addresses) {
    const packet = message(fields, body);
    const pseudo = pseudoHeader(addresses, PROTOCOL.icmpv6, 8 + body.length);
    return packet(chosenChecksum(internetChecksum(pseudo, packet(0)), fields));
  },
});

export const icmpv4Echo = (payload: Uint8Array, sequence = 1): Upper =>
  icmpv4({ type: 8, rest: 0x0100_0000 + sequence }, payload);

export const icmpv6Echo = (payload: Uint8Array, sequence = 1): Upper =>
  icmpv6({ type: 128, rest: 0x0100_0000 + sequence }, payload);
