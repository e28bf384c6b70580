/**
 * The next hop of a route belongs to a subnet, or to another route, whose next hop belongs to a subnet, and so on: never
 * back. Routes to one network count whatever their metrics: the one that is in use may go.
 */

import { formatIp, formatPrefix } from './addresses.ts';
import type { Prefix, Route } from './model.ts';
import type { PrefixMap } from './prefix-map.ts';

/** A subnet's prefix, where a chain of next hops ends, or the routes to one network. */
export interface Network {
  readonly prefix: Prefix;
  /** undefined: of no subnet. */
  readonly vsid: number | undefined;
  readonly routes: Route[];
}

/** @returns the network that it leads to. */
export function addRoute(networks: PrefixMap<Network>, route: Route): Network {
  let network = networks.get(route.to);
  if (network === undefined)
    networks.set(route.to, (network = { prefix: route.to, vsid: undefined, routes: [] }));
  network.routes.push(route);
  return network;
}

/**
 * Loops among what the routes of `start` lead to, each as the routes on it.
 * @param done networks that were searched; those that this search sees join them.
 */
export function findLoops(
  networks: PrefixMap<Network>,
  start: Network,
  done: Set<Network> = new Set(),
): Route[][] {
  const loops: Route[][] = [];
  if (done.has(start)) return loops;
  // Depth first, with a stack of its own: a chain may have as many links as there are routes.
  const open = [{ network: start, next: 0 }];
  const depths = new Map([[start, 0]]);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const route = top.network.routes[top.next++];
    if (route === undefined) {
      done.add(top.network);
      depths.delete(top.network);
      open.pop();
      continue;
    }
    const led = networks.longest(route.via);
    if (led === undefined || done.has(led)) continue;
    const depth = depths.get(led);
    if (depth === undefined) {
      depths.set(led, open.length);
      open.push({ network: led, next: 0 });
    } else {
      loops.push(open.slice(depth).map(({ network, next }) => network.routes[next - 1]!));
    }
  }
  return loops;
}

const LINKS_SHOWN = 8;

export function loopMessage(loop: readonly Route[]): string {
  const [first] = loop;
  const links = loop.map(({ to, via }) => `${formatPrefix(to)} via ${formatIp(via)}`);
  if (links.length > LINKS_SHOWN) links.splice(LINKS_SHOWN - 1, links.length - LINKS_SHOWN, '…');
  const chain = [...links, formatPrefix(first!.to)].join(' → ');
  return `expected a next hop that no route leads back to, got ${formatIp(first!.via)}: ${chain}`;
}
