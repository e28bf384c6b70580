/** ICMP errors under IP Rewrite: the packet that they quote is translated with them (W6). */

import { DROP_REWRITE_QUOTE } from '../../src/abi/verdict.ts';
import {
  PROTOCOL,
  type Upper,
  destinationOptions,
  fragment,
  icmpv4,
  icmpv4Echo,
  icmpv6,
  icmpv6Echo,
  ipv4,
  ipv6,
  patched,
  pattern,
  raw,
  routing,
  tcp,
  udp,
} from '../packets/index.ts';
import { type Case, frame4, frame6, rewriteCases, rewritten4, rewritten6 } from './case.ts';
import { VMS } from './fabric.ts';

const ports = { srcPort: 2000, dstPort: 1000 };
const A = VMS.ra;
const B = VMS.rb;

type Fields4 = Omit<Parameters<typeof ipv4>[0], 'src' | 'dst'>;
type Fields6 = Omit<Parameters<typeof ipv6>[0], 'src' | 'dst'>;

/** ra quotes what rb had sent it: with customer and with provider addresses. */
function errors4(name: string, upper: Upper, length?: number, fields: Fields4 = {}, type = 3): Case[] {
  const error = (src: string, dst: string) =>
    icmpv4({ type, code: 4, rest: 1400 }, ipv4({ src, dst, ...fields }, upper).slice(0, length));
  return rewriteCases(
    ['W6'],
    `${name}, over IPv4`,
    'ra',
    'rb',
    frame4('ra', 'rb', error(B.ipv4, A.ipv4)),
    rewritten4('ra', 'rb', error(B.provider4, A.provider4)),
  );
}

function errors6(name: string, upper: Upper, length?: number, fields: Fields6 = {}, type = 2): Case[] {
  const error = (src: string, dst: string) =>
    icmpv6({ type, rest: 1400 }, ipv6({ src, dst, ...fields }, upper).slice(0, length));
  return rewriteCases(
    ['W6'],
    `${name}, over IPv6`,
    'ra',
    'rb',
    frame6('ra', 'rb', error(B.ipv6, A.ipv6)),
    rewritten6('ra', 'rb', error(B.provider6, A.provider6)),
  );
}

const errors = (name: string, upper: Upper, transport?: number): Case[] => [
  ...errors4(name, upper, transport === undefined ? undefined : 20 + transport),
  ...errors6(name, upper, transport === undefined ? undefined : 40 + transport),
];

const KINDS: Case[] = [
  ...errors('a quoted TCP segment', tcp(ports, pattern(20))),
  ...errors('a quoted UDP datagram', udp(ports, pattern(20))),
  ...errors('a quoted UDP datagram without checksum', udp({ ...ports, checksum: 0 }, pattern(20))),
  ...errors('a quoted UDP datagram with a wrong checksum', udp({ ...ports, checksumError: 77 }, pattern(20))),
  ...errors4('a quoted ICMP echo', icmpv4Echo(pattern(20))),
  ...errors6('a quoted ICMPv6 echo', icmpv6Echo(pattern(20))),
  ...[4, 5, 11, 12].flatMap((type) =>
    errors4(`ICMP type ${type}`, udp(ports, pattern(20)), undefined, {}, type),
  ),
  ...[1, 3, 4].flatMap((type) =>
    errors6(`ICMPv6 type ${type}`, udp(ports, pattern(20)), undefined, {}, type),
  ),
];

const CUT: Case[] = [
  ...errors('a quote with the first 8 bytes of TCP, its checksum not among them', tcp(ports, pattern(20)), 8),
  ...errors('a quote with the first 8 bytes of UDP, its checksum among them', udp(ports, pattern(20)), 8),
  ...errors('a quote that ends inside the UDP checksum', raw(PROTOCOL.udp, pattern(7))),
  ...errors('a quote that ends behind the IP header', udp(ports, pattern(20)), 0),
  ...errors4('a quoted packet with a wrong header checksum', udp(ports, pattern(20)), undefined, {
    checksumError: 5,
  }),
  ...errors4('a quoted packet with options', udp(ports, pattern(20)), undefined, { options: pattern(12) }),
  ...errors4('a quoted later fragment', raw(PROTOCOL.udp, pattern(20)), undefined, { offset: 5 }),
  ...errors6('a quoted packet with extension headers', udp(ports, pattern(20)), undefined, {
    headers: [destinationOptions(16), fragment({ offset: 0, more: true })],
  }),
  ...errors6('a quoted routing header that has been used up', udp(ports, pattern(20)), undefined, {
    headers: [routing({ segmentsLeft: 0, addresses: ['2001:db8::7'] })],
  }),
  ...errors6(
    'a quoted routing header with segments left: the quoted checksum is for another destination',
    udp(ports, pattern(20)),
    undefined,
    { headers: [routing({ segmentsLeft: 1, addresses: ['fd00::77'] })] },
  ),
  ...errors6(
    'a quoted routing header with segments left, behind another header',
    tcp(ports, pattern(20)),
    undefined,
    { headers: [destinationOptions(8), routing({ segmentsLeft: 2, addresses: ['fd00::76', 'fd00::77'] })] },
  ),
  ...errors6('a quoted later fragment', raw(PROTOCOL.udp, pattern(20)), undefined, {
    headers: [fragment({ offset: 3, more: false })],
  }),
];

