/** TCP connections learn at their beginning what fits into the envelope (T3). */

import {
  TCP_SYN,
  TCP_SYN_ACK,
  type TcpFields,
  type Upper,
  concat,
  mss,
  pattern,
  tcp,
} from '../packets/index.ts';
import { type Case, frame4, frame6, fromVm, rewritten4, tunnelled4, tunnelled6 } from './case.ts';
import { BLUE, BLUE_SECOND, VMS } from './fabric.ts';
import { routed4, toRouter4 } from './gateway.ts';

const T3 = ['T3'];

const syn = (options: Uint8Array, fields: Partial<TcpFields> = {}): Upper =>
  tcp({ srcPort: 1000, dstPort: 80, flags: TCP_SYN, ...fields, options }, new Uint8Array(0));

interface Way {
  readonly name: string;
  readonly to: 'b' | 'd';
  readonly isIpv6: boolean;
  /** The largest segment that fits. */
  readonly largest: number;
}

const WAYS: readonly Way[] = [
  { name: 'IPv4 over IPv4', to: 'b', isIpv6: false, largest: 1500 - 42 - 40 },
  { name: 'IPv6 over IPv4', to: 'b', isIpv6: true, largest: 1500 - 42 - 60 },
  { name: 'IPv4 over IPv6', to: 'd', isIpv6: false, largest: 1500 - 62 - 40 },
  { name: 'IPv6 over IPv6', to: 'd', isIpv6: true, largest: 1500 - 62 - 60 },
];

const clamped = (
  name: string,
  before: Upper,
  after: Upper,
  { to, isIpv6 }: Pick<Way, 'to' | 'isIpv6'> = WAYS[0]!,
  more: Partial<Case> = {},
): Case => {
  const frame = (upper: Upper) => (isIpv6 ? frame6('a', to, upper) : frame4('a', to, upper));
  const tunnelled =
    to === 'd' ? tunnelled6('h1', 'h6', BLUE, frame(after)) : tunnelled4('h1', 'h2', BLUE, frame(after));
  return fromVm('a', T3, name, frame(before), tunnelled, more);
};
const untouched = (name: string, upper: Upper, more: Partial<Case> = {}): Case =>
  clamped(name, upper, upper, WAYS[0], more);

const LOWERED: Case[] = WAYS.flatMap((way) => [
  clamped(`${way.name}: 8960 is lowered to ${way.largest}`, syn(mss(8960)), syn(mss(way.largest)), way),
  clamped(
    `${way.name}: ${way.largest + 1} is lowered by one`,
    syn(mss(way.largest + 1)),
    syn(mss(way.largest)),
    way,
  ),
  clamped(`${way.name}: ${way.largest} stays`, syn(mss(way.largest)), syn(mss(way.largest)), way),
  clamped(`${way.name}: 536 is not raised`, syn(mss(536)), syn(mss(536)), way),
]);

const NOP = Uint8Array.of(1);
const END = Uint8Array.of(0);
/** Window scale, 3 bytes; SACK permitted, 2; timestamps, 10. */
const scale = Uint8Array.of(3, 3, 7);
const sack = Uint8Array.of(4, 2);
const timestamps = concat(Uint8Array.of(8, 10), pattern(8));
const big = mss(1460);
const small = mss(1418);

/** Places of the option among the others; `option` stands for it. */
const PLACES: readonly (readonly [string, (option: Uint8Array) => Uint8Array])[] = [
  ['as Linux orders them', (option) => concat(option, sack, timestamps, NOP, scale)],
  ['last of all', (option) => concat(sack, timestamps, NOP, scale, option)],
  ['at an odd offset', (option) => concat(NOP, option, scale)],
  ['behind an option of odd length', (option) => concat(scale, option, END)],
  ['twice', (option) => concat(option, option)],
  ['behind an unknown option', (option) => concat(Uint8Array.of(253, 6, 1, 2, 3, 4), sack, option)],
];

