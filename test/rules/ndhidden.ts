/** Neighbour discovery in fragments or behind extension headers evades guards, so there is none (RFC 6980, RFC 7113; V4). */

import { DROP_INNER_MALFORMED, DROP_ND_MALFORMED } from '../../src/abi/verdict.ts';
import {
  type ExtensionHeader,
  type Upper,
  PROTOCOL,
  advertisement,
  concat,
  destinationOptions,
  ethernet,
  fragment,
  hopByHop,
  ipv6,
  linkLocal,
  pattern,
  raw,
  redirect,
  routerAdvertisement,
  routerSolicitation,
  routing,
  solicitation,
  solicitedNode,
  targetLinkLayer,
} from '../packets/index.ts';
import { type Case, frame6, fromVm, tunnelled4 } from './case.ts';
import { BLUE, VMS } from './fabric.ts';
import { flooded } from './flooding.ts';
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

// —— The middle of a packet is no message, whatever its first byte: what it is stands in the first fragment ——

const middle = (type: number) => raw(PROTOCOL.icmpv6, concat(Uint8Array.of(type), pattern(63)));

const LATER: Case[] = [133, 134, 135, 136, 137].flatMap((type) => {
  const headers = [fragment({ offset: 181, more: true })];
  const toOne = frame6('a', 'b', middle(type), { headers });
  const toAll = message('a', 'ff02::fb', middle(type), { headers, hopLimit: 64 });
  return [
    fromVm(
      'a',
      ['V4', 'V3'],
      `a later fragment of a long ping that begins with ${type}`,
      toOne,
      tunnelled4('h1', 'h2', BLUE, toOne),
    ),
    fromVm(
      'a',
      ['V4', 'V5'],
      `a later fragment to a group that begins with ${type}`,
      toAll,
      flooded('a', toAll),
    ),
  ];
});

// —— Where the guard cannot see what a packet carries (RFC 7112) ——

const nine = Array.from({ length: 9 }, () => destinationOptions(8));
const nothing = new Uint8Array(0);
const first = (headers: readonly ExtensionHeader[], upper: Upper | Uint8Array, dst = ALL_NODES) =>
  ethernet(
    { src: a.mac, dst: dst === ALL_NODES ? '33:33:00:00:00:01' : b.mac },
    ipv6({ ...fromLink, dst, hopLimit: 255, headers }, upper),
  );
const unseen = (name: string, frame: Uint8Array): Case =>
  fromVm('a', ['V4'], name, frame, DROP_INNER_MALFORMED);
const more = fragment({ offset: 0, more: true });

const UNSEEN: Case[] = [
  ...MESSAGES.map(([name, dst, upper]) =>
    unseen(`${name} behind nine headers`, message('a', dst, upper, { ...fromLink, headers: nine })),
  ),
  unseen(
    'an advertisement behind nine headers to one VM',
    message('a', b.ipv6, advertisement({ target: b.ipv6, options: [targetLinkLayer(a.mac)] }), {
      ...fromLink,
      dstMac: b.mac,
      headers: nine,
    }),
  ),
  unseen(
    'a first fragment whose ICMPv6 header comes in the second',
    first([more, destinationOptions(8)], raw(PROTOCOL.icmpv6, nothing)),
  ),
  unseen(
    'a first fragment whose ICMPv6 header comes in the second, to one VM',
    first([more, destinationOptions(8)], raw(PROTOCOL.icmpv6, nothing), b.ipv6),
  ),
  unseen('a first fragment with half an ICMPv6 header', first([more], raw(PROTOCOL.icmpv6, pattern(4)))),
  unseen(
    'a first fragment whose chain goes on in the second',
    first([more], raw(PROTOCOL.destinationOptions, nothing)),
  ),
  unseen('a first fragment with half a TCP header', first([more], raw(PROTOCOL.tcp, pattern(16)), b.ipv6)),
];

export const ND_HIDDEN_CASES: readonly Case[] = [...TO_GROUPS, ...TO_ONE, ...LATER, ...UNSEEN];
