/** A routing domain that changes: its lists in the order of the document, and the indexes over them. */

import { isLinkLocal, overlaps } from './addresses.ts';
import type { Endpoint, Prefix, Provider, Route, RoutingDomain, Subnet } from './model.ts';
import { PrefixMap } from './prefix-map.ts';
import { type HostFacts, Reach } from './reach.ts';
import { type Network, addRoute } from './route-loops.ts';
import { routeKey } from './routes.ts';
import { type ReadSubnet, comparePrefixes } from './subnets.ts';
import type { Owner } from './transaction.ts';

/** Where an endpoint is kept: stays the same while the endpoint changes. */
export class Slot implements Owner {
  readonly name: string;
  readonly domain: DomainState;
  /** In the domain's list. */
  position = -1;
  /** undefined while it is being added. */
  endpoint: Endpoint | undefined = undefined;

  constructor(name: string, domain: DomainState) {
    this.name = name;
    this.domain = domain;
  }

  get title(): string {
    return `endpoint "${this.name}"`;
  }
}

export class SubnetState implements ReadSubnet, Owner {
  readonly subnet: Subnet;
  readonly domain: DomainState;
  readonly vsid: number;
  readonly hasAllPrefixes = true;
  /** By MAC: every endpoint in it, also those on a VLAN. */
  readonly macs = new Map<number, Slot>();
  readonly linkLocals = new Map<number | bigint, Slot>();

  constructor(subnet: Subnet, domain: DomainState) {
    this.subnet = subnet;
    this.domain = domain;
    this.vsid = subnet.vsid;
  }

  get title(): string {
    return `routing domain "${this.domain.name}"`;
  }
}

/** For routes and for new subnets. Most routing domains never need it. */
interface Networks {
  readonly map: PrefixMap<Network>;
  /** The subnets' prefixes, by `comparePrefixes`. No two overlap, so a new one overlaps a neighbour or none. */
  readonly sorted: Prefix[];
}

export class DomainState implements RoutingDomain {
  readonly name: string;
  readonly id: string;
  readonly reach: Reach;
  readonly byVsid = new Map<number, SubnetState>();
  /** By value; link-local ones stand in their subnet. */
  readonly addresses = new Map<number | bigint, Slot>();
  readonly routesByKey = new Map<string, Route>();
  /** Routes by the value of their next hop. */
  readonly vias = new Map<number | bigint, number>();
  #subnets: readonly Subnet[];
  #routes: readonly Route[] = [];
  /** With holes where endpoints were removed. */
  #slots: (Slot | undefined)[] = [];
  #holes = 0;
  #networks: Networks | undefined;
  #endpoints: readonly Endpoint[] | undefined;
  #snapshot: RoutingDomain | undefined;

