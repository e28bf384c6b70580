/** IP Rewrite: every packet is built twice from scratch, with customer and with provider addresses. W1–W3, W5, W8, W9. */

import {
  DROP_INNER_MALFORMED,
  DROP_REWRITE_AH,
  DROP_REWRITE_HEADERS,
  DROP_REWRITE_NON_IP,
  DROP_REWRITE_PEER,
  DROP_OUTER_MALFORMED,
  DROP_OUTER_TRUNCATED,
  DROP_TUNNEL_SOURCE,
  DROP_TUNNEL_TYPE,
  PUNT,
} from '../../src/abi/verdict.ts';
import {
  ETHER_TYPE,
  type ExtensionHeader,
  PROTOCOL,
  type Upper,
  ah,
  dccp,
  destinationOptions,
  esp,
  ethernet,
  fragment,
  gre,
  hopByHop,
  icmpv4Echo,
  icmpv6,
  icmpv6Echo,
  ipv4,
  ipv6,
  nvgre,
  padded,
  part,
  pattern,
  raw,
  routing,
  sctp,
  tcp,
  udp,
  udpLite,
} from '../packets/index.ts';
import {
  type Case,
  frame4,
  frame6,
  outerMacs,
  rewriteCases,
  rewritten4,
  rewritten6,
  tunnelled4,
} from './case.ts';
import { BLUE, HOSTS, VMS } from './fabric.ts';

const ports = { srcPort: 1000, dstPort: 2000 };

const both4 = (
  rules: string[],
  name: string,
  upper: Upper | Uint8Array,
  fields = {},
  customerUpper = upper,
) =>
  rewriteCases(
    rules,
    name,
    'ra',
    'rb',
    frame4('ra', 'rb', customerUpper, fields),
    rewritten4('ra', 'rb', upper, fields),
  );
const both6 = (
  rules: string[],
  name: string,
  upper: Upper | Uint8Array,
  headers: ExtensionHeader[] = [],
  fields = {},
) =>
  rewriteCases(
    rules,
    name,
    'ra',
    'rb',
    frame6('ra', 'rb', upper, { headers, ...fields }),
    rewritten6('ra', 'rb', upper, { headers, ...fields }),
  );

const UPPERS: readonly (readonly [string, string[], Upper])[] = [
  ['TCP', ['W2', 'W3'], tcp(ports, pattern(33))],
  ['TCP with options', ['W2', 'W3'], tcp({ ...ports, options: pattern(12) }, pattern(8))],
  ['UDP', ['W2', 'W3'], udp(ports, pattern(21))],
  ['UDP without payload', ['W3'], udp(ports, pattern(0))],
  ['UDP-Lite, all covered', ['W3'], udpLite(ports, pattern(20))],
  ['UDP-Lite, header covered', ['W3'], udpLite({ ...ports, coverage: 8 }, pattern(20))],
  ['DCCP', ['W3'], dccp(ports, pattern(20))],
  ['DCCP, header covered', ['W3'], dccp({ ...ports, coverage: 1 }, pattern(20))],
  ['SCTP, untouched', ['W3'], sctp(ports, pattern(20))],
  ['GRE, untouched', ['W3'], gre({ protocolType: 0x0800 }, pattern(20))],
  ['a customer’s own NVGRE, untouched', ['W3'], nvgre({ vsid: 77 }, pattern(60))],
  ['ESP, untouched', ['W3'], esp(pattern(40))],
  ['an unknown protocol, untouched', ['W2'], raw(PROTOCOL.experiment, pattern(20))],
  ['a TCP header that ends in front of its checksum', ['W3'], raw(PROTOCOL.tcp, pattern(16))],
  ['a TCP header that ends inside its checksum', ['W3'], raw(PROTOCOL.tcp, pattern(17))],
  ['TCP without a header', ['W3'], raw(PROTOCOL.tcp, new Uint8Array(0))],
];

const TRANSPORTS: Case[] = UPPERS.flatMap(([name, rules, upper]) => [
  ...both4(rules, `${name} over IPv4`, upper),
  ...both6(rules, `${name} over IPv6`, upper),
]);

