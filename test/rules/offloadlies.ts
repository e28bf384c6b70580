/** Offload headers that do not describe their frame: dropped with a reason, whoever sends them (W7). */

import { DROP_INNER_TRUNCATED, DROP_OFFLOAD_HEADER, DROP_OFFLOAD_TYPE } from '../../src/abi/verdict.ts';
import {
  ETHER_TYPE,
  GSO,
  NEEDS_CSUM,
  PROTOCOL,
  type Upper,
  type VnetFields,
  ah,
  ethernet,
  fragment,
  leftPartial,
  partial,
  patched,
  pattern,
  raw,
  tcp,
  udp,
  vnet,
} from '../packets/index.ts';
import { type Case, envelope4, frame4, frame6, fromUplink, fromVm, rewritten4 } from './case.ts';
import { BLUE, VMS } from './fabric.ts';
import { OVER4, OVER6, type Super, TCP4, TCP6, UDP4, leftWhole, wholeOf } from './supersegments.ts';

const W7 = ['W7'];
const ALL = 15;
const ports = { srcPort: 1000, dstPort: 80 };
const segment = partial(tcp(ports, pattern(40)));
const three: Super = { bytes: 3000, size: 1400 };
const whole = partial(wholeOf(three));
const whole4 = frame4('a', 'b', whole);
const datagrams = partial(wholeOf({ ...three, isUdp: true }));
const END = frame4('a', 'b', segment).length;

/** Whatever the ports would take. */
const lie = (
  name: string,
  frame: Uint8Array,
  left: Uint8Array,
  expected: number = DROP_OFFLOAD_HEADER,
): Case => fromVm('a', W7, name, frame, expected, { vnet: left, takes: { uplink: ALL, a2: ALL } });

const partialLie = (name: string, more: VnetFields, frame = frame4('a', 'b', segment)): Case =>
  lie(name, frame, leftPartial(OVER4, PROTOCOL.tcp, more));

const superLie = (name: string, more: VnetFields, expected?: number): Case =>
  lie(name, whole4, vnet({ ...fieldsOf(three), ...more }), expected);

const fieldsOf = ({ size }: Super): VnetFields => ({
  flags: NEEDS_CSUM,
  gsoType: GSO.tcp4,
  hdrLen: OVER4 + 20,
  gsoSize: size,
  csumStart: OVER4,
  csumOffset: 16,
});

const CHECKSUMS: Case[] = [
  partialLie('the sum begins behind the frame', { csumStart: 0xffff }),
  partialLie('the sum begins at the end of the frame', { csumStart: END, csumOffset: 0 }),
  partialLie('the checksum is half behind the frame', { csumStart: END - 17, csumOffset: 16 }),
  partialLie('the checksum is behind the frame', { csumOffset: 0xffff }),
  partialLie('the sum begins in the Ethernet header', { csumStart: 13 }),
  partialLie('the sum begins in the IP header', { csumStart: 24, csumOffset: 0 }),
  partialLie('the headers are longer than the frame', { hdrLen: END + 1 }),
  lie(
    'the checksum is in the padding behind the packet',
    new Uint8Array([...frame4('a', 'b', segment), ...pattern(20)]),
    leftPartial(END, PROTOCOL.udp),
  ),
  lie('a fragment', frame4('a', 'b', segment, { mf: true }), leftPartial(OVER4, PROTOCOL.tcp)),
  lie(
    'a later fragment',
    frame4('a', 'b', raw(PROTOCOL.tcp, pattern(40)), { offset: 4 }),
    leftPartial(OVER4, PROTOCOL.tcp),
  ),
  lie(
    'a fragment over IPv6',
    frame6('a', 'b', segment, { headers: [fragment({ offset: 0, more: true })] }),
    leftPartial(OVER6 + 8, PROTOCOL.tcp),
  ),
  lie(
    'what is not IP, its checksum in the header',
    ethernet({ src: VMS.a.mac, dst: VMS.b.mac, type: 0x88b5 }, pattern(40)),
    vnet({ flags: NEEDS_CSUM, csumStart: 12 }),
  ),
];

