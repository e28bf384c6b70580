import { ip } from './addresses.ts';
import { concat, u16, u8 } from './bytes.ts';
import { chosenChecksum, internetChecksum, type ChecksumChoice } from './checksum.ts';
import { PROTOCOL, type Upper } from './upper.ts';

export interface Ipv4Fields extends ChecksumChoice {
  readonly src: string;
  readonly dst: string;
  /** Needed only where the payload is bytes; it wins over the payload's own. */
  readonly protocol?: number;
  readonly ttl?: number;
  /** The whole byte: DSCP and ECN. */
  readonly tos?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  /** In units of 8 bytes. */
  readonly offset?: number;
  readonly options?: Uint8Array;
  readonly version?: number;
  /** In units of 4 bytes. */
  readonly ihl?: number;
  readonly totalLength?: number;
}

/** RFC 791 §3.1. */
export function ipv4(fields: Ipv4Fields, payload: Upper | Uint8Array): Uint8Array {
  const [src, dst] = [ip(fields.src), ip(fields.dst)];
  const bytes = payload instanceof Uint8Array ? payload : payload.build({ src, dst });
  const protocol =
    fields.protocol ?? (payload instanceof Uint8Array ? PROTOCOL.experiment : payload.protocol);
  const options = fields.options ?? new Uint8Array(0);
  if (options.length % 4 !== 0) throw new RangeError('IPv4 options fill whole words');
  const flags = ((fields.df ?? false) ? 0x4000 : 0) | ((fields.mf ?? false) ? 0x2000 : 0);
  const header = (checksum: number): Uint8Array =>
    concat(
      u8(((fields.version ?? 4) << 4) | (fields.ihl ?? 5 + options.length / 4)),
      u8(fields.tos ?? 0),
      u16(fields.totalLength ?? 20 + options.length + bytes.length),
      u16(fields.id ?? 0x1234),
      u16(flags | (fields.offset ?? 0)),
      u8(fields.ttl ?? 64),
      u8(protocol),
      u16(checksum),
      src,
      dst,
      options,
    );
  return concat(header(chosenChecksum(internetChecksum(header(0)), fields)), bytes);
}
