/** What routers of the provider network say about the path to a peer, and how long it is believed (T4). */

import { DROP_ICMP_UNMATCHED, DROP_OVER_MTU, DROP_PATH_MTU, PUNT } from '../../src/abi/verdict.ts';
import {
  type Upper,
  TCP_SYN,
  concat,
  ethernet,
  gre,
  icmpv4,
  icmpv6,
  ipv4,
  ipv6,
  mss,
  nvgre,
  pattern,
  tcp,
  u16,
  udp,
} from '../packets/index.ts';
import {
  type Before,
  type Case,
  frame4,
  frame6,
  fromUplink,
  fromVm,
  refused,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, BLUE_SECOND, GREEN, HOSTS } from './fabric.ts';
import { ERROR4, ERROR6, error4, error6 } from './gateway.ts';

const T4 = ['T4'];
const H1 = HOSTS.h1;
/** On the way between the hosts; the address of whoever reports is nobody's business. */
const ROUTER4 = '192.168.77.1';
const ROUTER6 = '2001:db8:77::1';
const macs = { src: H1.gatewayMac, dst: H1.mac };
const inner = frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(1400)));

type Fields4 = Partial<Parameters<typeof ipv4>[0]>;

/** A report to h1. `quote`: what it had sent. */
export const report4 = (
  mtu: number,
  quote: Uint8Array,
  more: { code?: number; checksumError?: number } = {},
) =>
  ethernet(
    macs,
    ipv4({ src: ROUTER4, dst: H1.ipv4 }, icmpv4({ type: 3, code: 4, ...more, rest: mtu }, quote)),
  );
const report6 = (mtu: number, quote: Uint8Array, more: { checksumError?: number } = {}) =>
  ethernet(macs, ipv6({ src: ROUTER6, dst: H1.ipv6 }, icmpv6({ type: 2, ...more, rest: mtu }, quote)));

/** The envelope that did not fit, up to the key: 8 bytes behind the IP header (RFC 792). */
export const quote4 = (
  fields: Fields4 = {},
  upper: Upper = nvgre({ vsid: BLUE, flowId: 0x5a }, inner),
  kept = 8,
) => {
  const packet = ipv4({ src: H1.ipv4, dst: HOSTS.h2.ipv4, id: 0, df: true, ...fields }, upper);
  return packet.subarray(0, (packet[0]! & 15) * 4 + kept);
};
const quote6 = (
  dst: string = HOSTS.h6.ipv6,
  upper: Upper = nvgre({ vsid: BLUE, flowId: 0x5a }, inner),
  src: string = H1.ipv6,
) => ipv6({ src, dst }, upper).subarray(0, 600);

/** A report alone, at a dataplane that has seen nothing else. */
const heard = (name: string, frame: Uint8Array, expected: number): Case =>
  fromUplink('h1', T4, name, frame, expected, { before: [] });

const BELIEVED: Case[] = [
  heard('a report about a peer', report4(1400, quote4()), DROP_PATH_MTU),
  heard('a report that quotes the whole envelope', report4(1400, quote4({}, undefined, 500)), DROP_PATH_MTU),
  heard(
    'a report about another subnet’s envelope',
    report4(1400, quote4({}, nvgre({ vsid: BLUE_SECOND }, inner))),
    DROP_PATH_MTU,
  ),
  heard(
    'a report about another customer’s envelope',
    report4(1400, quote4({}, nvgre({ vsid: GREEN }, inner))),
    DROP_PATH_MTU,
  ),
  heard('a report that quotes IPv4 options', report4(1400, quote4({ options: pattern(8) })), DROP_PATH_MTU),
  heard('a report without a size (RFC 1191 §5)', report4(0, quote4()), DROP_PATH_MTU),
  heard('a report of more than the provider MTU', report4(9000, quote4()), DROP_PATH_MTU),
  heard('a report over IPv6', report6(1400, quote6()), DROP_PATH_MTU),
];

const rewritePa = '192.168.1.111';
const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(20));

