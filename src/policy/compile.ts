/**
 * From a policy to what one host has to know: next hops, ports, and a record for every endpoint of the routing domains
 * that have an endpoint here. Records are fixed-size (`src/abi/layout.ts`) and go straight into the staging region.
 */

import * as abi from '../abi/layout.ts';
import type { Capacity } from '../engine/instance.ts';
import { contains } from './addresses.ts';
import type { Endpoint, Host, IpAddress, Policy, RoutingDomain, Subnet } from './model.ts';
import { RecordWriter } from './record-writer.ts';

/** A local endpoint and its port. */
export interface PlannedPort {
  readonly number: number;
  readonly endpoint: Endpoint;
}

export interface PlannedSubnet {
  /** Block of counters. */
  readonly index: number;
  readonly customer: string;
  readonly routingDomain: string;
  readonly subnet: Subnet;
}

interface PeerHop {
  readonly index: number;
  readonly host: Host;
  /** Outer destination MAC of rewritten packets; the VM's own where `useVmMac` is true. */
  readonly rewriteMac: number;
  readonly useVmMac: boolean;
}

/** What a host needs of a policy, numbered. */
export interface Plan {
  readonly policy: Policy;
  readonly host: Host;
  readonly domains: readonly RoutingDomain[];
  readonly ports: readonly PlannedPort[];
  readonly portOf: ReadonlyMap<Endpoint, number>;
  readonly subnets: readonly PlannedSubnet[];
  /** Entries that the tables must hold. */
  readonly capacity: Omit<Capacity, 'slots' | 'largeSlots'>;
  readonly hops: NextHops;
}

/** Next hops: first one for every local port, then those of peers as endpoints need them. */
class NextHops {
  readonly peers: PeerHop[] = [];
  readonly #byKey = new Map<string, PeerHop>();
  readonly #host: Host;
  readonly #localCount: number;

  constructor(host: Host, localCount: number) {
    this.#host = host;
    this.#localCount = localCount;
  }

  get count(): number {
    return this.#localCount + this.peers.length;
  }

  ofPort(port: number): number {
    return port - 1;
  }

  /** The peer that an endpoint is behind; `provider`: the address that rewritten packets to it carry. */
  ofEndpoint(peer: Host, endpoint: Endpoint, provider: IpAddress | undefined): number {
    if (provider === undefined) return this.#of(peer, 0, false);
    const isDirect = isReachedDirectly(this.#host, provider);
    if (!isDirect) return this.#of(peer, this.#host.gateway?.mac ?? 0, false);
    return this.#of(peer, peer.mac, endpoint.useVmMac);
  }

  #of(host: Host, rewriteMac: number, useVmMac: boolean): number {
    const key = `${host.index} ${rewriteMac} ${useVmMac}`;
    let hop = this.#byKey.get(key);
    if (hop === undefined) {
      hop = { index: this.count, host, rewriteMac, useVmMac };
      this.#byKey.set(key, hop);
      this.peers.push(hop);
    }
    return hop.index;
  }
}

/** The address lies in the host's own provider prefix of that family. */
function isReachedDirectly(host: Host, address: IpAddress): boolean {
  const own = address.family === 4 ? host.ipv4 : host.ipv6;
  return own !== undefined && contains(own, address);
}

/** Selects and numbers what `host` needs. */
export function plan(policy: Policy, host: Host): Plan {
  const domains: RoutingDomain[] = [];
  const ports: PlannedPort[] = [];
  const subnets: PlannedSubnet[] = [];
  for (const customer of policy.customers) {
    for (const domain of customer.routingDomains) {
      const local = domain.endpoints.filter((endpoint) => endpoint.host === host.index);
      if (local.length === 0) continue;
      domains.push(domain);
      for (const endpoint of local) ports.push({ number: ports.length + 1, endpoint });
      for (const subnet of domain.subnets) {
        subnets.push({
          index: subnets.length + 1,
          customer: customer.name,
          routingDomain: domain.name,
          subnet,
        });
      }
    }
  }
  const hops = new NextHops(host, ports.length);
  const entries = countEntries(policy, host, domains, hops);
  const capacity = { ...entries, ports: ports.length, subnets: subnets.length, nextHops: hops.count };
  const portOf = new Map(ports.map(({ endpoint, number }) => [endpoint, number]));
  return { policy, host, domains, ports, portOf, subnets, capacity, hops };
}

