/** Checksums of 0 and 0xFFFF: where 0 says "none", a computed 0 is written as its other form (W4). */

import { type Upper, icmpv4, icmpv6, ipv4, ipv6, pattern, udp, udpLite } from '../packets/index.ts';
import { type Case, frame4, frame6, rewriteCases, rewritten4, rewritten6 } from './case.ts';
import { VMS } from './fabric.ts';

const W4 = ['W4'];
const ports = { srcPort: 1000, dstPort: 2000 };
const A = VMS.ra;
const B = VMS.rb;

type Make = (payload: Uint8Array) => Upper;
/** The packet around what is above IP. */
type Packet = (upper: Upper) => Uint8Array;

const UDP: Make = (payload) => udp(ports, payload);
const UDP_LITE: Make = (payload) => udpLite(ports, payload);

const both4 = (name: string, upper: Upper) =>
  rewriteCases(W4, name, 'ra', 'rb', frame4('ra', 'rb', upper), rewritten4('ra', 'rb', upper));
const both6 = (name: string, upper: Upper) =>
  rewriteCases(W4, name, 'ra', 'rb', frame6('ra', 'rb', upper), rewritten6('ra', 'rb', upper));

/** Two payload bytes that bring the checksum at `at` of the packet to 0xFFFF. */
function allOnes(make: Make, packet: Packet, at: number): Upper {
  for (let value = 0; value < 0x10000; value++) {
    const upper = make(Uint8Array.of(value >> 8, value & 255));
    const bytes = packet(upper);
    if (bytes[at] === 0xff && bytes[at + 1] === 0xff) return upper;
  }
  throw new Error('no payload gives that checksum');
}

const AT4 = 14 + 20 + 6;
const AT6 = 14 + 40 + 6;
const customer4: Packet = (upper) => frame4('ra', 'rb', upper);
const provider4: Packet = (upper) => rewritten4('ra', 'rb', upper);
const customer6: Packet = (upper) => frame6('ra', 'rb', upper);
const provider6: Packet = (upper) => rewritten6('ra', 'rb', upper);

const COMPUTED: Case[] = [
  ...both4('UDP checksum 0 over IPv4 stays 0', udp({ ...ports, checksum: 0 }, pattern(20))),
  ...both6('UDP checksum 0 over IPv6 stays 0 (RFC 6935)', udp({ ...ports, checksum: 0 }, pattern(20))),
  ...both4('a computed 0 is sent as 0xFFFF, over IPv4', allOnes(UDP, provider4, AT4)),
  ...both6('a computed 0 is sent as 0xFFFF, over IPv6', allOnes(UDP, provider6, AT6)),
  ...both4('0xFFFF becomes what the new addresses need', allOnes(UDP, customer4, AT4)),
  ...both4(
    'a computed UDP-Lite checksum of 0 is sent as 0xFFFF, over IPv4',
    allOnes(UDP_LITE, provider4, AT4),
  ),
  ...both6(
    'a computed UDP-Lite checksum of 0 is sent as 0xFFFF, over IPv6',
    allOnes(UDP_LITE, provider6, AT6),
  ),
  ...both4(
    'a UDP-Lite checksum of 0xFFFF becomes what the new addresses need',
    allOnes(UDP_LITE, customer4, AT4),
  ),
  ...both6('the same over IPv6', allOnes(UDP_LITE, customer6, AT6)),
];

// —— The same in the packet that an ICMP error quotes ——

const quote4 = (upper: Upper, of: 'customer' | 'provider') =>
  of === 'customer'
    ? ipv4({ src: B.ipv4, dst: A.ipv4 }, upper)
    : ipv4({ src: B.provider4, dst: A.provider4 }, upper);
const quote6 = (upper: Upper, of: 'customer' | 'provider') =>
  of === 'customer'
    ? ipv6({ src: B.ipv6, dst: A.ipv6 }, upper)
    : ipv6({ src: B.provider6, dst: A.provider6 }, upper);

const errors4 = (name: string, upper: Upper) =>
  rewriteCases(
    ['W4', 'W6'],
    name,
    'ra',
    'rb',
    frame4('ra', 'rb', icmpv4({ type: 3 }, quote4(upper, 'customer'))),
    rewritten4('ra', 'rb', icmpv4({ type: 3 }, quote4(upper, 'provider'))),
  );
const errors6 = (name: string, upper: Upper) =>
  rewriteCases(
    ['W4', 'W6'],
    name,
    'ra',
    'rb',
    frame6('ra', 'rb', icmpv6({ type: 1 }, quote6(upper, 'customer'))),
    rewritten6('ra', 'rb', icmpv6({ type: 1 }, quote6(upper, 'provider'))),
  );

const QUOTED: Case[] = (
  [
    ['UDP', UDP],
    ['UDP-Lite', UDP_LITE],
  ] as const
).flatMap(([name, make]) => [
  ...errors4(
    `a computed 0 in a quoted ${name} header is sent as 0xFFFF, over IPv4`,
    allOnes(make, (upper) => quote4(upper, 'provider'), 20 + 6),
  ),
  ...errors6(
    `a computed 0 in a quoted ${name} header is sent as 0xFFFF, over IPv6`,
    allOnes(make, (upper) => quote6(upper, 'provider'), 40 + 6),
  ),
]);

export const ZERO_CASES: readonly Case[] = [...COMPUTED, ...QUOTED];
