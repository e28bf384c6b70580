/** What the host lets pass of neighbour discovery: RFC 4861's own checks, and nobody speaks for another (V4). */

import { DROP_ND_MALFORMED, DROP_ND_SENDER, DROP_NEIGHBOR_NEEDLESS } from '../../src/abi/verdict.ts';
import {
  type Upper,
  advertisement,
  concat,
  icmpv6Bytes,
  ip,
  linkLocal,
  otherOption,
  redirect,
  routerAdvertisement,
  routerSolicitation,
  solicitation,
  solicitedNode,
  sourceLinkLayer,
  targetLinkLayer,
  u8,
} from '../packets/index.ts';
import { type Case, fromVm, replied, tunnelled4 } from './case.ts';
import { BLUE, ROUTER_MAC, VMS, type VmName } from './fabric.ts';
import { ALL_NODES, ALL_ROUTERS, type NdPacket, UNSPECIFIED, answer, message } from './nd.ts';

const A = VMS.a;
const B = VMS.b;

/** One right message of every type, as `a` sends it to a group. */
interface Kind {
  readonly name: string;
  readonly dst: string;
  readonly make: (fields: { code?: number; checksumError?: number; options?: Uint8Array[] }) => Upper;
  readonly type: number;
  /** Bytes that it must have. */
  readonly shortest: number;
}

const KINDS: readonly Kind[] = [
  { name: 'router solicitation', dst: ALL_ROUTERS, make: routerSolicitation, type: 133, shortest: 8 },
  { name: 'router advertisement', dst: ALL_NODES, make: routerAdvertisement, type: 134, shortest: 16 },
  {
    name: 'neighbour solicitation',
    dst: solicitedNode(B.ipv6),
    make: (fields) => solicitation({ ...fields, target: B.ipv6 }),
    type: 135,
    shortest: 24,
  },
  {
    name: 'neighbour advertisement',
    dst: ALL_NODES,
    make: (fields) => advertisement({ ...fields, target: A.ipv6, override: true }),
    type: 136,
    shortest: 24,
  },
  {
    name: 'redirect',
    dst: ALL_NODES,
    make: (fields) => redirect({ ...fields, target: A.ipv6, destination: '2600::1' }),
    type: 137,
    shortest: 40,
  },
];

const malformed = (name: string, dst: string, upper: Upper, fields: NdPacket = {}, by: VmName = 'a'): Case =>
  fromVm(by, ['V4'], name, message(by, dst, upper, fields), DROP_ND_MALFORMED);

const EVERY_KIND: Case[] = KINDS.flatMap(({ name, dst, make, type, shortest }) => [
  malformed(`${name} that a router has forwarded: hop limit 254`, dst, make({}), { hopLimit: 254 }),
  malformed(`${name} with code 1`, dst, make({ code: 1 })),
  malformed(`${name} with a wrong checksum`, dst, make({ checksumError: 1 })),
  malformed(
    `${name} of ${shortest - 1} bytes`,
    dst,
    icmpv6Bytes(concat(u8(type), new Uint8Array(shortest - 2))),
  ),
  malformed(`${name} with an option of length 0`, dst, make({ options: [otherOption(0, 8)] })),
  malformed(`${name} with an option that leaves the packet`, dst, make({ options: [otherOption(2, 8)] })),
  malformed(`${name} with a byte behind its end`, dst, make({ options: [Uint8Array.of(0)] })),
  malformed(
    `${name} with the beginning of an option behind a whole one`,
    dst,
    make({ options: [otherOption(1), Uint8Array.of(0xfd, 1, 0, 0)] }),
  ),
]);

const fromNobody = { src: UNSPECIFIED };

