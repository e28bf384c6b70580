/** What a policy allows but hardly anybody means. None of it touches isolation. */

import { formatIp, formatPrefix, isLinkLocal } from '../policy/addresses.ts';
import type { Endpoint, IpAddress, Subnet } from '../policy/model.ts';
import { type Domain, type Fabric, nameOf, vsidsOf } from './fabric.ts';
import { hasGateway, subnetsWithoutGateway } from './gateways.ts';

export interface Finding {
  readonly kind: 'route-via' | 'no-gateway' | 'idle-host' | 'unreachable';
  /** Name of the routing domain, or of the host. */
  readonly where: string;
  readonly message: string;
}

export function findOddities(fabric: Fabric): Finding[] {
  return [...fabric.domains.flatMap(inDomain), ...idleHosts(fabric)];
}

function inDomain(entry: Domain): Finding[] {
  return [...routesVia(entry), ...withoutGateway(entry), ...unreachable(entry)];
}

function withoutGateway(entry: Domain): Finding[] {
  const messages = subnetsWithoutGateway(entry.domain);
  return messages.map((message) => ({ kind: 'no-gateway', where: nameOf(entry), message }));
}

/** A VM drops what is not for it, unless it forwards. */
function routesVia(entry: Domain): Finding[] {
  const { routes, endpoints } = entry.domain;
  if (routes.length === 0) return [];
  const owners = new Map<IpAddress['value'], Endpoint>();
  for (const endpoint of endpoints)
    for (const { customer } of endpoint.addresses) owners.set(customer.value, endpoint);
  return routes.flatMap(({ to, via }) => {
    const owner = owners.get(via.value);
    if (owner?.forwarding === true) return [];
    const text = owner === undefined ? 'nobody’s' : `${owner.name}’s, which is not forwarding`;
    const message = `the route to ${formatPrefix(to)} goes via ${formatIp(via)}, ${text}`;
    return [{ kind: 'route-via', where: nameOf(entry), message }];
  });
}

/** Nobody else in the subnet, and nobody that the gateway would route from. */
function unreachable(entry: Domain): Finding[] {
  const { subnets, endpoints } = entry.domain;
  const population = new Map<number, number>();
  for (const vsid of endpoints.flatMap(vsidsOf)) population.set(vsid, (population.get(vsid) ?? 0) + 1);
  const byVsid = new Map(subnets.map((subnet) => [subnet.vsid, subnet]));
  const isReachable = (endpoint: Endpoint) => {
    if (vsidsOf(endpoint).some((vsid) => population.get(vsid)! > 1)) return true;
    return endpoint.addresses.some(({ customer, vsid }) => {
      const { family } = customer;
      const canReach = (subnet: Subnet) =>
        !vsidsOf(endpoint).includes(subnet.vsid) && population.has(subnet.vsid) && hasGateway(subnet, family);
      const own = byVsid.get(vsid);
      if (own === undefined || isLinkLocal(customer)) return false;
      return hasGateway(own, family) && subnets.some(canReach);
    });
  };
  return endpoints
    .filter((endpoint) => !isReachable(endpoint))
    .map((endpoint) => ({
      kind: 'unreachable',
      where: nameOf(entry),
      message: `nobody can reach endpoint ${endpoint.name}: it is alone in virtual subnet ${vsidsOf(endpoint).join(' and ')} and nothing is routed to it`,
    }));
}

function idleHosts({ policy, domains }: Fabric): Finding[] {
  const used = new Set(domains.flatMap(({ hosts }) => [...hosts]));
  return policy.hosts
    .filter(({ index }) => !used.has(index))
    .map(({ name }) => ({ kind: 'idle-host', where: name, message: `host ${name} has no endpoints` }));
}
