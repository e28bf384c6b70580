/**
 * Can the hosts that have endpoints in one routing domain reach each other? What `underlay.ts` asks of a whole document,
 * kept up to date: a change costs a look at counts, not at every other host.
 */

import { formatIp, networkOf } from './addresses.ts';
import type { Endpoint, Host, InterfaceAddress, IpAddress, Provider } from './model.ts';
import { IPV6_MIN_MTU, isMtuTooSmall } from './underlay.ts';

/** A provider prefix, ready to be asked often. */
export class ProviderPrefix {
  readonly family: 4 | 6;
  readonly #network: number | bigint;
  readonly #mask: number;
  readonly #shift: bigint;

  constructor({ address, length }: InterfaceAddress) {
    this.family = address.family;
    this.#mask = length === 0 ? 0 : -1 << (32 - length);
    this.#shift = BigInt(128 - length);
    this.#network = this.#networkOf(networkOf(address, length).address);
  }

  #networkOf({ family, value }: IpAddress): number | bigint {
    return family === 4 ? value & this.#mask : value >> this.#shift;
  }

  /** The address is of the family and not in the prefix. */
  excludes(address: IpAddress): boolean {
    return address.family === this.family && this.#networkOf(address) !== this.#network;
  }
}

export interface HostFacts {
  readonly host: Host;
  /** Its provider prefixes if it has no gateway; hosts with the same one share the object. */
  readonly bounds: readonly ProviderPrefix[];
}

/** Who is bound to a provider prefix, and who has addresses outside of it. */
interface Bound {
  readonly prefix: ProviderPrefix;
  /** Hosts without a gateway. */
  readonly members: Set<number>;
  /** Addresses outside by host: its own and those that its endpoints are rewritten to. */
  readonly outside: Map<number, number>;
}

/** Bounds without members are kept, since hosts come back; up to this many. */
const BOUNDS_KEPT = 8;

export class Reach {
  readonly #provider: Provider;
  readonly #factsOf: (host: number) => HostFacts;
  readonly #endpoints: () => Iterable<Endpoint>;
  /** Endpoints by host. An array with gaps: V8 keeps few of them as a hash table, many as plain memory. */
  readonly #counts: number[] = [];
  #only4 = 0;
  #only6 = 0;
  #with6 = 0;
  #bounds: Bound[] = [];

  /** @param endpoints those that were added and not removed; only a new provider prefix needs them. */
  constructor(provider: Provider, factsOf: (host: number) => HostFacts, endpoints: () => Iterable<Endpoint>) {
    this.#provider = provider;
    this.#factsOf = factsOf;
    this.#endpoints = endpoints;
  }