const SPECIAL: Case[] = [
  malformed('solicitation for a multicast address', 'ff02::1:ff00:5', solicitation({ target: 'ff02::5' })),
  malformed('advertisement of a multicast address', ALL_NODES, advertisement({ target: 'ff02::5' })),
  malformed('advertisement of a multicast address to one VM', B.ipv6, advertisement({ target: 'ff02::5' }), {
    dstMac: B.mac,
  }),
  malformed(
    'duplicate address detection to all nodes',
    ALL_NODES,
    solicitation({ target: B.ipv6 }),
    fromNobody,
  ),
  malformed(
    'duplicate address detection with a source link-layer address',
    solicitedNode(B.ipv6),
    solicitation({ target: B.ipv6, options: [sourceLinkLayer(A.mac)] }),
    fromNobody,
  ),
  malformed(
    'router solicitation from :: with a source link-layer address',
    ALL_ROUTERS,
    routerSolicitation({ options: [sourceLinkLayer(A.mac)] }),
    fromNobody,
  ),
  malformed(
    'an advertisement to all nodes that claims to be solicited',
    ALL_NODES,
    advertisement({ target: A.ipv6, solicited: true }),
  ),
  malformed('a unicast solicitation with hop limit 64', B.ipv6, solicitation({ target: B.ipv6 }), {
    dstMac: B.mac,
    hopLimit: 64,
  }),
  malformed(
    'a gateway VM’s router advertisement with hop limit 64',
    ALL_NODES,
    routerAdvertisement(),
    { hopLimit: 64 },
    'gate1',
  ),
];

const lie = (name: string, dst: string, upper: Upper, fields: NdPacket = {}, by: VmName = 'a'): Case =>
  fromVm(by, ['V4', 'V6'], name, message(by, dst, upper, fields), DROP_ND_SENDER);

const toB = { dstMac: B.mac };
const fromLink = { src: linkLocal(A.mac) };
const otherSource = [sourceLinkLayer(B.mac)];
const otherTarget = [targetLinkLayer(B.mac)];
const toDestination = { destination: '2600::1' };

const FROM_GLOBAL: Case[] = [
  malformed('router advertisement from an address that is not link-local', ALL_NODES, routerAdvertisement()),
  malformed(
    'redirect from an address that is not link-local',
    B.ipv6,
    redirect({ target: A.ipv6, ...toDestination }),
    toB,
  ),
];

const LIES: Case[] = [
  ...FROM_GLOBAL,
  lie('a router advertisement from an ordinary VM', ALL_NODES, routerAdvertisement(), fromLink),
  lie('a router advertisement from an ordinary VM to one VM', B.ipv6, routerAdvertisement(), {
    ...toB,
    ...fromLink,
  }),
  lie('a router advertisement to the router', 'fd00::1', routerAdvertisement(), {
    dstMac: ROUTER_MAC,
    ...fromLink,
  }),
  lie('a redirect from an ordinary VM', B.ipv6, redirect({ target: A.ipv6, ...toDestination }), {
    ...toB,
    ...fromLink,
  }),
  lie(
    'a solicitation with another VM’s MAC',
    solicitedNode(B.ipv6),
    solicitation({ target: B.ipv6, options: otherSource }),
  ),
  lie(
    'a unicast solicitation with another VM’s MAC',
    B.ipv6,
    solicitation({ target: B.ipv6, options: otherSource }),
    toB,
  ),
  lie(
    'a solicitation whose second source link-layer address is another VM’s',
    solicitedNode(B.ipv6),
    solicitation({ target: B.ipv6, options: [sourceLinkLayer(A.mac), otherOption(1), ...otherSource] }),
  ),
  lie(
    'a router solicitation with another VM’s MAC',
    ALL_ROUTERS,
    routerSolicitation({ options: otherSource }),
  ),
  lie(
    'an advertisement with another VM’s MAC',
    B.ipv6,
    advertisement({ target: A.ipv6, solicited: true, override: true, options: otherTarget }),
    toB,
  ),
  lie(
    'an advertisement to all nodes with another VM’s MAC',
    ALL_NODES,
    advertisement({ target: A.ipv6, override: true, options: otherTarget }),
  ),
  lie(
    'an advertisement of another VM’s address',
    B.ipv6,
    advertisement({ target: VMS.a2.ipv6, override: true, options: [targetLinkLayer(A.mac)] }),
    toB,
  ),
  lie(
    'an advertisement of the gateway’s address, to all nodes',
    ALL_NODES,
    advertisement({ target: 'fd00::1', override: true, options: [targetLinkLayer(A.mac)] }),
  ),
  lie(
    'an advertisement of the link-local address of another MAC',
    B.ipv6,
    advertisement({ target: linkLocal(VMS.a2.mac), options: [targetLinkLayer(A.mac)] }),
    toB,
  ),
  lie(
    'a gateway VM’s advertisement with another VM’s MAC',
    B.ipv6,
    advertisement({ target: '2600::1', options: otherTarget }),
    toB,
    'gate1',
  ),
  lie(
    'a gateway VM’s solicitation with another VM’s MAC',
    solicitedNode(B.ipv6),
    solicitation({ target: B.ipv6, options: otherSource }),
    {},
    'gate1',
  ),
];

