/**
 * From a policy to what one host has to know: numbers for ports, subnets and next hops, and a record for everything that
 * the routing domains with an endpoint here consist of. Records are fixed-size (`src/abi/layout.ts`) and go straight into the
 * staging region. What is loaded at the start and what changes later goes the same way.
 */

import * as abi from '../abi/layout.ts';
import type { TableCapacity } from '../engine/instance.ts';
import { DomainTables, type PlannedSubnet } from './domain-tables.ts';
import { domainsOf, measure, speakersOfDraft00 } from './measure.ts';
import type { Endpoint, Host, IpAddress, Policy, RoutingDomain } from './model.ts';
import { Neighbors } from './neighbors.ts';
import { NextHops, type PeerHop, isReachedDirectly, ownOf, tunnelFamily } from './next-hops.ts';
import { type Epochs, Numbers, Stretches, TablesFullError } from './numbers.ts';
import { RecordWriter } from './record-writer.ts';

export type { PlannedSubnet } from './domain-tables.ts';
export { measure } from './measure.ts';

/** A local endpoint and its port. */
export interface PlannedPort {
  readonly number: number;
  readonly endpoint: Endpoint;
}

/** Puts the ranges of a domain's routes into the tables; `bytes` as `stageRanges` reads them. */
export type InstallRanges = (family: 4 | 6, base: number, ranges: DataView, total: number) => void;

/** Where the records of a plan go. */
export interface Sink {
  readonly writer: RecordWriter;
  readonly installRanges: InstallRanges;
  readonly epochs: Epochs;
  /** A subnet comes, and gets a block of counters that may have been another one's. */
  readonly claimCounters: (vsid: number, index: number) => void;
  /** One frame may need so many slots for copies and pieces. */
  readonly needCopies: (count: number) => void;
}

/** Everything that the domains of one host share. */
export class Plan {
  readonly host: Host;
  readonly provider: Policy['provider'];
  /** By their index; removed ones leave a gap. */
  readonly hosts: (Host | undefined)[];
  readonly capacity: TableCapacity;
  readonly sink: Sink;
  readonly hops: NextHops;
  /** Local endpoints by port number. */
  readonly ports = new Map<number, PlannedPort>();
  /** By the endpoint's name. */
  readonly portOf = new Map<string, number>();
  /** By VSID. */
  readonly subnets = new Map<number, PlannedSubnet>();
  /** By RDID. */
  readonly domains = new Map<string, DomainTables>();
  readonly numbers: Readonly<
    Record<'ports' | 'subnets' | 'domains' | 'members' | 'prefixes' | 'routes', Numbers>
  >;
  /** By the member's number: how many endpoints need it. */
  readonly memberUses: Uint32Array;
  readonly ranges4: Stretches;
  readonly ranges6: Stretches;
  /** Path MTU 62 bytes less: a tunnel of this host is over IPv6. */
  #hasIpv6Tunnel = false;
  #anyDraft00 = false;
  readonly #keptPorts = new Map<string, number>();
  readonly #neighbors: Neighbors;

  /** @param neighbors what was learnt so far; it outlives the plan. */
  constructor(
    policy: Policy,
    host: Host,
    capacity: TableCapacity,
    sink: Sink,
    neighbors: Neighbors = new Neighbors(),
  ) {
    this.#neighbors = neighbors;
    this.host = host;
    this.provider = policy.provider;
    this.hosts = [...policy.hosts];
    this.capacity = capacity;
    this.sink = sink;
    const numbers = (what: string, many: number) => new Numbers(what, many, sink.epochs);
    this.numbers = {
      ports: numbers('ports', capacity.ports),
      subnets: numbers('subnets', capacity.subnets),
      domains: numbers('routing domains', capacity.domains),
      members: numbers('copies of broadcasts', capacity.members),
      prefixes: numbers('IPv6 prefixes', capacity.prefixes),
      routes: numbers('routes', capacity.routes),
    };
    this.memberUses = new Uint32Array(capacity.members + 1);
    this.ranges4 = new Stretches('IPv4 routes', capacity.ranges4, sink.epochs);
    this.ranges6 = new Stretches('IPv6 routes', capacity.ranges6, sink.epochs);
    this.hops = new NextHops(host, numbers('next hops', capacity.nextHops), (hop) => {
      this.#writePeer(hop);
    });
  }

  /**
   * Writes everything that the host knows of a policy.
   * @param before port numbers by endpoint: who is on this host still keeps its own.
   */
  load(policy: Policy, before: ReadonlyMap<string, number> = new Map()): void {
    for (const { name, number } of keptPorts(policy, this.host, before)) {
      this.#keptPorts.set(name, number);
      this.numbers.ports.reserve(number);
    }
    const domains = domainsOf(policy, this.host);
    const speakers = speakersOfDraft00(policy.hosts, this.host);
    const peers = new Set<Host>();
    for (const { domain } of domains) for (const { host } of domain.endpoints) peers.add(policy.hosts[host]!);
    peers.delete(this.host);
    for (const peer of speakers) peers.add(peer);
    this.#hasIpv6Tunnel = [...peers].some((peer) => tunnelFamily(policy, this.host, peer) === 6);
    this.#anyDraft00 = policy.hosts.some(({ nvgreKey }) => nvgreKey === 'draft00');
    this.#writeHost();
    for (const peer of speakers) this.hops.ofHost(peer);
    for (const { customer, domain } of domains) this.addDomain(customer, domain, domain.endpoints);
    this.sink.writer.flush();
  }

