/** A broadcast of every endpoint in every virtual subnet that it is in. */

import type { Fabric, SubnetIndex } from './fabric.ts';
import type { Part } from './part.ts';
import { type Broadcast, broadcastTrip } from './trips.ts';

export class Broadcasts {
  readonly #fabric: Fabric;
  readonly #part: Part;
  readonly #subnets: readonly SubnetIndex[];
  /** All such broadcasts. */
  readonly size: number;

  constructor(fabric: Fabric, part: Part) {
    this.#fabric = fabric;
    this.#part = part;
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
    const senders = this.#subnets.map(({ members }) => members.filter((member) => this.#part.has(member)));
    for (let round = 0, isEmpty = false; !isEmpty; round++) {
      isEmpty = true;
      for (const [index, subnet] of this.#subnets.entries()) {
        const endpoint = senders[index]![round];
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
