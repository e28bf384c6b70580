/** Super-segments of which each segment is longer than the path carries: told, cut shorter, or into fragments (T1, W7). */

import { DROP_OVER_MTU, DROP_TTL_EXCEEDED } from '../../src/abi/verdict.ts';
import { type Upper, part, partial } from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  type PacketFields,
  frame4,
  frame6,
  fromVm,
  pieces,
  refused,
  rewritten4,
  tunnelled4,
} from './case.ts';
import { BLUE, VMS } from './fabric.ts';
import { ERROR4, ERROR6, error4, error6, toRouter4, toRouter6 } from './gateway.ts';
import { cut } from './segmented.ts';
import {
  type Segment,
  type Super,
  TCP4,
  TCP6,
  UDP4,
  leftWhole,
  segmentsOf,
  wholeOf,
} from './supersegments.ts';

const ALL = 15;
const three: Super = { bytes: 3000, size: 1448 };
const left = leftWhole(TCP4, three.size);

/** Segments of `size` bytes, of which the first is quoted. */
const tooLong = (size: number): Super => ({ bytes: 3000, size });
const first = (size: number): Segment => segmentsOf(tooLong(size))[0]!;
const df = { df: true };

const LIMITS: Case[] = [
  cut(
    'a',
    ['W7', 'T1'],
    'segments as long as the path carries',
    {
      one: tooLong(1418),
      left: TCP4,
      send: (upper, fields) => frame4('a', 'b', upper, { ...fields, ...df }),
    },
    ({ upper, fields }) => tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, { ...fields, ...df })),
  ),
  fromVm(
    'a',
    ['W7', 'T1', 'T2'],
    'segments a byte too long: told, quoting the first',
    frame4('a', 'b', partial(wholeOf(tooLong(1419))), df),
    refused(DROP_OVER_MTU, 'a', error4('a', frame4('a', 'b', first(1419).upper, df), ERROR4.tooBig(1458))),
    { vnet: leftWhole(TCP4, 1419) },
  ),
  fromVm(
    'a',
    ['W7', 'T1', 'T2'],
    'IPv6 segments a byte too long',
    frame6('a', 'b', partial(wholeOf(tooLong(1399)))),
    refused(DROP_OVER_MTU, 'a', error6('a', frame6('a', 'b', first(1399).upper), ERROR6.tooBig(1458))),
    { vnet: leftWhole(TCP6, 1399) },
  ),
  fromVm(
    'ra',
    ['W7', 'T1', 'T2'],
    'rewritten segments a byte too long, though the uplink would take them',
    frame4('ra', 'rb', partial(wholeOf(tooLong(1461))), df),
    refused(
      DROP_OVER_MTU,
      'ra',
      error4('ra', frame4('ra', 'rb', first(1461).upper, df), ERROR4.tooBig(1500)),
    ),
    { vnet: leftWhole(TCP4, 1461), takes: { uplink: ALL } },
  ),
  fromVm(
    'ra',
    ['W7', 'T1'],
    'rewritten segments as long as the path carries, whole',
    frame4('ra', 'rb', partial(wholeOf(tooLong(1460))), df),
    {
      port: 'uplink',
      frame: rewritten4('ra', 'rb', partial(wholeOf(tooLong(1460))), df),
      vnet: leftWhole(TCP4, 1460),
    },
    { vnet: leftWhole(TCP4, 1460), takes: { uplink: ALL } },
  ),
  fromVm(
    'a',
    ['W7', 'T1', 'V2'],
    'routed segments a byte too long: as the VM sent them',
    toRouter4('a', VMS.st.ipv4, partial(wholeOf(tooLong(1419))), df),
    refused(
      DROP_OVER_MTU,
      'a',
      error4('a', toRouter4('a', VMS.st.ipv4, first(1419).upper, df), ERROR4.tooBig(1458)),
    ),
    { vnet: leftWhole(TCP4, 1419) },
  ),
  fromVm(
    'a',
    ['W7', 'T1', 'V2'],
    'routed IPv6 segments a byte too long',
    toRouter6('a', VMS.st.ipv6, partial(wholeOf(tooLong(1399)))),
    refused(
      DROP_OVER_MTU,
      'a',
      error6('a', toRouter6('a', VMS.st.ipv6, first(1399).upper), ERROR6.tooBig(1458)),
    ),
    { vnet: leftWhole(TCP6, 1399) },
  ),
  fromVm(
    'a',
    ['W7', 'V2', 'T2'],
    'no more hops: quoting the first segment',
    toRouter4('a', VMS.st.ipv4, partial(wholeOf(three)), { ttl: 1 }),
    refused(
      DROP_TTL_EXCEEDED,
      'a',
      error4('a', toRouter4('a', VMS.st.ipv4, segmentsOf(three)[0]!.upper, { ttl: 1 }), ERROR4.timeExceeded),
    ),
    { vnet: left },
  ),
  fromVm(
    'a',
    ['W7', 'T1'],
    'TCP without DF: shorter segments',
    frame4('a', 'b', partial(wholeOf(tooLong(1460)))),
    pieces(
      segmentsOf(tooLong(1418)).map(({ upper, fields }) =>
        tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, fields)),
      ),
    ),
    { vnet: leftWhole(TCP4, 1460) },
  ),
  fromVm(
    'ra',
    ['W7', 'T1'],
    'TCP without DF, rewritten: shorter segments, whole',
    frame4('ra', 'rb', partial(wholeOf(tooLong(1500)))),
    {
      port: 'uplink',
      frame: rewritten4('ra', 'rb', partial(wholeOf(tooLong(1500)))),
      vnet: leftWhole(TCP4, 1460),
    },
    { vnet: leftWhole(TCP4, 1500), takes: { uplink: ALL } },
  ),
  fromVm(
    'a',
    ['W7', 'T1'],
    'a path of large packets: segments longer than a slot',
    frame4('a', 'b', partial(wholeOf(tooLong(2900)))),
    pieces(
      segmentsOf(tooLong(2900)).map(({ upper, fields }) =>
        tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, fields)),
      ),
    ),
    { vnet: leftWhole(TCP4, 2900), provider: { mtu: 9000 } },
  ),
];

