/** Into the envelope and out of it: N1–N9, N11, N12, TTL, T1. */

import {
  DROP_GRE_FLAGS,
  DROP_GRE_NO_KEY,
  DROP_GRE_PROTOCOL,
  DROP_GRE_VERSION,
  DROP_INNER_MALFORMED,
  DROP_INNER_TRUNCATED,
  DROP_OUTER_CHECKSUM,
  DROP_OUTER_FRAGMENT,
  DROP_OUTER_MALFORMED,
  DROP_OUTER_TRUNCATED,
  DROP_VLAN_TAG,
  DROP_VSID_ALL_ONES,
  DROP_VSID_RESERVED,
  DROP_VSID_UNKNOWN,
  DROP_FRAME_TRUNCATED,
  PUNT,
} from '../../src/abi/verdict.ts';
import {
  ETHER_TYPE,
  type Upper,
  concat,
  destinationOptions,
  ethernet,
  fragment,
  gre,
  icmpv4Echo,
  icmpv6Echo,
  ipv4,
  ipv6,
  nvgre,
  padded,
  patched,
  pattern,
  tcp,
  udp,
  vlan,
} from '../packets/index.ts';
import {
  type Case,
  type EnvelopeFields,
  OUTER4,
  envelope4,
  envelope6,
  frame4,
  frame6,
  outerMacs,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, HOSTS, VMS } from './fabric.ts';

const ports = { srcPort: 1000, dstPort: 2000 };
const datagram = udp(ports, pattern(20));
const segment = tcp(ports, pattern(33));
const inner4 = frame4('a', 'b', datagram);
const inner6 = frame6('a', 'b', segment);
const experiment = ethernet({ src: VMS.a.mac, dst: VMS.b.mac, type: ETHER_TYPE.experiment }, pattern(50));

// —— Sending ——

const SENDER: Case[] = [
  {
    name: 'IPv4 in IPv4, same provider prefix',
    frame: inner4,
    expected: tunnelled4('h1', 'h2', BLUE, inner4),
  },
  { name: 'IPv6 in IPv4', frame: inner6, expected: tunnelled4('h1', 'h2', BLUE, inner6) },
  { name: 'not IP in IPv4', frame: experiment, expected: tunnelled4('h1', 'h2', BLUE, experiment) },
].map((one) => ({
  ...one,
  rules: ['N1', 'N2', 'N7', 'N9', 'N11', 'V10'],
  host: 'h1' as const,
  port: 'a' as const,
}));

const inner4d = frame4('a', 'd', datagram);
const inner6d = frame6('a', 'd', icmpv6Echo(pattern(8)));
const inner4c = frame4('a', 'c', icmpv4Echo(pattern(8)));
const experimentD = ethernet({ src: VMS.a.mac, dst: VMS.d.mac, type: ETHER_TYPE.experiment }, pattern(46));

const SENDER6: Case[] = [
  {
    name: 'IPv4 in IPv6, to a host without IPv4',
    frame: inner4d,
    expected: tunnelled6('h1', 'h6', BLUE, inner4d),
  },
  { name: 'IPv6 in IPv6', frame: inner6d, expected: tunnelled6('h1', 'h6', BLUE, inner6d) },
  { name: 'not IP in IPv6', frame: experimentD, expected: tunnelled6('h1', 'h6', BLUE, experimentD) },
].map((one) => ({
  ...one,
  rules: ['N1', 'N9', 'N11', 'N12', 'V10'],
  host: 'h1' as const,
  port: 'a' as const,
}));

