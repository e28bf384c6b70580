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
