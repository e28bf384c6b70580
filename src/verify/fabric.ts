/** What a policy means, read from the model alone: nothing of the compiler that is checked against it takes part. */

import { formatIp, formatMac, isLinkLocal } from '../policy/addresses.ts';
import type {
  Customer,
  Endpoint,
  EndpointAddress,
  Host,
  IpAddress,
  MacAddress,
  Policy,
  RoutingDomain,
  Subnet,
} from '../policy/model.ts';

export interface Domain {
  readonly index: number;
  readonly customer: Customer;
  readonly domain: RoutingDomain;
  /** Positions of the hosts that have an endpoint in it. */
  readonly hosts: ReadonlySet<number>;
  /** By value, of all its subnets; link-local ones are their subnet's alone. */
  readonly addresses: Map<number | bigint, Item>;
  /** Its items are numbered from here … */
  readonly firstItem: number;
  /** … to here, exclusive. */
  endItem: number;
}

/** What the tables of every host of its routing domain must have a record of: an endpoint's MAC in a subnet, or an address. */
export interface Item {
  readonly number: number;
  readonly domain: Domain;
  /** Of the subnet that it is in: the endpoint's own, or one of its VLANs. */
  readonly vsid: number;
  readonly endpoint: Endpoint;
  /** Undefined: the record of the endpoint's MAC. */
  readonly address: IpAddress | undefined;
  readonly provider: IpAddress | undefined;
}

export interface SubnetIndex {
  readonly vsid: number;
  readonly domain: Domain;
  readonly subnet: Subnet;
  readonly macs: Map<MacAddress, Item>;
  /** By value: an IPv4 address is a number, an IPv6 address a bigint. */
  readonly addresses: Map<number | bigint, Item>;
  /** What the router answers to in it: its gateways, and with IPv6 the router's link-local address. */
  readonly gateways: ReadonlyMap<number | bigint, IpAddress>;
  /** Who is in it, by itself or by a VLAN. */
  readonly members: readonly Endpoint[];
  /** The same by position of their hosts. */
  readonly membersOn: ReadonlyMap<number, readonly Endpoint[]>;
}

interface OpenSubnet extends SubnetIndex {
  readonly members: Endpoint[];
  readonly membersOn: Map<number, Endpoint[]>;
}

/** Who has an address on the physical network. */
export interface ProviderOwner {
  readonly host: Host;
  /** Undefined: the host's own address. */
  readonly endpoint: Endpoint | undefined;
}

/** Something that would make a record, a tunnel or a provider address mean two things. */
export interface Ambiguity {
  readonly kind: 'vsid' | 'provider' | 'address';
  readonly message: string;
}

export class Fabric {
  readonly policy: Policy;
  readonly domains: readonly Domain[];
  readonly subnets: ReadonlyMap<number, SubnetIndex>;
  readonly domainOf: ReadonlyMap<Endpoint, Domain>;
  /** All items, by number. */
  readonly items: readonly Item[];
  readonly ambiguities: readonly Ambiguity[];
  readonly #providers: ReadonlyMap<number | bigint, ProviderOwner>;

  constructor(policy: Policy) {
    const ambiguities: Ambiguity[] = [];
    const builder = new Builder(policy, ambiguities);
    this.policy = policy;
    this.domains = builder.domains;
    this.subnets = builder.subnets;
    this.domainOf = builder.domainOf;
    this.items = builder.items;
    this.#providers = readProviders(policy, ambiguities);
    this.ambiguities = ambiguities;
  }

  /** Whose an address on the physical network is. */
  ownerOf(provider: IpAddress): ProviderOwner | undefined {
    return this.#providers.get(provider.value);
  }

  /** Who gets what an endpoint floods in a subnet. */
  receivers(sender: Endpoint, { subnet, members }: SubnetIndex): Endpoint[] {
    const { floodLimit } = this.policy.provider;
    if (subnet.flood === 'drop' || floodLimit === 0) return [];
    return members.filter((member) => member !== sender);
  }

  /** Addresses on the physical network, hosts' and endpoints'. */
  get providerCount(): number {
    return this.#providers.size;
  }
}

class Builder {
  readonly domains: Domain[] = [];
  readonly subnets = new Map<number, OpenSubnet>();
  readonly domainOf = new Map<Endpoint, Domain>();
  readonly items: Item[] = [];
  readonly #ambiguities: Ambiguity[];
  readonly #routerMac: MacAddress;

  constructor(policy: Policy, ambiguities: Ambiguity[]) {
    this.#ambiguities = ambiguities;
    this.#routerMac = policy.provider.routerMac;
    for (const customer of policy.customers) {
      for (const domain of customer.routingDomains) this.#addDomain(customer, domain);
    }
  }

