/** The router answers ping, and nothing else that is sent to it (V2). */

import { DROP_GATEWAY } from '../../src/abi/verdict.ts';
import {
  type Upper,
  destinationOptions,
  ethernet,
  fragment,
  icmpv4,
  icmpv6,
  ipv4,
  ipv6,
  linkLocal,
  part,
  pattern,
  tcp,
  udp,
} from '../packets/index.ts';
import { type Case, fromVm, replied } from './case.ts';
import { ROUTER_LINK_LOCAL, ROUTER_MAC, VMS, type VmName, vm } from './fabric.ts';
import { toRouter4, toRouter6 } from './gateway.ts';

const V2 = ['V2'];

const echo4 = (type: 0 | 8, length = 32, checksumError = 0): Upper =>
  icmpv4({ type, rest: 0x0102_0007, checksumError }, pattern(length));
const echo6 = (type: 128 | 129, length = 32, checksumError = 0): Upper =>
  icmpv6({ type, rest: 0x0102_0007, checksumError }, pattern(length));

type Fields4 = Omit<Parameters<typeof ipv4>[0], 'src' | 'dst'>;
type Fields6 = Omit<Parameters<typeof ipv6>[0], 'src' | 'dst'>;

/** What the router answers: from the address that was asked, to the one that asked. */
const answer4 = (to: VmName, src: string, upper: Upper, fields: Fields4 = {}, dst = vm(to).ipv4!) =>
  ethernet({ src: ROUTER_MAC, dst: vm(to).mac }, ipv4({ src, dst, ...fields, ttl: 64 }, upper));
const answer6 = (to: VmName, src: string, upper: Upper, fields: Fields6 = {}, dst = vm(to).ipv6!) =>
  ethernet({ src: ROUTER_MAC, dst: vm(to).mac }, ipv6({ src, dst, ...fields, hopLimit: 64 }, upper));

const ANSWERED: Case[] = [
  ...(
    [
      ['a', '10.0.0.1', 'its own gateway'],
      ['s', '10.0.1.1', 'the gateway of the second subnet, from there'],
      ['s', '10.0.1.2', 'its second gateway address'],
      ['a', '10.0.1.1', 'another subnet’s gateway'],
      ['a', '10.0.3.1', 'the gateway of a subnet with nobody else on this host'],
      ['ga', '10.0.0.1', 'its own gateway, which has another customer’s address'],
      ['ra', '10.0.0.1', 'the gateway, from a rewrite endpoint'],
    ] as const
  ).map(([port, address, name]) =>
    fromVm(
      port,
      V2,
      `ping ${address}: ${name}`,
      toRouter4(port, address, echo4(8)),
      replied(port, answer4(port, address, echo4(0))),
    ),
  ),
  ...(
    [
      ['a', 'fd00::1', 'its own gateway'],
      ['s', 'fd00:0:0:1::1', 'the gateway of the second subnet, from there'],
      ['a', 'fd00:0:0:1::1', 'another subnet’s gateway'],
      ['a', ROUTER_LINK_LOCAL, 'the router’s link-local address'],
    ] as const
  ).map(([port, address, name]) =>
    fromVm(
      port,
      V2,
      `ping ${address}: ${name}`,
      toRouter6(port, address, echo6(128)),
      replied(port, answer6(port, address, echo6(129))),
    ),
  ),
  fromVm(
    'a',
    V2,
    'ping the router’s link-local address from a link-local address',
    toRouter6('a', ROUTER_LINK_LOCAL, echo6(128), { src: linkLocal(VMS.a.mac) }),
    replied('a', answer6('a', ROUTER_LINK_LOCAL, echo6(129), {}, linkLocal(VMS.a.mac))),
  ),
  fromVm(
    'gate1',
    V2,
    'ping by a gateway VM for somebody else',
    toRouter4('gate1', '10.0.0.1', echo4(8), { src: '8.8.8.8' }),
    replied('gate1', answer4('gate1', '10.0.0.1', echo4(0), {}, '8.8.8.8')),
  ),
];

