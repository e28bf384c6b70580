/** Two hosts, three customers with the same addresses and MACs: blue and green work, grey listens. */

import { expect } from 'vitest';
import { PROTOCOL } from '../packets/index.ts';
import { Network } from './network.ts';
import { parseFrame, parseIcmp, parseIp, parseTcp, parseUdp } from './parse.ts';
import type { Stack, StackOptions } from './stack.ts';
import { Wire } from './wire.ts';

export const MODES = ['NVGRE over IPv4', 'NVGRE over IPv6', 'IP Rewrite'] as const;
export type Mode = (typeof MODES)[number];
export const PLACES = ['in one subnet', 'between two subnets'] as const;
export type Place = (typeof PLACES)[number];

/** Bytes of the customer's IP that fit through. */
export const LIMITS: Record<Mode, number> = {
  'NVGRE over IPv4': 1458,
  'NVGRE over IPv6': 1438,
  'IP Rewrite': 1500,
};

export const ROUTER_MAC = '02:00:5e:00:00:01';
export const GATEWAY = { ipv4: '10.0.1.1', ipv6: 'fd00:0:0:1::1', linkLocal: 'fe80::5eff:fe00:1' } as const;
export const MACS = { a: '02:15:5d:00:00:0a', b: '02:15:5d:00:00:0b' };
const CUSTOMERS = ['blue', 'green', 'grey'] as const;
type Customer = (typeof CUSTOMERS)[number];

const A = { ipv4: '10.0.1.10', ipv6: 'fd00:0:0:1::10' };

function addressesOf(vm: 'a' | 'b', place: Place): { ipv4: string; ipv6: string } {
  if (vm === 'a') return A;
  return place === 'in one subnet'
    ? { ipv4: '10.0.1.20', ipv6: 'fd00:0:0:1::20' }
    : { ipv4: '10.0.2.20', ipv6: 'fd00:0:0:2::20' };
}

function customerDocument(name: Customer, mode: Mode, place: Place) {
  const number = CUSTOMERS.indexOf(name) + 5;
  const subnet = (index: number) => ({
    vsid: number * 1000 + index,
    prefixes: [`10.0.${index}.0/24`, `fd00:0:0:${index}::/64`],
    gateways: [`10.0.${index}.1`, `fd00:0:0:${index}::1`],
  });
  const endpoint = (vm: 'a' | 'b', index: number) => {
    const { ipv4, ipv6 } = addressesOf(vm, place);
    const providerAddresses = [`192.168.1.${number * 10 + index}`, `2001:db8:1::${number}:${index}`];
    return {
      name: `${name}-${vm}`,
      vsid: number * 1000 + (vm === 'b' && place !== 'in one subnet' ? 2 : 1),
      mac: MACS[vm],
      addresses: [ipv4, ipv6],
      host: vm === 'a' ? 'h1' : 'h2',
      ...(mode === 'IP Rewrite' ? { method: 'rewrite', providerAddresses } : {}),
    };
  };
  return {
    name,
    routingDomains: [
      {
        name: 'net',
        subnets: [subnet(1), subnet(2)],
        endpoints: [endpoint('a', 1), endpoint('b', 2)],
      },
    ],
  };
}

function labDocument(mode: Mode, place: Place) {
  return {
    version: 1,
    provider: { prefer: mode === 'NVGRE over IPv6' ? 'ipv6' : 'ipv4', routerMac: ROUTER_MAC },
    hosts: [1, 2].map((number) => ({
      name: `h${number}`,
      addresses: [`192.168.1.${number}/24`, `2001:db8:1::${number}/64`],
      mac: `02:00:00:00:01:0${number}`,
    })),
    customers: CUSTOMERS.map((name) => customerDocument(name, mode, place)),
  };
}

export interface Pair {
  readonly a: Stack;
  readonly b: Stack;
}

export interface Lab {
  readonly network: Network;
  readonly blue: Pair;
  readonly green: Pair;
  readonly grey: Pair;
  /** Where blue's b is; green's is there too. */
  readonly to: { readonly ipv4: string; readonly ipv6: string };
  readonly wire: Wire;
}

export type VmOptions = Partial<Pick<StackOptions, 'mtu' | 'acceptRaMtu'>>;

/** Blue and green are up: duplicate address detection is over, the router is known. Grey's VMs never send. */
export async function boot(mode: Mode, place: Place, vm: VmOptions = {}): Promise<Lab> {
  const document = labDocument(mode, place);
  const network = await Network.create(document);
  const attach = (customer: Customer, name: 'a' | 'b') => {
    const { ipv4, ipv6 } = addressesOf(name, place);
    const gateway = ipv4.replace(/\d+$/, '1');
    return network.attach(`${customer}-${name}`, {
      mac: MACS[name],
      ipv4,
      ipv6,
      gateway,
      mtu: 1500,
      ...vm,
    });
  };
  const pair = (customer: Customer) => ({ a: attach(customer, 'a'), b: attach(customer, 'b') });
  const lab = {
    network,
    blue: pair('blue'),
    green: pair('green'),
    grey: pair('grey'),
    to: addressesOf('b', place),
    wire: new Wire(document),
  };
  const awake = [lab.blue, lab.green].flatMap(({ a, b }) => [a, b]);
  for (const { discovery } of awake) discovery.start();
  network.run();
  for (const { discovery } of awake) discovery.finish();
  network.run();
  return lab;
}

/** What holds whatever is played: nothing broken was delivered, nothing leaked, and every outer header is right. */
export function judge({ network, blue, green, grey, wire }: Lab): void {
  const outer = network.carried.map((frame) => parseIp(parseFrame(frame).payload));
  for (const [index, frame] of network.carried.entries()) {
    const packet = outer[index]!;
    expect(packet.bytes.length).toBeLessThanOrEqual(1500);
    expect(wire.hostOf(frame)).toBeDefined();
    expect([...(/^(?:192\.168\.1\.|2001:db8:1:)/.exec(packet.src) ?? [])]).toHaveLength(1);
    if (packet.fragment !== undefined) continue;
    // What is rewritten has to be right on the wire too: a card or a firewall may verify it there.
    if (packet.protocol === PROTOCOL.udp) parseUdp(packet);
    else if (packet.protocol === PROTOCOL.tcp) parseTcp(packet);
    else if (packet.protocol === PROTOCOL.icmpv4 || packet.protocol === PROTOCOL.icmpv6) parseIcmp(packet);
    else expect(packet.protocol).toBe(PROTOCOL.gre);
  }
  for (const stack of [blue.a, blue.b, green.a, green.b]) {
    expect(stack.faults).toEqual([]);
    expect(stack.discovery.duplicates).toEqual([]);
    expect([...stack.arp.unanswered, ...stack.discovery.neighbors.unanswered]).toEqual([]);
    for (const { src } of stack.packets) expect(src).toMatch(/^(?:10\.0\.|fd00:|fe80:)/);
  }
  expect([grey.a.frames, grey.b.frames], 'what the third customer saw').toEqual([0, 0]);
}
