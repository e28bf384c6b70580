/** Who has what in a fabric that changes: all that has to be unique, and the lists in the order of the document. */

import { formatPrefix, networkOf } from './addresses.ts';
import { DomainState, Slot } from './domain-state.ts';
import type { KnownHosts } from './hosts.ts';
import type { Endpoint, Host, Policy, Provider } from './model.ts';
import { type HostFacts, ProviderPrefix } from './reach.ts';
import type { Owner, Transaction } from './transaction.ts';
import { markValid } from './valid.ts';

/** What changes are applied to, and the list that they are in. */
export interface Applying {
  readonly index: FabricIndex;
  readonly transaction: Transaction;
}

/** Hosts that endpoints may name. */
export function knownHosts({ index, transaction }: Applying): KnownHosts {
  return {
    byName: index.hostsByName,
    unsound: NONE,
    isDoubtful: (name) => transaction.failed.has(`host ${name}`),
  };
}

const NONE: ReadonlySet<Host> = new Set();

export interface HostState extends HostFacts, Owner {
  /** How many are on it. */
  endpoints: number;
}

export class FabricIndex {
  readonly provider: Provider;
  /** By `Host.index`. A host that was removed leaves an entry without name and addresses; its index is not used again. */
  readonly hosts: HostState[] = [];
  readonly hostsByName = new Map<string, Host>();
  readonly hostNames = new Map<string, Owner>();
  readonly hostMacs = new Map<number, Owner>();
  /** By value: addresses on the physical network of one host or endpoint. */
  readonly providers = new Map<number | bigint, Owner>();
  /** By value: how many hosts have it as their gateway. */
  readonly gateways = new Map<number | bigint, number>();
  readonly endpoints = new Map<string, Slot>();
  readonly vsids = new Map<number, Owner>();
  readonly domains = new Map<string, DomainState>();
  readonly #customers: { readonly name: string; readonly domains: readonly DomainState[] }[];
  readonly #prefixes = new Map<string, ProviderPrefix>();
  #policy: Policy | undefined;

  constructor(policy: Policy) {
    this.provider = policy.provider;
    for (const host of policy.hosts) {
      const state = this.hostState(host);
      this.hosts.push(state);
      if (isRemoved(host)) continue;
      this.hostsByName.set(host.name, host);
      this.claimHost(state);
    }
    const factsOf = (host: number) => this.hosts[host]!;
    this.#customers = policy.customers.map(({ name, routingDomains }) => ({
      name,
      domains: routingDomains.map((domain) => {
        const state = new DomainState(domain, policy.provider, factsOf);
        this.domains.set(state.id, state);
        for (const subnet of state.byVsid.values()) this.vsids.set(subnet.vsid, subnet);
        for (const endpoint of domain.endpoints) this.#load(state, endpoint);
        return state;
      }),
    }));
    this.#policy = policy;
  }

  customerOf(domain: string): string {
    return this.#customers.find(({ domains }) => domains.some(({ id }) => id === domain))!.name;
  }

  #load(domain: DomainState, endpoint: Endpoint): void {
    const slot = new Slot(endpoint.name, domain);
    slot.endpoint = endpoint;
    this.claimEndpoint(slot);
    domain.insert(slot);
    this.hosts[endpoint.host]!.endpoints++;
  }

  /** Everything that nobody but this endpoint can have. */
  claimEndpoint(slot: Slot): void {
    this.endpoints.set(slot.name, slot);
    this.claimProviders(slot);
    slot.domain.claimAll(slot);
  }

  releaseEndpoint(slot: Slot): void {
    this.endpoints.delete(slot.name);
    this.releaseProviders(slot);
    slot.domain.releaseAll(slot);
  }

  claimProviders(slot: Slot): void {
    if (slot.endpoint!.method === 'nvgre') return;
    for (const { provider } of slot.endpoint!.addresses)
      if (provider) this.providers.set(provider.value, slot);
  }

  releaseProviders(slot: Slot): void {
    if (slot.endpoint!.method === 'nvgre') return;
    for (const { provider } of slot.endpoint!.addresses) if (provider) this.providers.delete(provider.value);
  }

  claimHost(state: HostState): void {
    const { name, mac, ipv4, ipv6, gateway } = state.host;
    this.hostNames.set(name, state);
    this.hostMacs.set(mac, state);
    if (ipv4 !== undefined) this.providers.set(ipv4.address.value, state);
    if (ipv6 !== undefined) this.providers.set(ipv6.address.value, state);
    for (const { value } of gateway?.addresses ?? []) this.countGateway(value, 1);
  }

  releaseHost({ host: { name, mac, ipv4, ipv6, gateway } }: HostState): void {
    this.hostNames.delete(name);
    this.hostMacs.delete(mac);
    if (ipv4 !== undefined) this.providers.delete(ipv4.address.value);
    if (ipv6 !== undefined) this.providers.delete(ipv6.address.value);
    for (const { value } of gateway?.addresses ?? []) this.countGateway(value, -1);
  }

  countGateway(address: number | bigint, by: 1 | -1): void {
    const count = (this.gateways.get(address) ?? 0) + by;
    if (count > 0) this.gateways.set(address, count);
    else this.gateways.delete(address);
  }

  hostState(host: Host): HostState {
    const own = [host.ipv4, host.ipv6].filter((address) => address !== undefined);
    const bounds = host.gateway !== undefined ? [] : own.map((address) => this.#intern(address));
    return { host, bounds, endpoints: 0, title: `host "${host.name}"` };
  }

  #intern(address: NonNullable<Host['ipv4'] | Host['ipv6']>): ProviderPrefix {
    const key = formatPrefix(networkOf(address.address, address.length));
    let prefix = this.#prefixes.get(key);
    if (prefix === undefined) this.#prefixes.set(key, (prefix = new ProviderPrefix(address)));
    return prefix;
  }

  /** Something is not as the policy has it any more. */
  touch(): void {
    this.#policy = undefined;
  }

  /** The policy, if it was built since the last change: to put back what a change that failed has touched. */
  get built(): Policy | undefined {
    return this.#policy;
  }

  set built(policy: Policy | undefined) {
    this.#policy = policy;
  }

  get policy(): Policy {
    this.#policy ??= markValid({
      version: 1,
      provider: this.provider,
      hosts: this.hosts.map(({ host }) => host),
      customers: this.#customers.map(({ name, domains }) => ({
        name,
        routingDomains: domains.map(({ snapshot }) => snapshot),
      })),
    });
    return this.#policy;
  }
}

/** A host's name has at least one character. */
export function isRemoved(host: Host): boolean {
  return host.name === '';
}

/** What stands in the place of a host that was removed. */
export function tombstone(index: number): Host {
  return {
    name: '',
    index,
    mac: 0,
    ipv4: undefined,
    ipv6: undefined,
    gateway: undefined,
    nvgreKey: 'rfc7637',
  };
}
