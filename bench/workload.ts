/** Policies and packets to measure with: one customer, virtual subnets, endpoints on many hosts, UDP packets between them. */

import { udp } from '../src/frames/build.ts';
import type { Endpoint, Host, Ipv4Address, Policy, Route } from '../src/policy/model.ts';

export const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
export type Operation = (typeof OPERATIONS)[number];

const SUBNETS = 16;
const HOSTS = 32;
const FIRST_VSID = 5000;
const ROUTER_MAC = 0x02_00_5e_00_00_01;

export interface Workload {
  readonly policy: Policy;
  /** The host whose dataplane is measured. */
  readonly host: Host;
  /** Frames as the VMs on host 0 send them; for ingress those that go to `host`. */
  readonly frames: readonly { readonly frame: Uint8Array; readonly sender: Endpoint }[];
}

const ipv4 = (value: number): Ipv4Address => ({ family: 4, value });

function hosts(): Host[] {
  return Array.from({ length: HOSTS }, (_, index) => ({
    name: `host${index}`,
    index,
    mac: 0x02_00_00_00_01_00 + index,
    ipv4: { address: ipv4(0xc0a8_0001 + index), length: 16 },
    ipv6: undefined,
    gateway: undefined,
    nvgreKey: 'rfc7637',
  }));
}

/** Endpoint n is in subnet n mod 16; the first of each subnet lives on host 0, the others are spread over the rest. */
function endpoints(count: number, isRewrite: boolean): Endpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `vm${index}`,
    vsid: FIRST_VSID + (index % SUBNETS),
    mac: 0x02_15_5d_00_00_00 + index,
    addresses: [
      {
        customer: ipv4(0x0a00_0001 + index),
        vsid: FIRST_VSID + (index % SUBNETS),
        provider: isRewrite ? ipv4(0xac10_0000 + index) : undefined,
      },
    ],
    host: index < SUBNETS ? 0 : 1 + (index % (HOSTS - 1)),
    method: isRewrite ? 'rewrite' : 'nvgre',
    forwarding: false,
    useVmMac: false,
    vlans: new Map<number, number>(),
  }));
}

function policyOf(all: Endpoint[], routes: readonly Route[] = []): Policy {
  const subnets = Array.from({ length: SUBNETS }, (_, index) => ({
    vsid: FIRST_VSID + index,
    prefixes: [],
    gateways: [ipv4(0x0aff_ff01 + index)],
    flood: 'drop' as const,
  }));
  const provider = {
    mtu: 1600,
    ttl: 64,
    dscp: 'uniform',
    ecn: 'normal',
    flowId: 'hash',
    prefer: 'ipv4',
    clampMss: true,
    routerMac: ROUTER_MAC,
    floodLimit: 1000,
    icmpLimit: 100,
  } as const;
  const domain = {
    name: 'd',
    id: '00000000-0000-4000-8000-000000000001',
    subnets,
    routes,
    endpoints: all,
  };
  return { version: 1, provider, hosts: hosts(), customers: [{ name: 'c', routingDomains: [domain] }] };
}

/**
 * @param count of endpoints, at least 64.
 * @param packets how many frames.
 * @param length of each frame, bytes.
 */
export function workload(operation: Operation, count: number, packets: number, length: number): Workload {
  const all = endpoints(count, operation === 'rewrite');
  const policy = policyOf(all);
  const host = policy.hosts[operation === 'ingress' ? 1 : 0]!;
  const bySubnet = Array.from({ length: SUBNETS }, (_, subnet) =>
    all.filter(
      (one, index) =>
        index % SUBNETS === subnet && (operation === 'ingress' ? one.host === 1 : one.host !== 0),
    ),
  );
  const random = generator();
  const payload = 'x'.repeat(length - HEADERS);
  const frames = Array.from({ length: packets }, () => {
    let subnet = random(SUBNETS);
    while (bySubnet[subnet]!.length === 0) subnet = random(SUBNETS);
    const sender = all[subnet]!;
    const receiver = bySubnet[subnet]![random(bySubnet[subnet]!.length)]!;
    return { frame: udp(party(sender), party(receiver), [1024 + random(60_000), 53], payload), sender };
  });
  return { policy, host, frames };
}

/** Ethernet, IPv4 and UDP. */
const HEADERS = 14 + 20 + 8;

const party = ({ mac, addresses }: Endpoint) => ({ mac, address: addresses[0]!.customer });

/** The same packets in every run: a linear congruential sequence is random enough to spread over the tables. */
function generator(): (below: number) => number {
  let seed = 12345;
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

/**
 * Packets to the gateway: to endpoints of other subnets, or, where `prefixes` is not 0, to addresses that so many routes
 * lead to, by gateway VMs on other hosts.
 * @param count of endpoints, at least 64.
 */
export function routedWorkload(count: number, prefixes: number, packets: number, length: number): Workload {
  const all = endpoints(count, false);
  const remote = all.filter(({ host }) => host !== 0);
  const routes = Array.from({ length: prefixes }, (_, index) =>
    routeTo(index, remote[index % remote.length]!),
  );
  const policy = policyOf(all, routes);
  const random = generator();
  const payload = 'x'.repeat(length - HEADERS);
  const frames = Array.from({ length: packets }, () => {
    const sender = all[random(SUBNETS)]!;
    let receiver = remote[random(remote.length)]!;
    while (receiver.vsid === sender.vsid) receiver = remote[random(remote.length)]!;
    const address =
      prefixes === 0
        ? receiver.addresses[0]!.customer
        : ipv4((routes[random(prefixes)]!.to.address.value as number) + 1 + random(14));
    const to = { mac: ROUTER_MAC, address };
    return { frame: udp(party(sender), to, [1024 + random(60_000), 53], payload), sender };
  });
  return { policy, host: policy.hosts[0]!, frames };
}

/** Prefixes of 20 to 28 bits, scattered over 100.64.0.0/10. */
function routeTo(index: number, via: Endpoint): Route {
  const length = 20 + (index % 9);
  const place = Math.imul(index, 0x9e3779b1) >>> 10;
  const value = 0x6440_0000 + ((place >>> (32 - length)) << (32 - length));
  return { to: { address: ipv4(value), length }, via: via.addresses[0]!.customer, metric: index };
}
