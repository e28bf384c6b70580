/** What may exist once in a document, and where the first one stands. */

import type { Collector } from './collector.ts';
import type { Path } from './errors.ts';

export type Claimed = string | number | bigint;

/** Takes things that may exist once. */
export interface Registry<Key> {
  /**
   * Notes a problem where the thing is somebody's already.
   * @param what names it in the message, `host name "host1"`.
   * @returns whether it was free.
   */
  claim(key: Key, path: Path, what: () => string): boolean;
}

/** The registry of one document: says where the first one stands. */
export class Unique<Key> implements Registry<Key> {
  readonly #first = new Map<Key, Path>();
  readonly #collector: Collector;

  constructor(collector: Collector) {
    this.#collector = collector;
  }

  claim(key: Key, path: Path, what: () => string): boolean {
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, path);
    else this.#collector.add(path, `expected it once, got ${what()} again`, first);
    return first === undefined;
  }
}

/** Registries by a number that says where a thing may exist once. */
export class UniquePer<Key extends Claimed> {
  readonly #registries = new Map<number, Registry<Key>>();
  readonly #collector: Collector;

  constructor(collector: Collector) {
    this.#collector = collector;
  }

  of(scope: number): Registry<Key> {
    let registry = this.#registries.get(scope);
    if (registry === undefined) this.#registries.set(scope, (registry = this.#collector.unique()));
    return registry;
  }
}
