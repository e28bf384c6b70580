/** Which interface is which port of the dataplane, as the policy has its endpoints now. */

import type { LivePort } from './types.ts';

/** An endpoint and the interface that it is behind whenever the policy places it on this host. */
export interface Attached {
  readonly endpoint: string;
  readonly kind: LivePort['kind'];
  readonly name: string;
}

/**
 * @param portOf port numbers by endpoint, of those on this host.
 * @returns the uplink, and of the attached ones those that are on this host.
 */
export function livePorts(
  uplink: string,
  attached: readonly Attached[],
  portOf: ReadonlyMap<string, number>,
): LivePort[] {
  return [
    { port: 0, kind: 'interface', name: uplink },
    ...attached.flatMap(({ endpoint, kind, name }): LivePort[] => {
      const port = portOf.get(endpoint);
      return port === undefined ? [] : [{ port, kind, name }];
    }),
  ];
}