const ICMP: Case[] = [
  ...both4(['W3'], 'ICMP echo: its checksum knows no addresses', icmpv4Echo(pattern(20))),
  ...both6(['W3'], 'ICMPv6 echo: its checksum covers the addresses', icmpv6Echo(pattern(20))),
];

const UNTOUCHED: Case[] = [
  ...both4(['W2'], 'TOS, identification, DF, TTL and options stay', udp(ports, pattern(9)), {
    tos: 0xb9,
    id: 0xbeef,
    df: true,
    ttl: 1,
    options: pattern(8),
  }),
  ...both6(['W2'], 'traffic class and hop limit stay', udp(ports, pattern(9)), [], { tos: 0xb9, ttl: 1 }),
  ...rewriteCases(
    ['W2'],
    'Ethernet padding stays',
    'ra',
    'rb',
    padded(frame4('ra', 'rb', udp(ports, pattern(1))), 60),
    padded(rewritten4('ra', 'rb', udp(ports, pattern(1))), 60),
  ),
];

const WRONG: Case[] = [
  ...both4(
    ['W3'],
    'a wrong TCP checksum stays wrong by the same difference',
    tcp({ ...ports, checksumError: 0x1234 }, pattern(9)),
  ),
  ...both4(
    ['W3'],
    'a wrong UDP checksum stays wrong by the same difference',
    udp({ ...ports, checksumError: 0x0001 }, pattern(9)),
  ),
  ...both6(
    ['W3'],
    'a wrong TCP checksum over IPv6 stays wrong by the same difference',
    tcp({ ...ports, checksumError: 0xfffe }, pattern(9)),
  ),
  ...both6(
    ['W3'],
    'a wrong ICMPv6 checksum stays wrong by the same difference',
    icmpv6({ type: 128, rest: 1, checksumError: 0x0777 }, pattern(9)),
  ),
  ...both4(
    ['W3'],
    'a wrong UDP-Lite checksum stays wrong by the same difference',
    udpLite({ ...ports, coverage: 8, checksumError: 0x1234 }, pattern(9)),
  ),
  ...both4(
    ['W3'],
    'a wrong IPv4 header checksum stays wrong by the same difference',
    udp(ports, pattern(9)),
    { checksumError: 0x4321 },
  ),
];

const datagram = udp(ports, pattern(64));

const FRAGMENTS: Case[] = [
  ...both4(['W5'], 'the first IPv4 fragment carries the checksum', part(datagram, 0, 40), { mf: true }),
  ...rewriteLater4('a later IPv4 fragment has no transport header', 40, { offset: 5 }),
  ...rewriteLater4('a middle IPv4 fragment neither', 16, { offset: 2, mf: true }),
  ...both6(['W5'], 'the first IPv6 fragment carries the checksum', part(datagram, 0, 40), [
    fragment({ offset: 0, more: true }),
  ]),
  ...both6(['W5'], 'a later IPv6 fragment has no transport header', raw(PROTOCOL.udp, pattern(32, 3)), [
    fragment({ offset: 5, more: false }),
  ]),
  ...both6(['W5'], 'an atomic IPv6 fragment is whole (RFC 6946)', datagram, [
    fragment({ offset: 0, more: false }),
  ]),
];

/** Payload that would be changed if somebody took it for a UDP header. */
function rewriteLater4(name: string, length: number, fields: object): Case[] {
  return both4(['W5'], name, raw(PROTOCOL.udp, pattern(length, 3)), fields);
}

const EXTENSIONS: Case[] = [
  ...both6(['W5'], 'hop-by-hop options', datagram, [hopByHop(16)]),
  ...both6(['W5'], 'destination options', datagram, [destinationOptions(24)]),
  ...both6(['W5'], 'a routing header that has been used up', datagram, [
    routing({ segmentsLeft: 0, addresses: ['2001:db8::7'] }),
  ]),
  ...both6(['W5'], 'a routing header with segments left: the checksum is for another destination', datagram, [
    routing({ segmentsLeft: 1, addresses: ['fd00::77'] }),
  ]),
  ...both6(['W5'], 'all of them on a first fragment', datagram, [
    hopByHop(8),
    destinationOptions(8),
    routing({ segmentsLeft: 0, addresses: ['2001:db8::7'] }),
    fragment({ offset: 0, more: true }),
    destinationOptions(16),
  ]),
  ...both6(
    ['W5'],
    'eight headers',
    datagram,
    Array.from({ length: 8 }, () => destinationOptions(8)),
  ),
  ...both6(['W5'], 'no next header', raw(PROTOCOL.noNextHeader, pattern(4)), [destinationOptions(8)]),
];

