/** Partial checksums that nobody behind can complete (W7): they are complete when the frame leaves. */

import { OFFLOAD_CHECKSUM } from '../../src/abi/layout.ts';
import { DROP_OVER_MTU } from '../../src/abi/verdict.ts';
import {
  PROTOCOL,
  TCP_SYN,
  type Upper,
  concat,
  destinationOptions,
  ethernet,
  fromHex,
  icmpv6Echo,
  ipv4,
  leftPartial,
  mss,
  onesComplementSum,
  padded,
  part,
  partial,
  patched,
  pattern,
  sctp,
  tcp,
  u16,
  udp,
  vlan,
  vnet,
} from '../packets/index.ts';
import {
  type Case,
  frame4,
  frame6,
  fromVm,
  pieces,
  refused,
  rewritten4,
  tunnelled4,
  tunnelled6,
} from './case.ts';
import { BLUE, BLUE_SECOND, VMS } from './fabric.ts';
import { flooded } from './flooding.ts';
import { ERROR4, error4, routed4, toRouter4 } from './gateway.ts';

const W7 = ['W7'];
const TAKEN = OFFLOAD_CHECKSUM;
const ports = { srcPort: 1000, dstPort: 80 };
const segment = tcp(ports, pattern(31));
const datagram = udp(ports, pattern(32));
/** Over every limit by little. */
const long = udp(ports, pattern(1600));

/** Where transport headers stand in a frame. */
const OVER4 = 34;
const OVER6 = 54;
const leftTcp = leftPartial(OVER4, PROTOCOL.tcp);
const leftUdp = leftPartial(OVER4, PROTOCOL.udp);

/** From `a` to `b` in an envelope: what `make` builds of the partial one, and of the complete one. */
const completed = (
  name: string,
  make: (upper: Upper) => Uint8Array,
  upper: Upper,
  left: Uint8Array,
  more: Partial<Case> = {},
): Case =>
  fromVm('a', W7, name, make(partial(upper)), tunnelled4('h1', 'h2', BLUE, make(upper)), {
    vnet: left,
    ...more,
  });

const toB = (upper: Upper) => frame4('a', 'b', upper);
const toA2 = (upper: Upper) => frame4('a', 'a2', upper);
const withOptions = (upper: Upper) => frame4('a', 'b', upper, { options: fromHex('94040000') });
const withHeaders = (upper: Upper) => frame6('a', 'b', upper, { headers: [destinationOptions(16)] });
const withPadding = (upper: Upper) => padded(frame4('a', 'b', upper), 90, 0xee);
/** From the trunk's VM with its address in the second subnet. */
const fromTrunk = (upper: Upper) =>
  ethernet({ src: VMS.trunk.mac, dst: VMS.st.mac }, ipv4({ src: '10.0.1.41', dst: VMS.st.ipv4 }, upper));
const toGroup = (upper: Upper) =>
  ethernet({ src: VMS.a.mac, dst: '01:00:5e:01:02:03' }, ipv4({ src: VMS.a.ipv4, dst: '239.1.2.3' }, upper));

/** A datagram whose sum is 0xFFFF, the complement of which is 0. */
const zero = ((): Upper => {
  const build = (last: number) => udp(ports, u16(last));
  const bytes = build(0).build({ src: Uint8Array.of(10, 0, 0, 11), dst: Uint8Array.of(10, 0, 0, 21) });
  return build((bytes[6]! << 8) | bytes[7]!);
})();

/** VXLAN of the VM's own (RFC 7348), its UDP checksum 0: the frame inside has the partial one. */
const nested = (inner: Upper) =>
  frame4(
    'a',
    'b',
    udp(
      { srcPort: 50000, dstPort: 4789, checksum: 0 },
      concat(fromHex('0800000000002a00'), frame4('b', 'a', inner)),
    ),
  );

/** What is not IP, with a checksum over all but its first four bytes. */
const foreign = (isComplete: boolean): Uint8Array => {
  const body = patched(pattern(40), 6, 0x12, 0x34);
  const sum = onesComplementSum(body.subarray(4)) ^ 0xffff;
  const bytes = isComplete ? patched(body, 6, sum >> 8, sum & 255) : body;
  return ethernet({ src: VMS.a.mac, dst: VMS.b.mac, type: 0x88b5 }, bytes);
};

/** RFC 9260 appendix A, by division: the remainder of the reflected message, bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = (remainder ^ (byte >> bit)) & 1;
      remainder = (remainder >>> 1) ^ (feedback === 1 ? 0x82f6_3b78 : 0);
    }
  }
  return ~remainder >>> 0;
}

const chunks = pattern(52);
const associated = (checksum: number) => sctp({ ...ports, checksum }, chunks);
/** Stored with the lowest byte first. */
const sctpChecksum = (): number => {
  const none = { src: new Uint8Array(4), dst: new Uint8Array(4) };
  const crc = crc32c(associated(0).build(none));
  return new DataView(Uint8Array.of(crc, crc >> 8, crc >> 16, crc >> 24).buffer).getUint32(0);
};