const MORE_SENDER: Case[] = [
  {
    name: 'to a peer behind the gateway',
    rules: ['N1'],
    frame: inner4c,
    expected: tunnelled4('h1', 'h3', BLUE, inner4c),
  },
  {
    name: 'IPv6 preferred where both hosts have both',
    rules: ['N9', 'N12'],
    frame: inner4,
    provider: { prefer: 'ipv6' },
    expected: tunnelled6('h1', 'h2', BLUE, inner4),
  },
  {
    name: 'FlowID 0 where the policy says so',
    rules: ['N4'],
    frame: inner4,
    provider: { flowId: 'zero' },
    expected: { port: 'uplink' as const, frame: envelope4('h1', 'h2', BLUE, inner4, { flowId: 0 }) },
  },
  {
    name: 'outer TTL from the policy, inner TTL untouched',
    rules: ['TTL'],
    frame: inner4,
    provider: { ttl: 17 },
    expected: tunnelled4('h1', 'h2', BLUE, inner4, { ttl: 17 }),
  },
  {
    name: 'outer hop limit from the policy',
    rules: ['TTL'],
    frame: inner4d,
    provider: { ttl: 255 },
    expected: tunnelled6('h1', 'h6', BLUE, inner4d, { ttl: 255 }),
  },
  {
    name: 'Ethernet padding travels along',
    rules: ['N8'],
    frame: padded(frame4('a', 'b', udp(ports, pattern(2))), 60),
    expected: tunnelled4('h1', 'h2', BLUE, padded(frame4('a', 'b', udp(ports, pattern(2))), 60)),
  },
  {
    name: 'a wrong IPv4 checksum of the VM is not ours to judge',
    rules: ['N8'],
    frame: frame4('a', 'b', datagram, { checksumError: 5 }),
    expected: tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', datagram, { checksumError: 5 })),
  },
].map((one) => ({ ...one, host: 'h1' as const, port: 'a' as const }));

/** A UDP packet over IPv4 whose frame is `length` bytes long. */
const frameOf = (length: number) => frame4('a', 'b', udp(ports, pattern(length - 14 - 20 - 8)));
const frameTo6 = (length: number) => frame4('a', 'd', udp(ports, pattern(length - 14 - 20 - 8)));

const MTU: Case[] = [
  {
    name: 'over IPv4 a frame of 1472 fits into 1500',
    frame: frameOf(1472),
    expected: tunnelled4('h1', 'h2', BLUE, frameOf(1472)),
  },
  {
    name: 'over IPv6 a frame of 1452 fits into 1500',
    frame: frameTo6(1452),
    expected: tunnelled6('h1', 'h6', BLUE, frameTo6(1452)),
  },
  {
    name: 'a larger provider MTU carries more',
    frame: frameOf(8972),
    provider: { mtu: 9000 },
    expected: tunnelled4('h1', 'h2', BLUE, frameOf(8972)),
  },
].map((one) => ({ ...one, rules: ['T1', 'N11'], host: 'h1' as const, port: 'a' as const }));

const tagged = (vid: number, type?: number) =>
  vlan({ vid, priority: 5, ...(type === undefined ? {} : { type }) }, inner4);

const VLAN: Case[] = [
  { name: 'a priority tag is removed', frame: tagged(0), expected: tunnelled4('h1', 'h2', BLUE, inner4) },
  {
    name: 'an 802.1ad priority tag is removed',
    frame: tagged(0, ETHER_TYPE.serviceVlan),
    expected: tunnelled4('h1', 'h2', BLUE, inner4),
  },
  {
    name: 'two priority tags are removed',
    frame: vlan({ vid: 0 }, tagged(0)),
    expected: tunnelled4('h1', 'h2', BLUE, inner4),
  },
  { name: 'a VLAN tag is not ours', frame: tagged(7), expected: DROP_VLAN_TAG },
  { name: 'an 802.1ad tag is not ours', frame: tagged(7, ETHER_TYPE.serviceVlan), expected: DROP_VLAN_TAG },
  { name: 'a VLAN tag behind a priority tag', frame: vlan({ vid: 0 }, tagged(9)), expected: DROP_VLAN_TAG },
  { name: 'a tag that does not fit', frame: tagged(0).slice(0, 17), expected: DROP_FRAME_TRUNCATED },
].map((one) => ({ ...one, rules: ['N6'], host: 'h1' as const, port: 'a' as const }));

const ip = (fields: Partial<Parameters<typeof ipv4>[0]>, upper: Upper | Uint8Array = datagram) =>
  ethernet(
    { src: VMS.a.mac, dst: VMS.b.mac, type: ETHER_TYPE.ipv4 },
    ipv4({ src: VMS.a.ipv4, dst: VMS.b.ipv4, ...fields }, upper),
  );
const ip6 = (fields: Partial<Parameters<typeof ipv6>[0]>) =>
  ethernet(
    { src: VMS.a.mac, dst: VMS.b.mac, type: ETHER_TYPE.ipv6 },
    ipv6({ src: VMS.a.ipv6, dst: VMS.b.ipv6, ...fields }, segment),
  );