/** Entries of the endpoint and provider tables; numbers the next hops on the way. */
function countEntries(policy: Policy, host: Host, domains: readonly RoutingDomain[], hops: NextHops) {
  const entries = { addresses4: 0, addresses6: 0, macs: 0, providers4: 0, providers6: 0 };
  for (const domain of domains) {
    for (const endpoint of domain.endpoints) {
      entries.macs++;
      const peer = policy.hosts[endpoint.host]!;
      if (peer !== host) hops.ofEndpoint(peer, endpoint, undefined);
      for (const { customer, provider } of endpoint.addresses) {
        if (peer !== host) hops.ofEndpoint(peer, endpoint, provider);
        if (customer.family === 4) entries.addresses4++;
        else entries.addresses6++;
        if (provider === undefined) continue;
        if (provider.family === 4) entries.providers4++;
        else entries.providers6++;
      }
    }
  }
  const peers = new Set(hops.peers.map((hop) => hop.host));
  entries.providers4 += [...peers].filter((peer) => peer.ipv4 !== undefined).length;
  entries.providers6 += [...peers].filter((peer) => peer.ipv6 !== undefined).length;
  return entries;
}

/**
 * Writes the records of a plan.
 * @param view the staging region, STAGING_RECORDS records long.
 * @param install takes the first `count` records of it.
 */
export function writeRecords(planned: Plan, view: DataView, install: (count: number) => void): void {
  const writer = new RecordWriter(view, install);
  writeHost(planned, writer);
  writePorts(planned, writer);
  writePeers(planned, writer);
  for (const domain of planned.domains) {
    for (const endpoint of domain.endpoints) writeEndpoint(planned, endpoint, writer);
  }
  writer.flush();
}

function writeHost({ policy, host }: Plan, writer: RecordWriter): void {
  const { provider } = policy;
  let flags = 0;
  if (provider.ecn === 'compatibility') flags |= abi.HOST_ECN_COMPATIBILITY;
  if (provider.flowId === 'zero') flags |= abi.HOST_FLOW_ID_ZERO;
  if (provider.dscp !== 'uniform') flags |= abi.HOST_DSCP_FIXED;
  writer.begin(abi.RECORD_HOST);
  writer.u8(abi.RECORD_FLAGS, flags);
  writer.u32(abi.RECORD_INDEX, provider.dscp === 'uniform' ? 0 : provider.dscp);
  writer.mac(abi.RECORD_MAC, host.mac);
  writer.mac(abi.RECORD_MAC2, provider.routerMac);
  writer.providerAddresses(host);
}

function writePorts({ ports, subnets, hops }: Plan, writer: RecordWriter): void {
  const indexOf = new Map<number, number>();
  for (const { index, subnet } of subnets) {
    indexOf.set(subnet.vsid, index);
    writer.begin(abi.RECORD_SUBNET);
    writer.u32(abi.RECORD_INDEX, index);
    writer.vsid(subnet.vsid);
  }
  for (const { number, endpoint } of ports) {
    writer.begin(abi.RECORD_NEXT_HOP);
    writer.u32(abi.RECORD_INDEX, hops.ofPort(number));
    writer.u32(abi.RECORD_PORT_NUMBER, number);

    let flags = abi.PORT_ACTIVE;
    if (endpoint.forwarding) flags |= abi.PORT_FORWARDING;
    if (endpoint.method === 'rewrite') flags |= abi.PORT_REWRITE;
    if (endpoint.useVmMac) flags |= abi.PORT_VM_MAC;
    writer.begin(abi.RECORD_PORT);
    writer.u8(abi.RECORD_FLAGS, flags);
    writer.u32(abi.RECORD_INDEX, number);
    writer.vsid(endpoint.vsid);
    writer.u16(abi.RECORD_NEXTHOP, hops.ofPort(number));
    writer.mac(abi.RECORD_MAC, endpoint.mac);
    writer.u32(abi.RECORD_SUBNET_INDEX, indexOf.get(endpoint.vsid)!);
  }
}

