/** Who should be able to talk to whom, counted for the proof and chosen for traffic. */

import { isLinkLocal } from '../policy/addresses.ts';
import type { Endpoint, Host, IpAddress } from '../policy/model.ts';
import type { Domain, Item } from './fabric.ts';
import { hasGateway } from './gateways.ts';
import { type Place, type Trip, subnetTrip } from './trips.ts';

/** Addresses that reach each other: those of one virtual subnet, or of the subnets between which the gateway routes. */
export interface Group {
  readonly kind: 'subnet' | 'routed';
  readonly domain: Domain;
  readonly places: readonly Place[];
  /** Ordered pairs of addresses of different endpoints, for `routed` in different subnets. */
  readonly size: number;
}

export function groupsOf(domain: Domain): Group[] {
  return groupsAmong(domain, domain.domain.endpoints);
}

/** The same of some of its endpoints. */
export function groupsAmong(domain: Domain, endpoints: readonly Endpoint[]): Group[] {
  const bySubnet = new Map<number, Place[]>();
  for (const endpoint of endpoints) {
    for (const { customer, vsid } of endpoint.addresses) {
      const place = { endpoint, vsid, address: customer };
      const places = bySubnet.get(vsid);
      if (places === undefined) bySubnet.set(vsid, [place]);
      else places.push(place);
    }
  }
  const groups = [...bySubnet.values()].flatMap((places) => subnetGroups(domain, places));
  for (const family of [4, 6] as const) {
    const routed = domain.domain.subnets
      .filter((subnet) => hasGateway(subnet, family))
      .map(({ vsid }) => (bySubnet.get(vsid) ?? []).filter(({ address }) => isRoutable(address, family)));
    const places = interleave(routed.filter((some) => some.length > 0));
    // All pairs, less those within a subnet, less those of one endpoint in two subnets.
    const within = routed.reduce((all, { length }) => all + length ** 2, 0);
    const alone = ownPairs(places) - routed.reduce((all, some) => all + ownPairs(some), 0);
    const size = places.length ** 2 - within - alone;
    if (size > 0) groups.push({ kind: 'routed', domain, places, size });
  }
  return groups;
}

function isGlobal(address: IpAddress, family: 4 | 6): boolean {
  return address.family === family && !isLinkLocal(address);
}

/** 169.254/16 means something on one link only (RFC 3927 §2.7). */
function isRoutable(address: IpAddress, family: 4 | 6): boolean {
  return isGlobal(address, family) && !(address.family === 4 && address.value >>> 16 === 0xa9fe);
}

/** Ordered pairs of which both are one endpoint's, each with itself included. */
function ownPairs(places: readonly Place[]): number {
  const own = new Map<Endpoint, number>();
  for (const { endpoint } of places) own.set(endpoint, (own.get(endpoint) ?? 0) + 1);
  return [...own.values()].reduce((sum, count) => sum + count ** 2, 0);
}

/** By family and scope: a VM answers from an address of the same kind. */
function subnetGroups(domain: Domain, all: readonly Place[]): Group[] {
  const kinds = [
    all.filter(({ address }) => isGlobal(address, 4)),
    all.filter(({ address }) => isGlobal(address, 6)),
    all.filter(({ address }) => isLinkLocal(address)),
  ];
  return kinds.flatMap((places) => {
    const size = places.length ** 2 - ownPairs(places);
    return size === 0 ? [] : [{ kind: 'subnet' as const, domain, places, size }];
  });
}

/** One of each list in turn, so that neighbours are in different subnets. */
function interleave(lists: readonly (readonly Place[])[]): Place[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => (index < list.length ? [list[index]!] : [])),
  ).flat();
}

/** How many pairs of each group are tried, at most `limit` of all. */
export function budgets(groups: readonly Group[], limit: number): number[] {
  const total = groups.reduce((all, { size }) => all + size, 0);
  if (total <= limit) return groups.map(({ size }) => size);
  // Every address once, then the rest by size.
  const once = groups.map(({ size, places }) => Math.min(size, places.length));
  const least = once.reduce((all, one) => all + one, 0);
  const shares =
    least > limit
      ? once.map((one) => Math.max(1, Math.floor((one * limit) / least)))
      : groups.map(
          ({ size }, index) =>
            once[index]! + Math.floor(((size - once[index]!) * (limit - least)) / (total - least)),
        );
  let left = limit;
  return shares.map((share) => {
    const granted = Math.min(share, left);
    left -= granted;
    return granted;
  });
}

/** All ordered pairs of a group, or `budget` of them spread over it. */
export function* pairsOf(group: Group, budget: number): Generator<[Place, Place]> {
  const { places } = group;
  let left = budget;
  for (const stride of strides(places.length)) {
    for (const [index, from] of places.entries()) {
      if (left === 0) return;
      const to = places[(index + stride) % places.length]!;
      if (!isPair(group, from, to)) continue;
      left--;
      yield [from, to];
    }
  }
}

function isPair({ kind }: Group, from: Place, to: Place): boolean {
  return from.endpoint !== to.endpoint && (kind === 'subnet' || from.vsid !== to.vsid);
}

const GOLDEN_RATIO = 0.618033988749895;

/** 1 … length − 1, each once, far from each other at first: with each one everybody sends once and receives once. */
export function* strides(length: number): Generator<number> {
  const used = new Uint8Array(length);
  for (let count = 0; count < length - 1; count++) {
    let stride = 1 + Math.floor(((count * GOLDEN_RATIO) % 1) * (length - 1));
    while (used[stride] === 1) stride = stride === length - 1 ? 1 : stride + 1;
    used[stride] = 1;
    yield stride;
  }
}

/** A packet to what a record is about, from somebody on the host that has the record where there is one. */
export function sameDomainTrip(host: Host, { domain, vsid, endpoint, address }: Item): Trip | undefined {
  const destination = address ?? endpoint.addresses.find((one) => one.vsid === vsid)?.customer;
  if (destination === undefined) return undefined;
  const group = groupsOf(domain).find(
    ({ kind, places }) =>
      kind === 'subnet' &&
      places.some((place) => place.endpoint === endpoint && place.address === destination),
  );
  const others = group?.places.filter((place) => place.endpoint !== endpoint) ?? [];
  const from = others.find((place) => place.endpoint.host === host.index) ?? others[0];
  return from === undefined ? undefined : subnetTrip(from, { endpoint, vsid, address: destination }, 0);
}
