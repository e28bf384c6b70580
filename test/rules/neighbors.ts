/** Neighbour solicitations: answered from the records, by the host of the VM that asks (V4). */

import { DROP_ADDRESS_TAKEN, DROP_NEIGHBOR_NEEDLESS, DROP_NEIGHBOR_UNKNOWN } from '../../src/abi/verdict.ts';
import { linkLocal, neighborSolicitation, solicitation, solicitedNode, vlan } from '../packets/index.ts';
import { type Case, frame6, fromVm, replied, tunnelled4 } from './case.ts';
import { BLUE, ROUTER_LINK_LOCAL, ROUTER_MAC, VMS, type VmName } from './fabric.ts';
import { ALL_NODES, answer, asked, message, probed, taken } from './nd.ts';

const V4 = ['V4'];

interface Known {
  readonly by: VmName;
  readonly target: string;
  readonly mac: string;
  readonly router?: boolean;
  readonly name: string;
}

const KNOWN: readonly Known[] = [
  { by: 'a', target: VMS.a2.ipv6, mac: VMS.a2.mac, name: 'a VM on this host' },
  { by: 'a', target: VMS.b.ipv6, mac: VMS.b.mac, name: 'a VM on another host' },
  { by: 'ra', target: VMS.rb.ipv6, mac: VMS.rb.mac, name: 'a rewrite endpoint' },
  { by: 'a', target: 'fd00::14', mac: VMS.many.mac, name: 'a VM’s second address' },
  { by: 'a', target: 'fe80::99', mac: VMS.many.mac, name: 'a VM’s listed link-local address' },
  { by: 'a', target: linkLocal(VMS.b.mac), mac: VMS.b.mac, name: 'the link-local address of a VM’s MAC' },
  {
    by: 'a',
    target: linkLocal(VMS.va.mac),
    mac: VMS.va.mac,
    name: 'the link-local address of a VM that has no IPv6 address else',
  },
  { by: 'a', target: 'fd00::1', mac: ROUTER_MAC, router: true, name: 'the gateway' },
  {
    by: 'a',
    target: ROUTER_LINK_LOCAL,
    mac: ROUTER_MAC,
    router: true,
    name: 'the router’s link-local address',
  },
  // Without R whoever has it as its default router would give it up (RFC 4861 §7.2.5).
  { by: 'a', target: VMS.gate1.ipv6, mac: VMS.gate1.mac, router: true, name: 'a gateway VM on this host' },
  {
    by: 'a',
    target: linkLocal(VMS.gate.mac),
    mac: VMS.gate.mac,
    router: true,
    name: 'the link-local address of a gateway VM’s MAC',
  },
  { by: 'q', target: VMS.qb.ipv6, mac: VMS.qb.mac, name: 'a VM of a subnet that floods nothing' },
  { by: 's', target: 'fd00:0:0:1::41', mac: VMS.trunk.mac, name: 'a VM that has this subnet on a VLAN' },
  {
    by: 's',
    target: linkLocal(VMS.trunk.mac),
    mac: VMS.trunk.mac,
    name: 'the link-local address of a VM that has this subnet on a VLAN',
  },
  { by: 'ga', target: VMS.gc.ipv6, mac: VMS.gc.mac, name: 'green’s VM, whose address blue has too' },
];

const ANSWERED: Case[] = KNOWN.flatMap((known) => [
  fromVm(
    known.by,
    V4,
    `solicitation for ${known.name}`,
    asked(known.by, known.target),
    replied(known.by, answer(known.by, known.target, known)),
  ),
  fromVm(
    known.by,
    V4,
    `duplicate address detection against ${known.name} is answered and dropped`,
    probed(known.by, known.target),
    replied(known.by, taken(known.target, known), DROP_ADDRESS_TAKEN),
  ),
]);

const fromLinkLocal = { src: linkLocal(VMS.a.mac) };
const toRouter = { dstMac: ROUTER_MAC };

