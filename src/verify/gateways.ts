/** Virtual subnets that have somewhere to go, but no gateway that would take anybody there. */

import type { RoutingDomain, Subnet } from '../policy/model.ts';

export function hasGateway({ gateways }: Subnet, family: 4 | 6): boolean {
  return gateways.some((gateway) => gateway.family === family);
}

/** One message for each. A VM in the subnet that forwards may be the way out, and nobody in it needs none. */
export function subnetsWithoutGateway({ subnets, routes, endpoints }: RoutingDomain): string[] {
  if (subnets.length < 2 && routes.length === 0) return [];
  const inhabited = new Set<number>();
  const hasRouter = new Set<number>();
  for (const { vsid, vlans, forwarding } of endpoints) {
    for (const one of [vsid, ...vlans.values()]) (forwarding ? hasRouter : inhabited).add(one);
  }
  return subnets.flatMap((subnet) => {
    if (!inhabited.has(subnet.vsid) || hasRouter.has(subnet.vsid)) return [];
    const families = familiesOf(subnet).filter((family) => !hasGateway(subnet, family));
    if (families.length === 0) return [];
    const which = families.map((family) => `IPv${family}`).join(' and ');
    return [`virtual subnet ${subnet.vsid} has no ${which} gateway: nobody can leave it`];
  });
}

function familiesOf({ prefixes }: Subnet): (4 | 6)[] {
  return ([4, 6] as const).filter((family) => prefixes.some(({ address }) => address.family === family));
}
