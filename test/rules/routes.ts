/** Routes by way of gateway VMs (V2), and routed packets where they arrive (V7, V2). */

import {
  DROP_NOT_ROUTABLE,
  DROP_SAME_PORT,
  DROP_TTL_EXCEEDED,
  DROP_TUNNEL_SOURCE,
} from '../../src/abi/verdict.ts';
import { ETHER_TYPE, ethernet, ipv4, pattern, udp } from '../packets/index.ts';
import {
  type Case,
  envelope4,
  envelope6,
  fromUplink,
  fromVm,
  refused,
  rewritten4,
  rewritten6,
  tunnelled4,
} from './case.ts';
import { BLUE, BLUE_SECOND, GREEN, ROUTER_MAC, VMS, type VmName } from './fabric.ts';
import { ERROR4, FAMILIES, error4, routed4, routed6, toRouter4, toRouter6 } from './gateway.ts';

const V2 = ['V2'];
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));

interface Way {
  readonly name: string;
  readonly dst4: string;
  readonly dst6?: string;
  readonly via: 'gate' | 'gate1';
}

const WAYS: readonly Way[] = [
  { name: 'the default route', dst4: '8.8.8.8', dst6: '2600::1', via: 'gate' },
  { name: 'a longer prefix', dst4: '10.99.5.5', dst6: '2001:db8:99::5', via: 'gate1' },
  { name: 'beside the longer prefix', dst4: '10.100.5.5', dst6: '2001:db8:9a::5', via: 'gate' },
  { name: 'the lower metric', dst4: '10.98.5.5', dst6: '2001:db8:98::5', via: 'gate1' },
  { name: 'a route longer than a subnet’s prefix', dst4: '10.0.1.200', via: 'gate1' },
];

const via = (gate: 'gate' | 'gate1', frame: Uint8Array) =>
  gate === 'gate' ? tunnelled4('h1', 'h2', BLUE, frame) : { port: gate, frame };

const ROUTES: Case[] = WAYS.flatMap(({ name, dst4, dst6, via: gate }) =>
  (['a', 's'] as const).flatMap((from) => [
    fromVm(
      from,
      V2,
      `IPv4 from ${from} by ${name}`,
      toRouter4(from, dst4, datagram),
      via(gate, routed4(from, gate, datagram, { dst: dst4 })),
    ),
    ...(dst6 === undefined
      ? []
      : [
          fromVm(
            from,
            V2,
            `IPv6 from ${from} by ${name}`,
            toRouter6(from, dst6, datagram),
            via(gate, routed6(from, gate, datagram, { dst: dst6 })),
          ),
        ]),
  ]),
);

const expired = toRouter4('s', '8.8.8.8', datagram, { ttl: 1 });

const MORE_ROUTES: Case[] = [
  fromVm(
    'ra',
    ['V2', 'W1'],
    'by way of a rewrite endpoint it is an envelope all the same',
    toRouter4('ra', '10.97.0.1', datagram),
    tunnelled4('h1', 'h2', BLUE, routed4('ra', 'rb', datagram, { dst: '10.97.0.1' })),
  ),
  fromVm(
    'gate1',
    V2,
    'a route back to the port it comes from',
    toRouter4('gate1', '10.99.1.1', datagram),
    DROP_SAME_PORT,
  ),
  fromVm(
    'gate1',
    V2,
    'what a gateway VM passes on, to another subnet',
    toRouter4('gate1', VMS.s.ipv4, datagram, { src: '10.99.1.1' }),
    { port: 's', frame: routed4('gate1', 's', datagram, { src: '10.99.1.1' }) },
  ),
  fromVm(
    'gate1',
    ['V2', 'T2'],
    'an error about what a gateway VM passes on goes to the source, by the VM',
    toRouter4('gate1', VMS.st.ipv4, datagram, { src: '10.99.1.1', ttl: 1 }),
    refused(
      DROP_TTL_EXCEEDED,
      'gate1',
      error4('gate1', toRouter4('gate1', VMS.st.ipv4, datagram, { src: '10.99.1.1', ttl: 1 }), {
        ...ERROR4.timeExceeded,
        dst: '10.99.1.1',
      }),
    ),
  ),
  fromVm(
    'gate1',
    V2,
    'a gateway VM passes on a packet from 0.0.0.0',
    toRouter4('gate1', VMS.s.ipv4, datagram, { src: '0.0.0.0' }),
    DROP_NOT_ROUTABLE,
  ),
  fromVm(
    's',
    ['V2', 'T2'],
    'a TTL that ends in front of a route',
    expired,
    refused(DROP_TTL_EXCEEDED, 's', error4('s', expired, ERROR4.timeExceeded)),
  ),
];

// —— Where they arrive ——

const deliver = (port: VmName, frame: Uint8Array) => ({ port, frame });
const V7 = ['V7', 'V2'];

