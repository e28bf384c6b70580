/** Policies to measure with: one customer, one routing domain of 16 virtual subnets, its endpoints on many hosts. */

import type { Endpoint, Host, Ipv4Address, Policy, Route } from '../src/policy/model.ts';

export const SUBNETS = 16;
export const ROUTER_MAC = 0x02_00_5e_00_00_01;

const FIRST_VSID = 5000;
/** So many VMs live on a host of a large fabric. */
const VMS_PER_HOST = 1000;
const FEWEST_HOSTS = 32;

export interface Fabric {
  readonly policy: Policy;
  readonly endpoints: readonly Endpoint[];
}

export const ipv4 = (value: number): Ipv4Address => ({ family: 4, value });

/**
 * @param count of endpoints, 64 to 10,000,000.
 * @param routes of the domain, by the endpoints that they may lead to.
 */
export function fabricOf(
  count: number,
  method: Endpoint['method'],
  routes: (endpoints: readonly Endpoint[]) => Route[] = () => [],
): Fabric {
  const endpoints = endpointsOf(count, method);
  return { policy: policyOf(endpoints, routes(endpoints)), endpoints };
}

/** An even number, so that endpoints of every subnet come to every host but the first. */
function hostsFor(count: number): number {
  return Math.max(FEWEST_HOSTS, 2 * Math.ceil(count / VMS_PER_HOST / 2));
}

/** Endpoint n is in subnet n mod 16; the first of each subnet lives on host 0, the others are spread over the rest. */
function endpointsOf(count: number, method: Endpoint['method']): Endpoint[] {
  const others = hostsFor(count) - 1;
  const vlans = new Map<number, number>();
  return Array.from({ length: count }, (_, index) => {
    const vsid = FIRST_VSID + (index % SUBNETS);
    const provider = method === 'rewrite' ? ipv4(0xac10_0000 + index) : undefined;
    return {
      name: `vm${index}`,
      vsid,
      mac: 0x02_15_5d_00_00_00 + index,
      addresses: [{ customer: ipv4(0x0a00_0001 + index), vsid, provider }],
      host: index < SUBNETS ? 0 : 1 + (index % others),
      method,
      forwarding: false,
      useVmMac: false,
      vlans,
    };
  });
}

function hostsOf(count: number): Host[] {
  return Array.from({ length: hostsFor(count) }, (_, index) => ({
    name: `host${index}`,
    index,
    mac: 0x02_00_00_00_01_00 + index,
    ipv4: { address: ipv4(0xc0a8_0001 + index), length: 16 },
    ipv6: undefined,
    gateway: undefined,
    nvgreKey: 'rfc7637',
  }));
}

function policyOf(endpoints: readonly Endpoint[], routes: readonly Route[]): Policy {
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
  const id = '00000000-0000-4000-8000-000000000001';
  const domain = { name: 'd', id, subnets, routes, endpoints };
  return {
    version: 1,
    provider,
    hosts: hostsOf(endpoints.length),
    customers: [{ name: 'c', routingDomains: [domain] }],
  };
}
