/** One routing domain in the tables of one host: its subnets, routes and endpoints as records. */

import * as abi from '../abi/layout.ts';
import type { Plan } from './compile.ts';
import { floodedTo } from './copies.ts';
import type { Endpoint, IpAddress, Prefix, Route, RoutingDomain, Subnet } from './model.ts';
import { vsidsOf } from './measure.ts';
import { type Answer, ranges4, ranges6, treeWords } from './ranges.ts';

export interface PlannedSubnet {
  /** Also of its block of counters. */
  readonly index: number;
  readonly customer: string;
  readonly routingDomain: string;
  readonly subnet: Subnet;
}

/** Who gets copies of what a subnet floods. */
interface Members {
  /** By host index or minus the port: the member's number. */
  readonly numbers: Map<number, number>;
  /** How many of them are other hosts. */
  hosts: number;
}

interface InstalledRanges {
  readonly base: number;
  readonly size: number;
}

export class DomainTables {
  readonly index: number;
  readonly customer: string;
  readonly name: string;
  /** Endpoints of the domain on this host. */
  locals = 0;
  readonly #plan: Plan;
  readonly #subnets = new Map<number, PlannedSubnet>();
  readonly #members = new Map<number, Members>();
  #routes: readonly Route[];
  #routeNumbers: number[] = [];
  readonly #ranges = new Map<4 | 6, InstalledRanges>();

  constructor(plan: Plan, customer: string, domain: RoutingDomain) {
    this.#plan = plan;
    this.customer = customer;
    this.name = domain.name;
    this.index = plan.numbers.domains.take();
    this.#routes = domain.routes;
    for (const subnet of domain.subnets) this.#addSubnet(subnet);
  }

  load(endpoints: Iterable<Endpoint>): void {
    for (const endpoint of endpoints) this.addEndpoint(endpoint);
    this.#writeRoutes();
  }

  addSubnet(subnet: Subnet): void {
    this.#addSubnet(subnet);
    this.#writeRoutes();
  }

