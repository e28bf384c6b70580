/** Values by network, found by the longest one that holds an address. */

import { networkOf } from './addresses.ts';
import type { IpAddress, Prefix } from './model.ts';

/** One map per length in use: an exact lookup each, and a routing domain has few lengths. */
export class PrefixMap<Value> {
  /** By family, the longest first. */
  readonly #lengths = { 4: [] as number[], 6: [] as number[] };
  readonly #byLength = { 4: [] as Values<Value>[], 6: [] as Values<Value>[] };

  get({ address, length }: Prefix): Value | undefined {
    return this.#byLength[address.family][length]?.get(address.value);
  }

  set({ address, length }: Prefix, value: Value): void {
    const byLength = this.#byLength[address.family];
    if (byLength[length] === undefined) {
      byLength[length] = new Map();
      const lengths = this.#lengths[address.family];
      lengths.push(length);
      lengths.sort((a, b) => b - a);
    }
    byLength[length].set(address.value, value);
  }

  delete({ address, length }: Prefix): void {
    const values = this.#byLength[address.family][length];
    if (values?.delete(address.value) !== true || values.size > 0) return;
    this.#byLength[address.family][length] = undefined;
    const lengths = this.#lengths[address.family];
    lengths.splice(lengths.indexOf(length), 1);
  }

  /** The value of the longest network that holds the address. */
  longest(address: IpAddress): Value | undefined {
    return this.longestBelow(address, Infinity);
  }

  /** The same among networks that are shorter than `limit`. */
  longestBelow(address: IpAddress, limit: number): Value | undefined {
    for (const length of this.#lengths[address.family]) {
      if (length >= limit) continue;
      const value = this.get(networkOf(address, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

type Values<Value> = Map<number | bigint, Value> | undefined;
