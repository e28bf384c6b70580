/** The packets that a filter lets through. Their number grows while packets are judged. */

import { VERDICTS } from 'netvirt/core';
import type { Judgements } from './columns.ts';
import type { Labels } from './labels.ts';
import type { Filter } from './messages.ts';

export class Matches {
  length = 0;
  /** Packets that were asked about. */
  #seen = 0;
  #packets = new Uint32Array(1 << 12);
  readonly #filter: Filter;
  readonly #verdicts: ReadonlySet<number>;
  /** By number of an address: does it begin as the filter wants? */
  readonly #isWanted: boolean[] = [];

  constructor(filter: Filter) {
    this.#filter = filter;
    const { verdict } = filter;
    const wanted = [...VERDICTS.values()].filter(({ name }) =>
      verdict === 'DROP' ? name.startsWith('DROP_') : name === verdict,
    );
    this.#verdicts = new Set(wanted.map(({ number }) => number));
  }

  /** The packet at a place among them. */
  at(place: number): number {
    return this.#packets[place]!;
  }

  /** @param end the packets before it are judged. */
  extend(end: number, columns: Judgements, labels: Labels): void {
    const { vsid, customer, address, verdict } = this.#filter;
    this.#compare(labels.addresses);
    const isWanted = this.#isWanted;
    const owner = customer === undefined ? -1 : labels.customers.keys.indexOf(customer);
    for (let packet = this.#seen; packet < end; packet++) {
      if (vsid !== undefined && columns.network[packet] !== vsid) continue;
      if (customer !== undefined && columns.customer[packet] !== owner) continue;
      if (verdict !== undefined && !this.#verdicts.has(columns.verdict[packet]!)) continue;
      if (address !== undefined && !isWanted[columns.src[packet]!] && !isWanted[columns.dst[packet]!])
        continue;
      this.#add(packet);
    }
    this.#seen = end;
  }

  /** Addresses that came since the last time. */
  #compare(addresses: readonly string[]): void {
    const { address } = this.#filter;
    if (address === undefined) return;
    for (let number = this.#isWanted.length; number < addresses.length; number++)
      this.#isWanted.push(addresses[number]!.startsWith(address));
  }

  #add(packet: number): void {
    if (this.length === this.#packets.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#packets);
      this.#packets = larger;
    }
    this.#packets[this.length++] = packet;
  }
}
