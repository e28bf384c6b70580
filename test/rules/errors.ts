/** ICMP errors of the virtual router: how much they quote, how often they come, and when never (T2). */

import { DROP_OVER_MTU, DROP_TTL_EXCEEDED } from '../../src/abi/verdict.ts';
import {
  type Upper,
  destinationOptions,
  ethernet,
  fragment,
  icmpv4,
  icmpv4Echo,
  icmpv6,
  icmpv6Echo,
  ipv4,
  ipv6,
  linkLocal,
  padded,
  pattern,
  tcp,
  udp,
} from '../packets/index.ts';
import { type Case, type PacketFields, frame4, frame6, fromVm, refused } from './case.ts';
import { VMS } from './fabric.ts';
import { ERROR4, ERROR6, error4, error6, toRouter4, toRouter6 } from './gateway.ts';

const T2 = ['T2'];
const ports = { srcPort: 1000, dstPort: 2000 };
const datagram = udp(ports, pattern(20));

/** Packets whose TTL ends at the router. */
const last4 = (upper: Upper | Uint8Array, fields: PacketFields = {}) =>
  toRouter4('a', VMS.st.ipv4, upper, { ...fields, ttl: 1 });
const last6 = (upper: Upper | Uint8Array, headers: Parameters<typeof ipv6>[0]['headers'] = []) =>
  toRouter6('a', VMS.st.ipv6, upper, { headers, ttl: 1 });

const told4 = (name: string, frame: Uint8Array): Case =>
  fromVm('a', T2, name, frame, refused(DROP_TTL_EXCEEDED, 'a', error4('a', frame, ERROR4.timeExceeded)));
const told6 = (name: string, frame: Uint8Array): Case =>
  fromVm('a', T2, name, frame, refused(DROP_TTL_EXCEEDED, 'a', error6('a', frame, ERROR6.timeExceeded)));
const silent = (name: string, frame: Uint8Array): Case => fromVm('a', T2, name, frame, DROP_TTL_EXCEEDED);

const QUOTES: Case[] = [
  told4('a packet of 548 bytes is quoted as a whole', last4(udp(ports, pattern(520)))),
  told4('a packet of 549 bytes is quoted but for one byte', last4(udp(ports, pattern(521)))),
  told4('a packet of 549 bytes with options', last4(udp(ports, pattern(513)), { options: pattern(8) })),
  told4('a packet of 1500 bytes', last4(udp(ports, pattern(1472)))),
  told6('an IPv6 packet of 1232 bytes is quoted as a whole', last6(udp(ports, pattern(1184)))),
  told6('an IPv6 packet of 1233 bytes is quoted but for one byte', last6(udp(ports, pattern(1185)))),
  told6('an IPv6 packet of 1500 bytes', last6(udp(ports, pattern(1452)))),
  told4('a packet of an odd length', last4(udp(ports, pattern(33)))),
  told4('a packet without anything above IP', last4(new Uint8Array(0))),
  told6('an IPv6 packet without anything above IP', last6(new Uint8Array(0))),
  told4('padding of a short frame is not quoted', padded(last4(udp(ports, pattern(1))), 60, 0xee)),
  told6('padding behind IPv6 is not quoted', padded(last6(udp(ports, pattern(1))), 80, 0xee)),
  told4('what is quoted stays as it is, though its checksum is wrong', last4(datagram, { checksumError: 9 })),
  told4('TOS and identification are not those of the packet', last4(datagram, { tos: 0xff, id: 0xbeef })),
];

const quoted4 = ipv4({ src: VMS.st.ipv4, dst: VMS.a.ipv4 }, udp(ports, pattern(8)));
const quoted6 = ipv6({ src: VMS.st.ipv6, dst: VMS.a.ipv6 }, udp(ports, pattern(8)));

const NEVER: Case[] = [
  ...[3, 4, 5, 11, 12].map((type) =>
    silent(`never about ICMP errors: type ${type}`, last4(icmpv4({ type }, quoted4))),
  ),
  ...[1, 2, 3, 4].map((type) =>
    silent(`never about ICMPv6 errors: type ${type}`, last6(icmpv6({ type }, quoted6))),
  ),
  silent(
    'never about ICMPv6 errors behind an extension header',
    last6(icmpv6({ type: 1 }, quoted6), [destinationOptions(8)]),
  ),
  told4('about an echo request', last4(icmpv4Echo(pattern(20)))),
  told4('about an echo reply', last4(icmpv4({ type: 0 }, pattern(20)))),
  told6('about an ICMPv6 echo request', last6(icmpv6Echo(pattern(20)))),
  silent('never about later fragments', last4(pattern(24), { offset: 5, mf: true })),
  silent('never about the last fragment', last4(pattern(24), { offset: 5 })),
  told4('about the first of several', last4(datagram, { mf: true })),
  silent('never about later IPv6 fragments', last6(datagram, [fragment({ offset: 5, more: true })])),
  told6('about the first of several IPv6 ones', last6(datagram, [fragment({ offset: 0, more: true })])),
  told6('about an atomic IPv6 fragment', last6(datagram, [fragment({ offset: 0, more: false })])),
  silent(
    'never about later IPv6 fragments behind an extension header',
    last6(datagram, [destinationOptions(8), fragment({ offset: 5, more: true })]),
  ),
];

// —— Packets that are too long, from or to addresses that nobody answers ——

const long = udp(ports, pattern(1460));
const direct = (src: string, dst: string, upper: Upper = long) =>
  ethernet(
    { src: VMS.gate1.mac, dst: VMS.b.mac },
    src.includes(':') ? ipv6({ src, dst }, upper) : ipv4({ src, dst, df: true }, upper),
  );