const NOT_BELIEVED: Case[] = [
  heard('a wrong ICMP checksum', report4(1400, quote4(), { checksumError: 1 }), DROP_ICMP_UNMATCHED),
  heard('a wrong ICMPv6 checksum', report6(1400, quote6(), { checksumError: 1 }), DROP_ICMP_UNMATCHED),
  heard('about somebody who is no peer', report4(1400, quote4({ dst: '192.168.1.99' })), DROP_ICMP_UNMATCHED),
  heard(
    'about somebody who is no peer, over IPv6',
    report6(1400, quote6('2001:db8:1::99')),
    DROP_ICMP_UNMATCHED,
  ),
  heard('about this very host', report4(1400, quote4({ dst: H1.ipv4 })), DROP_ICMP_UNMATCHED),
  heard('about a rewrite address', report4(1400, quote4({ dst: rewritePa })), DROP_ICMP_UNMATCHED),
  heard(
    'about a VSID that nobody has',
    report4(1400, quote4({}, nvgre({ vsid: 7777 }, inner))),
    DROP_ICMP_UNMATCHED,
  ),
  heard('about a reserved VSID', report4(1400, quote4({}, nvgre({ vsid: 1 }, inner))), DROP_ICMP_UNMATCHED),
  heard(
    'about a key in the layout of the first draft',
    report4(1400, quote4({}, nvgre({ vsid: BLUE, flowId: 0x5a, layout: 'draft00' }, inner))),
    DROP_ICMP_UNMATCHED,
  ),
  heard(
    'about GRE with other flags',
    report4(1400, quote4({}, nvgre({ vsid: BLUE, flags: 0x3000 }, inner))),
    DROP_ICMP_UNMATCHED,
  ),
  heard(
    'about GRE with IPv4 inside',
    report4(1400, quote4({}, gre({ protocolType: 0x0800, key: BLUE * 256 }, pattern(20)))),
    DROP_ICMP_UNMATCHED,
  ),
  heard('about a key that is not there', report4(1400, quote4({}, undefined, 7)), DROP_ICMP_UNMATCHED),
  heard('about GRE that is not there', report4(1400, quote4({}, undefined, 0)), DROP_ICMP_UNMATCHED),
  heard(
    'about a key that is not there, over IPv6',
    report6(1400, quote6().subarray(0, 47)),
    DROP_ICMP_UNMATCHED,
  ),
];

const HOSTS_OWN: Case[] = [
  heard('about UDP of this host', report4(1400, quote4({}, datagram)), PUNT),
  heard(
    'about TCP of this host, over IPv6',
    report6(1400, quote6(HOSTS.h6.ipv6, tcp({ srcPort: 1, dstPort: 2 }, pattern(20)))),
    PUNT,
  ),
  heard('about GRE of somebody else', report4(1400, quote4({ src: HOSTS.h3.ipv4 })), PUNT),
  heard(
    'about GRE of somebody else, over IPv6',
    report6(1400, quote6(HOSTS.h6.ipv6, undefined, HOSTS.h3.ipv6)),
    PUNT,
  ),
  heard('port unreachable', report4(1400, quote4(), { code: 3 }), PUNT),
  heard(
    'an echo request',
    ethernet(macs, ipv4({ src: ROUTER4, dst: H1.ipv4 }, icmpv4({ type: 8 }, quote4()))),
    PUNT,
  ),
  heard(
    'time exceeded over IPv6',
    ethernet(macs, ipv6({ src: ROUTER6, dst: H1.ipv6 }, icmpv6({ type: 3 }, quote6()))),
    PUNT,
  ),
  heard(
    'to somebody else',
    ethernet(
      macs,
      ipv4({ src: ROUTER4, dst: '192.168.1.77' }, icmpv4({ type: 3, code: 4, rest: 1400 }, quote4())),
    ),
    PUNT,
  ),
].map((one) => ({ ...one, name: `left to the host: ${one.name}` }));

// —— What is learned ——

const ports = { srcPort: 1000, dstPort: 2000 };
const long4 = (to: 'b' | 'c' | 'd', length: number) =>
  frame4('a', to, udp(ports, pattern(length - 42)), { df: true });
const long6 = (to: 'b' | 'd', length: number) => frame6('a', to, udp(ports, pattern(length - 62)));

const MINUTES = 60_000;
/** What the report said at time 1000 is believed until ten minutes later. */
const said = (frame: Uint8Array, now = 1000): Before => ({ port: 'uplink', frame, now });

interface Learned {
  readonly name: string;
  readonly before: readonly Before[];
  readonly to: 'b' | 'd';
  /** What is believed then. */
  readonly limit: number;
  readonly now?: number;
}

/** The longest frame that fits, and one byte more. */
function learned({ name, before, to, limit, now = 2000 }: Learned): Case[] {
  const [headers, overhead] = to === 'd' ? [48, 62] : [28, 42];
  const fits = long4(to, limit - headers);
  const over = long4(to, limit - headers + 1);
  const tunnelled = to === 'd' ? tunnelled6('h1', 'h6', BLUE, fits) : tunnelled4('h1', 'h2', BLUE, fits);
  return [
    fromVm('a', ['T4', 'T1'], `${name}: what fits`, fits, tunnelled, { before, now }),
    fromVm(
      'a',
      ['T4', 'T1'],
      `${name}: what does not fit`,
      over,
      refused(DROP_OVER_MTU, 'a', error4('a', over, ERROR4.tooBig(limit - overhead))),
      { before, now },
    ),
  ];
}

