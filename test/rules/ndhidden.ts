/** Neighbour discovery in fragments or behind extension headers evades guards, so there is none (RFC 6980, RFC 7113; V4). */

import { DROP_ND_MALFORMED } from '../../src/abi/verdict.ts';
import {
  type ExtensionHeader,
  type Upper,
  advertisement,
  destinationOptions,
  fragment,
  hopByHop,
  linkLocal,
  redirect,
  routerAdvertisement,
  routerSolicitation,
  routing,
  solicitation,
  solicitedNode,
  targetLinkLayer,
} from '../packets/index.ts';
import { type Case, fromVm } from './case.ts';
import { VMS } from './fabric.ts';
import { ALL_NODES, ALL_ROUTERS, message } from './nd.ts';

const { a, b } = VMS;

const MESSAGES: readonly (readonly [string, string, Upper])[] = [
  ['router solicitation', ALL_ROUTERS, routerSolicitation()],
  ['router advertisement', ALL_NODES, routerAdvertisement()],
  ['neighbour solicitation', solicitedNode(b.ipv6), solicitation({ target: b.ipv6 })],
  [
    'neighbour advertisement',
    ALL_NODES,
    advertisement({ target: b.ipv6, override: true, options: [targetLinkLayer(a.mac)] }),
  ],
  ['redirect', ALL_NODES, redirect({ target: a.ipv6, destination: '2600::1' })],
];

const CLOAKS: readonly (readonly [string, readonly ExtensionHeader[]])[] = [
  ['behind destination options', [destinationOptions(8)]],
  ['behind hop-by-hop options', [hopByHop(8)]],
  ['behind a routing header', [routing({ segmentsLeft: 0, addresses: ['2001:db8::7'] })]],
  ['behind two headers', [hopByHop(8), destinationOptions(16)]],
  ['in a first fragment', [fragment({ offset: 0, more: true })]],
  ['in a fragment that is whole', [fragment({ offset: 0, more: false })]],
  ['in a first fragment behind options', [destinationOptions(8), fragment({ offset: 0, more: true })]],
];

const fromLink = { src: linkLocal(a.mac) };

const TO_GROUPS: Case[] = MESSAGES.flatMap(([name, dst, upper]) =>
  CLOAKS.map(([cloak, headers]) =>
    fromVm(
      'a',
      ['V4'],
      `${name} ${cloak}`,
      message('a', dst, upper, { ...fromLink, headers }),
      DROP_ND_MALFORMED,
    ),
  ),
);

const TO_ONE: Case[] = [
  fromVm(
    'a',
    ['V4'],
    'a router advertisement behind destination options to one VM',
    message('a', b.ipv6, routerAdvertisement(), {
      ...fromLink,
      dstMac: b.mac,
      headers: [destinationOptions(8)],
    }),
    DROP_ND_MALFORMED,
  ),
  fromVm(
    'gate1',
    ['V4'],
    'a gateway VM’s router advertisement behind destination options',
    message('gate1', ALL_NODES, routerAdvertisement(), {
      src: linkLocal(VMS.gate1.mac),
      headers: [destinationOptions(8)],
    }),
    DROP_ND_MALFORMED,
  ),
];

export const ND_HIDDEN_CASES: readonly Case[] = [...TO_GROUPS, ...TO_ONE];
