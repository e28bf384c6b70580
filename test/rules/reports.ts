/** ICMP errors that a router of the provider network sends about a rewritten packet: the VM hears them from its gateway (W6, V10). */

import { DROP_REWRITE_PEER } from '../../src/abi/verdict.ts';
import { type Upper, ethernet, icmpv4, icmpv6, ipv4, ipv6, pattern, tcp, udp } from '../packets/index.ts';
import { type Case, fromUplink } from './case.ts';
import { HOSTS, ROUTER_MAC, VMS } from './fabric.ts';

const ROUTER4 = '192.168.77.1';
const ROUTER6 = '2001:db8:77::1';
const macs = { src: HOSTS.h1.gatewayMac, dst: HOSTS.h1.mac };
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const segment = tcp({ srcPort: 1000, dstPort: 80 }, pattern(20));

interface Report {
  readonly type: number;
  readonly code: number;
  readonly rest?: number;
}

const report4 = (fields: Report, src: string, dst: string, quote: Uint8Array) =>
  ipv4({ src, dst, ttl: 60, tos: 0xc0 }, icmpv4(fields, quote));
const report6 = (fields: Report, src: string, dst: string, quote: Uint8Array) =>
  ipv6({ src, dst, hopLimit: 60 }, icmpv6(fields, quote));

/** ra had sent something to `to`: the report as it arrives, and as the VM gets it. */
function heard4(name: string, fields: Report, to: 'rb' | 'sr', upper: Upper, quoted?: number): Case {
  const quote = (src: string, dst: string) => ipv4({ src, dst, ttl: 1 }, upper).subarray(0, quoted);
  return fromUplink(
    'h1',
    ['W6', 'V10'],
    name,
    ethernet(macs, report4(fields, ROUTER4, VMS.ra.provider4, quote(VMS.ra.provider4, VMS[to].provider4))),
    {
      port: 'ra',
      frame: ethernet(
        { src: ROUTER_MAC, dst: VMS.ra.mac },
        report4(fields, '10.0.0.1', VMS.ra.ipv4, quote(VMS.ra.ipv4, VMS[to].ipv4)),
      ),
    },
  );
}

function heard6(name: string, fields: Report, to: 'rb' | 'sr', upper: Upper): Case {
  const quote = (src: string, dst: string) => ipv6({ src, dst, hopLimit: 1 }, upper);
  return fromUplink(
    'h1',
    ['W6', 'V10'],
    name,
    ethernet(macs, report6(fields, ROUTER6, VMS.ra.provider6, quote(VMS.ra.provider6, VMS[to].provider6))),
    {
      port: 'ra',
      frame: ethernet(
        { src: ROUTER_MAC, dst: VMS.ra.mac },
        report6(fields, 'fd00::1', VMS.ra.ipv6, quote(VMS.ra.ipv6, VMS[to].ipv6)),
      ),
    },
  );
}

const HEARD: Case[] = [
  heard4('a report of a TTL that ended on the way', { type: 11, code: 0 }, 'rb', datagram),
  heard4('a report of a TTL that ended, about TCP', { type: 11, code: 0 }, 'rb', segment),
  heard4('a report with the first 8 bytes of TCP', { type: 11, code: 0 }, 'rb', segment, 28),
  heard4('a report of a path MTU', { type: 3, code: 4, rest: 1400 }, 'rb', datagram),
  heard4('a report that a host is not there', { type: 3, code: 1 }, 'rb', datagram),
  heard4('a report about a packet to another subnet', { type: 11, code: 0 }, 'sr', datagram),
  heard6('a report of a hop limit that ended on the way', { type: 3, code: 0 }, 'rb', datagram),
  heard6('a report of a path MTU over IPv6', { type: 2, code: 0, rest: 1400 }, 'rb', segment),
  heard6('a report about an IPv6 packet to another subnet', { type: 3, code: 0 }, 'sr', datagram),
];

const A = VMS.ra;
const B = VMS.rb;
const expired = { type: 11, code: 0 };
const about = (src: string, dst: string) => ipv4({ src, dst, ttl: 1 }, datagram);

const NOT_HEARD: Case[] = [
  ['about a packet to somebody who is nobody’s', ROUTER4, about(A.provider4, '192.168.1.99')] as const,
  ['about a packet to another customer', ROUTER4, about(A.provider4, VMS.grb.provider4)] as const,
  ['about a packet of another VM', ROUTER4, about(VMS.ra2.provider4, B.provider4)] as const,
  ['from a host of the fabric', HOSTS.h2.ipv4, about(A.provider4, B.provider4)] as const,
  ['with a quote cut to 19 bytes', ROUTER4, about(A.provider4, B.provider4).slice(0, 19)] as const,
].map(([name, src, quote]) =>
  fromUplink(
    'h1',
    ['W6', 'V7'],
    `a report ${name}`,
    ethernet(macs, report4(expired, src, A.provider4, quote)),
    DROP_REWRITE_PEER,
  ),
);

const NO_REPORT: Case = fromUplink(
  'h1',
  ['W6', 'V7'],
  'an echo request from a router, with such a packet inside',
  ethernet(macs, report4({ type: 8, code: 0 }, ROUTER4, A.provider4, about(A.provider4, B.provider4))),
  DROP_REWRITE_PEER,
);

export const REPORT_CASES: readonly Case[] = [...HEARD, ...NOT_HEARD, NO_REPORT];