/** A quote too short for an IP header holds no whole pair of addresses: it stays, and so does the ICMP checksum. */
const shortQuote4 = icmpv4(
  { type: 3 },
  ipv4({ src: B.ipv4, dst: A.ipv4 }, udp(ports, pattern(4))).slice(0, 19),
);
const shortQuote6 = icmpv6(
  { type: 1 },
  ipv6({ src: B.ipv6, dst: A.ipv6 }, udp(ports, pattern(4))).slice(0, 39),
);
/** Echo request: looks like an error to nobody, whatever its payload is. */
const notAnError = icmpv4({ type: 8 }, ipv4({ src: B.ipv4, dst: A.ipv4 }, udp(ports, pattern(4))));
/** Its quote claims to be of another version. */
const otherVersion = icmpv4(
  { type: 3 },
  patched(ipv4({ src: B.ipv4, dst: A.ipv4 }, udp(ports, pattern(4))), 0, 0x65),
);

const LEFT_ALONE: Case[] = [
  ...rewriteCases(
    ['W6'],
    'a quote of 19 bytes is left alone',
    'ra',
    'rb',
    frame4('ra', 'rb', shortQuote4),
    rewritten4('ra', 'rb', shortQuote4),
  ),
  ...rewriteCases(
    ['W6'],
    'a quote of 39 bytes is left alone',
    'ra',
    'rb',
    frame6('ra', 'rb', shortQuote6),
    rewritten6('ra', 'rb', shortQuote6),
  ),
  ...rewriteCases(
    ['W6'],
    'an echo request quotes nothing',
    'ra',
    'rb',
    frame4('ra', 'rb', notAnError),
    rewritten4('ra', 'rb', notAnError),
  ),
  ...rewriteCases(
    ['W6'],
    'a quote of another IP version is left alone',
    'ra',
    'rb',
    frame4('ra', 'rb', otherVersion),
    rewritten4('ra', 'rb', otherVersion),
  ),
];

const error4 = (src: string, dst: string) =>
  icmpv4({ type: 11 }, ipv4({ src, dst }, udp(ports, pattern(20))));
const error6 = (src: string, dst: string) => icmpv6({ type: 3 }, ipv6({ src, dst }, udp(ports, pattern(20))));

const C = VMS.rc;

const UNMAPPED: Case[] = [
  ...rewriteCases(
    ['W6'],
    'a quoted address whose provider address ends above 127',
    'ra',
    'rb',
    frame4('ra', 'rb', error4(B.ipv4, C.ipv4)),
    rewritten4('ra', 'rb', error4(B.provider4, C.provider4)),
  ),
  ...rewriteCases(
    ['W6'],
    'a quoted IPv4 address that has no provider address stays',
    'ra',
    'rb',
    frame4('ra', 'rb', error4(B.ipv4, '8.8.8.8')),
    rewritten4('ra', 'rb', error4(B.provider4, '8.8.8.8')),
  ),
  ...rewriteCases(
    ['W6'],
    'a quoted IPv6 address that has no provider address stays',
    'ra',
    'rb',
    frame6('ra', 'rb', error6(B.ipv6, '2600::1')),
    rewritten6('ra', 'rb', error6(B.provider6, '2600::1')),
  ),
  {
    rules: ['W6'],
    name: 'a quoted IPv4 address that equals a provider address could not be told apart on the way back',
    host: 'h1',
    port: 'ra',
    frame: frame4('ra', 'rb', error4(B.ipv4, VMS.ra2.provider4)),
    expected: DROP_REWRITE_QUOTE,
  },
  {
    rules: ['W6'],
    name: 'the same over IPv6',
    host: 'h1',
    port: 'ra',
    frame: frame6('ra', 'rb', error6(VMS.ra2.provider6, A.ipv6)),
    expected: DROP_REWRITE_QUOTE,
  },
  ...rewriteCases(
    ['W6', 'V1'],
    'an address that is another customer’s provider address is nobody’s here',
    'ra',
    'rb',
    frame4('ra', 'rb', error4(B.ipv4, VMS.gra.provider4)),
    rewritten4('ra', 'rb', error4(B.provider4, VMS.gra.provider4)),
  ),
];

export const QUOTE_CASES: readonly Case[] = [...KINDS, ...CUT, ...LEFT_ALONE, ...UNMAPPED];