const MORE_ANSWERED: Case[] = [
  fromVm(
    'a',
    V4,
    'solicited from a link-local address',
    asked('a', VMS.b.ipv6, fromLinkLocal),
    replied('a', answer('a', VMS.b.ipv6, { mac: VMS.b.mac, toIp: fromLinkLocal.src })),
  ),
  fromVm(
    'many',
    V4,
    'solicited from a second address',
    asked('many', VMS.b.ipv6, { src: 'fd00::14' }),
    replied('many', answer('many', VMS.b.ipv6, { mac: VMS.b.mac, toIp: 'fd00::14' })),
  ),
  fromVm(
    'a',
    V4,
    'a solicitation without the sender’s MAC',
    message('a', solicitedNode(VMS.b.ipv6), solicitation({ target: VMS.b.ipv6 })),
    replied('a', answer('a', VMS.b.ipv6, { mac: VMS.b.mac })),
  ),
  fromVm(
    'a',
    V4,
    'a solicitation to all nodes',
    message('a', ALL_NODES, neighborSolicitation(VMS.b.ipv6, VMS.a.mac)),
    replied('a', answer('a', VMS.b.ipv6, { mac: VMS.b.mac })),
  ),
  fromVm(
    'a',
    V4,
    'the gateway’s reachability, asked of its MAC',
    message('a', 'fd00::1', neighborSolicitation('fd00::1', VMS.a.mac), toRouter),
    replied('a', answer('a', 'fd00::1', { mac: ROUTER_MAC, router: true })),
  ),
  fromVm(
    'a',
    V4,
    'the router’s reachability at its link-local address',
    message('a', ROUTER_LINK_LOCAL, neighborSolicitation(ROUTER_LINK_LOCAL, VMS.a.mac), toRouter),
    replied('a', answer('a', ROUTER_LINK_LOCAL, { mac: ROUTER_MAC, router: true })),
  ),
  fromVm(
    'trunk',
    ['V4', 'N6'],
    'solicited on a VLAN, answered on the VLAN, from the records of its subnet',
    vlan({ vid: 100 }, asked('trunk', VMS.st.ipv6, { src: 'fd00:0:0:1::41' })),
    replied(
      'trunk',
      vlan({ vid: 100 }, answer('trunk', VMS.st.ipv6, { mac: VMS.st.mac, toIp: 'fd00:0:0:1::41' })),
    ),
  ),
];

const UNANSWERED: Case[] = [
  ...(
    [
      ['a', 'fd00::99', 'an address that nobody has'],
      ['a', VMS.s.ipv6, 'a VM of another subnet'],
      ['a', 'fd00:0:0:1::1', 'the gateway of another subnet'],
      ['a', linkLocal('02:15:5d:99:99:99'), 'the link-local address of a MAC that nobody has'],
      ['a', linkLocal(VMS.s.mac), 'the link-local address of a VM of another subnet'],
      ['a', 'fe80::98', 'a link-local address that nobody has'],
      ['q', 'fd00:0:0:2::1', 'a gateway where there is none'],
    ] as const
  ).flatMap(([by, target, name]) => [
    fromVm(by, V4, `solicitation for ${name}`, asked(by, target), DROP_NEIGHBOR_UNKNOWN),
    fromVm(by, V4, `duplicate address detection for ${name}`, probed(by, target), DROP_NEIGHBOR_UNKNOWN),
  ]),
  fromVm(
    'a',
    V4,
    'duplicate address detection for its own address',
    probed('a', VMS.a.ipv6),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'a',
    V4,
    'duplicate address detection for its own link-local address',
    probed('a', linkLocal(VMS.a.mac)),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'f',
    V4,
    'duplicate address detection for its own link-local address where there is no IPv6',
    probed('f', linkLocal(VMS.f.mac)),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'many',
    V4,
    'solicitation for its own second address',
    asked('many', 'fd00::14'),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'ga',
    ['V1', 'V4'],
    'solicitation for an address that only blue has',
    asked('ga', VMS.a2.ipv6),
    DROP_NEIGHBOR_UNKNOWN,
  ),
];

// —— What goes on to the VM that it is for ——

const nud = frame6('a', 'b', neighborSolicitation(VMS.b.ipv6, VMS.a.mac), { ttl: 255 });
const reachability = neighborSolicitation(VMS.rb.ipv6, VMS.ra.mac);
const local = neighborSolicitation(VMS.ra2.ipv6, VMS.ra.mac);
const toB = neighborSolicitation(VMS.b.ipv6, VMS.ra.mac);

const PASSED_ON: Case[] = [
  fromVm(
    'a',
    ['V4', 'V3'],
    'unicast neighbour solicitation goes to the VM',
    nud,
    tunnelled4('h1', 'h2', BLUE, nud),
  ),
  // By routers of the provider network its hop limit would not stay 255, which it has to be (RFC 4861 §7.1.1).
  fromVm(
    'ra',
    ['V4', 'W2'],
    'unicast neighbour solicitation to a rewrite endpoint on another host is answered here',
    frame6('ra', 'rb', reachability, { ttl: 255 }),
    replied('ra', answer('ra', VMS.rb.ipv6, { mac: VMS.rb.mac })),
  ),
  fromVm(
    'ra',
    ['V4', 'V8'],
    'unicast neighbour solicitation to a rewrite endpoint on this host goes to it',
    frame6('ra', 'ra2', local, { ttl: 255 }),
    { port: 'ra2', frame: frame6('ra', 'ra2', local, { ttl: 255 }) },
  ),
  fromVm(
    'ra',
    ['V4', 'W1'],
    'unicast neighbour solicitation from a rewrite endpoint to an NVGRE endpoint',
    frame6('ra', 'b', toB, { ttl: 255 }),
    tunnelled4('h1', 'h2', BLUE, frame6('ra', 'b', toB, { ttl: 255 })),
  ),
];

export const NEIGHBOR_CASES: readonly Case[] = [...ANSWERED, ...MORE_ANSWERED, ...UNANSWERED, ...PASSED_ON];
