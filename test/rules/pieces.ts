/** IPv4 without DF over the limit: the customer's packet in pieces (T1), as RFC 791 §3.2 cuts it. */

import { PROTOCOL, type Upper, concat, padded, part, pattern, raw, tcp, udp } from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  type PacketFields,
  frame4,
  fromVm,
  pieces,
  rewritten4,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, BLUE_SECOND, VMS } from './fabric.ts';
import { routed4, toRouter4 } from './gateway.ts';

const T1 = ['T1'];
const ports = { srcPort: 1000, dstPort: 2000 };

/** A datagram with so many bytes above IP. */
const upperOf = (length: number): Upper => udp(ports, pattern(length - 8));

export interface Cut {
  /** Bytes above IP in every piece but the last. */
  readonly sizes: readonly number[];
  /** Where the packet itself begins, in units of 8 bytes, and whether it is not the last piece. */
  readonly offset?: number;
  readonly mf?: boolean;
}

/** The pieces of `total` bytes; `make` builds the packet around one, whose number it is told. */
export function cutUp(
  upper: Upper,
  total: number,
  { sizes, offset = 0, mf = false }: Cut,
  make: (piece: Upper, fields: PacketFields, number: number) => Leaving,
): Leaving[] {
  const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  return starts.map((start, index) => {
    const end = start + sizes[index]!;
    const more = end < total || mf;
    return make(
      part(upper, start, end),
      { offset: offset + start / 8, ...(more ? { mf: true } : {}) },
      index,
    );
  });
}

const toB = (piece: Upper, fields: PacketFields) =>
  tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', piece, fields));
const toD = (piece: Upper, fields: PacketFields) =>
  tunnelled6('h1', 'h6', BLUE, frame4('a', 'd', piece, fields));
const toRb = (piece: Upper, fields: PacketFields): Leaving => ({
  port: 'uplink',
  frame: rewritten4('ra', 'rb', piece, fields),
});

const SIZES: Case[] = [
  fromVm(
    'a',
    ['T1', 'N11'],
    'a byte too long for NVGRE over IPv4: 1432 and 7 bytes',
    frame4('a', 'b', upperOf(1439)),
    pieces(cutUp(upperOf(1439), 1439, { sizes: [1432, 7] }, toB)),
  ),
  fromVm(
    'a',
    ['T1', 'N11'],
    'a byte too long for NVGRE over IPv6: 1416 and 3 bytes',
    frame4('a', 'd', upperOf(1419)),
    pieces(cutUp(upperOf(1419), 1419, { sizes: [1416, 3] }, toD)),
  ),
  fromVm(
    'ra',
    ['T1', 'W2'],
    'a byte too long for IP Rewrite: 1480 bytes and 1',
    frame4('ra', 'rb', upperOf(1481)),
    pieces(cutUp(upperOf(1481), 1481, { sizes: [1480, 1] }, toRb)),
  ),
  fromVm(
    'a',
    T1,
    'the last piece is as long as the others',
    frame4('a', 'b', upperOf(2864)),
    pieces(cutUp(upperOf(2864), 2864, { sizes: [1432, 1432] }, toB)),
  ),
  fromVm(
    'a',
    T1,
    'the last piece may be longer than the others, if all of it fits',
    frame4('a', 'b', upperOf(2870)),
    pieces(cutUp(upperOf(2870), 2870, { sizes: [1432, 1438] }, toB)),
  ),
  fromVm(
    'a',
    T1,
    'three pieces',
    frame4('a', 'b', upperOf(3000)),
    pieces(cutUp(upperOf(3000), 3000, { sizes: [1432, 1432, 136] }, toB)),
  ),
  fromVm(
    'ra',
    ['T1', 'W2', 'W5'],
    'three rewritten pieces, the checksum in the first',
    frame4('ra', 'rb', upperOf(4000)),
    pieces(cutUp(upperOf(4000), 4000, { sizes: [1480, 1480, 1040] }, toRb)),
  ),
  fromVm(
    'a',
    T1,
    'the longest IPv4 packet that there is',
    frame4('a', 'b', upperOf(65515)),
    pieces(
      cutUp(
        upperOf(65515),
        65515,
        { sizes: [...Array.from({ length: 45 }, () => 1432), 65515 - 45 * 1432] },
        toB,
      ),
    ),
  ),
  fromVm(
    'a',
    T1,
    'a large provider MTU: a piece is no longer than a slot',
    frame4('a', 'b', upperOf(2480)),
    pieces(cutUp(upperOf(2480), 2480, { sizes: [1880, 600] }, toB)),
    { provider: { mtu: 2100 } },
  ),
  fromVm(
    'ra',
    T1,
    'a large provider MTU: nor is a rewritten piece',
    frame4('ra', 'rb', upperOf(5000)),
    pieces(cutUp(upperOf(5000), 5000, { sizes: [1880, 1880, 1240] }, toRb)),
    { provider: { mtu: 4000 } },
  ),
  fromVm(
    'a',
    T1,
    'the smallest provider MTU that IPv6 allows',
    frame4('a', 'b', upperOf(2600)),
    pieces(cutUp(upperOf(2600), 2600, { sizes: [1216, 1216, 168] }, toB)),
    { provider: { mtu: 1280 } },
  ),
  fromVm(
    'a',
    T1,
    'padding is no part of the pieces',
    padded(frame4('a', 'b', upperOf(1500)), 1600, 0xee),
    pieces(cutUp(upperOf(1500), 1500, { sizes: [1432, 68] }, toB)),
  ),
];