  add(endpoint: Endpoint): void {
    const count = this.#counts[endpoint.host] ?? 0;
    this.#counts[endpoint.host] = count + 1;
    if (count === 0) this.#join(this.#factsOf(endpoint.host));
    if (endpoint.method === 'rewrite') for (const bound of this.#bounds) countProviders(bound, endpoint, 1);
  }

  remove(endpoint: Endpoint): void {
    if (endpoint.method === 'rewrite') for (const bound of this.#bounds) countProviders(bound, endpoint, -1);
    const count = this.#counts[endpoint.host]! - 1;
    this.#counts[endpoint.host] = count;
    if (count === 0) this.#leave(this.#factsOf(endpoint.host));
  }

  #join({ host, bounds }: HostFacts): void {
    this.#countFamilies(host, 1);
    for (const bound of this.#bounds) countOwn(bound, host, 1);
    for (const prefix of bounds) this.#boundOf(prefix).members.add(host.index);
  }

  #leave({ host, bounds }: HostFacts): void {
    this.#countFamilies(host, -1);
    for (const bound of this.#bounds) countOwn(bound, host, -1);
    for (const prefix of bounds) this.#boundOf(prefix).members.delete(host.index);
  }

  #countFamilies({ ipv4, ipv6 }: Host, by: 1 | -1): void {
    if (ipv6 === undefined) this.#only4 += by;
    else this.#with6 += by;
    if (ipv4 === undefined) this.#only6 += by;
  }

  #boundOf(prefix: ProviderPrefix): Bound {
    for (const bound of this.#bounds) if (bound.prefix === prefix) return bound;
    if (this.#bounds.length >= BOUNDS_KEPT)
      this.#bounds = this.#bounds.filter(({ members }) => members.size > 0);
    const bound: Bound = { prefix, members: new Set(), outside: new Map() };
    for (const host of this.#hosts()) countOwn(bound, host, 1);
    for (const endpoint of this.#endpoints()) countProviders(bound, endpoint, 1);
    this.#bounds.push(bound);
    return bound;
  }

  /** Those with endpoints. */
  #hosts(): Host[] {
    const hosts: Host[] = [];
    this.#counts.forEach((count, host) => {
      if (count > 0) hosts.push(this.#factsOf(host).host);
    });
    return hosts;
  }

  /** Everybody reaches everybody. */
  get isWhole(): boolean {
    if (this.#only4 > 0 && this.#only6 > 0) return false;
    if (isMtuTooSmall(this.#provider, this.#with6, this.#only6)) return false;
    for (const bound of this.#bounds) if (this.#missed(bound) !== undefined) return false;
    return true;
  }

  /** A member and a host that it does not reach. */
  #missed({ members, outside }: Bound): readonly [member: number, host: number] | undefined {
    if (members.size === 0 || outside.size === 0) return undefined;
    for (const host of outside.keys()) {
      for (const member of members) if (member !== host) return [member, host];
    }
    return undefined;
  }

  /**
   * Why `isWhole` is false, now that `endpoint` was added.
   * @returns what was expected of its host.
   */
  faults(endpoint: Endpoint): string[] {
    const { host } = this.#factsOf(endpoint.host);
    const faults: string[] = [];
    if (this.#only4 > 0 && this.#only6 > 0) {
      const isOther = (other: Host) => (host.ipv4 === undefined ? other.ipv6 : other.ipv4) === undefined;
      const other = this.#hosts().find(isOther);
      faults.push(
        `expected a host with an address family in common with "${other?.name}" (both have endpoints of one routing domain), got "${host.name}"`,
      );
    }
    if (isMtuTooSmall(this.#provider, this.#with6, this.#only6)) {
      faults.push(
        `expected a provider MTU of at least ${IPV6_MIN_MTU}, because hosts would talk over IPv6 (RFC 8200 §5), got ${this.#provider.mtu}`,
      );
    }
    for (const bound of this.#bounds) {
      const missed = this.#missed(bound);
      if (missed !== undefined) faults.push(this.#gatewayFault(bound, missed, endpoint));
    }
    return faults;
  }

  #gatewayFault(bound: Bound, [member, missed]: readonly [number, number], endpoint: Endpoint): string {
    const { host } = this.#factsOf(missed);
    const own = [host.ipv4?.address, host.ipv6?.address];
    let address = own.find((one) => one !== undefined && bound.prefix.excludes(one));
    for (const { host: on, addresses } of [endpoint, ...(address === undefined ? this.#endpoints() : [])]) {
      if (on !== missed) continue;
      address ??= addresses.find(({ provider }) => provider && bound.prefix.excludes(provider))?.provider;
    }
    const { name } = this.#factsOf(member).host;
    const what = address === undefined ? '' : ` (${formatIp(address)})`;
    return `expected a gateway of "${name}", because "${host.name}"${what} is outside the provider prefix of "${name}", got none`;
  }
}

function countOwn(bound: Bound, { index, ipv4, ipv6 }: Host, by: 1 | -1): void {
  if (ipv4 !== undefined && bound.prefix.excludes(ipv4.address)) countOutside(bound, index, by);
  if (ipv6 !== undefined && bound.prefix.excludes(ipv6.address)) countOutside(bound, index, by);
}

function countProviders(bound: Bound, { host, addresses }: Endpoint, by: 1 | -1): void {
  for (const { provider } of addresses) {
    if (provider !== undefined && bound.prefix.excludes(provider)) countOutside(bound, host, by);
  }
}

function countOutside({ outside }: Bound, host: number, by: 1 | -1): void {
  const count = (outside.get(host) ?? 0) + by;
  if (count === 0) outside.delete(host);
  else outside.set(host, count);
}