const LENGTHS: Case[] = [
  {
    name: 'IPv4 options',
    frame: ip({ options: pattern(8) }),
    expected: tunnelled4('h1', 'h2', BLUE, ip({ options: pattern(8) })),
  },
  {
    name: 'an IPv4 header of which a byte is missing',
    frame: inner4.slice(0, 33),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'version 5 under the EtherType of IPv4',
    frame: ip({ version: 5 }),
    expected: DROP_INNER_MALFORMED,
  },
  { name: 'IHL 4', frame: ip({ ihl: 4 }), expected: DROP_INNER_MALFORMED },
  {
    name: 'IHL beyond the frame',
    frame: ip({ ihl: 15 }, udp(ports, pattern(4))),
    expected: DROP_INNER_TRUNCATED,
  },
  { name: 'total length below the header', frame: ip({ totalLength: 19 }), expected: DROP_INNER_MALFORMED },
  {
    name: 'total length one beyond the frame',
    frame: ip({ totalLength: 49 }),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'an IPv6 header of which a byte is missing',
    frame: inner6.slice(0, 53),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'version 4 under the EtherType of IPv6',
    frame: ip6({ version: 4 }),
    expected: DROP_INNER_MALFORMED,
  },
  {
    name: 'IPv6 payload length one beyond the frame',
    frame: ip6({ payloadLength: 54 }),
    expected: DROP_INNER_TRUNCATED,
  },
  { name: 'a frame of 13 bytes', frame: inner4.slice(0, 13), expected: DROP_FRAME_TRUNCATED },
].map((one) => ({ ...one, rules: ['N8'], host: 'h1' as const, port: 'a' as const }));

// —— Receiving ——

const arrive = (name: string, fields: EnvelopeFields, expected: Case['expected'], inner = inner4): Case[] => [
  {
    rules: ['N8'],
    name: `${name}, over IPv4`,
    host: 'h2',
    port: 'uplink',
    frame: envelope4('h1', 'h2', BLUE, inner, fields),
    expected,
  },
  {
    rules: ['N8'],
    name: `${name}, over IPv6`,
    host: 'h2',
    port: 'uplink',
    frame: envelope6('h1', 'h2', BLUE, inner, fields),
    expected,
  },
];
const toB = { port: 'b' as const, frame: inner4 };
const withRules = (rules: string[], cases: Case[]) => cases.map((one) => ({ ...one, rules }));

const FAMILIES: Case[] = [
  ...withRules(['N9', 'N2'], arrive('IPv4 inside', {}, toB)),
  ...withRules(['N9'], arrive('IPv6 inside', {}, { port: 'b', frame: inner6 }, inner6)),
  ...withRules(['N9'], arrive('not IP inside', {}, { port: 'b', frame: experiment }, experiment)),
  ...withRules(
    ['N2'],
    [1, 0x7f, 0xff].flatMap((flowId) => arrive(`FlowID ${flowId}`, { flowId }, toB)),
  ),
  ...withRules(['N12'], arrive('any flow label', { flowLabel: 0xfffff }, toB).slice(1)),
];

/** Bits of the first 16 of GRE, bit 0 first. */
const greBit = (bit: number) => 0x2000 | (0x8000 >>> bit);

const GRE: Case[] = [
  ...[0, 1, 3, 4, 5].flatMap((bit) => arrive(`GRE bit ${bit} set`, { flags: greBit(bit) }, DROP_GRE_FLAGS)),
  ...[6, 7, 8, 9, 10, 11, 12].flatMap((bit) => arrive(`GRE bit ${bit} ignored`, { flags: greBit(bit) }, toB)),
  ...[1, 2, 7].flatMap((version) =>
    arrive(`GRE version ${version}`, { flags: 0x2000 | version }, DROP_GRE_VERSION),
  ),
  ...arrive('protocol type IPv4', { protocolType: 0x0800 }, DROP_GRE_PROTOCOL),
  ...arrive('no key', { flags: 0 }, DROP_GRE_NO_KEY),
];

const outer = { src: HOSTS.h1.ipv4, dst: HOSTS.h2.ipv4 };
const fromH1 = (packet: Uint8Array) => ethernet(outerMacs('h1', 'h2'), packet);

