/** Hosts that still speak the first draft (N10): the VSID in the lower 24 bits of the key, both ways, nothing else. */

import {
  DROP_ICMP_UNMATCHED,
  DROP_OVER_MTU,
  DROP_PATH_MTU,
  DROP_TUNNEL_SOURCE,
  DROP_VSID_ALL_ONES,
  DROP_VSID_RESERVED,
  DROP_VSID_UNKNOWN,
} from '../../src/abi/verdict.ts';
import { concat, ethernet, icmpv4, icmpv6, ipv4, ipv6, nvgre, pattern, udp } from '../packets/index.ts';
import {
  type Case,
  type EnvelopeFields,
  envelope4,
  envelope6,
  frame4,
  frame6,
  fromUplink,
  fromVm,
  refused,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, BLUE_SECOND, HOSTS, VMS } from './fabric.ts';
import { ERROR4, error4, routed4, toRouter4 } from './gateway.ts';

const N10 = ['N10'];
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const toO = frame4('a', 'o', datagram);
const fromO = frame4('o', 'a', datagram);

const SENDING: Case[] = [
  fromVm('a', N10, 'to a host of the draft', toO, tunnelled4('h1', 'h5', BLUE, toO)),
  fromVm(
    'a',
    N10,
    'to a host of the draft, IPv6 inside',
    frame6('a', 'o', datagram),
    tunnelled4('h1', 'h5', BLUE, frame6('a', 'o', datagram)),
  ),
  fromVm('a', N10, 'to a host of the draft over IPv6', toO, tunnelled6('h1', 'h5', BLUE, toO), {
    provider: { prefer: 'ipv6' },
  }),
  fromVm('o', N10, 'from a host of the draft', fromO, tunnelled4('h5', 'h1', BLUE, fromO)),
  fromVm(
    'o',
    N10,
    'from a host of the draft to one without IPv4',
    frame4('o', 'd', datagram),
    tunnelled6('h5', 'h6', BLUE, frame4('o', 'd', datagram)),
  ),
  fromVm(
    'a',
    ['N10', 'N4'],
    'FlowID 0 is the first byte of the key',
    toO,
    { port: 'uplink', frame: envelope4('h1', 'h5', BLUE, toO, { flowId: 0 }) },
    { provider: { flowId: 'zero' } },
  ),
  fromVm(
    'o',
    ['N10', 'V2'],
    'a routed packet from a host of the draft',
    toRouter4('o', VMS.st.ipv4, datagram),
    tunnelled4('h5', 'h2', BLUE_SECOND, routed4('o', 'st', datagram)),
  ),
  fromVm(
    'a',
    N10,
    'between two hosts of the standard nothing changes',
    frame4('a', 'c', datagram),
    tunnelled4('h1', 'h3', BLUE, frame4('a', 'c', datagram), { layout: 'rfc7637' }),
  ),
];

/** The key spelt out: flow, then VSID 5001 = 0x001389. */
const SPELT: Case[] = [
  fromVm(
    'a',
    N10,
    'every byte of GRE spelt out',
    toO,
    {
      port: 'uplink',
      frame: ethernet(
        { src: HOSTS.h1.mac, dst: HOSTS.h1.gatewayMac },
        ipv4(
          { src: HOSTS.h1.ipv4, dst: HOSTS.h5.ipv4, id: 0, df: true, protocol: 47 },
          concat(Uint8Array.of(0x20, 0, 0x65, 0x58, 0, 0, 0x13, 0x89), toO),
        ),
      ),
    },
    { provider: { flowId: 'zero' } },
  ),
];

const arrive = (
  name: string,
  from: 'h1' | 'h5',
  fields: EnvelopeFields,
  expected: Case['expected'],
): Case[] => {
  const [to, inner] = from === 'h1' ? (['h5', toO] as const) : (['h1', fromO] as const);
  return [
    fromUplink(to, N10, `${name}, over IPv4`, envelope4(from, to, BLUE, inner, fields), expected),
    fromUplink(to, N10, `${name}, over IPv6`, envelope6(from, to, BLUE, inner, fields), expected),
  ];
};
const atO = { port: 'o' as const, frame: toO };
const atA = { port: 'a' as const, frame: fromO };
const standard = { layout: 'rfc7637' } as const;

