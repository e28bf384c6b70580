/** Super-segments that a port takes whole, and that are cut where it does not (W7). */

import { OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../../src/abi/layout.ts';
import { DATA_VALID, GSO, type Upper, partial, vlan, vnet } from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  type PacketFields,
  envelope4,
  frame4,
  frame6,
  fromUplink,
  fromVm,
  pieces,
  rewritten4,
  rewritten6,
} from './case.ts';
import { BLUE } from './fabric.ts';
import { routed4, toRouter4 } from './gateway.ts';
import { type Sent, cut } from './segmented.ts';
import {
  ID,
  type Left,
  OVER4,
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
const ALL = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_USO;
const three: Super = { bytes: 3000, size: 1448 };
const datagrams: Super = { ...three, isUdp: true };

interface Kind {
  readonly name: string;
  readonly one: Super;
  readonly left: Left;
  readonly isIpv6?: true;
  /** The least that a port must take. */
  readonly needs: number;
}

const KINDS: readonly Kind[] = [
  { name: 'TCP over IPv4', one: three, left: TCP4, needs: OFFLOAD_CHECKSUM | OFFLOAD_TSO4 },
  {
    name: 'TCP over IPv6',
    one: { ...three, size: 1428 },
    left: TCP6,
    isIpv6: true,
    needs: OFFLOAD_CHECKSUM | OFFLOAD_TSO6,
  },
  { name: 'UDP over IPv4', one: datagrams, left: UDP4, needs: OFFLOAD_CHECKSUM | OFFLOAD_USO },
  {
    name: 'UDP over IPv6',
    one: { ...datagrams, size: 1428 },
    left: UDP6,
    isIpv6: true,
    needs: OFFLOAD_CHECKSUM | OFFLOAD_USO,
  },
];

const WAYS: Case[] = KINDS.flatMap(({ name, one, left, isIpv6, needs }) => {
  const whole = partial(wholeOf(one));
  const vnetOf = leftWhole(left, one.size);
  const customer = (upper: Upper, fields: PacketFields = {}, to: 'a2' | 'rb' = 'rb') =>
    isIpv6 ? frame6('ra', to, upper) : frame4('ra', to, upper, fields);
  const provider = (upper: Upper, fields: PacketFields = {}) =>
    isIpv6 ? rewritten6('ra', 'rb', upper) : rewritten4('ra', 'rb', upper, fields);
  const sent = (to: 'a2' | 'rb'): Sent => ({
    one,
    left,
    send: (upper, fields) => customer(upper, fields, to),
  });
  const toUplink = ({ upper, fields }: Segment): Leaving => ({
    port: 'uplink',
    frame: provider(upper, fields),
  });
  const toA2 = ({ upper, fields }: Segment): Leaving => ({
    port: 'a2',
    frame: customer(upper, fields, 'a2'),
  });
  return [
    fromVm(
      'ra',
      W7,
      `${name}, rewritten, whole`,
      customer(whole),
      { port: 'uplink', frame: provider(whole), vnet: vnetOf },
      { vnet: vnetOf, takes: { uplink: needs } },
    ),
    cut('ra', W7, `${name}, rewritten, and the uplink takes all but that`, sent('rb'), toUplink, {
      takes: { uplink: (ALL & ~needs) | OFFLOAD_CHECKSUM },
    }),
    cut('ra', W7, `${name}, rewritten, and the uplink takes nothing`, sent('rb'), toUplink),
    fromVm(
      'ra',
      ['W7', 'V8'],
      `${name} to a local port, whole`,
      customer(whole, {}, 'a2'),
      { port: 'a2', frame: customer(whole, {}, 'a2'), vnet: vnetOf },
      { vnet: vnetOf, takes: { a2: needs } },
    ),
    cut('ra', ['W7', 'V8'], `${name} to a local port that takes nothing`, sent('a2'), toA2),
    fromUplink(
      'h2',
      W7,
      `${name}, rewritten, arriving whole`,
      provider(whole),
      { port: 'rb', frame: customer(whole), vnet: vnetOf },
      { vnet: vnetOf, takes: { rb: ALL } },
    ),
    fromUplink(
      'h2',
      W7,
      `${name}, rewritten, arriving at a port that takes nothing`,
      provider(whole, { id: ID }),
      pieces(segmentsOf(one).map(({ upper, fields }) => ({ port: 'rb', frame: customer(upper, fields) }))),
      { vnet: vnetOf },
    ),
  ];
});

const whole = partial(wholeOf(three));
const left = leftWhole(TCP4, three.size);
const inside: Left = { ...TCP4, at: 42 + OVER4 };

const ARRIVING: Case[] = [
  fromUplink(
    'h1',
    ['W7', 'N2'],
    'merged inside its envelope on the way: whole',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', whole)),
    { port: 'a', frame: frame4('b', 'a', whole), vnet: left },
    { vnet: leftWhole(inside, three.size), takes: { a: ALL } },
  ),
  fromUplink(
    'h1',
    ['W7', 'ECN'],
    'merged inside an envelope that met congestion: every segment is marked',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', whole, { tos: 2 }), { tos: 3 }),
    pieces(
      segmentsOf(three).map(({ upper, fields }) => ({
        port: 'a',
        frame: frame4('b', 'a', upper, { ...fields, tos: 3 }),
      })),
    ),
    { vnet: leftWhole(inside, three.size) },
  ),
  fromUplink(
    'h2',
    W7,
    'merged and verified by a network card: as one with a partial checksum',
    rewritten4('ra', 'rb', wholeOf(three)),
    { port: 'rb', frame: frame4('ra', 'rb', whole), vnet: left },
    {
      vnet: vnet({ flags: DATA_VALID, gsoType: GSO.tcp4, gsoSize: three.size, hdrLen: 54 }),
      takes: { rb: ALL },
    },
  ),
  fromVm(
    'a',
    ['W7', 'V2', 'N6'],
    'routed to a VLAN, whole, with the tag in front',
    toRouter4('a', '10.0.1.41', whole),
    {
      port: 'trunk',
      frame: vlan({ vid: 100 }, routed4('a', 'trunk', whole, { dst: '10.0.1.41' })),
      vnet: leftWhole({ ...TCP4, at: OVER4 + 4 }, three.size),
    },
    { vnet: left, takes: { trunk: ALL } },
  ),
  fromVm(
    'a',
    ['W7', 'V2', 'N6'],
    'routed to a VLAN, cut, each with the tag in front',
    toRouter4('a', '10.0.1.41', whole),
    pieces(
      segmentsOf(three).map(({ upper, fields }) => ({
        port: 'trunk',
        frame: vlan({ vid: 100 }, routed4('a', 'trunk', upper, { ...fields, dst: '10.0.1.41' })),
      })),
    ),
    { vnet: left },
  ),
];

export const WHOLE_CASES: readonly Case[] = [...WAYS, ...ARRIVING];