const kept: PacketFields = { tos: 0xba, id: 0xbeef, ttl: 7 };
const upper = raw(PROTOCOL.udp, pattern(2000, 3));

const HEADERS: Case[] = [
  fromVm(
    'a',
    ['T1', 'DSCP', 'ECN'],
    'TOS, identification and TTL in every piece, and the envelopes’ TOS',
    frame4('a', 'b', upperOf(2000), kept),
    pieces(
      cutUp(upperOf(2000), 2000, { sizes: [1432, 568] }, (piece, fields) =>
        tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', piece, { ...kept, ...fields }), { tos: 0xba }),
      ),
    ),
  ),
  fromVm(
    'a',
    T1,
    'a first fragment: MF stays in its last piece',
    frame4('a', 'b', upperOf(2000), { mf: true }),
    pieces(cutUp(upperOf(2000), 2000, { sizes: [1432, 568], mf: true }, toB)),
  ),
  fromVm(
    'a',
    T1,
    'a middle fragment: offsets go on from its own',
    frame4('a', 'b', upper, { offset: 300, mf: true }),
    pieces(cutUp(upper, 2000, { sizes: [1432, 568], offset: 300, mf: true }, toB)),
  ),
  fromVm(
    'a',
    T1,
    'a last fragment',
    frame4('a', 'b', upper, { offset: 7000 }),
    pieces(cutUp(upper, 2000, { sizes: [1432, 568], offset: 7000 }, toB)),
  ),
  fromVm(
    'ra',
    ['T1', 'W5'],
    'a later fragment, rewritten in pieces',
    frame4('ra', 'rb', upper, { offset: 300 }),
    pieces(cutUp(upper, 2000, { sizes: [1480, 520], offset: 300 }, toRb)),
  ),
  fromVm(
    'a',
    ['T1', 'V2'],
    'routed pieces: TTL one less, the router’s MAC',
    toRouter4('a', VMS.st.ipv4, upperOf(2000)),
    pieces(
      cutUp(upperOf(2000), 2000, { sizes: [1432, 568] }, (piece, fields) =>
        tunnelled4('h1', 'h2', BLUE_SECOND, routed4('a', 'st', piece, fields)),
      ),
    ),
  ),
  fromVm(
    'ra',
    ['T1', 'V2', 'W2'],
    'routed and rewritten pieces',
    toRouter4('ra', VMS.sr.ipv4, upperOf(2000)),
    pieces(
      cutUp(upperOf(2000), 2000, { sizes: [1480, 520] }, (piece, fields) => ({
        port: 'uplink',
        frame: rewritten4('ra', 'sr', piece, { ...fields, ttl: 63 }),
      })),
    ),
  ),
  fromVm(
    'a',
    ['T1', 'N4'],
    'pieces with FlowID 0 where the policy says so',
    frame4('a', 'b', tcp(ports, pattern(1500))),
    pieces(
      cutUp(tcp(ports, pattern(1500)), 1520, { sizes: [1432, 88] }, (piece, fields) => ({
        port: 'uplink',
        frame: tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', piece, fields), { flowId: 0 }).frame,
      })),
    ),
    { provider: { flowId: 'zero' } },
  ),
];

// —— Options: bit 7 of the type says "in every fragment" ——

/** Router alert (RFC 2113): copied. */
const alert = Uint8Array.of(0x94, 4, 0, 0);
/** Record route with room for one address, 7 bytes: not copied. */
const record = Uint8Array.of(0x07, 7, 4, 0, 0, 0, 0);
const NOP = Uint8Array.of(1);
const END = Uint8Array.of(0);

interface WithOptions {
  readonly name: string;
  readonly first: Uint8Array;
  readonly later: Uint8Array;
  /** Of 2000 bytes. */
  readonly sizes: readonly number[];
}

const OPTIONS: Case[] = (
  [
    { name: 'a copied option stands in every piece', first: alert, later: alert, sizes: [1432, 568] },
    {
      name: 'an option that is not copied stands in the first piece only',
      first: concat(record, END),
      later: new Uint8Array(0),
      sizes: [1424, 576],
    },
    {
      name: 'of two options the copied one',
      first: concat(alert, record, END),
      later: alert,
      sizes: [1424, 576],
    },
    {
      name: 'of two options the copied one, behind the other',
      first: concat(record, NOP, alert),
      later: alert,
      sizes: [1424, 576],
    },
  ] satisfies WithOptions[]
).map(({ name, first, later, sizes }) =>
  fromVm(
    'a',
    T1,
    `pieces with options: ${name}`,
    frame4('a', 'b', upperOf(2000), { options: first }),
    pieces(
      cutUp(upperOf(2000), 2000, { sizes }, (piece, fields, number) =>
        toB(piece, { ...fields, options: number === 0 ? first : later }),
      ),
    ),
  ),
);

export const PIECE_CASES: readonly Case[] = [...SIZES, ...HEADERS, ...OPTIONS];