const AS_IT_WAS: Case[] = [
  fromVm(
    'a',
    V2,
    'the echo reply has TOS, identification and DF of the request, and TTL 64',
    toRouter4('a', '10.0.0.1', echo4(8), { tos: 0xb8, id: 0xbeef, df: true, ttl: 255 }),
    replied('a', answer4('a', '10.0.0.1', echo4(0), { tos: 0xb8, id: 0xbeef, df: true })),
  ),
  fromVm(
    'a',
    V2,
    'the echo reply has traffic class and flow label of the request, and hop limit 64',
    toRouter6('a', 'fd00::1', echo6(128), { tos: 0xb8, ttl: 255, flowLabel: 0x54321 }),
    replied('a', answer6('a', 'fd00::1', echo6(129), { trafficClass: 0xb8, flowLabel: 0x54321 })),
  ),
  fromVm(
    'a',
    V2,
    'an echo request with TTL 1 has arrived',
    toRouter4('a', '10.0.0.1', echo4(8), { ttl: 1 }),
    replied('a', answer4('a', '10.0.0.1', echo4(0))),
  ),
  fromVm(
    'a',
    V2,
    'an echo request of 1900 bytes meets no provider MTU',
    toRouter4('a', '10.0.0.1', echo4(8, 1872), { df: true }),
    replied('a', answer4('a', '10.0.0.1', echo4(0, 1872), { df: true })),
  ),
  fromVm(
    'a',
    V2,
    'an echo request without data',
    toRouter6('a', 'fd00::1', echo6(128, 0)),
    replied('a', answer6('a', 'fd00::1', echo6(129, 0))),
  ),
  ...[0x0001, 0x1234, 0xfffe].flatMap((error) => [
    fromVm(
      'a',
      V2,
      `a wrong ICMP checksum stays wrong in the reply, by ${error}`,
      toRouter4('a', '10.0.0.1', echo4(8, 32, error)),
      replied('a', answer4('a', '10.0.0.1', echo4(0, 32, error))),
    ),
    fromVm(
      'a',
      V2,
      `a wrong ICMPv6 checksum stays wrong in the reply, by ${error}`,
      toRouter6('a', 'fd00::1', echo6(128, 32, error)),
      replied('a', answer6('a', 'fd00::1', echo6(129, 32, error))),
    ),
  ]),
  fromVm(
    'a',
    V2,
    'a wrong header checksum of an echo request stays wrong by the same difference',
    toRouter4('a', '10.0.0.1', echo4(8), { checksumError: 0x2345 }),
    replied('a', answer4('a', '10.0.0.1', echo4(0), { checksumError: 0x2345 })),
  ),
];

const REFUSED: Case[] = [
  [
    'an echo request with IPv4 options',
    toRouter4('a', '10.0.0.1', echo4(8), { options: pattern(4) }),
  ] as const,
  ['the first fragment of an echo request', toRouter4('a', '10.0.0.1', echo4(8), { mf: true })] as const,
  ['a later fragment', toRouter4('a', '10.0.0.1', echo4(8), { offset: 3 })] as const,
  ['an echo reply', toRouter4('a', '10.0.0.1', echo4(0))] as const,
  ['UDP to its address', toRouter4('a', '10.0.0.1', udp({ srcPort: 1, dstPort: 53 }, pattern(9)))] as const,
  ['TCP to its address', toRouter4('a', '10.0.0.1', tcp({ srcPort: 1, dstPort: 22 }, pattern(9)))] as const,
  [
    'UDP to another subnet’s gateway, TTL 1',
    toRouter4('a', '10.0.1.1', udp({ srcPort: 1, dstPort: 53 }, pattern(9)), { ttl: 1 }),
  ] as const,
  ['an ICMP header cut short', toRouter4('a', '10.0.0.1', part(echo4(8), 0, 7))] as const,
  [
    'an ICMPv6 echo request behind an extension header',
    toRouter6('a', 'fd00::1', echo6(128), { headers: [destinationOptions(8)] }),
  ] as const,
  [
    'an ICMPv6 echo request with a fragment header',
    toRouter6('a', 'fd00::1', echo6(128), { headers: [fragment({ offset: 0, more: false })] }),
  ] as const,
  ['an ICMPv6 echo reply', toRouter6('a', 'fd00::1', echo6(129))] as const,
  [
    'UDP over IPv6 to its address',
    toRouter6('a', 'fd00::1', udp({ srcPort: 1, dstPort: 53 }, pattern(9))),
  ] as const,
  [
    'UDP to the router’s link-local address',
    toRouter6('a', ROUTER_LINK_LOCAL, udp({ srcPort: 1, dstPort: 53 }, pattern(9))),
  ] as const,
  [
    'its address under a VM’s MAC',
    ethernet(
      { src: VMS.a.mac, dst: VMS.b.mac },
      ipv4({ src: VMS.a.ipv4, dst: '10.0.0.1' }, udp({ srcPort: 1, dstPort: 53 }, pattern(9))),
    ),
  ] as const,
  [
    'its IPv6 address under a VM’s MAC',
    ethernet(
      { src: VMS.a.mac, dst: VMS.b.mac },
      ipv6({ src: VMS.a.ipv6, dst: 'fd00::1' }, udp({ srcPort: 1, dstPort: 53 }, pattern(9))),
    ),
  ] as const,
].map(([name, frame]) => fromVm('a', V2, `the gateway takes no ${name}`, frame, DROP_GATEWAY));

export const ECHO_CASES: readonly Case[] = [...ANSWERED, ...AS_IT_WAS, ...REFUSED];