/** Datagrams without DF that are a little too long, and a last one that is not. */
const manyUdp = (size: number): Super => ({ bytes: 2 * size + 100, size, isUdp: true });

/** In two fragments, of which the first has `first` bytes above IP; `leave` makes a frame of each. */
const inFragments = (
  { upper, fields }: Segment,
  first: number,
  leave: (upper: Upper, fields: PacketFields) => Leaving,
): Leaving[] => [
  leave(part(upper, 0, first), { ...fields, mf: true }),
  leave(part(upper, first), { ...fields, offset: first / 8 }),
];

function datagramsIn(one: Super, first: number, leave: (upper: Upper, fields: PacketFields) => Leaving) {
  const all = segmentsOf(one);
  const last = all.at(-1)!;
  return pieces([
    ...all.slice(0, -1).flatMap((segment) => inFragments(segment, first, leave)),
    leave(last.upper, last.fields),
  ]);
}

const DATAGRAMS: Case[] = [
  fromVm(
    'a',
    ['W7', 'T1'],
    'UDP without DF: datagrams that are too long in fragments',
    frame4('a', 'b', partial(wholeOf(manyUdp(1440)))),
    datagramsIn(manyUdp(1440), 1432, (upper, fields) =>
      tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', upper, fields)),
    ),
    { vnet: leftWhole(UDP4, 1440) },
  ),
  fromVm(
    'ra',
    ['W7', 'T1', 'W5'],
    'UDP without DF, rewritten: datagrams that are too long in fragments',
    frame4('ra', 'rb', partial(wholeOf(manyUdp(1490)))),
    datagramsIn(manyUdp(1490), 1480, (upper, fields) => ({
      port: 'uplink',
      frame: rewritten4('ra', 'rb', upper, fields),
    })),
    { vnet: leftWhole(UDP4, 1490), takes: { uplink: ALL } },
  ),
];

export const TOO_LONG_CASES: readonly Case[] = [...LIMITS, ...DATAGRAMS];
