/** Router solicitations: the virtual router advertises itself to the VM that asks (V4). */

import { DROP_NEIGHBOR_UNKNOWN } from '../../src/abi/verdict.ts';
import {
  ethernet,
  groupMac,
  ipv6,
  linkLocal,
  mtuOption,
  prefixOption,
  routerAdvertisement,
  routerSolicitation,
  sourceLinkLayer,
  vlan,
} from '../packets/index.ts';
import { type Case, fromVm, replied, tunnelled4 } from './case.ts';
import { BLUE, ROUTER_LINK_LOCAL, ROUTER_MAC, VMS, type VmName, vm } from './fabric.ts';
import { ALL_NODES, ALL_ROUTERS, UNSPECIFIED, message } from './nd.ts';

const V4 = ['V4'];

interface Advertised {
  readonly mtu?: number;
  readonly lifetime?: number;
  readonly prefixes?: readonly (readonly [string, number])[];
  /** The address that asked. */
  readonly toIp: string;
}

/** From the router's link-local address: its MAC, the MTU, the prefixes. */
function advertised(
  to: VmName,
  { mtu = 1438, lifetime = 1800, prefixes = [['fd00::', 64]], toIp }: Advertised,
) {
  const isUnicast = toIp !== UNSPECIFIED;
  const options = [
    sourceLinkLayer(ROUTER_MAC),
    mtuOption(mtu),
    ...prefixes.map(([prefix, length]) => prefixOption(prefix, length)),
  ];
  return ethernet(
    { src: ROUTER_MAC, dst: isUnicast ? vm(to).mac : groupMac(ALL_NODES) },
    ipv6(
      { src: ROUTER_LINK_LOCAL, dst: isUnicast ? toIp : ALL_NODES, hopLimit: 255 },
      routerAdvertisement({ lifetime, options }),
    ),
  );
}

const withMac = (by: VmName) => routerSolicitation({ options: [sourceLinkLayer(vm(by).mac)] });
const solicits = (
  by: VmName,
  name: string,
  fields: Omit<Advertised, 'toIp'> = {},
  provider?: Case['provider'],
): Case =>
  fromVm(
    by,
    V4,
    `router solicitation ${name}`,
    message(by, ALL_ROUTERS, withMac(by), { src: linkLocal(vm(by).mac) }),
    replied(by, advertised(by, { ...fields, toIp: linkLocal(vm(by).mac) })),
    provider === undefined ? {} : { provider },
  );

const SECOND_PREFIXES = [
  ['fd00:0:0:1::', 64],
  ['fd00:0:0:8::', 72],
] as const;

const toRouter = { dstMac: ROUTER_MAC };
const toGate = message('a', VMS.gate.ipv6, withMac('a'), { dstMac: VMS.gate.mac });

export const ROUTER_SOLICITATION_CASES: readonly Case[] = [
  solicits('a', 'on a host with IPv4 and IPv6 tunnels: the larger envelope counts'),
  solicits('gc', 'on a host with IPv4 tunnels only', { mtu: 1458 }),
  solicits('gc', 'on a host that prefers IPv6 tunnels', {}, { prefer: 'ipv6' }),
  solicits('d', 'on a host without IPv4'),
  solicits('a', 'with a large provider MTU', { mtu: 8938 }, { mtu: 9000 }),
  solicits('a', 'with a provider MTU that leaves exactly 1280', { mtu: 1280 }, { mtu: 1342 }),
  solicits('a', 'with a provider MTU that leaves less than IPv6 needs', { mtu: 1280 }, { mtu: 1300 }),
  solicits('s', 'in a subnet with two prefixes', { prefixes: SECOND_PREFIXES }),
  solicits('q', 'in a subnet without a gateway: lifetime 0', {
    lifetime: 0,
    prefixes: [['fd00:0:0:2::', 64]],
  }),
  fromVm(
    'a',
    V4,
    'router solicitation from a global address',
    message('a', ALL_ROUTERS, withMac('a')),
    replied('a', advertised('a', { toIp: VMS.a.ipv6 })),
  ),
  fromVm(
    'a',
    V4,
    'router solicitation from :: is answered to all nodes',
    message('a', ALL_ROUTERS, routerSolicitation(), { src: UNSPECIFIED }),
    replied('a', advertised('a', { toIp: UNSPECIFIED })),
  ),
  fromVm(
    'a',
    V4,
    'router solicitation without options',
    message('a', ALL_ROUTERS, routerSolicitation()),
    replied('a', advertised('a', { toIp: VMS.a.ipv6 })),
  ),
  fromVm(
    'a',
    V4,
    'router solicitation to the router’s link-local address',
    message('a', ROUTER_LINK_LOCAL, withMac('a'), toRouter),
    replied('a', advertised('a', { toIp: VMS.a.ipv6 })),
  ),
  fromVm(
    'trunk',
    ['V4', 'N6'],
    'router solicitation on a VLAN',
    vlan({ vid: 100 }, message('trunk', ALL_ROUTERS, withMac('trunk'), { src: linkLocal(VMS.trunk.mac) })),
    replied(
      'trunk',
      vlan({ vid: 100 }, advertised('trunk', { prefixes: SECOND_PREFIXES, toIp: linkLocal(VMS.trunk.mac) })),
    ),
  ),
  fromVm(
    'f',
    V4,
    'router solicitation where there is no IPv6',
    message('f', ALL_ROUTERS, withMac('f'), { src: linkLocal(VMS.f.mac) }),
    DROP_NEIGHBOR_UNKNOWN,
  ),
  fromVm(
    'a',
    V4,
    'a router solicitation to a gateway VM goes to it',
    toGate,
    tunnelled4('h1', 'h2', BLUE, toGate),
  ),
];
