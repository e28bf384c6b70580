import { concat, u16, u32, u8 } from './bytes.ts';
import { chosenChecksum, internetChecksum, type ChecksumChoice } from './checksum.ts';
import { PROTOCOL, pseudoHeader, type Upper } from './upper.ts';

export interface Ports {
  readonly srcPort: number;
  readonly dstPort: number;
}

/** Checksum over pseudo-header and the first `covered` bytes of the packet. */
function withChecksum(
  protocol: number,
  choice: ChecksumChoice,
  packet: (checksum: number) => Uint8Array,
  covered?: number,
  zeroMeansNone = false,
): Upper {
  return {
    protocol,
    build(addresses) {
      const unsummed = packet(0);
      const pseudo = pseudoHeader(addresses, protocol, unsummed.length);
      const right = internetChecksum(pseudo, unsummed.subarray(0, covered));
      const checksum = chosenChecksum(right, choice);
      return packet(zeroMeansNone && choice.checksum === undefined && checksum === 0 ? 0xffff : checksum);
    },
  };
}

export interface UdpFields extends Ports, ChecksumChoice {
  readonly length?: number;
}

/** RFC 768; `checksum: 0` means that there is none. */
export const udp = (fields: UdpFields, payload: Uint8Array): Upper =>
  withChecksum(
    PROTOCOL.udp,
    fields,
    (checksum) =>
      concat(
        u16(fields.srcPort),
        u16(fields.dstPort),
        u16(fields.length ?? 8 + payload.length),
        u16(checksum),
        payload,
      ),
    undefined,
    true,
  );

export interface UdpLiteFields extends Ports, ChecksumChoice {
  /** Bytes that the checksum covers; 0: all. */
  readonly coverage?: number;
}

/** RFC 3828. */
export function udpLite(fields: UdpLiteFields, payload: Uint8Array): Upper {
  const coverage = fields.coverage ?? 0;
  const packet = (checksum: number): Uint8Array =>
    concat(u16(fields.srcPort), u16(fields.dstPort), u16(coverage), u16(checksum), payload);
  return withChecksum(PROTOCOL.udpLite, fields, packet, coverage === 0 ? undefined : coverage, true);
}

export interface TcpFields extends Ports, ChecksumChoice {
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: Uint8Array;
}

/** RFC 9293 §3.1. */
export function tcp(fields: TcpFields, payload: Uint8Array): Upper {
  const options = fields.options ?? new Uint8Array(0);
  return withChecksum(PROTOCOL.tcp, fields, (checksum) =>
    concat(
      u16(fields.srcPort),
      u16(fields.dstPort),
      u32(fields.seq ?? 0x01020304),
      u32(fields.ack ?? 0x05060708),
      u8((5 + options.length / 4) << 4),
      u8(fields.flags ?? 0x18),
      u16(fields.window ?? 0x7210),
      u16(checksum),
      u16(fields.urgent ?? 0),
      options,
      payload,
    ),
  );
}

export const TCP_SYN = 0x02;
export const TCP_SYN_ACK = 0x12;

/** RFC 9293 §3.2: the largest segment that the sender can take; 4 bytes. */
export const mss = (size: number): Uint8Array => concat(u8(2), u8(4), u16(size));

export interface DccpFields extends Ports, ChecksumChoice {
  /** CsCov, RFC 4340 §9.2: 0 covers all data, n covers the first (n − 1) × 4 bytes of it. */
  readonly coverage?: number;
}

/** RFC 4340 §5.1 and §5.2: a DCCP-Data packet with a 48-bit sequence number. */
export function dccp(fields: DccpFields, payload: Uint8Array): Upper {
  const coverage = fields.coverage ?? 0;
  const dataOffset = 4;
  const packet = (checksum: number): Uint8Array =>
    concat(
      u16(fields.srcPort),
      u16(fields.dstPort),
      u8(dataOffset),
      u8(coverage),
      u16(checksum),
      u8((2 << 1) | 1),
      u8(0),
      u16(0x0102),
      u32(0x03040506),
      payload,
    );
  const covered = coverage === 0 ? undefined : dataOffset * 4 + (coverage - 1) * 4;
  return withChecksum(PROTOCOL.dccp, fields, packet, covered);
}

export interface SctpFields extends Ports {
  readonly verificationTag?: number;
  /** CRC32c does not cover the addresses: any value will do here. */
  readonly checksum?: number;
}

/** RFC 9260 §3. */
export const sctp = (fields: SctpFields, chunks: Uint8Array): Upper => ({
  protocol: PROTOCOL.sctp,
  build: () =>
    concat(
      u16(fields.srcPort),
      u16(fields.dstPort),
      u32(fields.verificationTag ?? 0x11223344),
      u32(fields.checksum ?? 0x55667788),
      chunks,
    ),
});

/** RFC 4302 §2: in front of `upper`, 12 bytes and an integrity check value of 12. */
export const ah = (upper: Upper): Upper => ({
  protocol: PROTOCOL.ah,
  build: (addresses) =>
    concat(
      u8(upper.protocol),
      u8(4),
      u16(0),
      u32(0x1001),
      u32(1),
      new Uint8Array(12).fill(0xa5),
      upper.build(addresses),
    ),
});

/** RFC 4303 §2: the rest is cipher text. */
export const esp = (cipherText: Uint8Array): Upper => ({
  protocol: PROTOCOL.esp,
  build: () => concat(u32(0x2002), u32(1), cipherText),
});
