/**
 * Packets of IP Rewrite endpoints that a gateway VM passes on: whose address they carry says nothing about the host that
 * they come from, so they travel in envelopes, and the receiver takes them (W1, V6, V7).
 */

import { type Upper, ethernet, ipv4, ipv6, pattern, tcp, udp } from '../packets/index.ts';
import { type Case, fromUplink, fromVm, tunnelled4 } from './case.ts';
import { BLUE, type VmName, vm } from './fabric.ts';

const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const segment = tcp({ srcPort: 1000, dstPort: 80 }, pattern(10));

const FAMILIES = [
  {
    family: 'IPv4',
    frame: (by: VmName, whose: VmName, to: VmName, upper: Upper) =>
      ethernet(
        { src: vm(by).mac, dst: vm(to).mac },
        ipv4({ src: vm(whose).ipv4!, dst: vm(to).ipv4! }, upper),
      ),
  },
  {
    family: 'IPv6',
    frame: (by: VmName, whose: VmName, to: VmName, upper: Upper) =>
      ethernet(
        { src: vm(by).mac, dst: vm(to).mac },
        ipv6({ src: vm(whose).ipv6!, dst: vm(to).ipv6! }, upper),
      ),
  },
] as const;

const WAYS = [
  ['of a rewrite endpoint on its own host', 'gate1', 'ra', 'rb', datagram],
  ['of a rewrite endpoint on a third host', 'gate1', 'rc', 'rb', segment],
  ['of a rewrite endpoint on the receiver’s host', 'gate1', 'vb', 'rb', datagram],
  ['to the other side', 'gate', 'rb', 'ra', segment],
] as const;

export const PASSED_ON_CASES: readonly Case[] = FAMILIES.flatMap(({ family, frame }) =>
  WAYS.filter(([, , whose]) => family === 'IPv4' || vm(whose).ipv6 !== undefined).flatMap(
    ([what, by, whose, to, upper]) => {
      const packet = frame(by, whose, to, upper);
      const name = `a gateway VM passes on the ${family} packet ${what}`;
      const { host: from } = vm(by);
      const { host: at } = vm(to);
      const envelope = tunnelled4(from, at, BLUE, packet);
      return [
        fromVm(by, ['W1', 'V6'], `${name}, leaving`, packet, envelope),
        fromUplink(at, ['W1', 'V7'], `${name}, arriving`, envelope.frame, { port: to, frame: packet }),
      ];
    },
  ),
);