  #addSubnet(subnet: Subnet): void {
    const { numbers, sink } = this.#plan;
    const { writer } = sink;
    const index = numbers.subnets.take();
    this.#plan.sink.claimCounters(subnet.vsid, index);
    const planned = { index, customer: this.customer, routingDomain: this.name, subnet };
    this.#subnets.set(subnet.vsid, planned);
    this.#plan.subnets.set(subnet.vsid, planned);
    this.#members.set(subnet.vsid, { numbers: new Map(), hosts: 0 });
    const gateway4 = subnet.gateways.find(({ family }) => family === 4);
    const gateway6 = subnet.gateways.find(({ family }) => family === 6);
    let flags = 0;
    if (subnet.flood === 'replicate') flags |= abi.SUBNET_FLOOD;
    if (gateway4 !== undefined) flags |= abi.SUBNET_GATEWAY4;
    if (gateway6 !== undefined) flags |= abi.SUBNET_GATEWAY6;
    writer.begin(abi.RECORD_SUBNET_ENTRY);
    writer.u8(abi.RECORD_FLAGS, flags);
    writer.u32(abi.RECORD_INDEX, index);
    writer.vsid(subnet.vsid);
    writer.u32(abi.RECORD_DOMAIN, this.index);
    if (gateway4 !== undefined) writer.ip(abi.RECORD_ADDRESS4, gateway4);
    if (gateway6 !== undefined) writer.ip(abi.RECORD_PROVIDER6, gateway6);
    for (const { address, length } of subnet.prefixes) {
      if (address.family === 4) continue;
      writer.begin(abi.RECORD_PREFIX);
      writer.u32(abi.RECORD_INDEX, numbers.prefixes.take());
      writer.u32(abi.RECORD_SUBNET, index);
      writer.u32(abi.RECORD_LENGTH, length);
      writer.ip(abi.RECORD_ADDRESS6, address);
    }
    for (const address of gatewaysOf(subnet, this.#plan.provider.routerMac))
      this.#writeAddress(index, address, undefined, this.#plan.provider.routerMac, abi.GATEWAY_HOP);
  }

  knownSubnets(): Subnet[] {
    return [...this.#subnets.values()].map(({ subnet }) => subnet);
  }

  removeSubnet({ vsid, gateways, prefixes }: Subnet): void {
    const planned = this.#subnets.get(vsid)!;
    const { numbers, sink, subnets } = this.#plan;
    this.#subnets.delete(vsid);
    subnets.delete(vsid);
    this.#members.delete(vsid);
    this.#writeRoutes();
    for (const address of gatewaysOf({ gateways, prefixes }, this.#plan.provider.routerMac)) {
      sink.writer.begin(abi.RECORD_ADDRESS | abi.RECORD_REMOVE);
      sink.writer.u32(abi.RECORD_SUBNET, planned.index);
      sink.writer.customer(address);
    }
    sink.writer.begin(abi.RECORD_SUBNET_ENTRY | abi.RECORD_REMOVE);
    sink.writer.u32(abi.RECORD_SUBNET, planned.index);
    numbers.subnets.release(planned.index);
  }

  setRoutes(routes: readonly Route[]): void {
    this.#routes = routes;
    this.#writeRoutes();
  }

  /** Both families anew; readers see either the old routes or the new ones. */
  #writeRoutes(): void {
    const { numbers } = this.#plan;
    const before = this.#routeNumbers;
    const answers: Answer[] = [...this.#subnets.values()].flatMap(({ index, subnet }) =>
      subnet.prefixes.flatMap((prefix) => connected(prefix, index)),
    );
    answers.push(...this.#writeRouteChains());
    this.#publish(4, ranges4(answers), (view, at, { start, result }) => {
      view.setUint32(at, start, true);
      view.setUint32(at + 4, result, true);
    });
    this.#publish(6, ranges6(answers), (view, at, { start, result }) => {
      view.setBigUint64(at, start >> 64n, true);
      view.setBigUint64(at + 8, start & 0xffff_ffff_ffff_ffffn, true);
      view.setUint32(at + 16, result, true);
    });
    for (const number of before) numbers.routes.release(number);
  }

  /** A record for every route, those to one network in the order of their metrics. */
  #writeRouteChains(): Answer[] {
    const { numbers, sink } = this.#plan;
    const byNetwork = new Map<string, { prefix: Prefix; routes: Route[] }>();
    for (const route of this.#routes) {
      const key = `${route.to.address.family} ${route.to.address.value} ${route.to.length}`;
      const chain = byNetwork.get(key);
      if (chain === undefined) byNetwork.set(key, { prefix: route.to, routes: [route] });
      else chain.routes.push(route);
    }
    this.#routeNumbers = [];
    return [...byNetwork.values()].map(({ prefix, routes }) => {
      let next = 0;
      for (const { via } of routes.sort((a, b) => b.metric - a.metric)) {
        const number = numbers.routes.take();
        this.#routeNumbers.push(number);
        sink.writer.begin(abi.RECORD_ROUTE);
        sink.writer.u32(abi.RECORD_INDEX, number);
        sink.writer.u32(abi.RECORD_NEXT, next);
        sink.writer.customer(via);
        next = number;
      }
      return { prefix, result: next };
    });
  }

  #publish<Item>(
    family: 4 | 6,
    ranges: readonly Item[],
    write: (view: DataView, at: number, range: Item) => void,
  ): void {
    const plan = this.#plan;
    const stretches = family === 4 ? plan.ranges4 : plan.ranges6;
    const before = this.#ranges.get(family);
    if (before === undefined && ranges.length === 0) return;
    const size = ranges.length === 0 ? 0 : family === 4 ? treeWords(ranges.length) : ranges.length;
    const base = stretches.take(size);
    const entry = family === 4 ? abi.STAGED_RANGE4_SIZE : abi.STAGED_RANGE6_SIZE;
    const view = new DataView(new ArrayBuffer(ranges.length * entry));
    for (const [index, range] of ranges.entries()) write(view, index * entry, range);
    plan.sink.writer.flush();
    plan.sink.installRanges(family, base, view, ranges.length);
    plan.sink.writer.begin(abi.RECORD_ROUTES);
    plan.sink.writer.u8(abi.RECORD_FAMILY, family);
    plan.sink.writer.u32(abi.RECORD_INDEX, this.index);
    plan.sink.writer.u32(abi.RECORD_BASE, base);
    plan.sink.writer.u32(abi.RECORD_COUNT, ranges.length);
    this.#ranges.set(family, { base, size });
    if (before !== undefined) stretches.release(before.base, before.size);
  }

  addEndpoint(endpoint: Endpoint): void {
    if (endpoint.host === this.#plan.host.index) this.#addPort(endpoint);
    this.#writeEndpoint(endpoint);
    this.#join(endpoint);
  }

  removeEndpoint(endpoint: Endpoint): void {
    const { writer } = this.#plan.sink;
    this.#leave(endpoint);
    for (const vsid of vsidsOf(endpoint)) {
      writer.begin(abi.RECORD_ENDPOINT_MAC | abi.RECORD_REMOVE);
      writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
      writer.mac(abi.RECORD_MAC, endpoint.mac);
    }
    for (const { customer, provider, vsid } of endpoint.addresses) {
      writer.begin(abi.RECORD_ADDRESS | abi.RECORD_REMOVE);
      writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
      writer.customer(customer);
      if (provider !== undefined) writer.provider(provider);
    }
    if (endpoint.host === this.#plan.host.index) this.#removePort(endpoint);
  }

  /** It moved, or its packets cross the physical network another way: name, MAC and customer addresses are the same. */
  changeEndpoint(before: Endpoint, after: Endpoint): void {
    const { host } = this.#plan;
    const hasPort = before.host === host.index;
    const needsPort = after.host === host.index;
    if (needsPort && !hasPort) this.#addPort(after);
    else if (needsPort) this.#writePort(this.#plan.portOf.get(after.name)!, after);
    this.#writeEndpoint(after);
    this.#removeProviders(before, after);
    if (before.host === after.host) return;
    this.#join(after);
    this.#leave(before);
    if (hasPort) this.#removePort(before);
  }

  /** Provider addresses that nobody has any more. */
  #removeProviders(before: Endpoint, after: Endpoint): void {
    const { writer } = this.#plan.sink;
    for (const { provider } of before.addresses) {
      if (provider === undefined) continue;
      if (after.addresses.some((one) => one.provider?.value === provider.value)) continue;
      writer.begin(abi.RECORD_PEER | abi.RECORD_REMOVE);
      writer.provider(provider);
    }
  }

  #addPort(endpoint: Endpoint): void {
    const { hops, ports, portOf, sink } = this.#plan;
    const number = this.#plan.takePort(endpoint.name);
    ports.set(number, { number, endpoint });
    portOf.set(endpoint.name, number);
    const hop = hops.addPort(number);
    this.locals++;
    sink.writer.begin(abi.RECORD_NEXT_HOP);
    sink.writer.u32(abi.RECORD_INDEX, hop);
    sink.writer.u32(abi.RECORD_PORT_NUMBER, number);
    this.#writePort(number, endpoint);
    for (const [vid, vsid] of endpoint.vlans) this.#writeVlan(abi.RECORD_VLAN, number, vid, vsid);
  }

  #writePort(number: number, endpoint: Endpoint): void {
    const { hops, sink } = this.#plan;
    let flags = abi.PORT_ACTIVE;
    if (endpoint.forwarding) flags |= abi.PORT_FORWARDING;
    if (endpoint.method === 'rewrite') flags |= abi.PORT_REWRITE;
    if (endpoint.useVmMac) flags |= abi.PORT_VM_MAC;
    if (endpoint.vlans.size > 0) flags |= abi.PORT_VLANS;
    this.#plan.ports.set(number, { number, endpoint });
    sink.writer.begin(abi.RECORD_PORT);
    sink.writer.u8(abi.RECORD_FLAGS, flags);
    sink.writer.u32(abi.RECORD_INDEX, number);
    sink.writer.u32(abi.RECORD_SUBNET, this.#subnets.get(endpoint.vsid)!.index);
    sink.writer.u16(abi.RECORD_NEXTHOP, hops.ofPort(number));
    sink.writer.mac(abi.RECORD_MAC, endpoint.mac);
  }

  #writeVlan(kind: number, port: number, vid: number, vsid: number): void {
    const { writer } = this.#plan.sink;
    writer.begin(kind);
    writer.u32(abi.RECORD_INDEX, port);
    writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
    writer.u16(abi.RECORD_VID, vid);
  }

  #removePort(endpoint: Endpoint): void {
    const { numbers, hops, ports, portOf, sink } = this.#plan;
    const number = portOf.get(endpoint.name)!;
    sink.writer.begin(abi.RECORD_PORT | abi.RECORD_REMOVE);
    sink.writer.u32(abi.RECORD_INDEX, number);
    for (const [vid, vsid] of endpoint.vlans)
      this.#writeVlan(abi.RECORD_VLAN | abi.RECORD_REMOVE, number, vid, vsid);
    ports.delete(number);
    portOf.delete(endpoint.name);
    hops.removePort(number);
    numbers.ports.release(number);
    this.locals--;
  }

  /** MAC and addresses, leading to the endpoint's port or to its host. */
  #writeEndpoint(endpoint: Endpoint): void {
    const { host, hosts, hops, portOf } = this.#plan;
    const isLocal = endpoint.host === host.index;
    const peer = hosts[endpoint.host]!;
    const local = isLocal ? hops.ofPort(portOf.get(endpoint.name)!) : 0;
    const hop = isLocal ? local : hops.ofHost(peer);
    let flags = 0;
    if (endpoint.forwarding) flags |= abi.MAC_FORWARDING;
    if (endpoint.method === 'rewrite') flags |= abi.MAC_REWRITE;
    this.#writeMac(endpoint.vsid, endpoint, flags, hop);
    for (const vsid of endpoint.vlans.values()) this.#writeMac(vsid, endpoint, flags, hop);
    for (const { customer, provider, vsid } of endpoint.addresses) {
      const nextHop =
        isLocal || provider === undefined ? hop : hops.ofEndpoint(peer, endpoint.useVmMac, provider);
      this.#writeAddress(this.#subnets.get(vsid)!.index, customer, provider, endpoint.mac, nextHop);
    }
  }

  #writeMac(vsid: number, { mac }: Endpoint, flags: number, nextHop: number): void {
    const { writer } = this.#plan.sink;
    writer.begin(abi.RECORD_ENDPOINT_MAC);
    writer.u8(abi.RECORD_FLAGS, flags);
    writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
    writer.u16(abi.RECORD_NEXTHOP, nextHop);
    writer.mac(abi.RECORD_MAC, mac);
  }

  #writeAddress(
    subnet: number,
    customer: IpAddress,
    provider: IpAddress | undefined,
    mac: number,
    nextHop: number,
  ): void {
    const { writer } = this.#plan.sink;
    writer.begin(abi.RECORD_ADDRESS);
    writer.u32(abi.RECORD_SUBNET, subnet);
    writer.u16(abi.RECORD_NEXTHOP, nextHop);
    writer.mac(abi.RECORD_MAC, mac);
    writer.customer(customer);
    if (provider !== undefined) writer.provider(provider);
  }

  /** Copies of broadcasts: for every local port, and one for each other host. */
  #join(endpoint: Endpoint): void {
    const key = this.#memberKey(endpoint);
    this.#joinSubnet(endpoint, endpoint.vsid, key);
    for (const vsid of endpoint.vlans.values()) this.#joinSubnet(endpoint, vsid, key);
  }

  #joinSubnet(endpoint: Endpoint, vsid: number, key: number): void {
    const { hosts, hops, memberUses, numbers, sink } = this.#plan;
    const members = this.#members.get(vsid)!;
    const known = members.numbers.get(key);
    if (known !== undefined) {
      memberUses[known]!++;
      return;
    }
    const number = numbers.members.take();
    members.numbers.set(key, number);
    if (key >= 0) members.hosts++;
    memberUses[number] = 1;
    if (this.#subnets.get(vsid)!.subnet.flood === 'replicate')
      sink.needCopies(floodedTo(members.numbers.size - members.hosts, members.hosts));
    sink.writer.begin(abi.RECORD_MEMBER);
    sink.writer.u32(abi.RECORD_INDEX, number);
    sink.writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
    sink.writer.u16(abi.RECORD_NEXTHOP, key < 0 ? hops.ofPort(-key) : hops.ofHost(hosts[endpoint.host]!));
  }

  #leave(endpoint: Endpoint): void {
    const key = this.#memberKey(endpoint);
    this.#leaveSubnet(endpoint.vsid, key);
    for (const vsid of endpoint.vlans.values()) this.#leaveSubnet(vsid, key);
  }

  #leaveSubnet(vsid: number, key: number): void {
    const { memberUses, numbers, sink } = this.#plan;
    const members = this.#members.get(vsid)!;
    const number = members.numbers.get(key)!;
    if (--memberUses[number]! > 0) return;
    members.numbers.delete(key);
    if (key >= 0) members.hosts--;
    sink.writer.begin(abi.RECORD_MEMBER | abi.RECORD_REMOVE);
    sink.writer.u32(abi.RECORD_INDEX, number);
    sink.writer.u32(abi.RECORD_SUBNET, this.#subnets.get(vsid)!.index);
    numbers.members.release(number);
  }

  #memberKey({ host, name }: Endpoint): number {
    return host === this.#plan.host.index ? -this.#plan.portOf.get(name)! : host;
  }
}