const FOUND: Case[] = [
  ...PLACES.map(([name, place]) => clamped(`the option ${name}`, syn(place(big)), syn(place(small)))),
  clamped('SYN and ACK', syn(big, { flags: TCP_SYN_ACK }), syn(small, { flags: TCP_SYN_ACK })),
  clamped('SYN with ECN bits', syn(big, { flags: TCP_SYN | 0xc0 }), syn(small, { flags: TCP_SYN | 0xc0 })),
  clamped(
    'SYN with data (TCP fast open)',
    tcp({ srcPort: 1, dstPort: 2, flags: TCP_SYN, options: big }, pattern(31)),
    tcp({ srcPort: 1, dstPort: 2, flags: TCP_SYN, options: small }, pattern(31)),
  ),
  ...[1, 0x1234, 0xfffe].map((checksumError) =>
    clamped(
      `a wrong TCP checksum stays wrong by ${checksumError}`,
      syn(big, { checksumError }),
      syn(small, { checksumError }),
    ),
  ),
  clamped('the larger a provider MTU, the larger the segments', syn(mss(9000)), syn(mss(8918)), WAYS[0], {
    provider: { mtu: 9000 },
  }),
  clamped('a small provider MTU', syn(mss(1460)), syn(mss(1198)), WAYS[0], { provider: { mtu: 1280 } }),
];

const LEFT_ALONE: Case[] = [
  untouched('no options', syn(new Uint8Array(0))),
  untouched('no such option', syn(concat(sack, timestamps))),
  untouched('a segment that is no SYN', syn(big, { flags: 0x10 })),
  untouched('a reset', syn(big, { flags: 0x04 })),
  untouched('behind the end of the options', syn(concat(END, NOP, NOP, NOP, big))),
  untouched('an option of length 0 ends the search', syn(concat(Uint8Array.of(253, 0), NOP, NOP, big))),
  untouched('an option of length 1 ends the search', syn(concat(Uint8Array.of(253, 1), NOP, NOP, big))),
  untouched('an option that leaves the header', syn(concat(Uint8Array.of(253, 40), NOP, NOP, big))),
  untouched('an option of length 3 that calls itself MSS', syn(Uint8Array.of(2, 3, 0xff, 1))),
  untouched('an option of length 6 that calls itself MSS', syn(Uint8Array.of(2, 6, 0xff, 0xff, 0, 0, 0, 0))),
  untouched('an MSS option that the header cuts off', syn(Uint8Array.of(1, 2, 4, 0xff))),
  untouched('the policy does not want it', syn(big), { provider: { clampMss: false } }),
  fromVm('a', ['T3', 'V8'], 'nothing is lowered between VMs of one host', frame4('a', 'a2', syn(big)), {
    port: 'a2',
    frame: frame4('a', 'a2', syn(big)),
  }),
  fromVm('ra', ['T3', 'W2'], 'nothing is lowered in a packet to be rewritten', frame4('ra', 'rb', syn(big)), {
    port: 'uplink',
    frame: rewritten4('ra', 'rb', syn(big)),
  }),
  fromVm(
    'a',
    T3,
    'a later fragment only looks like a SYN',
    frame4('a', 'b', syn(big), { offset: 9 }),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', syn(big), { offset: 9 })),
  ),
];

const WITH_OTHERS: Case[] = [
  fromVm(
    'a',
    ['T3', 'V2'],
    'a routed SYN',
    toRouter4('a', VMS.st.ipv4, syn(big)),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed4('a', 'st', syn(small))),
  ),
  fromVm(
    'ra',
    ['T3', 'W1'],
    'a SYN from a rewrite endpoint to an NVGRE endpoint',
    frame4('ra', 'b', syn(big)),
    tunnelled4('h1', 'h2', BLUE, frame4('ra', 'b', syn(small))),
  ),
  fromVm(
    'a',
    T3,
    'behind IPv4 options',
    frame4('a', 'b', syn(big), { options: Uint8Array.of(0x94, 4, 0, 0) }),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', syn(small), { options: Uint8Array.of(0x94, 4, 0, 0) })),
  ),
];

export const MSS_CASES: readonly Case[] = [...LOWERED, ...FOUND, ...LEFT_ALONE, ...WITH_OTHERS];