const ARRIVING: Case[] = FAMILIES.flatMap(({ family, routed, address }) => {
  const known = routed('a', 'st', datagram);
  const outside = family === 'IPv4' ? '8.8.8.8' : '2600::1';
  const beyond = routed('gate', 's', datagram, { src: outside });
  const twoWays = routed('gate', 'sc', datagram, { src: family === 'IPv4' ? '10.98.1.1' : '2001:db8:98::1' });
  const oneWay = routed('gate1', 'sc', datagram, { src: family === 'IPv4' ? '10.99.1.1' : '2001:db8:99::1' });
  const inside = routed('a', 'gate', datagram, { dst: outside });
  const nobody = routed('ga', 'gb', datagram, { src: family === 'IPv4' ? '9.9.9.9' : '2600::9' });
  const foreign = routed('s', 'gb', datagram);
  return [
    fromUplink(
      'h2',
      V7,
      `routed ${family} from the source’s host`,
      envelope4('h1', 'h2', BLUE_SECOND, known),
      deliver('st', known),
    ),
    fromUplink(
      'h2',
      V7,
      `the same over IPv6: routed ${family}`,
      envelope6('h1', 'h2', BLUE_SECOND, known),
      deliver('st', known),
    ),
    fromUplink(
      'h2',
      V7,
      `routed ${family} from another host`,
      envelope4('h3', 'h2', BLUE_SECOND, known),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h2',
      V7,
      `routed ${family} whose source lives here`,
      envelope4('h1', 'h2', BLUE_SECOND, routed('b', 'st', datagram)),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h2',
      V7,
      `routed ${family} with the sender’s MAC instead of the router’s`,
      envelope4('h1', 'h2', BLUE_SECOND, ethernet({ src: VMS.a.mac, dst: VMS.st.mac }, known.subarray(14))),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h1',
      V7,
      `${family} from outside, from the host of the default route’s VM`,
      envelope4('h2', 'h1', BLUE_SECOND, beyond),
      deliver('s', beyond),
    ),
    fromUplink(
      'h1',
      V7,
      `${family} from outside, from another host`,
      envelope4('h3', 'h1', BLUE_SECOND, beyond),
      DROP_TUNNEL_SOURCE,
    ),
    ...(['h1', 'h2'] as const).map((from) =>
      fromUplink(
        'h3',
        V7,
        `${family} from a network with two routes, from ${from}: any metric will do`,
        envelope4(from, 'h3', BLUE_SECOND, twoWays),
        deliver('sc', twoWays),
      ),
    ),
    fromUplink(
      'h3',
      V7,
      `${family} from a network with a longer route, from its VM’s host`,
      envelope4('h1', 'h3', BLUE_SECOND, oneWay),
      deliver('sc', oneWay),
    ),
    fromUplink(
      'h3',
      V7,
      `${family} from a network with a longer route, from the default route’s host`,
      envelope4('h2', 'h3', BLUE_SECOND, oneWay),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h2',
      V7,
      `${family} routed inside one subnet, to the gateway VM`,
      envelope4('h1', 'h2', BLUE, inside),
      deliver('gate', inside),
    ),
    fromUplink(
      'h2',
      V7,
      `${family} from the router’s MAC with a source that nobody has`,
      envelope4('h1', 'h2', GREEN, nobody),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h2',
      ['V1', 'V7'],
      `${family} from blue’s second subnet in green’s envelope`,
      envelope4('h1', 'h2', GREEN, foreign),
      DROP_TUNNEL_SOURCE,
    ),
    fromUplink(
      'h2',
      ['V7', 'W1', 'V2'],
      `routed ${family} between rewrite endpoints in an envelope, as a gateway VM passes it on`,
      envelope4('h1', 'h2', BLUE_SECOND, routed('ra', 'sr', datagram)),
      { port: 'sr', frame: routed('ra', 'sr', datagram) },
    ),
    fromUplink(
      'h2',
      V7,
      `routed ${family} from an NVGRE endpoint to a rewrite endpoint`,
      envelope4('h1', 'h2', BLUE_SECOND, routed('a', 'sr', datagram)),
      deliver('sr', routed('a', 'sr', datagram)),
    ),
    fromUplink(
      'h2',
      V7,
      `${family} from the router’s MAC with the address ${address('s')} of the subnet it says to come from, but from h3`,
      envelope4('h3', 'h2', BLUE, routed('s', 'b', datagram)),
      DROP_TUNNEL_SOURCE,
    ),
  ];
});

const MORE_ARRIVING: Case[] = [
  fromUplink(
    'h2',
    V7,
    'what is not IP from the router’s MAC',
    envelope4(
      'h1',
      'h2',
      BLUE,
      ethernet({ src: ROUTER_MAC, dst: VMS.b.mac, type: ETHER_TYPE.experiment }, pattern(46)),
    ),
    DROP_TUNNEL_SOURCE,
  ),
  fromUplink(
    'h2',
    ['V2', 'W2'],
    'a rewritten IPv4 packet from another subnet comes from the router',
    rewritten4('ra', 'sr', datagram, { ttl: 63 }),
    deliver('sr', routed4('ra', 'sr', datagram)),
  ),
  fromUplink(
    'h2',
    ['V2', 'W2'],
    'a rewritten IPv6 packet from another subnet comes from the router',
    rewritten6('ra', 'sr', datagram, { ttl: 63 }),
    deliver('sr', routed6('ra', 'sr', datagram)),
  ),
  fromUplink(
    'h2',
    ['V7', 'V2'],
    'a rewritten packet from another subnet, of a VM on this very host',
    ethernet(
      { src: '02:00:00:00:01:01', dst: '02:00:00:00:01:02' },
      ipv4({ src: VMS.rb.provider4, dst: VMS.sr.provider4 }, datagram),
    ),
    DROP_TUNNEL_SOURCE,
  ),
];

export const ROUTE_CASES: readonly Case[] = [...ROUTES, ...MORE_ROUTES, ...ARRIVING, ...MORE_ARRIVING];
