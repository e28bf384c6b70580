/** Flooded frames that some path does not carry (V5, T1): in pieces to that host, told, or left out; whole for everybody else. */

import { DROP_OVER_MTU, FORWARD, ICMP_ERROR } from '../../src/abi/verdict.ts';
import {
  ETHER_TYPE,
  type ExtensionHeader,
  type Upper,
  concat,
  ethernet,
  fragment,
  groupMac,
  icmpv6,
  ipv4,
  ipv6,
  linkLocal,
  padded,
  pattern,
  raw,
  udp,
} from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  type Outcome,
  type PacketFields,
  envelope4,
  fromUplink,
  fromVm,
  refused,
} from './case.ts';
import {
  BLUE,
  BLUE_SECOND,
  GREEN,
  type HostName,
  ROUTER_LINK_LOCAL,
  VMS,
  type VmName,
  vm,
} from './fabric.ts';
import { copies, flooded, localCopies, otherHosts, tunnelled } from './flooding.ts';
import { ERROR6, error6 } from './gateway.ts';
import { quote4, report4 } from './pathmtu.ts';
import { cutUp } from './pieces.ts';

const RULES = ['V5', 'T1'];
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const ports = { srcPort: 1000, dstPort: 2000 };

/** A datagram with so many bytes above IP. */
const upperOf = (length: number): Upper => udp(ports, pattern(length - 8));

type Fields = PacketFields & { readonly dst?: string };

const broadcast = (
  by: VmName,
  upper: Upper | Uint8Array,
  { dst = '255.255.255.255', ...fields }: Fields = {},
) => ethernet({ src: vm(by).mac, dst: BROADCAST }, ipv4({ src: vm(by).ipv4!, dst, ...fields }, upper));

interface Multicast {
  readonly src?: string;
  readonly group?: string;
  readonly dstMac?: string;
  readonly headers?: readonly ExtensionHeader[];
}

const multicast6 = (
  by: VmName,
  upper: Upper | Uint8Array,
  { src = vm(by).ipv6!, group = 'ff02::fb', dstMac = groupMac(group), headers = [] }: Multicast = {},
) => ethernet({ src: vm(by).mac, dst: dstMac }, ipv6({ src, dst: group, headers }, upper));

/** Sizes of the pieces to a host, bytes above IP; undefined: the frame goes there whole; []: not at all. */
type Sizes = Partial<Record<HostName, readonly number[]>>;

/** What leaves by the uplink: to every other host the frame, or its pieces, which `make` builds. */
const remote = (
  by: VmName,
  frame: Uint8Array,
  sizes: Sizes,
  pieces: (to: HostName, sizes: readonly number[]) => Leaving[] = () => [],
  vsid = vm(by).vsid,
): Leaving[] =>
  otherHosts(vm(by).host, vsid).flatMap((to) => {
    const cut = sizes[to];
    return cut === undefined ? [tunnelled(vm(by).host, to, vsid, frame)] : pieces(to, cut);
  });

/** IPv4 without DF: whole for everybody on this host, in pieces to hosts behind smaller paths. */
function inPieces(
  by: VmName,
  upper: Upper,
  total: number,
  sizes: Sizes,
  { vsid = vm(by).vsid, later, offset, mf, ...fields }: Fields & { vsid?: number; later?: Uint8Array } = {},
): { frame: Uint8Array; expected: Outcome } {
  const place = { ...(offset === undefined ? {} : { offset }), ...(mf === undefined ? {} : { mf }) };
  const frame = broadcast(by, upper, { ...fields, ...place });
  const pieces = (to: HostName, list: readonly number[]) =>
    cutUp(upper, total, { sizes: list, ...place }, (piece, where, number) => {
      const options = number > 0 && later !== undefined ? { options: later } : {};
      const tos = fields.tos === undefined ? {} : { tos: fields.tos };
      return tunnelled(vm(by).host, to, vsid, broadcast(by, piece, { ...fields, ...where, ...options }), tos);
    });
  const expected = copies([
    ...localCopies(vm(by).host, vsid, frame, by),
    ...remote(by, frame, sizes, pieces, vsid),
  ]);
  return { frame, expected };
}

