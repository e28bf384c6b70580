/** The virtual router on the way out: from subnet to subnet, by every mechanism, and what it does not route (V2). */

import {
  DROP_NOT_ROUTABLE,
  DROP_NO_GATEWAY,
  DROP_NO_RECORD,
  DROP_NO_ROUTE,
  DROP_SAME_PORT,
  DROP_SOURCE_ADDRESS,
  DROP_TTL_EXCEEDED,
} from '../../src/abi/verdict.ts';
import { ETHER_TYPE, ethernet, icmpv4Echo, linkLocal, padded, pattern, tcp, udp } from '../packets/index.ts';
import { type Case, fromVm, refused, rewritten4, rewritten6, tunnelled4, tunnelled6 } from './case.ts';
import { BLUE, BLUE_SECOND, ROUTER_MAC, VMS } from './fabric.ts';
import { FAMILIES, routed4, routed6, toRouter4, toRouter6 } from './gateway.ts';

const V2 = ['V2'];
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const segment = tcp({ srcPort: 1000, dstPort: 80 }, pattern(10));
const uplink = (frame: Uint8Array) => ({ port: 'uplink' as const, frame });

const ROUTED: Case[] = FAMILIES.flatMap(({ family, toRouter, routed, address }) => [
  fromVm(
    'a',
    ['V2', 'V8'],
    `${family} to a subnet’s VM on this host`,
    toRouter('a', address('s'), datagram),
    {
      port: 's',
      frame: routed('a', 's', datagram),
    },
  ),
  fromVm(
    'a',
    ['V2', 'N2'],
    `${family} to another host: the VSID on the wire is the destination’s`,
    toRouter('a', address('st'), datagram),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed('a', 'st', datagram)),
  ),
  fromVm(
    's',
    ['V2', 'N2'],
    `${family} the other way`,
    toRouter('s', address('b'), segment),
    tunnelled4('h1', 'h2', BLUE, routed('s', 'b', segment)),
  ),
  fromVm(
    'a',
    ['V2', 'N9'],
    `${family} to a host without IPv4`,
    toRouter('a', address('sd'), datagram),
    tunnelled6('h1', 'h6', BLUE_SECOND, routed('a', 'sd', datagram)),
  ),
  fromVm(
    'a',
    ['V2', 'W1'],
    `${family} from an NVGRE endpoint to a rewrite endpoint: envelope`,
    toRouter('a', address('sr'), datagram),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed('a', 'sr', datagram)),
  ),
  fromVm(
    'ra',
    ['V2', 'W1'],
    `${family} from a rewrite endpoint to an NVGRE endpoint: envelope`,
    toRouter('ra', address('st'), datagram),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed('ra', 'st', datagram)),
  ),
  fromVm(
    'a',
    V2,
    `${family} to a VM of the sender’s own subnet, if it asks the router`,
    toRouter('a', address('b'), datagram),
    tunnelled4('h1', 'h2', BLUE, routed('a', 'b', datagram)),
  ),
  fromVm(
    'a',
    V2,
    `${family} to itself by way of the router`,
    toRouter('a', address('a'), datagram),
    DROP_SAME_PORT,
  ),
  fromVm(
    'a',
    ['V2', 'V6'],
    `${family} with another VM’s address`,
    toRouter('a', address('s'), datagram, { src: address('a2') }),
    DROP_SOURCE_ADDRESS,
  ),
]);

const REWRITTEN: Case[] = [
  fromVm(
    'ra',
    ['V2', 'W1', 'W2'],
    'IPv4 between rewrite endpoints: rewritten, TTL one less',
    toRouter4('ra', VMS.sr.ipv4, segment),
    uplink(rewritten4('ra', 'sr', segment, { ttl: 63 })),
  ),
  fromVm(
    'ra',
    ['V2', 'W1', 'W2'],
    'IPv6 between rewrite endpoints: rewritten, hop limit one less',
    toRouter6('ra', VMS.sr.ipv6, segment),
    uplink(rewritten6('ra', 'sr', segment, { ttl: 63 })),
  ),
  fromVm(
    'ra',
    ['V2', 'W3'],
    'rewritten and routed, a wrong header checksum stays wrong by the same difference',
    toRouter4('ra', VMS.sr.ipv4, segment, { checksumError: 0x1234 }),
    uplink(rewritten4('ra', 'sr', segment, { ttl: 63, checksumError: 0x1234 })),
  ),
];

