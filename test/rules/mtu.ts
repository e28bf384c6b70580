/** Packets that are too long for the path: told, or cut into pieces (T1). Both sides of every limit. */

import { DROP_OVER_MTU } from '../../src/abi/verdict.ts';
import { ETHER_TYPE, ethernet, padded, pattern, udp } from '../packets/index.ts';
import {
  type Case,
  type Leaving,
  frame4,
  frame6,
  fromVm,
  refused,
  rewritten4,
  rewritten6,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, VMS, type VmName } from './fabric.ts';
import { ERROR4, ERROR6, error4, error6, toRouter4, toRouter6 } from './gateway.ts';

const T1 = ['T1'];
const ports = { srcPort: 1000, dstPort: 2000 };

/** UDP that makes a frame of `length` bytes. */
const filling4 = (length: number) => udp(ports, pattern(length - 14 - 20 - 8));
const filling6 = (length: number) => udp(ports, pattern(length - 14 - 40 - 8));
const uplink = (frame: Uint8Array): Leaving => ({ port: 'uplink', frame });
const df = { df: true };

interface Limit {
  readonly name: string;
  readonly from: VmName;
  readonly to: VmName;
  /** The longest frame that fits. */
  readonly longest: number;
  /** The packet MTU that is announced. */
  readonly mtu: number;
  /** For IPv6, where it differs. */
  readonly mtu6?: number;
  readonly provider?: Case['provider'];
}

const LIMITS: readonly Limit[] = [
  { name: 'NVGRE over IPv4', from: 'a', to: 'b', longest: 1472, mtu: 1458 },
  { name: 'NVGRE over IPv6', from: 'a', to: 'd', longest: 1452, mtu: 1438 },
  { name: 'IP Rewrite', from: 'ra', to: 'rb', longest: 1514, mtu: 1500 },
  { name: 'a large provider MTU', from: 'a', to: 'b', longest: 8972, mtu: 8958, provider: { mtu: 9000 } },
  {
    name: 'less than IPv6 needs',
    from: 'a',
    to: 'b',
    longest: 1272,
    mtu: 1258,
    mtu6: 1280,
    provider: { mtu: 1300 },
  },
  {
    name: 'IP Rewrite, the least',
    from: 'ra',
    to: 'rb',
    longest: 1294,
    mtu: 1280,
    mtu6: 1280,
    provider: { mtu: 1280 },
  },
];

/** What leaves when nothing stands against it. */
function whole({ from, to }: Limit, frame: Uint8Array, rewritten: Uint8Array | undefined): Leaving {
  if (from === 'ra') return uplink(rewritten!);
  return to === 'd' ? tunnelled6('h1', 'h6', BLUE, frame) : tunnelled4('h1', 'h2', BLUE, frame);
}

const TOO_LONG: Case[] = LIMITS.flatMap((limit) => {
  const { name, from, to, longest, mtu, mtu6 = mtu, provider = {} } = limit;
  const isRewritten = from === 'ra';
  const fits4 = frame4(from, to, filling4(longest), df);
  const fits6 = frame6(from, to, filling6(longest));
  const over4 = frame4(from, to, filling4(longest + 1), df);
  const over6 = frame6(from, to, filling6(longest + 1));
  const out4 = isRewritten ? rewritten4(from, to, filling4(longest), df) : undefined;
  const out6 = isRewritten ? rewritten6(from, to, filling6(longest)) : undefined;
  return [
    fromVm(from, T1, `${name}: IPv4 with DF in a frame of ${longest}`, fits4, whole(limit, fits4, out4), {
      provider,
    }),
    fromVm(from, T1, `${name}: IPv6 in a frame of ${longest}`, fits6, whole(limit, fits6, out6), {
      provider,
    }),
    fromVm(
      from,
      ['T1', 'T2', 'N11'],
      `${name}: IPv4 with DF in a frame of ${longest + 1} is told ${mtu}`,
      over4,
      refused(DROP_OVER_MTU, from, error4(from, over4, ERROR4.tooBig(mtu))),
      { provider },
    ),
    fromVm(
      from,
      ['T1', 'T2', 'N11'],
      `${name}: IPv6 in a frame of ${longest + 1} is told ${mtu6}`,
      over6,
      refused(DROP_OVER_MTU, from, error6(from, over6, ERROR6.tooBig(mtu6))),
      { provider },
    ),
  ];
});

