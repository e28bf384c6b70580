/** Chance that can be repeated: NETVIRT_FUZZ_SEED, or the time of day; every test has the seed in its name. */

export const SEED = Number(process.env.NETVIRT_FUZZ_SEED ?? Date.now() % 0x7fff_ffff);

export class Random {
  #state: number;

  /** xorshift32 behind the finalizer of murmur3, because seeds are often small and close to each other. */
  constructor(seed: number) {
    let mixed = Math.imul((seed + 0x9e37_79b9) ^ (seed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    this.#state = mixed ^ (mixed >>> 16) || 1;
  }

  /** From 0 to `end` − 1. */
  below(end: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % end;
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
