/** Where an endpoint is that was looked for on another host. */

import type { Host, Policy } from './model.ts';

/** The host that an endpoint is on; undefined where nobody has that name. For messages: it looks at all of them. */
export function hostOf({ customers, hosts }: Policy, endpoint: string): Host | undefined {
  for (const { routingDomains } of customers) {
    for (const { endpoints } of routingDomains) {
      const found = endpoints.find(({ name }) => name === endpoint);
      if (found !== undefined) return hosts[found.host];
    }
  }
  return undefined;
}