const leaving = (
  name: string,
  rules: string[],
  frame: Uint8Array,
  expected: Case['expected'],
  port: Case['port'] = 'ra',
): Case => ({
  name,
  rules,
  host: 'h1',
  port,
  frame,
  expected,
});

const experiment = (to: 'rb' | 'b') =>
  ethernet({ src: VMS.ra.mac, dst: VMS[to].mac, type: ETHER_TYPE.experiment }, pattern(46));
const toNvgre = frame4('ra', 'b', datagram);
const fromNvgre = frame4('a', 'rb', datagram);
const brokenChain = frame6('ra', 'rb', raw(PROTOCOL.udp, pattern(2)), { headers: [hopByHop(8)] });
brokenChain[14 + 40 + 1] = 200;
const nine = Array.from({ length: 9 }, () => destinationOptions(8));
const brokenArriving = rewritten6('ra', 'rb', raw(PROTOCOL.udp, pattern(2)), { headers: [hopByHop(8)] });
brokenArriving[14 + 40 + 1] = 200;
const sized = (length: number) => udp(ports, pattern(length - 14 - 20 - 8));

const METHODS: Case[] = [
  leaving(
    'a rewrite endpoint to an NVGRE endpoint: envelope',
    ['W1'],
    toNvgre,
    tunnelled4('h1', 'h2', BLUE, toNvgre),
  ),
  leaving(
    'an NVGRE endpoint to a rewrite endpoint: envelope',
    ['W1'],
    fromNvgre,
    tunnelled4('h1', 'h2', BLUE, fromNvgre),
    'a',
  ),
  leaving('not IP between rewrite endpoints', ['W8'], experiment('rb'), DROP_REWRITE_NON_IP),
  leaving(
    'not IP to an NVGRE endpoint: envelope',
    ['W8', 'W1'],
    experiment('b'),
    tunnelled4('h1', 'h2', BLUE, experiment('b')),
  ),
  leaving('AH over IPv4', ['W3'], frame4('ra', 'rb', ah(datagram)), DROP_REWRITE_AH),
  leaving('AH over IPv6', ['W3'], frame6('ra', 'rb', ah(datagram)), DROP_REWRITE_AH),
  leaving(
    'AH behind another header',
    ['W3', 'W5'],
    frame6('ra', 'rb', ah(datagram), { headers: [hopByHop(8)] }),
    DROP_REWRITE_AH,
  ),
  leaving(
    'nine extension headers',
    ['W5'],
    frame6('ra', 'rb', datagram, { headers: nine }),
    DROP_INNER_MALFORMED,
  ),
  leaving('an extension header that leaves the packet', ['W5'], brokenChain, DROP_INNER_MALFORMED),
  leaving('a frame of 1514 fits into 1500', ['T1'], frame4('ra', 'rb', sized(1514)), {
    port: 'uplink',
    frame: rewritten4('ra', 'rb', sized(1514)),
  }),
  leaving('to a peer behind the gateway', ['W2'], frame4('ra', 'rc', datagram), {
    port: 'uplink',
    frame: rewritten4('ra', 'rc', datagram),
  }),
  leaving(
    'both VM MACs stay on the wire',
    ['W9'],
    frame4('va', 'vb', datagram),
    { port: 'uplink', frame: rewritten4('va', 'vb', datagram) },
    'va',
  ),
  leaving(
    'the VM’s source MAC, and the gateway’s where the host is behind it',
    ['W9'],
    frame4('va', 'vc', datagram),
    { port: 'uplink', frame: rewritten4('va', 'vc', datagram) },
    'va',
  ),
  leaving('to a VM that keeps its MAC from one that does not', ['W9'], frame4('ra', 'vb', datagram), {
    port: 'uplink',
    frame: rewritten4('ra', 'vb', datagram),
  }),
  {
    ...leaving('arriving with VM MACs', ['W9'], rewritten4('va', 'vb', datagram), {
      port: 'vb',
      frame: frame4('va', 'vb', datagram),
    }),
    host: 'h2',
    port: 'uplink',
  },
];