const own = (by: 'a' | 'gate1') => [targetLinkLayer(VMS[by].mac)];
const passes = (name: string, by: VmName, upper: Upper, fields: NdPacket = {}): Case => {
  const frame = message(by, B.ipv6, upper, { ...toB, ...fields });
  return fromVm(by, ['V4'], name, frame, tunnelled4('h1', 'h2', BLUE, frame));
};

const fromGate = { src: linkLocal(VMS.gate1.mac) };

const RIGHT: Case[] = [
  passes(
    'an advertisement of its own address goes to the VM',
    'a',
    advertisement({ target: A.ipv6, solicited: true, override: true, options: own('a') }),
  ),
  passes(
    'an advertisement without options goes to the VM',
    'a',
    advertisement({ target: A.ipv6, solicited: true }),
  ),
  passes(
    'an advertisement of its own link-local address goes to the VM',
    'a',
    advertisement({ target: linkLocal(A.mac), solicited: true, options: own('a') }),
  ),
  passes(
    'a gateway VM may advertise addresses of others',
    'gate1',
    advertisement({ target: '2600::1', solicited: true, options: own('gate1') }),
  ),
  passes('a gateway VM may advertise itself as a router to one VM', 'gate1', routerAdvertisement(), fromGate),
  passes(
    'a gateway VM may redirect',
    'gate1',
    redirect({ target: '2600::1', ...toDestination, options: own('gate1') }),
    fromGate,
  ),
  fromVm(
    'a',
    ['V4'],
    'an advertisement of its own address to all nodes',
    message('a', ALL_NODES, advertisement({ target: A.ipv6, override: true, options: own('a') })),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'a',
    ['V4'],
    'an advertisement of its own address to the router',
    message(
      'a',
      'fd00::1',
      advertisement({ target: A.ipv6, solicited: true, override: true, options: own('a') }),
      { dstMac: ROUTER_MAC },
    ),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'a',
    ['V4'],
    'options that nobody knows are no reason not to answer',
    message(
      'a',
      solicitedNode(B.ipv6),
      solicitation({ target: B.ipv6, options: [otherOption(3), sourceLinkLayer(A.mac), otherOption(1)] }),
    ),
    replied('a', answer('a', B.ipv6, { mac: B.mac })),
  ),
];

/** ICMPv6 types next to those of neighbour discovery are judged by nobody. */
const BESIDE: Case[] = [132, 138].map((type) => {
  const frame = message('a', B.ipv6, icmpv6Bytes(concat(u8(type), new Uint8Array(3), ip(A.ipv6))), {
    ...toB,
    hopLimit: 3,
  });
  return fromVm(
    'a',
    ['V4'],
    `ICMPv6 type ${type} is no neighbour discovery`,
    frame,
    tunnelled4('h1', 'h2', BLUE, frame),
  );
});

export const ND_CHECK_CASES: readonly Case[] = [...EVERY_KIND, ...SPECIAL, ...LIES, ...RIGHT, ...BESIDE];