const DETAILS: Case[] = [
  fromVm(
    'a',
    V2,
    'TOS, identification, DF and options stay',
    toRouter4('a', VMS.s.ipv4, datagram, { tos: 0xb9, id: 0xbeef, df: true, options: pattern(8) }),
    {
      port: 's',
      frame: routed4('a', 's', datagram, { tos: 0xb9, id: 0xbeef, df: true, options: pattern(8) }),
    },
  ),
  fromVm(
    'a',
    V2,
    'traffic class and flow label stay',
    toRouter6('a', VMS.s.ipv6, datagram, { tos: 0xb9, flowLabel: 0x12345 }),
    { port: 's', frame: routed6('a', 's', datagram, { tos: 0xb9, flowLabel: 0x12345 }) },
  ),
  fromVm(
    'a',
    ['V2', 'DSCP', 'ECN'],
    'the envelope of a routed packet has its DSCP and ECN',
    toRouter4('a', VMS.st.ipv4, datagram, { tos: 0xba }),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed4('a', 'st', datagram, { tos: 0xba }), { tos: 0xba }),
  ),
  fromVm(
    'a',
    V2,
    'a wrong header checksum of the VM stays wrong by the same difference',
    toRouter4('a', VMS.s.ipv4, datagram, { checksumError: 0x4321 }),
    { port: 's', frame: routed4('a', 's', datagram, { checksumError: 0x4321 }) },
  ),
  fromVm(
    'a',
    ['V2', 'N8'],
    'Ethernet padding travels along through the router',
    padded(toRouter4('a', VMS.st.ipv4, udp({ srcPort: 1, dstPort: 2 }, pattern(2))), 60),
    tunnelled4(
      'h1',
      'h2',
      BLUE_SECOND,
      padded(routed4('a', 'st', udp({ srcPort: 1, dstPort: 2 }, pattern(2))), 60),
    ),
  ),
  fromVm('a', V2, 'a fragment', toRouter4('a', VMS.s.ipv4, pattern(24), { offset: 5, mf: true }), {
    port: 's',
    frame: routed4('a', 's', pattern(24), { offset: 5, mf: true }),
  }),
  ...[255, 128, 65, 3].map((ttl) =>
    fromVm('a', V2, `TTL ${ttl} becomes ${ttl - 1}`, toRouter4('a', VMS.s.ipv4, datagram, { ttl }), {
      port: 's',
      frame: routed4('a', 's', datagram, { ttl: ttl - 1 }),
    }),
  ),
];

const TTL: Case[] = FAMILIES.flatMap(({ family, toRouter, routed, address, error, errors }) => [
  fromVm('a', V2, `${family}, TTL 2 becomes 1`, toRouter('a', address('s'), datagram, { ttl: 2 }), {
    port: 's',
    frame: routed('a', 's', datagram, { ttl: 1 }),
  }),
  ...[0, 1].map((ttl) => {
    const frame = toRouter('a', address('st'), datagram, { ttl });
    return fromVm(
      'a',
      ['V2', 'T2'],
      `${family}, TTL ${ttl}: time exceeded`,
      frame,
      refused(DROP_TTL_EXCEEDED, 'a', error('a', frame, errors.timeExceeded)),
    );
  }),
]);

const everybody = (dst: string, ttl = 64) => toRouter4('a', dst, datagram, { ttl });