const INTO_ENVELOPES: Case[] = [
  completed('TCP into an envelope: completed', toB, segment, leftTcp),
  completed('UDP into an envelope: completed', toB, datagram, leftUdp),
  completed('the uplink would take it, the envelope does not', toB, segment, leftTcp, {
    takes: { uplink: TAKEN },
  }),
  completed('behind IPv4 options', withOptions, segment, leftPartial(OVER4 + 4, PROTOCOL.tcp)),
  completed('behind extension headers', withHeaders, datagram, leftPartial(OVER6 + 16, PROTOCOL.udp)),
  completed('Ethernet padding is not summed', withPadding, segment, leftTcp),
  completed('a UDP sum whose complement is 0 becomes 0xFFFF', toB, zero, leftUdp),
  completed('UDP over IPv6', (upper) => frame6('a', 'b', upper), datagram, leftPartial(OVER6, PROTOCOL.udp)),
  completed('an odd number of bytes', toB, tcp(ports, pattern(1)), leftTcp),
  completed('no payload', toB, tcp(ports, new Uint8Array(0)), leftTcp),
  completed('a full packet', toB, tcp(ports, pattern(1418)), leftTcp),
  completed(
    'ICMPv6, which guards look into',
    (upper) => frame6('a', 'b', upper),
    icmpv6Echo(pattern(20)),
    leftPartial(OVER6, PROTOCOL.icmpv6),
  ),
  completed('in a tunnel of the VM’s own', nested, segment, leftPartial(OVER4 + 16 + OVER4, PROTOCOL.tcp)),
  fromVm(
    'a',
    W7,
    'IPv6 into an envelope over IPv6: completed',
    frame6('a', 'd', partial(segment)),
    tunnelled6('h1', 'h6', BLUE, frame6('a', 'd', segment)),
    { vnet: leftPartial(OVER6, PROTOCOL.tcp) },
  ),
  fromVm(
    'a',
    W7,
    'SCTP: its CRC32c',
    frame4('a', 'b', associated(0)),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', associated(sctpChecksum()))),
    { vnet: vnet({ flags: 1, csumStart: OVER4, csumOffset: 8 }) },
  ),
  fromVm('a', W7, 'in what is not IP', foreign(false), tunnelled4('h1', 'h2', BLUE, foreign(true)), {
    vnet: vnet({ flags: 1, csumStart: 18, csumOffset: 2 }),
  }),
];

const ELSEWHERE: Case[] = [
  fromVm(
    'a',
    ['W7', 'V8'],
    'to a port that takes nothing: completed',
    toA2(partial(segment)),
    { port: 'a2', frame: toA2(segment) },
    { vnet: leftTcp },
  ),
  fromVm(
    'ra',
    ['W7', 'W3'],
    'rewritten, and the uplink takes nothing: completed',
    frame4('ra', 'rb', partial(segment)),
    { port: 'uplink', frame: rewritten4('ra', 'rb', segment) },
    { vnet: leftTcp },
  ),
  fromVm(
    'trunk',
    ['W7', 'N6'],
    'behind a tag: completed',
    vlan({ vid: 100 }, fromTrunk(partial(segment))),
    tunnelled4('h1', 'h2', BLUE_SECOND, fromTrunk(segment)),
    { vnet: leftPartial(OVER4 + 4, PROTOCOL.tcp) },
  ),
  fromVm(
    'a',
    ['W7', 'V2'],
    'routed into an envelope: completed',
    toRouter4('a', VMS.st.ipv4, partial(segment)),
    tunnelled4('h1', 'h2', BLUE_SECOND, routed4('a', 'st', segment)),
    { vnet: leftTcp },
  ),
  fromVm(
    'a',
    ['W7', 'V5'],
    'to a group: completed before there are copies',
    toGroup(partial(datagram)),
    flooded('a', toGroup(datagram)),
    { vnet: leftUdp, takes: { a2: TAKEN, trunk: TAKEN } },
  ),
];

const syn = (size: number) => tcp({ ...ports, flags: TCP_SYN, options: mss(size) }, new Uint8Array(0));

const CHANGED: Case[] = [
  fromVm(
    'a',
    ['W7', 'T3'],
    'a SYN whose largest segment is lowered',
    frame4('a', 'b', partial(syn(8960))),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', syn(1418))),
    { vnet: leftTcp },
  ),
  fromVm(
    'a',
    ['W7', 'T1'],
    'a datagram that is cut into fragments is completed first',
    frame4('a', 'b', partial(long)),
    pieces([
      tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', part(long, 0, 1432), { mf: true })),
      tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', part(long, 1432), { offset: 1432 / 8 })),
    ]),
    { vnet: leftUdp },
  ),
  fromVm(
    'ra',
    ['W7', 'T1'],
    'a datagram that is rewritten in fragments is completed first',
    frame4('ra', 'rb', partial(long)),
    pieces([
      { port: 'uplink', frame: rewritten4('ra', 'rb', part(long, 0, 1480), { mf: true }) },
      { port: 'uplink', frame: rewritten4('ra', 'rb', part(long, 1480), { offset: 1480 / 8 }) },
    ]),
    { vnet: leftUdp, takes: { uplink: TAKEN } },
  ),
  fromVm(
    'a',
    ['W7', 'T2'],
    'an error quotes it with the checksum that it would have had',
    frame4('a', 'b', partial(long), { df: true }),
    refused(DROP_OVER_MTU, 'a', error4('a', frame4('a', 'b', long, { df: true }), ERROR4.tooBig(1458))),
    { vnet: leftUdp, takes: { a: TAKEN } },
  ),
];

export const COMPLETED_CASES: readonly Case[] = [...INTO_ENVELOPES, ...ELSEWHERE, ...CHANGED];
