import { ip, mac } from './addresses.ts';
import { concat, u16, u32, u8 } from './bytes.ts';
import { type ChecksumChoice, chosenChecksum, internetChecksum } from './checksum.ts';
import { icmpv6 } from './icmp.ts';
import { PROTOCOL, pseudoHeader, type Upper } from './upper.ts';

/** ICMPv6 types of RFC 4861. */
export const ND = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
} as const;

// —— Options, RFC 4861 §4.6: type, length in units of 8 bytes, and what follows ——

export const sourceLinkLayer = (text: string): Uint8Array => concat(u8(1), u8(1), mac(text));
export const targetLinkLayer = (text: string): Uint8Array => concat(u8(2), u8(1), mac(text));
export const mtuOption = (mtu: number): Uint8Array => concat(u8(5), u8(1), u16(0), u32(mtu));

/** On-link, not for autoconfiguration, for ever. */
export const prefixOption = (prefix: string, length: number): Uint8Array =>
  concat(u8(3), u8(4), u8(length), u8(0x80), u32(0xffff_ffff), u32(0xffff_ffff), u32(0), ip(prefix));

/** An option with a type that nobody knows; `units` is what its length field says. */
export const otherOption = (units: number, length = units * 8): Uint8Array =>
  concat(u8(0xfd), u8(units), new Uint8Array(length - 2));

// —— Messages ——

export interface NdFields extends ChecksumChoice {
  readonly code?: number;
  readonly options?: readonly Uint8Array[];
}

const nd = (type: number, rest: number, fields: NdFields, ...body: readonly Uint8Array[]): Upper =>
  icmpv6({ ...fields, type, rest }, concat(...body, ...(fields.options ?? [])));

/** RFC 4861 §4.1. */
export const routerSolicitation = (fields: NdFields = {}): Upper => nd(ND.routerSolicitation, 0, fields);

export interface RouterAdvertisementFields extends NdFields {
  readonly hopLimit?: number;
  readonly flags?: number;
  /** Seconds. */
  readonly lifetime?: number;
}

/** RFC 4861 §4.2; reachable time and retransmission timer are not given. */
export const routerAdvertisement = (fields: RouterAdvertisementFields = {}): Upper =>
  nd(
    ND.routerAdvertisement,
    (fields.hopLimit ?? 64) * 0x100_0000 + (fields.flags ?? 0) * 0x1_0000 + (fields.lifetime ?? 1800),
    fields,
    u32(0),
    u32(0),
  );

export interface TargetFields extends NdFields {
  readonly target: string;
}

/** RFC 4861 §4.3. */
export const solicitation = (fields: TargetFields): Upper =>
  nd(ND.neighborSolicitation, 0, fields, ip(fields.target));

/** The same with the source link-layer address option. */
export const neighborSolicitation = (target: string, sourceMac: string): Upper =>
  solicitation({ target, options: [sourceLinkLayer(sourceMac)] });

export interface AdvertisementFields extends TargetFields {
  readonly router?: boolean;
  readonly solicited?: boolean;
  readonly override?: boolean;
}

/** RFC 4861 §4.4. */
export const advertisement = (fields: AdvertisementFields): Upper =>
  nd(
    ND.neighborAdvertisement,
    ((fields.router ?? false) ? 0x8000_0000 : 0) +
      ((fields.solicited ?? false) ? 0x4000_0000 : 0) +
      ((fields.override ?? false) ? 0x2000_0000 : 0),
    fields,
    ip(fields.target),
  );

/** RFC 4861 §4.5: packets for `destination` had better go to `target`. */
export const redirect = (fields: TargetFields & { readonly destination: string }): Upper =>
  nd(ND.redirect, 0, fields, ip(fields.target), ip(fields.destination));

/** An ICMPv6 message of any length, even shorter than its type needs: only the checksum is filled in. */
export const icmpv6Bytes = (bytes: Uint8Array, choice: ChecksumChoice = {}): Upper => ({
  protocol: PROTOCOL.icmpv6,
  build(addresses) {
    const pseudo = pseudoHeader(addresses, PROTOCOL.icmpv6, bytes.length);
    const checksum = chosenChecksum(internetChecksum(pseudo, bytes), choice);
    return concat(bytes.subarray(0, 2), u16(checksum), bytes.subarray(4));
  },
});

/** RFC 2710 §3: a multicast listener report of version 1. */
export const listenerReport = (group: string): Upper => icmpv6({ type: 131 }, ip(group));

/** RFC 3810 §5.2: a report of version 2 with one record, "now excludes nothing". */
export const listenerReport2 = (group: string): Upper =>
  icmpv6({ type: 143, rest: 1 }, concat(u8(4), u8(0), u16(0), ip(group)));
