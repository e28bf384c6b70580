/** Super-segments into envelopes: cut, because nobody behind them could (W7). */

import {
  GSO,
  TCP_SYN,
  type Upper,
  destinationOptions,
  fromHex,
  hopByHop,
  mss,
  padded,
  partial,
} from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  type PacketFields,
  frame4,
  frame6,
  fromVm,
  pieces,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, BLUE_SECOND, VMS, type VmName } from './fabric.ts';
import { routed4, routed6, toRouter4, toRouter6 } from './gateway.ts';
import {
  ACK,
  CWR,
  FIN,
  ID,
  type Left,
  OVER4,
  OVER6,
  PSH,
  type Segment,
  type Super,
  TCP4,
  TCP6,
  UDP4,
  UDP6,
  leftWhole,
  segmentsOf,
  wholeOf,
} from './supersegments.ts';

const W7 = ['W7'];

/** What a VM sends: the whole, which `send` makes a frame of. */
export interface Sent {
  readonly one: Super;
  readonly left: Left;
  readonly send: (upper: Upper, fields: PacketFields) => Uint8Array;
}

/** A whole from a VM becomes what `leave` makes of each segment. */
export const cut = (
  from: VmName,
  rules: readonly string[],
  name: string,
  { one, left, send }: Sent,
  leave: (segment: Segment) => Leaving,
  more: Partial<Case> = {},
): Case =>
  fromVm(
    from,
    rules,
    name,
    send(partial(wholeOf(one)), { id: one.id ?? ID }),
    pieces(segmentsOf(one).map(leave)),
    { vnet: leftWhole(left, one.size), ...more },
  );

const toB = ({ upper, fields }: Segment) => tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, fields));
const toB6 = ({ upper }: Segment) => tunnelled4('h1', 'h2', BLUE, frame6('a', 'b', upper));
const sendB = (upper: Upper, fields: PacketFields) => frame4('a', 'b', upper, fields);
const sendB6 = (upper: Upper) => frame6('a', 'b', upper);

/** From `a` to `b` over IPv4, over IPv6. */
const cut4 = (name: string, one: Super, left: Partial<Left> = {}, rules = W7): Case =>
  cut('a', rules, name, { one, left: { ...(one.isUdp ? UDP4 : TCP4), ...left }, send: sendB }, toB);
const cut6 = (name: string, one: Super): Case =>
  cut('a', W7, name, { one, left: one.isUdp ? UDP6 : TCP6, send: sendB6 }, toB6);

const three: Super = { bytes: 3000, size: 1400 };
const timestamps = fromHex('0101080a1122334455667788');
const options = fromHex('94040000');
const headers = [hopByHop(), destinationOptions(16)];
const tosAndTtl = { tos: 0xb9, ttl: 9 };
const syn = (size: number): Super => ({
  bytes: 300,
  size: 200,
  tcp: { flags: TCP_SYN | PSH, options: mss(size) },
});

const PLAIN: Case[] = [
  cut4('three TCP segments', three),
  cut4('as many bytes in the last as in the others', { bytes: 2800, size: 1400 }),
  cut4('one byte in the last', { bytes: 1401, size: 1400 }),
  cut4('segments of odd sizes', { bytes: 1001, size: 333 }),
  cut4('a whole that would fit the envelope', { bytes: 200, size: 100 }),
  cut4('the largest whole that there is', { bytes: 65535 - 40, size: 1418 }),
  cut4(
    'TCP options in every segment',
    { bytes: 4000, size: 1388, tcp: { options: timestamps } },
    { options: 12 },
  ),
  cut4('PSH and FIN on the last only', { ...three, tcp: { flags: ACK | PSH | FIN } }),
  cut4(
    'CWR on the first only',
    { ...three, tcp: { flags: ACK | CWR | PSH } },
    { gsoType: GSO.tcp4 | GSO.ecn },
    ['W7', 'ECN'],
  ),
  cut4('identification and sequence number wrap around', {
    bytes: 3000,
    size: 1000,
    id: 0xfffe,
    tcp: { seq: 0xffff_fc00 },
  }),
  cut4('UDP datagrams', { ...three, isUdp: true }),
  cut6('IPv6', { bytes: 3000, size: 1398 }),
  cut6('UDP datagrams over IPv6', { ...three, size: 1300, isUdp: true }),
];

const OTHERWISE: Case[] = [
  cut(
    'a',
    W7,
    'in envelopes over IPv6',
    { one: { ...three, size: 1398 }, left: TCP4, send: (upper, fields) => frame4('a', 'd', upper, fields) },
    ({ upper, fields }) => tunnelled6('h1', 'h6', BLUE, frame4('a', 'd', upper, fields)),
  ),
  cut(
    'a',
    ['W7', 'W5'],
    'IPv6 with extension headers',
    {
      one: { bytes: 2500, size: 1200 },
      left: { ...TCP6, at: OVER6 + 24 },
      send: (upper) => frame6('a', 'b', upper, { headers }),
    },
    ({ upper }) => tunnelled4('h1', 'h2', BLUE, frame6('a', 'b', upper, { headers })),
  ),
  cut(
    'a',
    W7,
    'IPv4 with options',
    {
      one: { bytes: 2500, size: 1200 },
      left: { ...TCP4, at: OVER4 + 4 },
      send: (upper, fields) => frame4('a', 'b', upper, { ...fields, options }),
    },
    ({ upper, fields }) => tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, { ...fields, options })),
  ),
  cut(
    'a',
    ['W7', 'DSCP'],
    'TOS and TTL of the whole in every segment',
    { one: three, left: TCP4, send: (upper, fields) => frame4('a', 'b', upper, { ...fields, ...tosAndTtl }) },
    ({ upper, fields }) =>
      tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, { ...fields, ...tosAndTtl }), { tos: 0xb9 }),
  ),
  cut(
    'a',
    W7,
    'Ethernet padding is no payload',
    {
      one: { bytes: 2000, size: 1400 },
      left: TCP4,
      send: (upper, fields) => padded(sendB(upper, fields), 2200, 0xee),
    },
    toB,
  ),
  cut(
    'a',
    ['W7', 'V2'],
    'routed',
    { one: three, left: TCP4, send: (upper, fields) => toRouter4('a', VMS.st.ipv4, upper, fields) },
    ({ upper, fields }) => tunnelled4('h1', 'h2', BLUE_SECOND, routed4('a', 'st', upper, fields)),
  ),
  cut(
    'a',
    ['W7', 'V2'],
    'routed IPv6',
    { one: { ...three, size: 1390 }, left: TCP6, send: (upper) => toRouter6('a', VMS.st.ipv6, upper) },
    ({ upper }) => tunnelled4('h1', 'h2', BLUE_SECOND, routed6('a', 'st', upper)),
  ),
  fromVm(
    'a',
    ['W7', 'T3'],
    'a SYN with data: its largest segment is lowered',
    frame4('a', 'b', partial(wholeOf(syn(8960)))),
    pieces(segmentsOf(syn(1418)).map(toB)),
    { vnet: leftWhole({ ...TCP4, options: 4 }, 200) },
  ),
  fromVm(
    'a',
    W7,
    'the uplink takes super-segments, an envelope around one it does not',
    frame4('a', 'b', partial(wholeOf(three))),
    pieces(segmentsOf(three).map(toB)),
    { vnet: leftWhole(TCP4, three.size), takes: { uplink: 15 } },
  ),
];

export const SEGMENTED_CASES: readonly Case[] = [...PLAIN, ...OTHERWISE];