const UNREACHABLE: Case[] = FAMILIES.flatMap(({ family, toRouter, address, error, errors }) => {
  const isIpv4 = family === 'IPv4';
  const nobody = toRouter('a', isIpv4 ? '10.0.1.99' : 'fd00:0:0:1::99', datagram);
  const nobodyHere = toRouter('a', isIpv4 ? '10.0.0.99' : 'fd00::99', datagram);
  const nowhere = toRouter('ga', isIpv4 ? '9.9.9.9' : '2600::1', datagram);
  const blueOnly = toRouter('ga', address('s'), datagram);
  const quiet = toRouter('a', address('q'), datagram);
  return [
    fromVm(
      'a',
      ['V2', 'T2'],
      `${family} to an address that nobody in another subnet has: host unreachable`,
      nobody,
      refused(DROP_NO_RECORD, 'a', error('a', nobody, errors.hostUnreachable)),
    ),
    fromVm(
      'a',
      ['V2', 'T2'],
      `${family} to an address that nobody in this subnet has: host unreachable`,
      nobodyHere,
      refused(DROP_NO_RECORD, 'a', error('a', nobodyHere, errors.hostUnreachable)),
    ),
    ...(isIpv4
      ? [
          fromVm(
            'a',
            ['V2', 'T2'],
            'to another subnet’s directed broadcast: no error',
            everybody('10.0.3.255'),
            DROP_NO_RECORD,
          ),
          fromVm(
            'a',
            ['V2', 'T2'],
            'to its own subnet’s directed broadcast: no error',
            everybody('10.0.0.255'),
            DROP_NO_RECORD,
          ),
          fromVm(
            'a',
            ['V2', 'T2'],
            'to a directed broadcast, TTL 1: no error',
            everybody('10.0.3.255', 1),
            DROP_TTL_EXCEEDED,
          ),
        ]
      : []),
    fromVm(
      'ga',
      ['V2', 'T2'],
      `${family} without a route: net unreachable`,
      nowhere,
      refused(DROP_NO_ROUTE, 'ga', error('ga', nowhere, errors.netUnreachable)),
    ),
    fromVm(
      'ga',
      ['V1', 'V2'],
      `${family}: green’s router does not know blue’s subnets`,
      blueOnly,
      refused(DROP_NO_ROUTE, 'ga', error('ga', blueOnly, errors.netUnreachable)),
    ),
    fromVm(
      'a',
      ['V2', 'T2'],
      `${family} to a VM in a subnet without a gateway: net unreachable`,
      quiet,
      refused(DROP_NO_ROUTE, 'a', error('a', quiet, errors.netUnreachable)),
    ),
    fromVm(
      'q',
      V2,
      `${family} from a subnet without a gateway`,
      toRouter('q', address('a'), datagram),
      DROP_NO_GATEWAY,
    ),
  ];
});

const NOT_ROUTABLE: Case[] = [
  ...(
    [
      ['loopback', '127.0.0.1'],
      ['link-local', '169.254.1.1'],
      ['multicast', '224.0.0.5'],
      ['class E', '240.0.0.1'],
      ['broadcast', '255.255.255.255'],
      ['unspecified', '0.0.0.0'],
    ] as const
  ).map(([kind, dst]) =>
    fromVm('a', V2, `IPv4 to a ${kind} address`, toRouter4('a', dst, datagram), DROP_NOT_ROUTABLE),
  ),
  ...(
    [
      ['loopback', '::1'],
      ['link-local', linkLocal(VMS.b.mac)],
      ['multicast', 'ff05::5'],
      ['unspecified', '::'],
    ] as const
  ).map(([kind, dst]) =>
    fromVm('a', V2, `IPv6 to a ${kind} address`, toRouter6('a', dst, datagram), DROP_NOT_ROUTABLE),
  ),
  fromVm(
    'a',
    V2,
    'IPv6 from a link-local address',
    toRouter6('a', VMS.s.ipv6, datagram, { src: linkLocal(VMS.a.mac) }),
    DROP_NOT_ROUTABLE,
  ),
  fromVm(
    'a',
    V2,
    'DHCP from 0.0.0.0 to another subnet',
    toRouter4('a', VMS.s.ipv4, udp({ srcPort: 68, dstPort: 67 }, pattern(20)), { src: '0.0.0.0' }),
    DROP_NOT_ROUTABLE,
  ),
  fromVm(
    'a',
    V2,
    'a destination that is not routable, with TTL 1: no error either',
    toRouter4('a', '224.0.0.5', icmpv4Echo(pattern(8)), { ttl: 1 }),
    DROP_NOT_ROUTABLE,
  ),
  fromVm(
    'a',
    V2,
    'what is not IP',
    ethernet({ src: VMS.a.mac, dst: ROUTER_MAC, type: ETHER_TYPE.experiment }, pattern(46)),
    DROP_NOT_ROUTABLE,
  ),
  fromVm(
    'f',
    V2,
    'IPv6 in a subnet that has an IPv4 gateway only',
    ethernet(
      { src: VMS.f.mac, dst: ROUTER_MAC },
      toRouter6('a', VMS.s.ipv6, datagram, { src: linkLocal(VMS.f.mac) }).slice(14),
    ),
    DROP_NO_GATEWAY,
  ),
  fromVm('f', V2, 'IPv4 in a subnet that has an IPv4 gateway only', toRouter4('f', VMS.s.ipv4, datagram), {
    port: 's',
    frame: routed4('f', 's', datagram),
  }),
];

export const ROUTER_CASES: readonly Case[] = [
  ...ROUTED,
  ...REWRITTEN,
  ...DETAILS,
  ...TTL,
  ...UNREACHABLE,
  ...NOT_ROUTABLE,
];
