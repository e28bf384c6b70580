/** A broadcast of every endpoint in every virtual subnet that it is in. */

import type { Fabric, SubnetIndex } from './fabric.ts';
import { type Broadcast, broadcastTrip } from './trips.ts';

export class Broadcasts {
  readonly #fabric: Fabric;
  readonly #subnets: readonly SubnetIndex[];
  /** All such broadcasts. */
  readonly size: number;

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
    this.#subnets = [...fabric.subnets.values()].filter(({ members }) => members.length > 0);
    this.size = this.#subnets.reduce((all, { members }) => all + members.length, 0);
  }

  /**
   * One from each virtual subnet, then another one from each, and so on.
   * @param limit once they have that many receivers, none is sent any more.
   */
  *trips(limit: number): Generator<Broadcast> {
    let number = 0;
    let receivers = 0;
    for (let round = 0, isEmpty = false; !isEmpty; round++) {
      isEmpty = true;
      for (const subnet of this.#subnets) {
        const endpoint = subnet.members[round];
        if (endpoint === undefined) continue;
        if (receivers >= limit) return;
        isEmpty = false;
        receivers += Math.max(1, this.#fabric.receivers(endpoint, subnet).length);
        const { vsid } = subnet;
        const address = endpoint.addresses.find((one) => one.vsid === vsid)?.customer;
        yield broadcastTrip({ endpoint, vsid, address }, number++);
      }
    }
  }
}
