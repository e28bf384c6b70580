import { ip } from './addresses.ts';
import { concat, u16, u32, u8 } from './bytes.ts';
import { PROTOCOL, type Upper } from './upper.ts';

/** RFC 8200 §4: each knows its own number and is told the next. */
export interface ExtensionHeader {
  readonly protocol: number;
  /** The destination of the pseudo-header while segments are left (RFC 8200 §8.1). */
  readonly finalDst?: string;
  build(nextHeader: number): Uint8Array;
}

export interface Ipv6Fields {
  readonly src: string;
  readonly dst: string;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  /** Of the last header; needed only where the payload is bytes. */
  readonly protocol?: number;
  readonly headers?: readonly ExtensionHeader[];
  readonly version?: number;
  readonly payloadLength?: number;
}

/** RFC 8200 §3. */
export function ipv6(fields: Ipv6Fields, payload: Upper | Uint8Array): Uint8Array {
  const [src, dst] = [ip(fields.src), ip(fields.dst)];
  const headers = fields.headers ?? [];
  const finalDst = headers.find((header) => header.finalDst !== undefined)?.finalDst;
  const pseudoDst = finalDst === undefined ? dst : ip(finalDst);
  const bytes = payload instanceof Uint8Array ? payload : payload.build({ src, dst: pseudoDst });
  const protocol =
    fields.protocol ?? (payload instanceof Uint8Array ? PROTOCOL.experiment : payload.protocol);
  const extensions = headers.map((header, i) => header.build(headers[i + 1]?.protocol ?? protocol));
  const rest = concat(...extensions, bytes);
  const firstWord =
    (fields.version ?? 6) * 0x1000_0000 + (fields.trafficClass ?? 0) * 0x10_0000 + (fields.flowLabel ?? 0);
  return concat(
    u32(firstWord),
    u16(fields.payloadLength ?? rest.length),
    u8(headers[0]?.protocol ?? protocol),
    u8(fields.hopLimit ?? 64),
    src,
    dst,
    rest,
  );
}

/** `length`: the whole header, a multiple of 8; a PadN option fills it. */
function options(protocol: number, length: number): ExtensionHeader {
  if (length % 8 !== 0 || length < 8) throw new RangeError('options headers are multiples of 8 bytes');
  return {
    protocol,
    build: (nextHeader) =>
      concat(u8(nextHeader), u8(length / 8 - 1), u8(1), u8(length - 4), new Uint8Array(length - 4)),
  };
}

export const hopByHop = (length = 8): ExtensionHeader => options(PROTOCOL.hopByHop, length);
export const destinationOptions = (length = 8): ExtensionHeader =>
  options(PROTOCOL.destinationOptions, length);

/** RFC 2711: "look at me", as MLD needs it (RFC 3810 §5). */
export const routerAlert = (): ExtensionHeader => ({
  protocol: PROTOCOL.hopByHop,
  build: (nextHeader) => concat(u8(nextHeader), Uint8Array.of(0, 5, 2, 0, 0, 1, 0)),
});

export interface RoutingFields {
  readonly segmentsLeft: number;
  readonly addresses: readonly string[];
  /** 2 is Mobile IPv6 (RFC 6275), 4 segment routing (RFC 8754); the engine must not care. */
  readonly type?: number;
}

/** RFC 8200 §4.4. While segments are left, the last address is where the packet goes in the end. */
export function routing(fields: RoutingFields): ExtensionHeader {
  const header = {
    protocol: PROTOCOL.routing,
    build: (nextHeader: number) =>
      concat(
        u8(nextHeader),
        u8(fields.addresses.length * 2),
        u8(fields.type ?? 2),
        u8(fields.segmentsLeft),
        u32(0),
        ...fields.addresses.map(ip),
      ),
  };
  const finalDst = fields.segmentsLeft > 0 ? fields.addresses.at(-1) : undefined;
  return finalDst === undefined ? header : { ...header, finalDst };
}

export interface FragmentFields {
  /** In units of 8 bytes. */
  readonly offset: number;
  readonly more: boolean;
  readonly id?: number;
}

/** RFC 8200 §4.5. */
export const fragment = ({ offset, more, id = 0x0badcafe }: FragmentFields): ExtensionHeader => ({
  protocol: PROTOCOL.fragment,
  build: (nextHeader) => concat(u8(nextHeader), u8(0), u16((offset << 3) | (more ? 1 : 0)), u32(id)),
});
