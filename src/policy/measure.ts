/** How many table entries a host needs for a policy. */

import type { TableCapacity } from '../engine/instance.ts';
import type { Endpoint, Host, IpAddress, Policy, RoutingDomain } from './model.ts';
import { isReachedDirectly } from './next-hops.ts';
import { treeWords } from './ranges.ts';

export interface KnownDomain {
  readonly customer: string;
  readonly domain: RoutingDomain;
}

/** By host index; a policy does not change, and a fabric asks for a thousand hosts. */
const domainsByHost = new WeakMap<Policy, KnownDomain[][]>();

/** Routing domains that have an endpoint on the host: those it knows. */
export function domainsOf(policy: Policy, { index }: Host): readonly KnownDomain[] {
  let lists = domainsByHost.get(policy);
  if (lists === undefined) domainsByHost.set(policy, (lists = sortByHost(policy)));
  return lists[index]!;
}

function sortByHost({ hosts, customers }: Policy): KnownDomain[][] {
  const lists = hosts.map((): KnownDomain[] => []);
  for (const { name, routingDomains } of customers) {
    for (const domain of routingDomains) {
      const present = new Set<number>();
      for (const { host } of domain.endpoints) present.add(host);
      for (const host of present) lists[host]!.push({ customer: name, domain });
    }
  }
  return lists;
}

/** The subnets that an endpoint is in: its own, and those that its VLANs are. */
export function vsidsOf({ vsid, vlans }: Endpoint): number[] {
  return vlans.size === 0 ? [vsid] : [vsid, ...vlans.values()];
}

/** Hosts whose keys have another layout (N10): known everywhere, so that their packets are never misread. */
export function speakersOfDraft00(hosts: readonly (Host | undefined)[], host: Host): Host[] {
  return hosts.filter(
    (one): one is Host =>
      one !== undefined && one !== host && one.nvgreKey === 'draft00' && sharesFamily(one, host),
  );
}

function sharesFamily(a: Host, b: Host): boolean {
  const both4 = a.ipv4 !== undefined && b.ipv4 !== undefined;
  return both4 || (a.ipv6 !== undefined && b.ipv6 !== undefined);
}

export function measure(policy: Policy, host: Host): TableCapacity {
  const count = new Count(policy, host);
  for (const { domain } of domainsOf(policy, host)) count.addDomain(domain);
  return count.finish();
}

class Count {
  readonly #policy: Policy;
  readonly #host: Host;
  readonly #peers = new Set<Host>();
  /** Peers with their own next hops for rewritten packets. */
  readonly #rewritePeers = new Set<string>();
  /** Beside those: next hops whose MAC is learnt, one for each family. */
  readonly #learningPeers = new Set<string>();
  readonly #capacity: { -readonly [Key in keyof TableCapacity]: number } = {
    ports: 0,
    subnets: 0,
    domains: 0,
    nextHops: 0,
    members: 0,
    prefixes: 0,
    routes: 0,
    ranges4: 0,
    ranges6: 0,
    addresses4: 0,
    addresses6: 0,
    macs: 0,
    providers4: 0,
    providers6: 0,
    vlans: 0,
  };

  constructor(policy: Policy, host: Host) {
    this.#policy = policy;
    this.#host = host;
  }

  addDomain(domain: RoutingDomain): void {
    const capacity = this.#capacity;
    capacity.domains++;
    capacity.routes += domain.routes.length;
    this.#addSubnets(domain);
    const remoteHosts = new Map<number, HostSet>();
    for (const endpoint of domain.endpoints) this.#addEndpoint(endpoint, remoteHosts);
  }

  #addSubnets({ subnets, routes }: RoutingDomain): void {
    const capacity = this.#capacity;
    const prefixes = { 4: 0, 6: 0 };
    for (const subnet of subnets) {
      capacity.subnets++;
      // A directed broadcast address is a prefix of its own.
      for (const { address } of subnet.prefixes) prefixes[address.family] += address.family === 4 ? 2 : 1;
      for (const { family } of subnet.gateways) capacity[family === 4 ? 'addresses4' : 'addresses6']++;
      const count6 = subnet.prefixes.filter(({ address }) => address.family === 6).length;
      capacity.prefixes += count6;
      // The router's link-local address.
      if (count6 > 0) capacity.addresses6++;
    }
    for (const { to } of routes) prefixes[to.address.family]++;
    if (prefixes[4] > 0) capacity.ranges4 += treeWords(prefixes[4] * 2 + 1);
    if (prefixes[6] > 0) capacity.ranges6 += prefixes[6] * 2 + 1;
  }

  #addEndpoint(endpoint: Endpoint, remoteHosts: Map<number, HostSet>): void {
    const capacity = this.#capacity;
    const isLocal = endpoint.host === this.#host.index;
    const peer = this.#policy.hosts[endpoint.host]!;
    const vsids = vsidsOf(endpoint);
    capacity.macs += vsids.length;
    if (isLocal) {
      capacity.ports++;
      capacity.vlans += endpoint.vlans.size;
      capacity.members += vsids.length;
    } else {
      this.#peers.add(peer);
      for (const vsid of vsids) {
        let hosts = remoteHosts.get(vsid);
        if (hosts === undefined) remoteHosts.set(vsid, (hosts = new HostSet(this.#policy.hosts.length)));
        if (hosts.add(endpoint.host)) capacity.members++;
      }
    }
    for (const { customer, provider } of endpoint.addresses) {
      capacity[customer.family === 4 ? 'addresses4' : 'addresses6']++;
      if (provider === undefined) continue;
      capacity[provider.family === 4 ? 'providers4' : 'providers6']++;
      if (isLocal) continue;
      this.#rewritePeers.add(`${peer.index} ${endpoint.useVmMac}`);
      if (peer.mac === 0 || this.#isWithoutGateway(provider))
        this.#learningPeers.add(`${peer.index} ${endpoint.useVmMac} ${provider.family}`);
    }
  }

  #isWithoutGateway(provider: IpAddress): boolean {
    return (this.#host.gateway?.mac ?? 0) === 0 && !isReachedDirectly(this.#host, provider);
  }

  finish(): TableCapacity {
    for (const peer of speakersOfDraft00(this.#policy.hosts, this.#host)) this.#peers.add(peer);
    const peers = [...this.#peers];
    // Rewritten packets to one host may go directly or by the gateway.
    this.#capacity.nextHops =
      this.#capacity.ports + peers.length + 2 * this.#rewritePeers.size + this.#learningPeers.size;
    this.#capacity.providers4 += peers.filter(({ ipv4 }) => ipv4 !== undefined).length;
    this.#capacity.providers6 += peers.filter(({ ipv6 }) => ipv6 !== undefined).length;
    return this.#capacity;
  }
}

/** Hosts by index, a bit each: a large subnet has endpoints on all of them. */
class HostSet {
  readonly #words: Uint32Array;

  constructor(hosts: number) {
    this.#words = new Uint32Array(Math.ceil(hosts / 32));
  }

  /** @returns whether it is new. */
  add(host: number): boolean {
    const bit = 1 << (host & 31);
    const word = this.#words[host >>> 5]!;
    this.#words[host >>> 5] = word | bit;
    return (word & bit) === 0;
  }
}