/** Answers for a subnet's prefix, and for its directed broadcast address where it has one. */
function connected(prefix: Prefix, subnet: number): Answer[] {
  const result = abi.RANGE_CONNECTED | subnet;
  const { address, length } = prefix;
  if (address.family === 6 || length > 30) return [{ prefix, result }];
  const last: IpAddress = { family: 4, value: address.value + 2 ** (32 - length) - 1 };
  // A longer route leads elsewhere.
  const broadcast = { prefix: { address: last, length: 32 }, result: result | abi.RANGE_BROADCAST };
  return [
    { prefix, result },
    { ...broadcast, within: result },
  ];
}

/** Gateway addresses, and where there is IPv6 the router's link-local one. */
function gatewaysOf(
  { gateways, prefixes }: Pick<Subnet, 'gateways' | 'prefixes'>,
  routerMac: number,
): IpAddress[] {
  const hasIpv6 = prefixes.some(({ address }) => address.family === 6);
  const own: IpAddress = { family: 6, value: linkLocalOf(routerMac) };
  const isListed = gateways.some(({ family, value }) => family === 6 && value === own.value);
  return hasIpv6 && !isListed ? [...gateways, own] : [...gateways];
}

/** fe80::/64 and the modified EUI-64 of a MAC (RFC 4291 appendix A). */
function linkLocalOf(mac: number): bigint {
  const high = BigInt(Math.floor(mac / 2 ** 24)) ^ 0x02_0000n;
  const low = BigInt(mac % 2 ** 24);
  return (0xfe80n << 112n) | (high << 40n) | (0xff_fen << 24n) | low;
}