/** Room for IP in a frame, and `extra` bytes behind it. */
const short4 = frame4('a', 'b', filling4(1400), df);
const full4 = frame4('a', 'b', filling4(1472), df);
const over4 = frame4('a', 'b', filling4(1473), df);
const full6 = frame6('a', 'b', filling6(1472));
const experiment = (length: number, to: VmName = 'b', from: VmName = 'a') =>
  ethernet({ src: VMS[from].mac, dst: VMS[to].mac, type: ETHER_TYPE.experiment }, pattern(length - 14));

const routedOver4 = toRouter4('a', VMS.st.ipv4, filling4(1473), { df: true, ttl: 9 });
const routedOver6 = toRouter6('a', VMS.st.ipv6, filling6(1473), { ttl: 9 });
const routedRewrite = toRouter4('ra', VMS.sr.ipv4, filling4(1515), df);

const EDGES: Case[] = [
  fromVm(
    'a',
    T1,
    'padding that would not fit is cut',
    padded(full4, 1600),
    tunnelled4('h1', 'h2', BLUE, full4),
  ),
  fromVm(
    'a',
    T1,
    'padding behind a shorter packet',
    padded(short4, 1473),
    tunnelled4('h1', 'h2', BLUE, short4),
  ),
  fromVm('a', T1, 'padding behind IPv6 is cut', padded(full6, 1500), tunnelled4('h1', 'h2', BLUE, full6)),
  fromVm(
    'ra',
    T1,
    'padding behind a packet to be rewritten is cut',
    padded(frame4('ra', 'rb', filling4(1514), df), 1600),
    uplink(rewritten4('ra', 'rb', filling4(1514), df)),
  ),
  fromVm(
    'a',
    ['T1', 'T2'],
    'padding is not quoted',
    padded(over4, 1600, 0xee),
    refused(DROP_OVER_MTU, 'a', error4('a', over4, ERROR4.tooBig(1458))),
  ),
  fromVm('a', T1, 'not IP, 1472 bytes', experiment(1472), tunnelled4('h1', 'h2', BLUE, experiment(1472))),
  fromVm('a', T1, 'not IP, 1473 bytes: nobody is told', experiment(1473), DROP_OVER_MTU),
  fromVm('a', T1, 'not IP, 1453 bytes over IPv6', experiment(1453, 'd'), DROP_OVER_MTU),
  fromVm(
    'a',
    ['T1', 'T2', 'V2'],
    'a routed IPv4 packet is quoted as the VM sent it',
    routedOver4,
    refused(DROP_OVER_MTU, 'a', error4('a', routedOver4, ERROR4.tooBig(1458))),
  ),
  fromVm(
    'a',
    ['T1', 'T2', 'V2'],
    'a routed IPv6 packet is quoted as the VM sent it',
    routedOver6,
    refused(DROP_OVER_MTU, 'a', error6('a', routedOver6, ERROR6.tooBig(1458))),
  ),
  fromVm(
    'ra',
    ['T1', 'T2', 'V2'],
    'routed between rewrite endpoints',
    routedRewrite,
    refused(DROP_OVER_MTU, 'ra', error4('ra', routedRewrite, ERROR4.tooBig(1500))),
  ),
  fromVm(
    'a',
    ['T1', 'T2', 'V3'],
    'to an address from outside by a gateway VM’s MAC',
    ethernet({ src: VMS.a.mac, dst: VMS.gate.mac }, toRouter6('a', '2600::1', filling6(1473)).subarray(14)),
    refused(DROP_OVER_MTU, 'a', error6('a', toRouter6('a', '2600::1', filling6(1473)), ERROR6.tooBig(1458))),
  ),
  fromVm(
    'ra',
    ['T1', 'T2', 'W1'],
    'from a rewrite endpoint to an NVGRE endpoint the envelope counts',
    frame6('ra', 'b', filling6(1473)),
    refused(DROP_OVER_MTU, 'ra', error6('ra', frame6('ra', 'b', filling6(1473)), ERROR6.tooBig(1458))),
  ),
  fromVm(
    'a',
    ['T1', 'V8'],
    'no limit between VMs of one host, with DF',
    frame4('a', 'a2', filling4(1900), df),
    { port: 'a2', frame: frame4('a', 'a2', filling4(1900), df) },
  ),
  fromVm('a', ['T1', 'V8'], 'nor for IPv6', frame6('a', 'a2', filling6(9000)), {
    port: 'a2',
    frame: frame6('a', 'a2', filling6(9000)),
  }),
];

export const MTU_CASES: readonly Case[] = [...TOO_LONG, ...EDGES];