const SEGMENTS: Case[] = [
  superLie('segments of no bytes', { gsoSize: 0 }),
  superLie('segments longer than an IP packet can be', { gsoSize: 0xffff }),
  superLie('segmentation without a partial checksum, verified by nobody', { flags: 0 }),
  superLie('another transport header than the packet’s', { csumStart: OVER4 + 4 }),
  superLie('another checksum than TCP’s', { csumOffset: 6 }),
  superLie('TCP over IPv6, which it is not', { gsoType: GSO.tcp6 }),
  superLie('UDP, which it is not', { gsoType: GSO.udpL4, csumOffset: 6 }),
  superLie('an unknown type', { gsoType: 2 }, DROP_OFFLOAD_TYPE),
  superLie('every bit of the type', { gsoType: 0xff }, DROP_OFFLOAD_TYPE),
  superLie('only that there is CWR', { gsoType: GSO.ecn }, DROP_OFFLOAD_TYPE),
  superLie('UDP with CWR', { gsoType: GSO.udpL4 | GSO.ecn }, DROP_OFFLOAD_TYPE),
  lie(
    'UDP to be fragmented by IP (UFO)',
    frame4('a', 'b', datagrams),
    vnet({ ...fieldsOf(three), gsoType: GSO.udp, csumOffset: 6, hdrLen: OVER4 + 8 }),
    DROP_OFFLOAD_TYPE,
  ),
  lie('a super-segment that is a fragment', frame4('a', 'b', whole, { mf: true }), leftWhole(TCP4, 1400)),
  lie(
    'a super-segment behind AH',
    frame6('a', 'b', ah(wholeOf(three))),
    leftWhole({ ...TCP6, at: OVER6 + 24 }, 1400),
  ),
  lie(
    'a TCP header that says it is shorter than it can be',
    patched(whole4, OVER4 + 12, 0x40),
    leftWhole(TCP4, 1400),
  ),
  lie(
    'a TCP header that ends behind the packet',
    patched(frame4('a', 'b', partial(tcp(ports, pattern(8)))), OVER4 + 12, 0xf0),
    leftWhole(TCP4, 4),
  ),
  lie(
    'a TCP header that is not there',
    frame4('a', 'b', raw(PROTOCOL.tcp, pattern(18))),
    vnet({ ...fieldsOf(three), hdrLen: 0, gsoSize: 4 }),
  ),
  lie(
    'TCP segmentation of what is not IP',
    ethernet({ src: VMS.a.mac, dst: VMS.b.mac, type: 0x88b5 }, pattern(3000)),
    leftWhole(TCP4, 1400),
  ),
  lie(
    'UDP segmentation of ICMP',
    frame4('a', 'b', raw(PROTOCOL.icmpv4, pattern(3000))),
    leftWhole(UDP4, 1400),
  ),
  lie(
    'a packet that says that it is longer than the frame',
    patched(whole4, 16, 0xff, 0xff),
    leftWhole(TCP4, 1400),
    DROP_INNER_TRUNCATED,
  ),
];

const upper = (one: Super): Upper => partial(wholeOf(one));

const ARRIVING: Case[] = [
  fromUplink(
    'h1',
    W7,
    'a rewritten packet with another packet’s header',
    rewritten4('rb', 'ra', upper(three)),
    DROP_OFFLOAD_HEADER,
    { vnet: leftWhole(TCP6, 1400), takes: { ra: ALL } },
  ),
  fromUplink(
    'h1',
    W7,
    'an envelope whose header speaks of the outside',
    envelope4('h2', 'h1', BLUE, frame4('b', 'a', upper(three))),
    DROP_OFFLOAD_HEADER,
    { vnet: leftWhole(TCP4, 1400), takes: { a: ALL } },
  ),
  fromUplink(
    'h1',
    W7,
    'what is not IP in an envelope, to be segmented',
    envelope4(
      'h2',
      'h1',
      BLUE,
      ethernet({ src: VMS.b.mac, dst: VMS.a.mac, type: ETHER_TYPE.experiment }, pattern(300)),
    ),
    DROP_OFFLOAD_HEADER,
    { vnet: leftWhole(TCP4, 100), takes: { a: ALL } },
  ),
  fromUplink(
    'h1',
    W7,
    'unknown segmentation of anything',
    rewritten4('rb', 'ra', udp(ports, pattern(40))),
    DROP_OFFLOAD_TYPE,
    { vnet: leftPartial(OVER4, PROTOCOL.udp, { gsoType: 7, gsoSize: 10 }) },
  ),
];

/** A super-segment that fits into one segment is no lie: it is a packet with a partial checksum. */
const ONE: Case[] = [
  fromVm(
    'a',
    ['W7', 'V8'],
    'a super-segment of one segment',
    frame4('a', 'a2', segment),
    { port: 'a2', frame: frame4('a', 'a2', segment), vnet: leftPartial(OVER4, PROTOCOL.tcp) },
    { vnet: leftWhole(TCP4, 40), takes: { a2: 1 } },
  ),
  fromVm(
    'a',
    ['W7', 'V8'],
    'a super-segment without payload',
    frame4('a', 'a2', partial(tcp(ports, new Uint8Array(0)))),
    { port: 'a2', frame: frame4('a', 'a2', tcp(ports, new Uint8Array(0))) },
    { vnet: leftWhole(TCP4, 1400) },
  ),
];

export const OFFLOAD_LIE_CASES: readonly Case[] = [...CHECKSUMS, ...SEGMENTS, ...ARRIVING, ...ONE];