const RECEIVING: Case[] = [
  ...[0, 1, 0x7f, 0xff].flatMap((flowId) => [
    ...arrive(`at a host of the draft, FlowID ${flowId}`, 'h1', { flowId }, atO),
    ...arrive(`from a host of the draft, FlowID ${flowId}`, 'h5', { flowId }, atA),
  ]),
  ...arrive('the standard’s key at a host of the draft', 'h1', standard, DROP_VSID_UNKNOWN),
  ...arrive('the standard’s key from a host of the draft', 'h5', standard, DROP_VSID_UNKNOWN),
  ...[0, 1, 0xfff].flatMap((vsid) =>
    arrive(
      `reserved VSID ${vsid} in the layout of the draft`,
      'h5',
      { vsid, flowId: 0x13 },
      DROP_VSID_RESERVED,
    ),
  ),
  ...arrive('VSID 0xFFFFFF in the layout of the draft', 'h5', { vsid: 0xff_ffff }, DROP_VSID_ALL_ONES),
  ...arrive('an unknown VSID in the layout of the draft', 'h5', { vsid: 0x1000 }, DROP_VSID_UNKNOWN),
  fromUplink(
    'h1',
    N10,
    'the draft’s key from a host of the standard',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', datagram), { layout: 'draft00', flowId: 0x5a }),
    DROP_VSID_UNKNOWN,
  ),
  fromUplink(
    'h1',
    ['N10', 'V7'],
    'another host’s VM in an envelope of the draft',
    envelope4('h5', 'h1', BLUE, frame4('b', 'a', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  fromUplink(
    'h2',
    ['N10', 'V2', 'V7'],
    'routed by a host of the draft',
    envelope4('h5', 'h2', BLUE_SECOND, routed4('o', 'st', datagram)),
    { port: 'st', frame: routed4('o', 'st', datagram) },
  ),
];

// —— The path MTU of such a peer (T4): the quote has its layout ——

const macs = { src: HOSTS.h1.gatewayMac, dst: HOSTS.h1.mac };
const key = (layout: 'draft00' | 'rfc7637') => nvgre({ vsid: BLUE, flowId: 0x5a, layout }, toO);
const report4 = (layout: 'draft00' | 'rfc7637') =>
  ethernet(
    macs,
    ipv4(
      { src: '192.168.77.1', dst: HOSTS.h1.ipv4 },
      icmpv4(
        { type: 3, code: 4, rest: 1400 },
        ipv4({ src: HOSTS.h1.ipv4, dst: HOSTS.h5.ipv4, df: true }, key(layout)).subarray(0, 28),
      ),
    ),
  );
const report6 = (layout: 'draft00' | 'rfc7637') =>
  ethernet(
    macs,
    ipv6(
      { src: '2001:db8:77::1', dst: HOSTS.h1.ipv6 },
      icmpv6(
        { type: 2, rest: 1400 },
        ipv6({ src: HOSTS.h1.ipv6, dst: HOSTS.h5.ipv6 }, key(layout)).subarray(0, 48),
      ),
    ),
  );
const long = frame4('a', 'o', udp({ srcPort: 1, dstPort: 2 }, pattern(1373 - 42)), { df: true });
const heard = { before: [] };

const PATH: Case[] = [
  fromUplink(
    'h1',
    ['N10', 'T4'],
    'a report about a host of the draft',
    report4('draft00'),
    DROP_PATH_MTU,
    heard,
  ),
  fromUplink(
    'h1',
    ['N10', 'T4'],
    'a report about a host of the draft with the standard’s key',
    report4('rfc7637'),
    DROP_ICMP_UNMATCHED,
    heard,
  ),
  fromUplink(
    'h1',
    ['N10', 'T4'],
    'a report over IPv6 about a host of the draft',
    report6('draft00'),
    DROP_PATH_MTU,
    {
      ...heard,
      provider: { prefer: 'ipv6' },
    },
  ),
  fromVm(
    'a',
    ['N10', 'T4', 'T1'],
    'what was reported about a host of the draft',
    long,
    refused(DROP_OVER_MTU, 'a', error4('a', long, ERROR4.tooBig(1358))),
    { before: [{ port: 'uplink', frame: report4('draft00') }] },
  ),
];

export const DRAFT00_CASES: readonly Case[] = [...SENDING, ...SPELT, ...RECEIVING, ...PATH];