const cut = (
  name: string,
  by: VmName,
  total: number,
  sizes: Sizes,
  fields: Parameters<typeof inPieces>[4] = {},
  { rules = RULES, upper = upperOf(total), ...more }: Partial<Case> & { upper?: Upper } = {},
): Case => {
  const { frame, expected } = inPieces(by, upper, total, sizes, fields);
  return fromVm(by, rules, name, frame, expected, more);
};

/** From h1 to the others of blue: all over IPv4 but h6. */
const toAll = (over4: readonly number[], over6: readonly number[]): Sizes => ({
  h2: over4,
  h3: over4,
  h5: over4,
  h6: over6,
});

/** Router alert (RFC 2113), copied into every piece; record route (RFC 791), not copied. */
const alert = Uint8Array.of(0x94, 4, 0, 0);
const record = Uint8Array.of(0x07, 7, 4, 0, 0, 0, 0);
const END = Uint8Array.of(0);

const later = raw(17, pattern(1600, 3));

const CUT: Case[] = [
  cut('IPv4 without DF that fits into every envelope is whole', 'a', 1418, {}),
  cut('a byte too long for the envelope over IPv6: pieces to that host only', 'a', 1419, { h6: [1416, 3] }),
  cut('the longest that fits into the envelopes over IPv4', 'a', 1438, { h6: [1416, 22] }),
  cut('a byte too long for all: pieces to every host', 'a', 1439, toAll([1432, 7], [1416, 23])),
  cut('a datagram of 4,000 bytes', 'a', 4000, toAll([1432, 1432, 1136], [1416, 1416, 1168])),
  cut(
    'as multicast with TTL 1, TOS and identification',
    'a',
    2000,
    toAll([1432, 568], [1416, 584]),
    { dst: '224.0.0.251', ttl: 1, id: 0xbeef, tos: 0xba },
    { rules: ['V5', 'T1', 'DSCP', 'ECN'] },
  ),
  cut(
    'options: copied ones in every piece, others in the first',
    'a',
    2000,
    toAll([1424, 576], [1400, 600]),
    { options: concat(alert, record, END), later: alert },
  ),
  cut(
    'a fragment is cut again',
    'a',
    1600,
    toAll([1432, 168], [1416, 184]),
    { offset: 300, mf: true },
    { upper: later },
  ),
  cut('from a host without IPv4', 'd', 1439, {
    h1: [1416, 23],
    h2: [1416, 23],
    h3: [1416, 23],
    h5: [1416, 23],
  }),
  cut(
    'from a rewrite endpoint, by NVGRE',
    'ra',
    1439,
    toAll([1432, 7], [1416, 23]),
    {},
    { rules: ['V5', 'T1', 'W1'] },
  ),
  cut(
    'whole, with its tag, for the VM that has the subnet on a VLAN',
    's',
    3000,
    { h2: [1432, 1432, 136], h3: [1432, 1432, 136], h6: [1416, 1416, 168] },
    { vsid: BLUE_SECOND },
    { rules: ['V5', 'T1', 'N6'] },
  ),
  cut(
    'green has other hosts',
    'ga',
    1439,
    { h2: [1432, 7], h4: [1432, 7] },
    { vsid: GREEN },
    { rules: ['V5', 'T1', 'V1'] },
  ),
  cut(
    'a path that has become smaller: pieces to that host only',
    'a',
    1400,
    { h2: [1336, 64] },
    {},
    { rules: ['V5', 'T1', 'T4'], before: [{ port: 'uplink', frame: report4(1400, quote4()) }] },
  ),
  cut('a frame longer than a slot, where the paths carry it', 'a', 8000, {}, {}, { provider: { mtu: 9000 } }),
  // A piece never has more than 1,906 bytes of IP.
  cut(
    'a frame longer than a slot: pieces only where the path does not carry it',
    'a',
    4000,
    { h6: [1880, 1880, 240] },
    {},
    { provider: { mtu: 4070 } },
  ),
];