  #addDomain(customer: Customer, domain: RoutingDomain): void {
    const hosts = new Set(domain.endpoints.map(({ host }) => host));
    const firstItem = this.items.length;
    const entry: Domain = {
      index: this.domains.length,
      customer,
      domain,
      hosts,
      addresses: new Map(),
      firstItem,
      endItem: firstItem,
    };
    this.domains.push(entry);
    for (const subnet of domain.subnets) this.#addSubnet(entry, subnet);
    for (const endpoint of domain.endpoints) this.#addEndpoint(entry, endpoint);
    entry.endItem = this.items.length;
  }

  #addSubnet(domain: Domain, subnet: Subnet): void {
    const { vsid } = subnet;
    const first = this.subnets.get(vsid);
    if (first !== undefined) {
      const both = `${nameOf(first.domain)} and ${nameOf(domain)}`;
      this.#ambiguities.push({ kind: 'vsid', message: `virtual subnet ${vsid} is in ${both}` });
      return;
    }
    this.subnets.set(vsid, {
      vsid,
      domain,
      subnet,
      macs: new Map(),
      addresses: new Map(),
      gateways: gatewaysOf(subnet, this.#routerMac),
      members: [],
      membersOn: new Map(),
    });
  }

  #addEndpoint(domain: Domain, endpoint: Endpoint): void {
    this.domainOf.set(endpoint, domain);
    for (const vsid of vsidsOf(endpoint)) {
      const subnet = this.subnets.get(vsid);
      if (subnet?.domain !== domain) {
        const message = `endpoint ${endpoint.name} of ${nameOf(domain)} is in virtual subnet ${vsid}, which is not of that routing domain`;
        this.#ambiguities.push({ kind: 'vsid', message });
        continue;
      }
      subnet.members.push(endpoint);
      const { host } = endpoint;
      const neighbours = subnet.membersOn.get(host);
      if (neighbours === undefined) subnet.membersOn.set(host, [endpoint]);
      else neighbours.push(endpoint);
      this.#add(subnet, endpoint, undefined);
      for (const address of endpoint.addresses)
        if (address.vsid === vsid) this.#add(subnet, endpoint, address);
    }
  }

  #add(subnet: SubnetIndex, endpoint: Endpoint, address: EndpointAddress | undefined): void {
    const { vsid, domain, macs, addresses, gateways } = subnet;
    const { customer, provider } = address ?? {};
    const item = { number: this.items.length, domain, vsid, endpoint, address: customer, provider };
    const isShared = customer !== undefined && !isLinkLocal(customer);
    const first =
      customer === undefined
        ? macs.get(endpoint.mac)
        : (isShared ? domain.addresses : addresses).get(customer.value);
    const isGateway = customer !== undefined && gateways.has(customer.value);
    if (first !== undefined || isGateway) {
      const what = customer === undefined ? formatMac(endpoint.mac) : formatIp(customer);
      const where = isShared ? nameOf(domain) : `virtual subnet ${vsid}`;
      const owner = first === undefined ? 'the gateway' : first.endpoint.name;
      const message = `${what} in ${where} is ${owner}’s and ${endpoint.name}’s`;
      this.#ambiguities.push({ kind: 'address', message });
      return;
    }
    if (customer === undefined) macs.set(endpoint.mac, item);
    else addresses.set(customer.value, item);
    if (isShared) domain.addresses.set(customer.value, item);
    this.items.push(item);
  }
}

function gatewaysOf({ gateways, prefixes }: Subnet, routerMac: MacAddress): Map<number | bigint, IpAddress> {
  const all = new Map<number | bigint, IpAddress>(gateways.map((gateway) => [gateway.value, gateway]));
  if (prefixes.some(({ address }) => address.family === 6)) {
    const value = linkLocalOf(routerMac);
    all.set(value, { family: 6, value });
  }
  return all;
}

/** fe80:: and the MAC with its universal bit flipped and ff:fe in the middle (RFC 4291 appendix A). */
function linkLocalOf(mac: MacAddress): bigint {
  const bits = BigInt(mac) ^ (0x02n << 40n);
  return (0xfe80n << 112n) | ((bits >> 24n) << 40n) | (0xfffen << 24n) | (bits & 0xff_ffffn);
}

/** Its own subnet, and those of its VLANs. */
export function vsidsOf({ vsid, vlans }: Endpoint): number[] {
  return [vsid, ...vlans.values()];
}

/** The VLAN on an endpoint's port that is a subnet; 0: none, frames have no tag. */
export function vidOf({ vlans }: Endpoint, vsid: number): number {
  for (const [vid, mapped] of vlans) if (mapped === vsid) return vid;
  return 0;
}

function readProviders(policy: Policy, ambiguities: Ambiguity[]): Map<number | bigint, ProviderOwner> {
  const owners = new Map<number | bigint, ProviderOwner>();
  const claim = (address: IpAddress, owner: ProviderOwner) => {
    const first = owners.get(address.value);
    if (first === undefined) owners.set(address.value, owner);
    else
      ambiguities.push({
        kind: 'provider',
        message: `provider address ${formatIp(address)} is ${ownerName(first)}’s and ${ownerName(owner)}’s`,
      });
  };
  for (const host of policy.hosts) {
    for (const own of [host.ipv4, host.ipv6])
      if (own !== undefined) claim(own.address, { host, endpoint: undefined });
  }
  for (const { routingDomains } of policy.customers) {
    for (const { endpoints } of routingDomains) {
      for (const endpoint of endpoints) {
        const host = policy.hosts[endpoint.host]!;
        for (const { provider } of endpoint.addresses)
          if (provider !== undefined) claim(provider, { host, endpoint });
      }
    }
  }
  return owners;
}

export function ownerName({ host, endpoint }: ProviderOwner): string {
  return endpoint?.name ?? host.name;
}

/** Names of routing domains are unique within their customer only. */
export function nameOf({ customer, domain }: Domain): string {
  return `${customer.name}/${domain.name}`;
}
