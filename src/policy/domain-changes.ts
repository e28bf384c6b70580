/** Changes of subnets and routes. */

import { formatPrefix, parsePrefix } from './addresses.ts';
import type { Effect } from './delta.ts';
import { type DomainState, SubnetState } from './domain-state.ts';
import { type ChangeOf, findDomain } from './endpoint-changes.ts';
import { type Path, show } from './errors.ts';
import type { Applying } from './fabric-index.ts';
import type { Route } from './model.ts';
import { addRoute as linkRoute, findLoops, loopMessage } from './route-loops.ts';
import { readRoute, routeKey } from './routes.ts';
import { MAX_SUBNETS, removeRouteSchema, routeSchema, subnetSchema } from './schema.ts';
import { overlapMessage, readSubnet } from './subnets.ts';
import type { Owner } from './transaction.ts';

export function addSubnet(
  applying: Applying,
  { domain: id, subnet: document }: ChangeOf<'add-subnet'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector, failed } = transaction;
  const place = [...at, 'subnet'];
  const before = collector.found.length;
  const domain = findDomain(applying, id, [...at, 'domain']);
  if (domain === undefined) {
    const { vsid } = collector.read(subnetSchema, document, place);
    failed.add(`subnet ${vsid}`);
    return undefined;
  }
  const { mark } = transaction;
  const owner: Owner = { title: `routing domain "${domain.name}"` };
  const read = readSubnet({ collector, vsids: transaction.registry(index.vsids, owner) }, document, place);
  if (domain.subnets.length >= MAX_SUBNETS)
    collector.add(place, `expected at most ${MAX_SUBNETS} subnets, got one more`);
  for (const { prefix, path } of read.prefixes) {
    const other = domain.overlapping(prefix);
    if (other !== undefined) {
      collector.add(path, overlapMessage(prefix, other));
    } else if (domain.networks.get(prefix) !== undefined) {
      collector.add(path, `expected a network that no route leads to, got ${formatPrefix(prefix)}`);
    } else {
      domain.addPrefix(prefix, read.subnet.vsid);
      transaction.onUndo(() => {
        domain.removePrefix(prefix);
      });
    }
  }
  if (collector.found.length > before) {
    transaction.undoTo(mark);
    failed.add(`subnet ${read.vsid}`);
    return undefined;
  }
  const { subnet } = read;
  const state = new SubnetState(subnet, domain);
  const { subnets } = domain;
  index.vsids.set(subnet.vsid, state);
  domain.byVsid.set(subnet.vsid, state);
  domain.subnets = [...subnets, subnet];
  transaction.onUndo(() => {
    domain.byVsid.delete(subnet.vsid);
    domain.subnets = subnets;
  });
  index.touch();
  return { kind: 'subnet-added', domain, subnet };
}

export function removeSubnet(
  { index, transaction }: Applying,
  { vsid }: ChangeOf<'remove-subnet'>,
  at: Path,
): Effect | undefined {
  const { collector } = transaction;
  const path = [...at, 'vsid'];
  const state = index.vsids.get(vsid);
  if (!(state instanceof SubnetState)) {
    if (typeof vsid !== 'number' || !transaction.failed.has(`subnet ${vsid}`))
      collector.add(path, `expected a virtual subnet of the policy, got ${show(vsid)}`);
    return undefined;
  }
  const { domain, subnet, macs } = state;
  if (macs.size > 0) {
    collector.add(path, `expected a virtual subnet without endpoints, got ${vsid} with ${macs.size}`);
    return undefined;
  }
  const { subnets } = domain;
  if (subnets.length === 1) {
    collector.add(path, `expected one of several virtual subnets, got ${vsid}, the last of "${domain.name}"`);
    return undefined;
  }
  index.vsids.delete(vsid);
  domain.byVsid.delete(vsid);
  for (const prefix of subnet.prefixes) domain.removePrefix(prefix);
  domain.subnets = subnets.filter((one) => one !== subnet);
  transaction.onUndo(() => {
    index.vsids.set(vsid, state);
    domain.byVsid.set(vsid, state);
    for (const prefix of subnet.prefixes) domain.addPrefix(prefix, vsid);
    domain.subnets = subnets;
  });
  index.touch();
  return { kind: 'subnet-removed', domain, subnet };
}

export function addRoute(
  applying: Applying,
  { domain: id, route: document }: ChangeOf<'add-route'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector } = transaction;
  const place = [...at, 'route'];
  const before = collector.found.length;
  const domain = findDomain(applying, id, [...at, 'domain']);
  if (domain === undefined) {
    collector.read(routeSchema, document, place);
    return undefined;
  }
  const route = readRoute(
    {
      collector,
      routes: {
        claim: (key, path, what) =>
          !domain.routesByKey.has(key) ||
          transaction.refuse({ title: `routing domain "${domain.name}"` }, path, what()),
      },
      networks: domain.networks,
      isEndpoint: ({ value }) => domain.addresses.has(value),
      subnets: () => domain.subnets,
    },
    document,
    place,
  );
  if (route === undefined || collector.found.length > before) return undefined;
  const [loop] = findLoops(domain.networks, linkRoute(domain.networks, route));
  if (loop !== undefined) {
    collector.add([...place, 'via'], loopMessage(loop));
    unlinkRoute(domain, route);
    return undefined;
  }
  const { routes } = domain;
  domain.routes = [...routes, route];
  domain.countRoute(route, 1);
  transaction.onUndo(() => {
    unlinkRoute(domain, route);
    domain.countRoute(route, -1);
    domain.routes = routes;
  });
  index.touch();
  return { kind: 'routes-changed', domain, routes: domain.routes };
}

function unlinkRoute({ networks }: DomainState, route: Route): void {
  const network = networks.get(route.to)!;
  network.routes.splice(network.routes.indexOf(route), 1);
  if (network.routes.length === 0) networks.delete(route.to);
}

export function removeRoute(
  applying: Applying,
  change: ChangeOf<'remove-route'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector } = transaction;
  const { to, metric } = collector.read(removeRouteSchema, change, at);
  const domain = findDomain(applying, change.domain, [...at, 'domain']);
  if (domain === undefined || to === undefined || metric === undefined) return undefined;
  const route = domain.routesByKey.get(routeKey({ to: parsePrefix(to)!, metric }));
  if (route === undefined) {
    collector.add([...at, 'to'], `expected a route of the routing domain, got ${to} with metric ${metric}`);
    return undefined;
  }
  unlinkRoute(domain, route);
  // Next hops that the network held belong to the next wider one now.
  const wider = domain.networks.longestBelow(route.to.address, route.to.length);
  const [loop] =
    wider === undefined || domain.networks.get(route.to) !== undefined
      ? []
      : findLoops(domain.networks, wider);
  if (loop !== undefined) {
    linkRoute(domain.networks, route);
    collector.add([...at, 'to'], `${loopMessage(loop)}, without the route to ${to}`);
    return undefined;
  }
  const { routes } = domain;
  domain.routes = routes.filter((one) => one !== route);
  domain.countRoute(route, -1);
  transaction.onUndo(() => {
    linkRoute(domain.networks, route);
    domain.countRoute(route, 1);
    domain.routes = routes;
  });
  index.touch();
  return { kind: 'routes-changed', domain, routes: domain.routes };
}