// —— Not to be cut ——

/** Broadcast with DF, a frame of so many bytes. */
const long = (by: VmName, length: number) => broadcast(by, upperOf(length - 34), { df: true });
const experiment = (length: number) =>
  ethernet({ src: VMS.a.mac, dst: BROADCAST, type: ETHER_TYPE.experiment }, pattern(length - 14));
const NOWHERE: Sizes = { h1: [], h2: [], h3: [], h4: [], h5: [], h6: [] };

/** Left out to some hosts, and nobody is told. */
const leftOut = (name: string, frame: Uint8Array, sizes: Sizes, more: Partial<Case> = {}, by: VmName = 'a') =>
  fromVm(
    by,
    RULES,
    name,
    frame,
    copies([...localCopies(vm(by).host, vm(by).vsid, frame, by), ...remote(by, frame, sizes)]),
    more,
  );

const bare = broadcast('a', upperOf(1418), { df: true });

const LEFT_OUT: Case[] = [
  fromVm(
    'a',
    RULES,
    'with DF: a frame that fits into every envelope',
    long('a', 1452),
    flooded('a', long('a', 1452)),
  ),
  leftOut('with DF: the copy that does not fit into an envelope over IPv6 is left out', long('a', 1453), {
    h6: [],
  }),
  leftOut(
    'with DF: a frame that fits into no envelope reaches the VMs of this host',
    long('a', 1514),
    NOWHERE,
  ),
  fromVm(
    'd',
    ['V5', 'T1', 'T2'],
    'with DF: a broadcast that reaches nobody: no error to its sender',
    long('d', 1514),
    DROP_OVER_MTU,
  ),
  leftOut('not IP: the copy that does not fit is left out', experiment(1453), { h6: [] }),
  leftOut('not IP: only to VMs of this host', experiment(1473), NOWHERE),
  leftOut(
    'with DF: a frame longer than a slot, where the paths carry it',
    long('a', 6000),
    {},
    { provider: { mtu: 9000 } },
  ),
  fromVm(
    'a',
    RULES,
    'padding that would not fit is cut for that host',
    padded(bare, 1460),
    copies([
      ...localCopies('h1', BLUE, padded(bare, 1460), 'a'),
      ...remote('a', padded(bare, 1460), { h6: [1] }, (to) => [tunnelled('h1', to, BLUE, bare)]),
    ]),
  ),
];

// —— IPv6 is told (RFC 4443 §2.4 e.3) ——

/** Delivered where it can be, and beside that the sender is told. */
const told = (by: VmName, frame: Uint8Array, sizes: Sizes, error: Uint8Array): Outcome => {
  const { outputs } = copies([
    ...localCopies(vm(by).host, vm(by).vsid, frame, by),
    ...remote(by, frame, sizes),
  ]);
  return {
    verdict: FORWARD,
    outputs: [...outputs, { verdict: ICMP_ERROR, port: by, frame: error }],
    anyOrder: true,
  };
};

const T2 = ['V5', 'T1', 'T2'];
const over6 = multicast6('a', upperOf(1399));
const overAll = multicast6('a', upperOf(1419));
const overGreen = multicast6('ga', upperOf(1419));
const fromHost6 = multicast6('d', upperOf(1419));
const fromLinkLocal = multicast6('a', upperOf(1399), { src: linkLocal(VMS.a.mac) });
const underBroadcast = multicast6('a', upperOf(1399), { group: VMS.d.ipv6, dstMac: BROADCAST });
const fromNobody = multicast6('a', upperOf(1399), { src: '::' });
const anError = multicast6('a', icmpv6({ type: 1 }, pattern(1400)));
const laterFragment = multicast6('a', pattern(1400), { headers: [fragment({ offset: 5, more: true })] });
const underOneMac = multicast6('a', upperOf(1459), { dstMac: VMS.b.mac });
const withoutGateway = multicast6('q', upperOf(1459), { dstMac: VMS.qb.mac });