const OUTER: Case[] = [
  ...arrive('wrong header checksum', { checksumError: 1 }, DROP_OUTER_CHECKSUM).slice(0, 1),
  ...arrive('options', { options: pattern(12) }, toB).slice(0, 1),
  ...arrive(
    'options, wrong checksum',
    { options: pattern(4), checksumError: 0x100 },
    DROP_OUTER_CHECKSUM,
  ).slice(0, 1),
  ...arrive('version 7', { version: 7 }, DROP_OUTER_MALFORMED),
  ...arrive('IHL 4', { ihl: 4 }, DROP_OUTER_MALFORMED).slice(0, 1),
  ...arrive('total length below the header', { totalLength: 10 }, DROP_OUTER_MALFORMED).slice(0, 1),
  ...arrive('total length beyond the frame', { totalLength: 2000 }, DROP_OUTER_TRUNCATED).slice(0, 1),
  ...arrive('payload length beyond the frame', { payloadLength: 2000 }, DROP_OUTER_TRUNCATED).slice(1),
  {
    name: 'Ethernet padding is not part of the inner frame',
    frame: padded(envelope4('h1', 'h2', BLUE, inner4), 200, 0xee),
    expected: toB,
  },
  {
    name: 'padding behind IPv6',
    frame: padded(envelope6('h1', 'h2', BLUE, inner4), 200, 0xee),
    expected: toB,
  },
  {
    name: 'GRE header cut to 3 bytes',
    frame: fromH1(ipv4({ ...outer, protocol: 47 }, pattern(3))),
    expected: DROP_OUTER_TRUNCATED,
  },
  {
    name: 'GRE key cut to 3 bytes',
    frame: fromH1(ipv4({ ...outer, protocol: 47 }, Uint8Array.of(0x20, 0, 0x65, 0x58, 0, 0x13, 0x89))),
    expected: DROP_OUTER_TRUNCATED,
  },
  {
    name: 'inner frame of 13 bytes',
    frame: envelope4('h1', 'h2', BLUE, inner4.slice(0, 13)),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'inner IPv4 header cut',
    frame: envelope4('h1', 'h2', BLUE, inner4.slice(0, 33)),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'inner IPv4 packet cut',
    frame: envelope4('h1', 'h2', BLUE, inner4.slice(0, -1)),
    expected: DROP_INNER_TRUNCATED,
  },
  { name: 'inner IHL 4', frame: envelope4('h1', 'h2', BLUE, ip({ ihl: 4 })), expected: DROP_INNER_MALFORMED },
  {
    name: 'inner IPv6 packet cut',
    frame: envelope4('h1', 'h2', BLUE, inner6.slice(0, -1)),
    expected: DROP_INNER_TRUNCATED,
  },
  {
    name: 'inner IPv6 version 4',
    frame: envelope4('h1', 'h2', BLUE, ip6({ version: 4 })),
    expected: DROP_INNER_MALFORMED,
  },
  {
    name: 'outer Ethernet header cut',
    frame: envelope4('h1', 'h2', BLUE, inner4).slice(0, 13),
    expected: DROP_FRAME_TRUNCATED,
  },
  {
    name: 'outer IPv4 header cut',
    frame: envelope4('h1', 'h2', BLUE, inner4).slice(0, 33),
    expected: DROP_OUTER_TRUNCATED,
  },
  {
    name: 'outer IPv6 header cut',
    frame: envelope6('h1', 'h2', BLUE, inner4).slice(0, 53),
    expected: DROP_OUTER_TRUNCATED,
  },
  {
    name: 'outer IPv6 destination options in front of GRE',
    frame: fromH1(
      ipv6(
        { src: HOSTS.h1.ipv6, dst: HOSTS.h2.ipv6, headers: [destinationOptions(8)] },
        nvgre({ vsid: BLUE }, inner4),
      ),
    ),
    expected: toB,
  },
].map((one) => ({ rules: ['N8'], host: 'h2' as const, port: 'uplink' as const, ...one }));

const FRAGMENTS: Case[] = withRules(
  ['N7'],
  [
    ...arrive('first outer fragment', { mf: true, df: false }, DROP_OUTER_FRAGMENT).slice(0, 1),
    ...arrive('later outer fragment', { offset: 10, df: false }, DROP_OUTER_FRAGMENT).slice(0, 1),
    ...arrive('DF not set', { df: false, id: 77 }, toB).slice(0, 1),
    ...[true, false].map((more): Case => ({
      rules: ['N7'],
      name: `outer IPv6 fragment, ${more ? 'first' : 'last'}`,
      host: 'h2',
      port: 'uplink',
      frame: fromH1(
        ipv6(
          { src: HOSTS.h1.ipv6, dst: HOSTS.h2.ipv6, headers: [fragment({ offset: more ? 0 : 4, more })] },
          nvgre({ vsid: BLUE }, inner4),
        ),
      ),
      expected: DROP_OUTER_FRAGMENT,
    })),
  ],
);

