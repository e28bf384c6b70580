/** Routes of a routing domain: each to a network beyond the subnets, through an endpoint, and none back to itself. */

import { formatIp, formatPrefix, isLinkLocal, parseIp, parsePrefix } from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Path } from './errors.ts';
import type { IpAddress, Route, Subnet } from './model.ts';
import { PrefixMap } from './prefix-map.ts';
import type { Registry } from './registry.ts';
import { type Network, addRoute, findLoops, loopMessage } from './route-loops.ts';
import { routeSchema } from './schema.ts';

/** What a route is read against. */
export interface RouteContext {
  readonly collector: Collector;
  /** By `routeKey`. */
  readonly routes: Registry<string>;
  /** The subnets' prefixes and the routes so far. */
  readonly networks: PrefixMap<Network>;
  /** An endpoint of the routing domain has the address, or may have it. */
  readonly isEndpoint: (address: IpAddress) => boolean;
  readonly subnets: () => Iterable<Subnet>;
}

/** @returns undefined for a route that leads nowhere, which is noted. */
export function readRoute(context: RouteContext, document: unknown, at: Path): Route | undefined {
  const { collector, routes, networks } = context;
  const fields = collector.read(routeSchema, document, at);
  const { metric } = fields;
  const to = fields.to === undefined ? undefined : parsePrefix(fields.to);
  const via = fields.via === undefined ? undefined : parseIp(fields.via);
  if (to !== undefined && metric !== undefined)
    routes.claim(routeKey({ to, metric }), at, () => `route to ${formatPrefix(to)} with metric ${metric}`);
  const vsid = to === undefined ? undefined : networks.get(to)?.vsid;
  if (vsid !== undefined) collector.add([...at, 'to'], subnetMessage(fields.to!, vsid));
  if (via === undefined) return undefined;
  const fault = faultOfVia(context, to?.address.family ?? via.family, via);
  if (fault !== undefined) collector.add([...at, 'via'], fault);
  return fault !== undefined || vsid !== undefined || to === undefined
    ? undefined
    : { to, via, metric: metric ?? 0 };
}

/** Tells the routes of one routing domain apart. */
export function routeKey({ to, metric }: Pick<Route, 'to' | 'metric'>): string {
  return `${formatPrefix(to)} ${metric}`;
}

/** A subnet's prefix is reached without a route, whatever the route says. */
export function subnetMessage(network: string, vsid: number): string {
  return `expected a network that is no subnet’s, got ${network}, a prefix of ${subnetName(vsid)}`;
}

function faultOfVia(
  { isEndpoint, subnets }: RouteContext,
  family: 4 | 6,
  via: IpAddress,
): string | undefined {
  const text = formatIp(via);
  if (family !== via.family) return `expected an IPv${family} address, got ${text}`;
  // It is unique in one subnet only, and a route names none.
  if (isLinkLocal(via)) return `expected an address that is not link-local, got ${text}`;
  if (isEndpoint(via)) return undefined;
  const expected = `expected an address of an endpoint in the routing domain, got ${text}`;
  for (const { gateways, vsid } of subnets()) {
    if (gateways.some(({ value }) => value === via.value))
      return `${expected}, the gateway of ${subnetName(vsid)}`;
  }
  return expected;
}

/** @param vsid negative where it cannot be read. */
function subnetName(vsid: number): string {
  return vsid < 0 ? 'a virtual subnet' : `virtual subnet ${vsid}`;
}

export function readRoutes(
  collector: Collector,
  subnets: readonly Subnet[],
  isEndpoint: (address: IpAddress) => boolean,
  documents: readonly unknown[],
  path: Path,
): Route[] {
  // Most routing domains have none, and the rest costs a look at every subnet.
  if (documents.length === 0) return [];
  const networks = new PrefixMap<Network>();
  for (const { prefixes, vsid } of subnets) {
    for (const prefix of prefixes) networks.set(prefix, { prefix, vsid, routes: [] });
  }
  const context = {
    collector,
    routes: collector.unique<string>(),
    networks,
    isEndpoint,
    subnets: () => subnets,
  };
  const places = new Map<Route, Path>();
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const route = readRoute(context, document, at);
    if (route !== undefined) places.set(route, [...at, 'via']);
  }
  // A next hop in no subnet is the problem of its endpoint or of a prefix, and seems to be led back to by any default route.
  const linked = [...places.keys()].filter(({ via }) => networks.longest(via) !== undefined);
  for (const route of linked) addRoute(networks, route);
  const done = new Set<Network>();
  for (const route of linked) {
    for (const loop of findLoops(networks, networks.get(route.to)!, done)) {
      collector.add(places.get(loop[0]!)!, loopMessage(loop));
    }
  }
  return [...places.keys()];
}