/** What arrives at a rewrite address of h2 from wherever. */
const arriving = (name: string, rules: string[], packet: Uint8Array, expected: Case['expected']): Case => ({
  name,
  rules,
  host: 'h2',
  port: 'uplink',
  frame: ethernet(outerMacs('h1', 'h2'), packet),
  expected,
});
const toRb = (src: string, upper: Upper = datagram, fields = {}) =>
  ipv4({ src, dst: VMS.rb.provider4, ...fields }, upper);

const PEERS: Case[] = [
  arriving(
    'nine extension headers, arriving',
    ['W5'],
    rewritten6('ra', 'rb', datagram, { headers: nine }).slice(14),
    DROP_REWRITE_HEADERS,
  ),
  arriving(
    'an extension header that leaves the packet, arriving',
    ['W5'],
    brokenArriving.slice(14),
    DROP_REWRITE_HEADERS,
  ),
  arriving('from an address that nobody has', ['V7', 'W1'], toRb('192.168.1.99'), DROP_REWRITE_PEER),
  arriving('from a host’s own address', ['V7', 'W1'], toRb(HOSTS.h1.ipv4), DROP_REWRITE_PEER),
  arriving('from another customer’s endpoint', ['V1', 'V7'], toRb(VMS.gra.provider4), DROP_REWRITE_PEER),
  arriving('from an endpoint of this very host', ['V7'], toRb(VMS.vb.provider4), DROP_TUNNEL_SOURCE),
  arriving(
    'NVGRE from a host to a rewrite address',
    ['V7'],
    toRb(HOSTS.h1.ipv4, nvgre({ vsid: BLUE }, frame4('a', 'b', datagram))),
    DROP_TUNNEL_TYPE,
  ),
  arriving(
    'NVGRE from a host to an IPv6 rewrite address',
    ['V7'],
    ipv6({ src: HOSTS.h1.ipv6, dst: VMS.rb.provider6 }, nvgre({ vsid: BLUE }, frame4('a', 'b', datagram))),
    DROP_TUNNEL_TYPE,
  ),
  arriving(
    'from an IPv6 address that nobody has',
    ['V7', 'W1'],
    ipv6({ src: '2001:db8:1::99', dst: VMS.rb.provider6 }, datagram),
    DROP_REWRITE_PEER,
  ),
  arriving(
    'to a rewrite address that lives elsewhere',
    ['N8'],
    ipv4({ src: VMS.ra.provider4, dst: VMS.rc.provider4 }, datagram),
    PUNT,
  ),
  arriving(
    'rewritten, total length beyond the frame',
    ['N8'],
    toRb(VMS.ra.provider4, datagram, { totalLength: 999 }),
    DROP_OUTER_TRUNCATED,
  ),
  arriving(
    'rewritten, total length below the header',
    ['N8'],
    toRb(VMS.ra.provider4, datagram, { totalLength: 19 }),
    DROP_OUTER_MALFORMED,
  ),
  arriving('AH', ['W3'], toRb(VMS.ra.provider4, ah(datagram)), DROP_REWRITE_AH),
];

const green = udp(ports, pattern(5));
const CUSTOMERS: Case[] = rewriteCases(
  ['V1', 'W1', 'V10'],
  'green’s packet with blue’s addresses has other provider addresses',
  'gra',
  'grb',
  frame4('gra', 'grb', green),
  rewritten4('gra', 'grb', green),
);

export const REWRITE_CASES: readonly Case[] = [
  ...TRANSPORTS,
  ...ICMP,
  ...UNTOUCHED,
  ...WRONG,
  ...FRAGMENTS,
  ...EXTENSIONS,
  ...METHODS,
  ...PEERS,
  ...CUSTOMERS,
];