const TOLD: Case[] = [
  fromVm(
    'a',
    T2,
    'IPv6 multicast that fits into every envelope',
    multicast6('a', upperOf(1398)),
    flooded('a', multicast6('a', upperOf(1398))),
  ),
  fromVm(
    'a',
    T2,
    'IPv6 multicast over one path: its sender is told',
    over6,
    told('a', over6, { h6: [] }, error6('a', over6, ERROR6.tooBig(1438))),
  ),
  fromVm(
    'a',
    T2,
    'IPv6 multicast over all paths: its sender is told the least',
    overAll,
    told('a', overAll, NOWHERE, error6('a', overAll, ERROR6.tooBig(1438))),
  ),
  fromVm(
    'ga',
    T2,
    'IPv6 multicast over paths of one size',
    overGreen,
    told('ga', overGreen, NOWHERE, error6('ga', overGreen, ERROR6.tooBig(1458))),
  ),
  fromVm(
    'd',
    T2,
    'IPv6 multicast that reaches nobody',
    fromHost6,
    refused(DROP_OVER_MTU, 'd', error6('d', fromHost6, ERROR6.tooBig(1438))),
  ),
  fromVm(
    'a',
    T2,
    'IPv6 multicast from a link-local address: told there',
    fromLinkLocal,
    told(
      'a',
      fromLinkLocal,
      { h6: [] },
      error6('a', fromLinkLocal, { ...ERROR6.tooBig(1438), dst: linkLocal(VMS.a.mac) }),
    ),
  ),
  fromVm(
    'a',
    T2,
    'a VM’s IPv6 address under the broadcast MAC (e.5)',
    underBroadcast,
    told('a', underBroadcast, { h6: [] }, error6('a', underBroadcast, ERROR6.tooBig(1438))),
  ),
  leftOut('IPv6 multicast from ::: nobody can be told', fromNobody, { h6: [] }),
  leftOut('IPv6 multicast with an ICMPv6 error: nobody is told', anError, { h6: [] }),
  leftOut('IPv6 multicast, a later fragment: nobody is told', laterFragment, { h6: [] }),
  fromVm(
    'a',
    T2,
    'IPv6 multicast over the path: what the rate of errors keeps back is only counted',
    over6,
    copies([...localCopies('h1', BLUE, over6, 'a'), ...remote('a', over6, { h6: [] })]),
    { provider: { icmpLimit: 1 }, before: [{ port: 'a', frame: over6 }] },
  ),
  fromVm(
    'a',
    ['T2', 'T1'],
    'IPv6 multicast under one VM’s MAC: told',
    underOneMac,
    refused(DROP_OVER_MTU, 'a', error6('a', underOneMac, ERROR6.tooBig(1458))),
  ),
  fromVm(
    'q',
    ['T2', 'T1'],
    'IPv6 multicast, without a gateway: told by the router’s link-local address',
    withoutGateway,
    refused(
      DROP_OVER_MTU,
      'q',
      error6('q', withoutGateway, { ...ERROR6.tooBig(1458), src: ROUTER_LINK_LOCAL }),
    ),
  ),
];

const longSecond = broadcast('st', upperOf(5000), { df: true });

const ARRIVING: Case[] = [
  fromUplink(
    'h1',
    ['V5', 'N6'],
    'a frame longer than a slot, for a VM that has the subnet on a VLAN',
    envelope4('h2', 'h1', BLUE_SECOND, longSecond),
    copies(localCopies('h1', BLUE_SECOND, longSecond)),
  ),
];

export const FLOOD_SIZE_CASES: readonly Case[] = [...CUT, ...LEFT_OUT, ...TOLD, ...ARRIVING];
