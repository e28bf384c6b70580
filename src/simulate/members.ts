/** Endpoints of a policy, whatever customer they belong to. */

import type { Endpoint, Policy } from '../policy/model.ts';

export interface Placed {
  readonly customer: string;
  readonly domain: string;
  readonly endpoint: Endpoint;
}

/** All endpoints of a policy, in its order. */
export function membersOf({ customers }: Policy): Placed[] {
  return customers.flatMap(({ name, routingDomains }) =>
    routingDomains.flatMap(({ id, endpoints }) =>
      endpoints.map((endpoint) => ({ customer: name, domain: id, endpoint })),
    ),
  );
}

/** By host: the most frames that one flooded frame may become, one for every other host and every local port. */
export function mostCopies(policy: Policy): number[] {
  const hostsOf = new Map<number, Set<number>>();
  const local = policy.hosts.map(() => 0);
  const members = membersOf(policy);
  for (const { endpoint } of members) {
    local[endpoint.host]!++;
    const hosts = hostsOf.get(endpoint.vsid);
    if (hosts === undefined) hostsOf.set(endpoint.vsid, new Set([endpoint.host]));
    else hosts.add(endpoint.host);
  }
  const most = policy.hosts.map(() => 0);
  for (const { endpoint } of members) {
    const remote = hostsOf.get(endpoint.vsid)!.size;
    most[endpoint.host] = Math.max(most[endpoint.host]!, remote + local[endpoint.host]!);
  }
  return most;
}
