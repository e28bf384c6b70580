/** Policies and packets to measure with: one customer, virtual subnets, endpoints on many hosts, UDP packets between them. */

import { udp } from '../src/cli/example/frames.ts';
import type { Endpoint, Host, Ipv4Address, Policy } from '../src/policy/model.ts';

export const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
export type Operation = (typeof OPERATIONS)[number];

const SUBNETS = 16;
const HOSTS = 32;
const FIRST_VSID = 5000;

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
      { customer: ipv4(0x0a00_0001 + index), provider: isRewrite ? ipv4(0xac10_0000 + index) : undefined },
    ],
    host: index < SUBNETS ? 0 : 1 + (index % (HOSTS - 1)),
    method: isRewrite ? 'rewrite' : 'nvgre',
    forwarding: false,
    useVmMac: false,
    vlans: new Map<number, number>(),
  }));
}

function policyOf(all: Endpoint[]): Policy {
  const subnets = Array.from({ length: SUBNETS }, (_, index) => ({
    vsid: FIRST_VSID + index,
    prefixes: [],
    gateways: [],
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
    routerMac: 0x02_00_5e_00_00_01,
  } as const;
  const domain = {
    name: 'd',
    id: '00000000-0000-4000-8000-000000000001',
    subnets,
    routes: [],
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
  // The same packets in every run: a linear congruential sequence is random enough to spread over the tables.
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const payload = 'x'.repeat(length - 14 - 20 - 8);
  const frames = Array.from({ length: packets }, () => {
    let subnet = random(SUBNETS);
    while (bySubnet[subnet]!.length === 0) subnet = random(SUBNETS);
    const sender = all[subnet]!;
    const receiver = bySubnet[subnet]![random(bySubnet[subnet]!.length)]!;
    const party = ({ mac, addresses }: Endpoint) => ({ mac, address: addresses[0]!.customer });
    const ports = [1024 + random(60_000), 53] as const;
    return { frame: udp(party(sender), party(receiver), ports, payload), sender };
  });
  return { policy, host, frames };
}