  takePort(endpoint: string): number {
    const kept = this.#keptPorts.get(endpoint);
    if (kept === undefined) return this.numbers.ports.take();
    this.#keptPorts.delete(endpoint);
    return kept;
  }

  addDomain(customer: string, domain: RoutingDomain, endpoints: Iterable<Endpoint>): DomainTables {
    const tables = new DomainTables(this, customer, domain);
    this.domains.set(domain.id, tables);
    tables.load(endpoints);
    return tables;
  }

  /** Forgets a domain that has no endpoint here any more. `endpoints`: all that are left of it. */
  removeDomain(id: string, endpoints: Iterable<Endpoint>): void {
    const tables = this.domains.get(id)!;
    // Before another domain may get its number.
    tables.setRoutes([]);
    for (const endpoint of endpoints) tables.removeEndpoint(endpoint);
    for (const subnet of tables.knownSubnets()) tables.removeSubnet(subnet);
    this.domains.delete(id);
    this.numbers.domains.release(tables.index);
  }

  /** @throws TablesFullError where what every packet needs would change: then the tables are to be built anew. */
  addHost(host: Host): void {
    this.hosts[host.index] = host;
    if (host.nvgreKey === 'draft00' && !this.#anyDraft00)
      throw new TablesFullError('the first host of its kind');
    for (const peer of speakersOfDraft00([host], this.host)) this.hops.ofHost(peer);
  }

  /** Nobody is on it any more. What leads to it stays until the next generation. */
  removeHost(host: Host): void {
    this.hosts[host.index] = undefined;
    this.hops.forget(host);
    for (const own of [host.ipv4, host.ipv6]) {
      if (own === undefined) continue;
      this.sink.writer.begin(abi.RECORD_PEER | abi.RECORD_REMOVE);
      this.sink.writer.provider(own.address);
    }
  }

  #writeHost(): void {
    const { provider, host } = this;
    const { writer } = this.sink;
    let flags = 0;
    if (provider.ecn === 'compatibility') flags |= abi.HOST_ECN_COMPATIBILITY;
    if (provider.flowId === 'zero') flags |= abi.HOST_FLOW_ID_ZERO;
    if (provider.dscp !== 'uniform') flags |= abi.HOST_DSCP_FIXED;
    if (provider.clampMss) flags |= abi.HOST_CLAMP_MSS;
    if (host.nvgreKey === 'draft00') flags |= abi.HOST_DRAFT00;
    if (this.#anyDraft00) flags |= abi.HOST_ANY_DRAFT00;
    writer.begin(abi.RECORD_HOST);
    writer.u8(abi.RECORD_FLAGS, flags);
    writer.u32(abi.RECORD_INDEX, provider.dscp === 'uniform' ? 0 : provider.dscp);
    writer.u32(abi.RECORD_FLOOD_LIMIT, provider.floodLimit);
    writer.u32(abi.RECORD_ICMP_LIMIT, provider.icmpLimit);
    writer.u16(abi.RECORD_MTU, Math.max(provider.mtu - (this.#hasIpv6Tunnel ? 62 : 42), IPV6_MIN_MTU));
    writer.mac(abi.RECORD_MAC, host.mac);
    writer.mac(abi.RECORD_MAC2, provider.routerMac);
    writer.providerAddresses(host);
  }

  #writePeer(hop: PeerHop): void {
    const { host, provider } = this;
    const { writer } = this.sink;
    const family = tunnelFamily(this, host, hop.host);
    if (family === 6 && !this.#hasIpv6Tunnel) throw new TablesFullError('the first tunnel over IPv6');
    let flags = hop.useVmMac ? abi.NEXT_HOP_VM_MAC : 0;
    if (host.nvgreKey === 'draft00' || hop.host.nvgreKey === 'draft00') flags |= abi.NEXT_HOP_DRAFT00;
    writer.begin(abi.RECORD_NEXT_HOP);
    writer.u8(abi.RECORD_FAMILY, family);
    writer.u8(abi.RECORD_FLAGS, flags);
    writer.u8(abi.RECORD_TTL, provider.ttl);
    writer.u32(abi.RECORD_INDEX, hop.index);
    writer.u32(abi.RECORD_PEER_RING, hop.first);
    writer.u16(abi.RECORD_MTU, provider.mtu);
    this.#writeMacs(hop);
    writer.providerAddresses(hop.host);
    if (hop.first !== hop.index) return;
    for (const own of [hop.host.ipv4, hop.host.ipv6]) {
      if (own === undefined) continue;
      writer.begin(abi.RECORD_PEER);
      writer.u16(abi.RECORD_NEXTHOP, hop.index);
      writer.provider(own.address);
    }
  }

  /** The peer's address that its tunnel goes to, and its outer MAC as the policy has it, 0 = not at all. */
  #tunnelOf(hop: PeerHop): { outer: IpAddress; given: number } {
    const outer = ownOf(hop.host, tunnelFamily(this, this.host, hop.host))!.address;
    const isDirect = isReachedDirectly(this.host, outer);
    return { outer, given: isDirect ? hop.host.mac : (this.host.gateway?.mac ?? 0) };
  }

  /** 0: not known. */
  #macsOf(hop: PeerHop): { tunnel: number; rewrite: number } {
    const { outer, given } = this.#tunnelOf(hop);
    const learnt = hop.learns === 0 ? 0 : this.#neighbors.macOf(ownOf(hop.host, hop.learns)!.address);
    return {
      tunnel: given === 0 ? this.#neighbors.macOf(outer) : given,
      rewrite: hop.rewriteMac === 0 ? learnt : hop.rewriteMac,
    };
  }

  #writeMacs(hop: PeerHop): void {
    const { writer } = this.sink;
    const { tunnel, rewrite } = this.#macsOf(hop);
    writer.mac(abi.RECORD_MAC, tunnel);
    writer.mac(abi.RECORD_MAC2, rewrite);
  }

  /** The outer MAC of what leaves by a peer's next hop, to the peer itself or rewritten; undefined: nobody knows it. */
  outerMac(index: number, destination: IpAddress): number | undefined {
    const hop = this.hops.peers.get(index);
    if (hop === undefined) return undefined;
    const { tunnel, rewrite } = this.#macsOf(hop);
    const isTunnel = [hop.host.ipv4, hop.host.ipv6].some((own) => own?.address.value === destination.value);
    return (isTunnel ? tunnel : rewrite) || undefined;
  }

  /** Addresses of the peer whose MAC is not in the policy. */
  #learntBy(hop: PeerHop): IpAddress[] {
    const { outer, given } = this.#tunnelOf(hop);
    const rewrite = hop.learns === 0 ? [] : [ownOf(hop.host, hop.learns)!.address];
    return given === 0 ? [outer, ...rewrite] : rewrite;
  }