  constructor(domain: RoutingDomain, provider: Provider, factsOf: (host: number) => HostFacts) {
    this.name = domain.name;
    this.id = domain.id;
    this.reach = new Reach(provider, factsOf, () => this.#present());
    this.#subnets = domain.subnets;
    for (const subnet of domain.subnets) this.byVsid.set(subnet.vsid, new SubnetState(subnet, this));
    for (const route of domain.routes) this.countRoute(route, 1);
    this.#routes = domain.routes;
  }

  get subnets(): readonly Subnet[] {
    return this.#subnets;
  }

  set subnets(subnets: readonly Subnet[]) {
    this.#subnets = subnets;
    this.#snapshot = undefined;
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  set routes(routes: readonly Route[]) {
    this.#routes = routes;
    this.#snapshot = undefined;
  }

  get endpoints(): readonly Endpoint[] {
    this.#endpoints ??= [...this.#present()];
    return this.#endpoints;
  }

  /** As it is now, for good. */
  get snapshot(): RoutingDomain {
    const { name, id, subnets, routes, endpoints } = this;
    this.#snapshot ??= { name, id, subnets, routes, endpoints };
    return this.#snapshot;
  }

  *#present(): Iterable<Endpoint> {
    for (const slot of this.#slots) if (slot?.endpoint !== undefined) yield slot.endpoint;
  }

  /** Its endpoints are others than before. */
  touch(): void {
    this.#endpoints = undefined;
    this.#snapshot = undefined;
  }

  /** Puts an endpoint at the end of the list, or back where it was. */
  insert(slot: Slot): void {
    this.reach.add(slot.endpoint!);
    if (slot.position < 0) slot.position = this.#slots.length;
    if (slot.position === this.#slots.length) {
      this.#slots.push(slot);
    } else {
      this.#slots[slot.position] = slot;
      this.#holes--;
    }
    this.touch();
  }

  /** The position stays free, so that `insert` can put it back. */
  remove(slot: Slot): void {
    if (slot.position === this.#slots.length - 1) {
      this.#slots.pop();
    } else {
      this.#slots[slot.position] = undefined;
      this.#holes++;
    }
    this.reach.remove(slot.endpoint!);
    this.touch();
  }

  /** Drops positions that stayed free. Nobody puts anything back after this. */
  compact(): void {
    if (this.#holes * 2 < this.#slots.length) return;
    this.#slots = this.#slots.filter((slot) => slot !== undefined);
    for (const [position, slot] of this.#slots.entries()) slot!.position = position;
    this.#holes = 0;
  }

  get networks(): PrefixMap<Network> {
    return this.#indexed().map;
  }

  #indexed(): Networks {
    if (this.#networks !== undefined) return this.#networks;
    this.#networks = { map: new PrefixMap(), sorted: this.subnets.flatMap(({ prefixes }) => prefixes) };
    this.#networks.sorted.sort(comparePrefixes);
    for (const { prefixes, vsid } of this.subnets) {
      for (const prefix of prefixes) this.#networks.map.set(prefix, { prefix, vsid, routes: [] });
    }
    for (const route of this.routes) addRoute(this.#networks.map, route);
    return this.#networks;
  }

  /** A subnet's prefix that overlaps. */
  overlapping(prefix: Prefix): Prefix | undefined {
    const { sorted } = this.#indexed();
    const at = positionOf(sorted, prefix);
    return [sorted[at - 1], sorted[at]].find((other) => other !== undefined && overlaps(other, prefix));
  }

  addPrefix(prefix: Prefix, vsid: number): void {
    const { map, sorted } = this.#indexed();
    sorted.splice(positionOf(sorted, prefix), 0, prefix);
    map.set(prefix, { prefix, vsid, routes: [] });
  }

  removePrefix(prefix: Prefix): void {
    const { map, sorted } = this.#indexed();
    sorted.splice(positionOf(sorted, prefix), 1);
    map.delete(prefix);
  }

  /** Keeps the indexes of routes, but not that by network. */
  countRoute(route: Route, by: 1 | -1): void {
    const count = (this.vias.get(route.via.value) ?? 0) + by;
    if (count > 0) this.vias.set(route.via.value, count);
    else this.vias.delete(route.via.value);
    if (by > 0) this.routesByKey.set(routeKey(route), route);
    else this.routesByKey.delete(routeKey(route));
  }

  /** Who has which address and MAC. */
  claimAll(slot: Slot): void {
    const { vsid, mac, vlans, addresses } = slot.endpoint!;
    this.byVsid.get(vsid)!.macs.set(mac, slot);
    for (const mapped of vlans.values()) this.byVsid.get(mapped)!.macs.set(mac, slot);
    for (const { customer } of addresses) this.#addressesFor(customer, vsid).set(customer.value, slot);
  }

  releaseAll(slot: Slot): void {
    const { vsid, mac, vlans, addresses } = slot.endpoint!;
    this.byVsid.get(vsid)!.macs.delete(mac);
    for (const mapped of vlans.values()) this.byVsid.get(mapped)!.macs.delete(mac);
    for (const { customer } of addresses) this.#addressesFor(customer, vsid).delete(customer.value);
  }

  #addressesFor(
    address: Endpoint['addresses'][number]['customer'],
    vsid: number,
  ): Map<number | bigint, Slot> {
    return isLinkLocal(address) ? this.byVsid.get(vsid)!.linkLocals : this.addresses;
  }
}

/** Where a prefix stands or would stand. */
function positionOf(sorted: readonly Prefix[], prefix: Prefix): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (comparePrefixes(sorted[middle]!, prefix) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