const VSIDS: Case[] = withRules(
  ['N5'],
  [
    ...[0, 1, 0xfff].flatMap((vsid) => arrive(`reserved VSID ${vsid}`, { vsid }, DROP_VSID_RESERVED)),
    ...arrive('reserved VSID 0xFFFFFF', { vsid: 0xff_ffff }, DROP_VSID_ALL_ONES),
    ...arrive('VSID 0x1000, the first that may be used, nobody has', { vsid: 0x1000 }, DROP_VSID_UNKNOWN),
    ...arrive('VSID 0xFFFFFE, the last that may be used, nobody has', { vsid: 0xff_fffe }, DROP_VSID_UNKNOWN),
  ],
);

const INNER_TAGS: Case[] = withRules(
  ['N6'],
  [0, 7].flatMap((vid) => [
    ...arrive(`inner tag, VID ${vid}`, {}, DROP_VLAN_TAG, vlan({ vid }, inner4)),
    ...arrive(
      `inner 802.1ad tag, VID ${vid}`,
      {},
      DROP_VLAN_TAG,
      vlan({ vid, type: ETHER_TYPE.serviceVlan }, inner4),
    ),
  ]),
);

const toH2 = (upper: Upper) => fromH1(ipv4(outer, upper));

const NOT_OURS: Case[] = [
  { name: 'ARP', frame: ethernet({ ...outerMacs('h1', 'h2'), type: ETHER_TYPE.arp }, pattern(28)) },
  {
    name: 'a tagged frame of the provider network',
    frame: vlan({ vid: 3 }, envelope4('h1', 'h2', BLUE, inner4)),
  },
  { name: 'UDP to this host', frame: toH2(datagram) },
  {
    name: 'TCP over IPv6 to this host',
    frame: fromH1(ipv6({ src: HOSTS.h1.ipv6, dst: HOSTS.h2.ipv6 }, segment)),
  },
  {
    name: 'GRE to another host',
    frame: fromH1(ipv4({ ...outer, dst: '192.168.1.77' }, nvgre({ vsid: BLUE }, inner4))),
  },
  {
    name: 'GRE to a rewrite address of another host',
    frame: fromH1(ipv4({ ...outer, dst: VMS.ra.provider4 }, gre({ protocolType: 0x800 }, pattern(8)))),
  },
].map((one) => ({
  rules: ['N8'],
  host: 'h2' as const,
  port: 'uplink' as const,
  expected: PUNT,
  ...one,
  name: `left to the host: ${one.name}`,
}));

/** The first word of GRE and the place of the key, without any builder: RFC 7637 §3.2. */
const LITERAL: Case[] = [
  {
    rules: ['N1', 'N2', 'N11'],
    name: 'every byte of the envelope spelt out',
    host: 'h1',
    port: 'a',
    frame: experiment,
    provider: { flowId: 'zero' },
    expected: {
      port: 'uplink',
      frame: concat(
        // Ethernet: h2's MAC, h1's MAC, IPv4
        Uint8Array.of(2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1, 8, 0),
        // 20-byte header, TOS 0, 92 bytes, id 0, DF, TTL 64, protocol 47, checksum, 192.168.1.1 → 192.168.1.2
        Uint8Array.of(0x45, 0, 0, 92, 0, 0, 0x40, 0, 64, 47, 0xb7, 0x1f, 192, 168, 1, 1, 192, 168, 1, 2),
        // GRE: K, version 0, 0x6558; VSID 5001 = 0x001389, FlowID 0
        Uint8Array.of(0x20, 0, 0x65, 0x58, 0, 0x13, 0x89, 0),
        experiment,
      ),
    },
  },
  {
    rules: ['N2'],
    name: 'the last byte of the key is no part of the VSID',
    host: 'h2',
    port: 'uplink',
    frame: patched(envelope4('h1', 'h2', BLUE, inner4), OUTER4 - 1, 0xa5),
    expected: toB,
  },
];

export const NVGRE_CASES: readonly Case[] = [
  ...SENDER,
  ...SENDER6,
  ...MORE_SENDER,
  ...MTU,
  ...VLAN,
  ...LENGTHS,
  ...FAMILIES,
  ...GRE,
  ...OUTER,
  ...FRAGMENTS,
  ...VSIDS,
  ...INNER_TAGS,
  ...NOT_OURS,
  ...LITERAL,
];
