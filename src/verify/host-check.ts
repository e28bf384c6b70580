/**
 * The records of one host against the policy, in the order in which its WASM side takes them: what a record refers to must
 * have been described before.
 */

import * as abi from '../abi/layout.ts';
import { formatIp, formatMac, formatPrefix } from '../policy/addresses.ts';
import type { Plan } from '../policy/compile.ts';
import type { Endpoint, Host, IpAddress, Policy, Subnet } from '../policy/model.ts';
import { type Domain, type Fabric, type Item, type SubnetIndex, nameOf } from './fabric.ts';
import type { Failures } from './failures.ts';
import { sameDomainTrip } from './pairs.ts';
import type { AddressValue, Records } from './records.ts';
import { RouteCheck } from './route-check.ts';
import type { Routing } from './routing.ts';

/** What one host has to know. */
export interface HostRecords {
  readonly host: string;
  readonly domains: number;
  readonly ports: number;
  readonly subnets: number;
  readonly macs: number;
  /** Of endpoints. */
  readonly addresses: number;
  /** Of those addresses, the ones with a provider address (IP Rewrite). */
  readonly rewrite: number;
  /** Addresses that the router answers to. */
  readonly gateways: number;
  /** Ports and hosts that get copies of broadcasts, of all subnets. */
  readonly members: number;
  readonly routes: number;
  readonly nextHops: number;
  readonly peers: number;
}

/** What the checks of all hosts have in common. */
export interface Shared {
  readonly fabric: Fabric;
  readonly failures: Failures;
  readonly records: Records;
  readonly routing: Routing;
  /** Per item, the host (+ 1) in whose records it was found last. */
  readonly seen: Uint32Array;
}

/** Where a next hop leads. */
type Target =
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'peer'; readonly host: Host; readonly rewriteMac: number; readonly useVmMac: boolean };

interface Port {
  readonly endpoint: Endpoint;
  readonly hop: number;
  readonly vids: Set<number>;
}

/** A subnet that was described, and what was found of it. */
interface Known {
  readonly subnet: SubnetIndex;
  readonly gateways: Set<AddressValue>;
  readonly prefixes: Set<string>;
  /** Who gets copies of what is flooded. */
  readonly endpoints: Set<Endpoint>;
  readonly hosts: Set<number>;
}

type Proof = 'isolation' | 'reachability';

export class HostCheck {
  readonly #fabric: Fabric;
  readonly #failures: Failures;
  readonly #host: Host;
  readonly #planned: Plan;
  readonly #records: Records;
  readonly #seen: Uint32Array;
  readonly #domains: ReadonlySet<Domain>;
  readonly #routes: RouteCheck;
  readonly #targets = new Map<number, Target>();
  readonly #ports = new Map<number, Port>();
  /** By their numbers here. */
  readonly #subnets = new Map<number, Known>();
  readonly #byVsid = new Map<number, Known>();
  readonly #domainAt = new Map<number, Domain>();
  readonly #numberOf = new Map<Domain, number>();
  readonly #peers = new Set<string>();
  readonly #memberNumbers = new Set<number>();
  readonly #prefixNumbers = new Set<number>();
  #hosts = 0;
  #required = 0;
  #macs = 0;
  #addresses = 0;
  #rewrite = 0;
  #gateways = 0;