/** Quotes an envelope whose total length was this. */
const quoteOf = (length: number) => concat(quote4().subarray(0, 2), u16(length), quote4().subarray(4));

const AFTERWARDS: Case[] = [
  ...learned({ name: 'told 1400', before: [said(report4(1400, quote4()))], to: 'b', limit: 1400 }),
  ...learned({ name: 'told 1400 over IPv6', before: [said(report6(1400, quote6()))], to: 'd', limit: 1400 }),
  ...learned({
    name: 'told less than any path has',
    before: [said(report4(68, quote4()))],
    to: 'b',
    limit: 576,
  }),
  ...learned({
    name: 'told less than IPv6 allows',
    before: [said(report6(1000, quote6()))],
    to: 'd',
    limit: 1280,
  }),
  ...learned({
    name: 'told more than before',
    before: [said(report4(1400, quote4())), said(report4(1450, quote4()), 1500)],
    to: 'b',
    limit: 1400,
  }),
  ...learned({
    name: 'told more than the provider MTU',
    before: [said(report4(9000, quote4()))],
    to: 'b',
    limit: 1500,
  }),
  ...learned({
    name: 'told less and less',
    before: [said(report4(1400, quote4())), said(report4(1300, quote4()), 1500)],
    to: 'b',
    limit: 1300,
  }),
  ...learned({
    name: 'told nothing about 1500 bytes: the plateau below',
    before: [said(report4(0, quoteOf(1500)))],
    to: 'b',
    limit: 1492,
  }),
  ...learned({
    name: 'told nothing about 1492 bytes: the plateau below',
    before: [said(report4(0, quoteOf(1492)))],
    to: 'b',
    limit: 1006,
  }),
  ...learned({
    name: 'told nothing about 600 bytes: the last plateau',
    before: [said(report4(0, quoteOf(600)))],
    to: 'b',
    limit: 576,
  }),
  ...learned({
    name: 'told nothing about 100 bytes: never below 576',
    before: [said(report4(0, quoteOf(100)))],
    to: 'b',
    limit: 576,
  }),
  ...learned({
    name: 'almost ten minutes later',
    before: [said(report4(1400, quote4()))],
    to: 'b',
    limit: 1400,
    now: 10 * MINUTES,
  }),
  ...learned({
    name: 'ten minutes later it is forgotten',
    before: [said(report4(1400, quote4()))],
    to: 'b',
    limit: 1500,
    now: 10 * MINUTES + 3000,
  }),
  ...learned({
    name: 'in the last millisecond',
    before: [said(report4(1400, quote4()))],
    to: 'b',
    limit: 1400,
    now: 10 * MINUTES + 999,
  }),
  ...learned({
    name: 'ten minutes later to the millisecond it is forgotten',
    before: [said(report4(1400, quote4()))],
    to: 'b',
    limit: 1500,
    now: 10 * MINUTES + 1000,
  }),
  ...learned({
    name: 'what was not believed has no effect',
    before: [said(report4(1400, quote4(), { checksumError: 1 }))],
    to: 'b',
    limit: 1500,
  }),
  ...learned({
    name: 'another peer’s path has no effect',
    before: [said(report4(1400, quote4({ dst: HOSTS.h3.ipv4 })))],
    to: 'b',
    limit: 1500,
  }),
  ...learned({
    name: 'told again after it was forgotten',
    before: [said(report4(1400, quote4())), said(report4(1450, quote4()), 11 * MINUTES)],
    to: 'b',
    limit: 1450,
    now: 12 * MINUTES,
  }),
];

const told = [said(report4(1400, quote4()))];
const over6 = long6('b', 1373);
const synOf = (size: number) => tcp({ ...ports, flags: TCP_SYN, options: mss(size) }, new Uint8Array(0));

const WITH_OTHERS: Case[] = [
  fromVm(
    'a',
    ['T4', 'T1'],
    'IPv6 in the envelope is told too',
    over6,
    refused(DROP_OVER_MTU, 'a', error6('a', over6, ERROR6.tooBig(1358))),
    { before: told, now: 2000 },
  ),
  fromVm(
    'a',
    ['T4', 'T3'],
    'TCP’s segments shrink with the path',
    frame4('a', 'b', synOf(1460)),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', synOf(1318))),
    { before: told, now: 2000 },
  ),
  fromVm(
    'a',
    ['T4', 'T1'],
    'a peer of whom nothing was said',
    long4('c', 1472),
    tunnelled4('h1', 'h3', BLUE, long4('c', 1472)),
    { before: told, now: 2000 },
  ),
];

export const PATH_MTU_CASES: readonly Case[] = [
  ...BELIEVED,
  ...NOT_BELIEVED,
  ...HOSTS_OWN,
  ...AFTERWARDS,
  ...WITH_OTHERS,
];