function writePeers({ policy, host, hops }: Plan, writer: RecordWriter): void {
  const known = new Set<Host>();
  for (const hop of hops.peers) {
    const family = tunnelFamily(policy, host, hop.host);
    const outer = family === 4 ? hop.host.ipv4! : hop.host.ipv6!;
    writer.begin(abi.RECORD_NEXT_HOP);
    writer.u8(abi.RECORD_FAMILY, family);
    writer.u8(abi.RECORD_FLAGS, hop.useVmMac ? abi.NEXT_HOP_VM_MAC : 0);
    writer.u8(abi.RECORD_TTL, policy.provider.ttl);
    writer.u32(abi.RECORD_INDEX, hop.index);
    writer.u16(abi.RECORD_MTU, policy.provider.mtu);
    writer.mac(
      abi.RECORD_MAC,
      isReachedDirectly(host, outer.address) ? hop.host.mac : (host.gateway?.mac ?? 0),
    );
    writer.mac(abi.RECORD_MAC2, hop.rewriteMac);
    writer.providerAddresses(hop.host);
    if (known.has(hop.host)) continue;
    known.add(hop.host);
    for (const own of [hop.host.ipv4, hop.host.ipv6]) {
      if (own === undefined) continue;
      writer.begin(abi.RECORD_PEER);
      writer.u16(abi.RECORD_NEXTHOP, hop.index);
      writer.provider(own.address);
    }
  }
}

/** The family of the envelope between two hosts; validation made sure that there is one. */
export function tunnelFamily(policy: Policy, from: Host, to: Host): 4 | 6 {
  const isIpv4 = from.ipv4 !== undefined && to.ipv4 !== undefined;
  const isIpv6 = from.ipv6 !== undefined && to.ipv6 !== undefined;
  if (isIpv4 && isIpv6) return policy.provider.prefer === 'ipv4' ? 4 : 6;
  return isIpv4 ? 4 : 6;
}

function writeEndpoint({ policy, host, portOf, hops }: Plan, endpoint: Endpoint, writer: RecordWriter): void {
  const peer = policy.hosts[endpoint.host]!;
  const hopOf = (provider: IpAddress | undefined) =>
    peer === host ? hops.ofPort(portOf.get(endpoint)!) : hops.ofEndpoint(peer, endpoint, provider);

  let flags = 0;
  if (endpoint.forwarding) flags |= abi.MAC_FORWARDING;
  if (endpoint.method === 'rewrite') flags |= abi.MAC_REWRITE;
  writer.begin(abi.RECORD_ENDPOINT_MAC);
  writer.u8(abi.RECORD_FLAGS, flags);
  writer.vsid(endpoint.vsid);
  writer.u16(abi.RECORD_NEXTHOP, hopOf(undefined));
  writer.mac(abi.RECORD_MAC, endpoint.mac);

  for (const { customer, provider } of endpoint.addresses) {
    writer.begin(abi.RECORD_ADDRESS);
    writer.vsid(endpoint.vsid);
    writer.u16(abi.RECORD_NEXTHOP, hopOf(provider));
    writer.mac(abi.RECORD_MAC, endpoint.mac);
    writer.customer(customer);
    if (provider !== undefined) writer.provider(provider);
  }
}