const ADDRESSES: Case[] = [
  ...(
    [
      ['to an IPv4 multicast address under one VM’s MAC', VMS.gate1.ipv4, '224.0.0.5'],
      ['to the broadcast address under one VM’s MAC', VMS.gate1.ipv4, '255.255.255.255'],
      ['to 127.0.0.1', VMS.gate1.ipv4, '127.0.0.1'],
      ['to 0.0.0.0', VMS.gate1.ipv4, '0.0.0.0'],
      ['from 127.0.0.1', '127.0.0.1', VMS.b.ipv4],
      ['from an IPv4 multicast address', '224.0.0.5', VMS.b.ipv4],
      ['from the broadcast address', '255.255.255.255', VMS.b.ipv4],
      ['from 0.0.0.0', '0.0.0.0', VMS.b.ipv4],
      ['to ::1', VMS.gate1.ipv6, '::1'],
      ['to ::', VMS.gate1.ipv6, '::'],
      ['from ::1', '::1', VMS.b.ipv6],
      ['from an IPv6 multicast address', 'ff02::5', VMS.b.ipv6],
      ['from ::', '::', VMS.b.ipv6],
    ] as const
  ).map(([name, src, dst]) =>
    fromVm('gate1', ['T2', 'T1'], `never about a packet ${name}`, direct(src, dst), DROP_OVER_MTU),
  ),
  fromVm(
    'gate1',
    ['T2', 'T1'],
    'about a packet from elsewhere, to its source by the gateway VM',
    direct('8.8.8.8', VMS.b.ipv4),
    refused(
      DROP_OVER_MTU,
      'gate1',
      error4('gate1', direct('8.8.8.8', VMS.b.ipv4), { ...ERROR4.tooBig(1458), dst: '8.8.8.8' }),
    ),
  ),
  fromVm(
    'a',
    ['T2', 'T1'],
    'about a packet from a link-local address, to that address',
    frame6('a', 'b', long, { src: linkLocal(VMS.a.mac) }),
    refused(
      DROP_OVER_MTU,
      'a',
      error6('a', frame6('a', 'b', long, { src: linkLocal(VMS.a.mac) }), {
        ...ERROR6.tooBig(1458),
        dst: linkLocal(VMS.a.mac),
      }),
    ),
  ),
  fromVm(
    'a',
    ['T2', 'T1'],
    'never about a fragment with DF that is not the first',
    frame4('a', 'b', pattern(1440), { df: true, offset: 9 }),
    DROP_OVER_MTU,
  ),
  fromVm(
    'a',
    ['T2', 'T1'],
    'never about an ICMP error that is too long',
    frame4('a', 'b', icmpv4({ type: 3 }, pattern(1460)), { df: true }),
    DROP_OVER_MTU,
  ),
];

const noGateway4 = frame4('q', 'qb', long, { df: true });
const noGateway6 = frame6('q', 'qb', long);

const SOURCES: Case[] = [
  fromVm(
    'q',
    ['T2', 'T1'],
    'without a gateway the error comes from the packet’s destination',
    noGateway4,
    refused(DROP_OVER_MTU, 'q', error4('q', noGateway4, { ...ERROR4.tooBig(1458), src: VMS.qb.ipv4 })),
  ),
  fromVm(
    'q',
    ['T2', 'T1'],
    'without an IPv6 gateway too',
    noGateway6,
    refused(DROP_OVER_MTU, 'q', error6('q', noGateway6, { ...ERROR6.tooBig(1458), src: VMS.qb.ipv6 })),
  ),
];

// —— Rate: a bucket as deep as one second ——

const dying = last4(datagram);
const answer = refused(DROP_TTL_EXCEEDED, 'a', error4('a', dying, ERROR4.timeExceeded));
const tooLong = frame6('a', 'b', tcp(ports, pattern(1500)));
const one = { port: 'a', frame: dying } as const;

const rate = (name: string, before: Case['before'], now: number, expected: Case['expected'], frame = dying) =>
  fromVm('a', T2, name, frame, expected, { provider: { icmpLimit: 2 }, before: before ?? [], now });

const RATES: Case[] = [
  rate('the second error of a second, where two are allowed', [one], 0, answer),
  rate('the third error of a second is kept back', [one, one], 0, DROP_TTL_EXCEEDED),
  rate('the third error after 400 ms is kept back', [one, one], 400, DROP_TTL_EXCEEDED),
  rate('the third error after 600 ms', [one, one], 600, answer),
  rate('errors of all kinds are counted together', [one, one], 0, DROP_OVER_MTU, tooLong),
  rate(
    'a long silence allows two errors, no more',
    [one, one, { ...one, now: 60_000 }, { ...one, now: 60_000 }],
    60_000,
    DROP_TTL_EXCEEDED,
  ),
  rate(
    'another port’s errors are not counted',
    [1, 2, 3].map(() => ({
      port: 's' as const,
      frame: toRouter4('s', VMS.b.ipv4, datagram, { ttl: 1 }),
    })),
    0,
    answer,
  ),
  rate(
    'what gets no error takes nothing from the bucket',
    [1, 2, 3].map(() => ({ port: 'a' as const, frame: last4(icmpv4({ type: 3 }, quoted4)) })),
    0,
    answer,
  ),
];

export const ERROR_CASES: readonly Case[] = [...QUOTES, ...NEVER, ...ADDRESSES, ...SOURCES, ...RATES];