  /** Peers' own addresses that packets go to and whose MACs are not in the policy, each once. */
  get learntAddresses(): IpAddress[] {
    const all = [...this.hops.peers.values()].flatMap((hop) => this.#learntBy(hop));
    return [...new Map(all.map((address) => [address.value, address])).values()];
  }

  /** The neighbours know another MAC for an address: what leads there changes, between two packets. */
  applyNeighbor({ value }: IpAddress): void {
    const { writer } = this.sink;
    for (const hop of this.hops.peers.values()) {
      if (!this.#learntBy(hop).some((address) => address.value === value)) continue;
      writer.begin(abi.RECORD_NEIGHBOR);
      writer.u32(abi.RECORD_INDEX, hop.index);
      this.#writeMacs(hop);
    }
    writer.flush();
  }

  /** What a next hop is, for people. */
  describeHop(index: number): string {
    if (index === abi.GATEWAY_HOP) return 'the gateway';
    for (const { number, endpoint } of this.ports.values()) {
      if (this.hops.ofPort(number) === index) return `${endpoint.name} on this host`;
    }
    const peer = this.hops.peers.get(index);
    return peer === undefined ? `next hop ${index}` : `an endpoint on ${peer.host.name}`;
  }
}

/** Of the port numbers of before those whose endpoints are on the host in this policy. */
export function keptPorts(
  policy: Policy,
  host: Host,
  before: ReadonlyMap<string, number>,
): { name: string; number: number }[] {
  if (before.size === 0) return [];
  return domainsOf(policy, host).flatMap(({ domain }) =>
    domain.endpoints.flatMap((endpoint) => {
      const number = endpoint.host === host.index ? before.get(endpoint.name) : undefined;
      return number === undefined ? [] : [{ name: endpoint.name, number }];
    }),
  );
}

/** RFC 8200 §5. */
const IPV6_MIN_MTU = 1280;

/** A plan whose records go nowhere: for who only needs the numbers. */
export function plan(policy: Policy, host: Host): Plan {
  const writer = new RecordWriter(
    new DataView(new ArrayBuffer(abi.STAGING_RECORDS * abi.RECORD_SIZE)),
    () => undefined,
  );
  const epochs = { current: () => 1, oldest: () => 1 };
  const planned = new Plan(policy, host, measure(policy, host), {
    writer,
    installRanges: () => undefined,
    epochs,
    claimCounters: () => undefined,
    needCopies: () => undefined,
  });
  planned.load(policy);
  return planned;
}