  constructor({ fabric, failures, records, routing, seen }: Shared, host: Host, planned: Plan) {
    this.#fabric = fabric;
    this.#failures = failures;
    this.#host = host;
    this.#planned = planned;
    this.#records = records;
    this.#seen = seen;
    this.#domains = new Set(fabric.domains.filter(({ hosts }) => hosts.has(host.index)));
    this.#routes = new RouteCheck(
      records,
      routing,
      {
        domainAt: (number) => this.#domainAt.get(number),
        subnetAt: (number) => this.#subnets.get(number)?.subnet,
      },
      (check, message) => {
        this.#breaks(check, message);
      },
    );
  }

  run(): { row: HostRecords; records: number; required: number } {
    const records = this.#records;
    for (let record = 0; record < records.count; record++) {
      records.seek(record);
      this.#check(records.kind);
    }
    this.#checkComplete();
    const row = {
      host: this.#host.name,
      domains: this.#domains.size,
      ports: this.#ports.size,
      subnets: this.#subnets.size,
      macs: this.#macs,
      addresses: this.#addresses,
      rewrite: this.#rewrite,
      gateways: this.#gateways,
      members: this.#memberNumbers.size,
      routes: this.#routes.count,
      nextHops: this.#targets.size,
      peers: this.#peers.size,
    };
    return { row, records: records.count + this.#routes.ranges, required: this.#required };
  }

  #breaks(check: Proof, message: string, item?: Item): void {
    this.#failures.add(check, `${this.#host.name}: ${message}`, () =>
      item === undefined ? undefined : sameDomainTrip(this.#host, item),
    );
  }

  #check(kind: number): void {
    switch (kind) {
      case abi.RECORD_HOST:
        this.#checkHost();
        return;
      case abi.RECORD_NEXT_HOP:
        this.#readHop();
        return;
      case abi.RECORD_PEER:
        this.#checkPeer();
        return;
      case abi.RECORD_SUBNET_ENTRY:
        this.#readSubnet();
        return;
      case abi.RECORD_ROUTE:
        this.#routes.readRoute();
        return;
      case abi.RECORD_ROUTES:
        this.#routes.checkRanges();
        return;
      default:
        this.#checkOfSubnet(kind);
    }
  }

  /** Records that name a subnet by its number. */
  #checkOfSubnet(kind: number): void {
    const known = this.#subnets.get(this.#records.subnet);
    if (known === undefined) {
      this.#breaks(
        'isolation',
        `has a record (kind ${kind}) of virtual subnet number ${this.#records.subnet}, which is none`,
      );
      return;
    }
    switch (kind) {
      case abi.RECORD_PORT:
        this.#readPort(known);
        return;
      case abi.RECORD_ENDPOINT_MAC:
        this.#checkEndpoint(known, 'mac');
        return;
      case abi.RECORD_ADDRESS:
        if (this.#records.hop === abi.GATEWAY_HOP) this.#checkGateway(known);
        else this.#checkEndpoint(known, 'address');
        return;
      case abi.RECORD_MEMBER:
        this.#checkMember(known);
        return;
      case abi.RECORD_PREFIX:
        this.#checkPrefix(known);
        return;
      case abi.RECORD_VLAN:
        this.#checkVlan(known);
        return;
      default:
        this.#breaks('isolation', `has a record of kind ${kind}, which is none`);
    }
  }

  #checkHost(): void {
    this.#hosts++;
    const { mac, mac2, flags } = this.#records;
    const { policy } = this.#fabric;
    if (this.#hostOf() !== this.#host || mac !== this.#host.mac)
      this.#breaks('reachability', 'the provider addresses and the MAC in its tables are not its own');
    if (mac2 !== policy.provider.routerMac)
      this.#breaks('isolation', `the router’s MAC in its tables is ${formatMac(mac2)}`);
    if ((flags & (abi.HOST_DRAFT00 | abi.HOST_ANY_DRAFT00)) !== keyFlags(policy, this.#host))
      this.#breaks('isolation', 'its tables have another layout of keys than the policy');
  }

  /** The host whose provider addresses the record has, all of them. */
  #hostOf(): Host | undefined {
    const { provider4, provider6 } = this.#records;
    const host = (this.#ownerOf(4, provider4) ?? this.#ownerOf(6, provider6))?.host;
    const isWhole =
      provider4 === (host?.ipv4?.address.value ?? 0) && provider6 === (host?.ipv6?.address.value ?? 0n);
    return isWhole ? host : undefined;
  }

  #ownerOf(family: number, value: AddressValue) {
    const owner = this.#fabric.ownerOf(addressOf(family, value));
    return owner?.endpoint === undefined ? owner : undefined;
  }

  /** One number here for one virtual subnet, and one number for the routing domain that it is of. */
  #readSubnet(): void {
    const { index, vsid, domain: number } = this.#records;
    const subnet = this.#fabric.subnets.get(vsid);
    if (subnet === undefined) {
      this.#breaks('isolation', `knows virtual subnet ${vsid}, which no routing domain has`);
      return;
    }
    const { domain } = subnet;
    if (!this.#domains.has(domain)) {
      this.#breaks(
        'isolation',
        `knows virtual subnet ${vsid} of ${nameOf(domain)}, which has no endpoint here`,
      );
      return;
    }
    if (this.#subnets.has(index) || this.#byVsid.has(vsid)) {
      this.#breaks('isolation', `virtual subnet ${vsid} or its number ${index} is described twice`);
      return;
    }
    const known = {
      subnet,
      gateways: new Set<AddressValue>(),
      prefixes: new Set<string>(),
      endpoints: new Set<Endpoint>(),
      hosts: new Set<number>(),
    };
    this.#subnets.set(index, known);
    this.#byVsid.set(vsid, known);
    const there = this.#domainAt.get(number);
    if (there === undefined && !this.#numberOf.has(domain)) {
      this.#domainAt.set(number, domain);
      this.#numberOf.set(domain, number);
    } else if (there !== domain) {
      const where = there === undefined ? 'a routing domain of its own' : nameOf(there);
      this.#breaks('isolation', `has virtual subnet ${vsid} of ${nameOf(domain)} in ${where}`);
    }
    this.#checkRouter(subnet.subnet);
  }

  /** That the subnet floods, and the gateways from which errors come. */
  #checkRouter({ vsid, flood, gateways }: Subnet): void {
    const { flags, customer4, provider6 } = this.#records;
    const gateway4 = gateways.find(({ family }) => family === 4)?.value;
    const gateway6 = gateways.find(({ family }) => family === 6)?.value;
    const expected =
      (flood === 'replicate' ? abi.SUBNET_FLOOD : 0) |
      (gateway4 === undefined ? 0 : abi.SUBNET_GATEWAY4) |
      (gateway6 === undefined ? 0 : abi.SUBNET_GATEWAY6);
    if (flags !== expected || customer4 !== (gateway4 ?? 0) || provider6 !== (gateway6 ?? 0n))
      this.#breaks(
        'isolation',
        `virtual subnet ${vsid} has other gateways or floods otherwise than it should`,
      );
  }

  #readPort({ subnet }: Known): void {
    const { index, mac, hop, flags } = this.#records;
    const endpoint = this.#planned.ports.get(index)?.endpoint;
    if (endpoint?.host !== this.#host.index || this.#ports.has(index)) {
      this.#breaks(
        'isolation',
        `port ${index} is ${this.#ports.has(index) ? 'described twice' : 'nobody’s'}`,
      );
      return;
    }
    const item = this.#fabric.subnets.get(endpoint.vsid)?.macs.get(endpoint.mac);
    if (subnet.vsid !== endpoint.vsid || mac !== endpoint.mac)
      this.#breaks(
        'isolation',
        `port ${index} of ${endpoint.name} is in virtual subnet ${subnet.vsid} with MAC ${formatMac(mac)}`,
        item,
      );
    if (flags !== portFlags(endpoint))
      this.#breaks(
        'isolation',
        `port ${index} of ${endpoint.name} is that of another kind of endpoint`,
        item,
      );
    this.#ports.set(index, { endpoint, hop, vids: new Set() });
  }

  #checkVlan({ subnet }: Known): void {
    const { index, vid } = this.#records;
    const port = this.#ports.get(index);
    if (port === undefined || port.endpoint.vlans.get(vid) !== subnet.vsid || port.vids.has(vid)) {
      const name = port?.endpoint.name ?? `port ${index}`;
      this.#breaks('isolation', `VLAN ${vid} of ${name} is virtual subnet ${subnet.vsid}`);
      return;
    }
    port.vids.add(vid);
  }

  #readHop(): void {
    const { index, family, portNumber } = this.#records;
    if (this.#targets.has(index) || index === abi.GATEWAY_HOP) {
      const fault = index === abi.GATEWAY_HOP ? 'is not the gateway’s' : 'is described twice';
      this.#breaks('isolation', `next hop ${index} ${fault}`);
      return;
    }
    if (family === 0) this.#targets.set(index, { kind: 'port', port: portNumber });
    else this.#readPeerHop(index, family);
  }

  #readPeerHop(index: number, family: number): void {
    const { mac, mac2, flags, ring, mtu, ttl } = this.#records;
    const host = this.#hostOf();
    if (host === undefined) {
      this.#breaks('isolation', `next hop ${index} has provider addresses that are no one host’s`);
      return;
    }
    const hasFamily = (one: Host) => (family === 4 ? one.ipv4 : one.ipv6) !== undefined;
    if (!hasFamily(host) || !hasFamily(this.#host) || mac === 0)
      this.#breaks(
        'reachability',
        `next hop ${index} to ${host.name} has no IPv${family} way there (outer MAC ${formatMac(mac)})`,
      );
    const { provider } = this.#fabric.policy;
    if (mtu !== provider.mtu || ttl !== provider.ttl)
      this.#breaks('reachability', `next hop ${index} to ${host.name} has MTU ${mtu} and TTL ${ttl}`);
    const isDraft = host.nvgreKey === 'draft00' || this.#host.nvgreKey === 'draft00';
    if (((flags & abi.NEXT_HOP_DRAFT00) !== 0) !== isDraft)
      this.#breaks(
        'isolation',
        `next hop ${index} to ${host.name} has another layout of keys than the policy`,
      );
    // What is learnt about the path of one is learnt for all of the ring.
    const first = this.#targets.get(ring);
    if (ring !== index && (first?.kind !== 'peer' || first.host !== host))
      this.#breaks('isolation', `next hop ${index} to ${host.name} shares its path with ${describe(first)}`);
    const useVmMac = (flags & abi.NEXT_HOP_VM_MAC) !== 0;
    this.#targets.set(index, { kind: 'peer', host, rewriteMac: mac2, useVmMac });
  }

  #checkPeer(): void {
    const { family, provider, hop } = this.#records;
    const owner = this.#ownerOf(family, provider);
    const target = this.#targets.get(hop);
    if (owner === undefined || target?.kind !== 'peer' || target.host !== owner.host) {
      const text = owner === undefined ? 'no host’s address' : owner.host.name;
      this.#breaks('isolation', `a peer’s address (${text}) leads to ${describe(target)}`);
      return;
    }
    this.#peers.add(`${owner.host.index} ${family}`);
  }

  #checkGateway({ subnet, gateways }: Known): void {
    const { family, customer, mac, provider } = this.#records;
    this.#gateways++;
    const isRouter = mac === this.#fabric.policy.provider.routerMac && provider === (family === 4 ? 0 : 0n);
    if (subnet.gateways.get(customer)?.family === family && isRouter && !gateways.has(customer)) {
      gateways.add(customer);
      return;
    }
    const text = formatIp(addressOf(family, customer));
    this.#breaks(
      'isolation',
      `has a record of ${text} in virtual subnet ${subnet.vsid} as a gateway with MAC ${formatMac(mac)}, which it is not`,
    );
  }

  #checkPrefix({ subnet, prefixes }: Known): void {
    const { index, length, customer6 } = this.#records;
    const text = `${formatIp({ family: 6, value: customer6 })}/${length}`;
    const isRight = subnet.subnet.prefixes.some((prefix) => formatPrefix(prefix) === text);
    if (!isRight || prefixes.has(text) || this.#prefixNumbers.has(index))
      this.#breaks(
        'isolation',
        `announces ${text} in virtual subnet ${subnet.vsid}, which it is not or twice`,
      );
    prefixes.add(text);
    this.#prefixNumbers.add(index);
  }

  /** Copies of broadcasts go to local ports in the subnet and to hosts that have an endpoint in it, once each. */
  #checkMember({ subnet, endpoints, hosts }: Known): void {
    const { index, hop } = this.#records;
    const target = this.#targets.get(hop);
    const what = `copies broadcasts of virtual subnet ${subnet.vsid} to ${this.#describe(target)}`;
    if (this.#memberNumbers.has(index)) this.#breaks('isolation', `${what} by a number that is in use`);
    this.#memberNumbers.add(index);
    if (target?.kind === 'peer') {
      if (target.host === this.#host || !subnet.membersOn.has(target.host.index))
        this.#breaks('isolation', `${what}, where nobody is in it`);
      else if (hosts.has(target.host.index)) this.#breaks('isolation', `${what} twice`);
      hosts.add(target.host.index);
      return;
    }
    const endpoint = this.#portBehind(target, hop);
    const locals = subnet.membersOn.get(this.#host.index);
    if (endpoint === undefined || locals?.includes(endpoint) !== true)
      this.#breaks('isolation', `${what}, who is not in it`);
    else if (endpoints.has(endpoint)) this.#breaks('isolation', `${what} twice`);
    else endpoints.add(endpoint);
  }

  #checkEndpoint({ subnet }: Known, what: 'mac' | 'address'): void {
    const { mac, customer, family } = this.#records;
    if (what === 'mac') this.#macs++;
    else this.#addresses++;
    const item = what === 'mac' ? subnet.macs.get(mac) : subnet.addresses.get(customer);
    if (item === undefined) {
      const key = what === 'mac' ? formatMac(mac) : formatIp(addressOf(family, customer));
      this.#breaks('isolation', `has a record of ${key} in virtual subnet ${subnet.vsid}, which nobody has`);
      return;
    }
    if (this.#seen[item.number] === this.#host.index + 1) {
      this.#breaks('isolation', `has two records of ${itemName(item)}`, item);
      return;
    }
    this.#seen[item.number] = this.#host.index + 1;
    if (what === 'mac') this.#checkMac(item);
    else this.#checkAddress(item);
    this.#checkTarget(item);
  }

  #checkMac(item: Item): void {
    const { forwarding, method } = item.endpoint;
    const expected = (forwarding ? abi.MAC_FORWARDING : 0) | (method === 'rewrite' ? abi.MAC_REWRITE : 0);
    if (this.#records.flags !== expected)
      this.#breaks('isolation', `the record of ${itemName(item)} says it is another kind of endpoint`, item);
  }

  #checkAddress(item: Item): void {
    const { mac, family, provider } = this.#records;
    if (mac !== item.endpoint.mac)
      this.#breaks('isolation', `the record of ${itemName(item)} has MAC ${formatMac(mac)}`, item);
    const none = family === 4 ? 0 : 0n;
    if (provider !== none) this.#rewrite++;
    if (provider === (item.provider?.value ?? none)) return;
    const text = provider === none ? 'none' : formatIp(addressOf(family, provider));
    this.#breaks(
      provider === none ? 'reachability' : 'isolation',
      `the record of ${itemName(item)} has provider address ${text}, not ${item.provider === undefined ? 'none' : formatIp(item.provider)}`,
      item,
    );
  }

  /** The next hop leads to the endpoint's own port here, or to the host on which it is. */
  #checkTarget(item: Item): void {
    const { hop } = this.#records;
    const target = this.#targets.get(hop);
    const isRight =
      item.endpoint.host === this.#host.index
        ? this.#portBehind(target, hop) === item.endpoint
        : target?.kind === 'peer' && target.host.index === item.endpoint.host;
    if (!isRight) {
      this.#breaks('isolation', `the record of ${itemName(item)} leads to ${this.#describe(target)}`, item);
      return;
    }
    if (item.provider === undefined || target?.kind !== 'peer') return;
    if (target.rewriteMac === 0 && !target.useVmMac)
      this.#breaks('reachability', `rewritten packets to ${itemName(item)} have no outer MAC`, item);
  }

  /** The endpoint whose port a next hop is, where the port says so too. */
  #portBehind(target: Target | undefined, hop: number): Endpoint | undefined {
    const port = target?.kind === 'port' ? this.#ports.get(target.port) : undefined;
    return port?.hop === hop ? port.endpoint : undefined;
  }

  #describe(target: Target | undefined): string {
    const endpoint = target?.kind === 'port' ? this.#ports.get(target.port)?.endpoint : undefined;
    return endpoint === undefined ? describe(target) : endpoint.name;
  }

  /** Everything that the routing domains here consist of has its record, every peer its address, every endpoint its port. */
  #checkComplete(): void {
    const ports = new Map([...this.#ports.values()].map((port) => [port.endpoint, port]));
    for (const domain of this.#domains) {
      this.#checkItems(domain);
      for (const { vsid } of domain.domain.subnets) this.#checkSubnet(vsid, domain);
      for (const endpoint of domain.domain.endpoints)
        if (endpoint.host === this.#host.index) this.#checkPortOf(endpoint, ports.get(endpoint));
      this.#required += this.#routes.checkComplete(domain);
    }
    this.#routes.checkApart();
    for (const index of this.#neededPeers()) this.#checkPeerOf(index);
    this.#required++;
    if (this.#hosts !== 1) this.#breaks('reachability', `has ${this.#hosts} records of itself, not one`);
  }

  #checkPortOf(endpoint: Endpoint, port: Port | undefined): void {
    this.#required += 1 + endpoint.vlans.size;
    if (port === undefined) this.#breaks('reachability', `${endpoint.name} has no port`);
    else if (port.vids.size !== endpoint.vlans.size)
      this.#breaks('reachability', `${endpoint.name} lacks VLANs on its port`);
  }

  /** What a host has to know of a subnet beside endpoints. */
  #checkSubnet(vsid: number, domain: Domain): void {
    this.#required++;
    const known = this.#byVsid.get(vsid);
    if (known === undefined) {
      this.#breaks('reachability', `does not know virtual subnet ${vsid} of ${nameOf(domain)}`);
      return;
    }
    const { subnet, gateways, prefixes, endpoints, hosts } = known;
    for (const gateway of subnet.gateways.values())
      if (!gateways.has(gateway.value))
        this.#breaks(
          'reachability',
          `has no record of gateway ${formatIp(gateway)} in virtual subnet ${vsid}`,
        );
    const announced = subnet.subnet.prefixes.filter(({ address }) => address.family === 6);
    if (announced.length > prefixes.size)
      this.#breaks('reachability', `does not announce all prefixes of virtual subnet ${vsid}`);
    const locals = subnet.membersOn.get(this.#host.index) ?? [];
    const others = subnet.membersOn.size - (locals.length > 0 ? 1 : 0);
    this.#required += subnet.gateways.size + announced.length + locals.length + others;
    if (endpoints.size < locals.length) {
      const left = locals.filter((endpoint) => !endpoints.has(endpoint)).map(({ name }) => name);
      this.#breaks('reachability', `copies no broadcasts of virtual subnet ${vsid} to ${left.join(', ')}`);
    }
    if (hosts.size >= others) return;
    const left = [...subnet.membersOn.keys()].filter((host) => host !== this.#host.index && !hosts.has(host));
    const names = left.map((host) => this.#fabric.policy.hosts[host]!.name);
    this.#breaks('reachability', `copies no broadcasts of virtual subnet ${vsid} to ${names.join(', ')}`);
  }

  /** Hosts with which this one has a routing domain in common. */
  #neededPeers(): Set<number> {
    const all = this.#fabric.policy.hosts.length;
    const needed = new Set<number>();
    for (const { hosts } of this.#domains) {
      for (const index of hosts) if (index !== this.#host.index) needed.add(index);
      // A thousand routing domains may have the same thousand hosts.
      if (needed.size === all - 1) break;
    }
    return needed;
  }

  #checkItems({ firstItem, endItem }: Domain): void {
    this.#required += endItem - firstItem;
    for (let number = firstItem; number < endItem; number++) {
      if (this.#seen[number] === this.#host.index + 1) continue;
      const item = this.#fabric.items[number]!;
      this.#breaks('reachability', `has no record of ${itemName(item)}`, item);
    }
  }

  /** Without it the tunnel guard would refuse what comes from there. */
  #checkPeerOf(index: number): void {
    const peer = this.#fabric.policy.hosts[index]!;
    for (const family of [4, 6] as const) {
      if ((family === 4 ? peer.ipv4 : peer.ipv6) === undefined) continue;
      this.#required++;
      if (!this.#peers.has(`${index} ${family}`))
        this.#breaks('reachability', `does not know the IPv${family} address of its peer ${peer.name}`);
    }
  }
}

function portFlags({ forwarding, method, useVmMac, vlans }: Endpoint): number {
  return (
    abi.PORT_ACTIVE |
    (forwarding ? abi.PORT_FORWARDING : 0) |
    (method === 'rewrite' ? abi.PORT_REWRITE : 0) |
    (useVmMac ? abi.PORT_VM_MAC : 0) |
    (vlans.size > 0 ? abi.PORT_VLANS : 0)
  );
}

function keyFlags({ hosts }: Policy, { nvgreKey }: Host): number {
  return (
    (nvgreKey === 'draft00' ? abi.HOST_DRAFT00 : 0) |
    (hosts.some((one) => one.nvgreKey === 'draft00') ? abi.HOST_ANY_DRAFT00 : 0)
  );
}

function describe(target: Target | undefined): string {
  if (target === undefined) return 'no next hop';
  return target.kind === 'port' ? `port ${target.port}` : target.host.name;
}

function itemName({ endpoint, address }: Item): string {
  return `${endpoint.name} (${address === undefined ? formatMac(endpoint.mac) : formatIp(address)})`;
}

function addressOf(family: number, value: AddressValue): IpAddress {
  return family === 4 ? { family: 4, value: value as number } : { family: 6, value: value as bigint };
}
