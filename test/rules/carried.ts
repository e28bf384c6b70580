/** Partial checksums that the port takes (W7): carried, and updated in complement form where addresses change. */

import { OFFLOAD_CHECKSUM } from '../../src/abi/layout.ts';
import {
  DATA_VALID,
  PROTOCOL,
  leftPartial,
  partial,
  pattern,
  routing,
  tcp,
  udp,
  vlan,
  vnet,
} from '../packets/index.ts';
import {
  type Case,
  envelope4,
  envelope6,
  frame4,
  frame6,
  fromUplink,
  fromVm,
  rewritten4,
  rewritten6,
} from './case.ts';
import { BLUE } from './fabric.ts';
import { routed4, toRouter4 } from './gateway.ts';

const W7 = ['W7'];
const TAKEN = OFFLOAD_CHECKSUM;
const ports = { srcPort: 1000, dstPort: 80 };
const whole = { tcp: tcp(ports, pattern(31)), udp: udp(ports, pattern(32)) };
const segment = partial(whole.tcp);
const datagram = partial(whole.udp);
const OVER4 = 34;
const OVER6 = 54;
const leftTcp = leftPartial(OVER4, PROTOCOL.tcp);
const leftUdp = leftPartial(OVER4, PROTOCOL.udp);
const left6 = leftPartial(OVER6, PROTOCOL.tcp);

const onThisHost = (name: string, frame: Uint8Array, left: Uint8Array): Case =>
  fromVm(
    'a',
    ['W7', 'V8'],
    name,
    frame,
    { port: 'a2', frame, vnet: left },
    { vnet: left, takes: { a2: TAKEN } },
  );

const rewriting = (name: string, customer: Uint8Array, provider: Uint8Array, left: Uint8Array): Case[] => [
  fromVm(
    'ra',
    ['W7', 'W3'],
    `${name}, leaving`,
    customer,
    { port: 'uplink', frame: provider, vnet: left },
    { vnet: left, takes: { uplink: TAKEN } },
  ),
  fromUplink(
    'h2',
    ['W7', 'W3'],
    `${name}, arriving`,
    provider,
    { port: 'rb', frame: customer, vnet: left },
    { vnet: left, takes: { rb: TAKEN } },
  ),
];

/** While a stop is left, the pseudo-header has another destination. */
const detour = { headers: [routing({ segmentsLeft: 1, addresses: ['fd00::77'] })] };

const LEAVING: Case[] = [
  onThisHost('TCP to a local port', frame4('a', 'a2', segment), leftTcp),
  onThisHost('UDP to a local port', frame4('a', 'a2', datagram), leftUdp),
  onThisHost('IPv6 to a local port', frame6('a', 'a2', segment), left6),
  ...rewriting('TCP', frame4('ra', 'rb', segment), rewritten4('ra', 'rb', segment), leftTcp),
  ...rewriting('UDP', frame4('ra', 'rb', datagram), rewritten4('ra', 'rb', datagram), leftUdp),
  ...rewriting('TCP over IPv6', frame6('ra', 'rb', segment), rewritten6('ra', 'rb', segment), left6),
  ...rewriting(
    'with a stop left on its way: only the source is in the sum',
    frame6('ra', 'rb', segment, detour),
    rewritten6('ra', 'rb', segment, detour),
    leftPartial(OVER6 + 24, PROTOCOL.tcp),
  ),
  fromVm(
    'a',
    ['W7', 'N6', 'V2'],
    'routed to a VLAN: the tag moves the start',
    toRouter4('a', '10.0.1.41', segment),
    {
      port: 'trunk',
      frame: vlan({ vid: 100 }, routed4('a', 'trunk', segment, { dst: '10.0.1.41' })),
      vnet: leftPartial(OVER4 + 4, PROTOCOL.tcp),
    },
    { vnet: leftTcp, takes: { trunk: TAKEN } },
  ),
];

const OUT_OF_ENVELOPES: Case[] = [
  fromUplink(
    'h1',
    ['W7', 'N2'],
    'in an envelope, to a port that takes it',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', segment)),
    { port: 'a', frame: frame4('b', 'a', segment), vnet: leftTcp },
    { vnet: leftPartial(42 + OVER4, PROTOCOL.tcp), takes: { a: TAKEN } },
  ),
  fromUplink(
    'h1',
    ['W7', 'N2'],
    'in an envelope over IPv6, to a port that does not',
    envelope6('h2', 'h1', BLUE, frame6('b', 'a', datagram)),
    { port: 'a', frame: frame6('b', 'a', whole.udp) },
    { vnet: leftPartial(62 + OVER6, PROTOCOL.udp) },
  ),
  fromUplink(
    'h1',
    ['W7', 'ECN'],
    'in an envelope that met congestion: marked, and still partial',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', segment, { tos: 2 }), { tos: 3 }),
    { port: 'a', frame: frame4('b', 'a', segment, { tos: 3 }), vnet: leftTcp },
    { vnet: leftPartial(42 + OVER4, PROTOCOL.tcp), takes: { a: TAKEN } },
  ),
];

const NOTHING_LEFT: Case[] = [
  fromVm(
    'a',
    W7,
    'a header that leaves nothing to be done',
    frame4('a', 'a2', whole.tcp),
    { port: 'a2', frame: frame4('a', 'a2', whole.tcp) },
    { vnet: vnet(), takes: { a2: TAKEN } },
  ),
  fromVm(
    'a',
    W7,
    'verified by somebody: nothing is left, and nothing is claimed',
    frame4('a', 'a2', whole.tcp),
    { port: 'a2', frame: frame4('a', 'a2', whole.tcp) },
    { vnet: vnet({ flags: DATA_VALID }), takes: { a2: TAKEN } },
  ),
  fromVm(
    'a',
    W7,
    'flags that nobody has defined mean nothing',
    frame4('a', 'a2', whole.tcp),
    { port: 'a2', frame: frame4('a', 'a2', whole.tcp) },
    { vnet: vnet({ flags: 0xf0, csumStart: 0xffff, csumOffset: 0xffff }) },
  ),
];

export const CARRIED_CASES: readonly Case[] = [...LEAVING, ...OUT_OF_ENVELOPES, ...NOTHING_LEFT];
