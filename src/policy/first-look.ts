/**
 * A first look at a document only says whether there is a problem: a policy that is right does not pay for what problems
 * need, above all where each of a million things stands. Where there is one, a second look tells them all.
 */

import { Collector } from './collector.ts';
import type { Path } from './errors.ts';
import type { Claimed, Registry } from './registry.ts';

/** Ends a first look. */
export class ProblemFound extends Error {}

export class FirstLook extends Collector {
  readonly #gathered: Gathered<Claimed>[] = [];

  override add(): never {
    throw new ProblemFound();
  }

  override within(path: Path): Path {
    return path;
  }

  override unique<Key extends Claimed>(): Registry<Key> {
    const gathered = new Gathered<Key>();
    this.#gathered.push(gathered);
    return gathered;
  }

  /** @throws ProblemFound where something is there twice. */
  finish(): void {
    if (this.#gathered.some((one) => one.hasTwice())) throw new ProblemFound();
  }
}

/**
 * Numbers, sorted at the end, take a tenth of the time and of the memory that a Map takes; texts are told apart by 52 bits of a
 * hash. Two texts with the same one would only cost a second look, which compares the texts.
 */
class Gathered<Key extends Claimed> implements Registry<Key> {
  readonly #numbers: number[] = [];
  readonly #others = new Set<Key>();

  claim(key: Key): boolean {
    if (typeof key === 'number') this.#numbers.push(key);
    else if (typeof key === 'string') this.#numbers.push(hashOf(key));
    else if (this.#others.size === this.#others.add(key).size) throw new ProblemFound();
    return true;
  }

  hasTwice(): boolean {
    const sorted = new Float64Array(this.#numbers).sort();
    for (let index = 1; index < sorted.length; index++) if (sorted[index - 1] === sorted[index]) return true;
    return false;
  }
}

/** FNV-1a of 32 bits (RFC 9923), and 20 bits of a hash with another multiplier. */
function hashOf(text: string): number {
  let low = 0x811c_9dc5;
  let high = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x0100_0193);
    high = Math.imul(high ^ code, 0x85eb_ca6b);
    high ^= high >>> 13;
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
}
