/** A ring that is handed out in pieces without a gap, and given back in the same order. */
export class Stretch {
  readonly #size: number;
  /** Least piece to begin with, so that what follows finds room. */
  readonly #least: number;
  #head = 0;
  #used: { first: number; count: number }[] = [];

  /** @param least entries in a row that `find` must find; at most half of `size`, else it may never. */
  constructor(size: number, least: number) {
    this.#size = size;
    this.#least = least;
  }

  /** Where at least `least` free entries begin, and how many there are; undefined: something must be given back first. */
  find(): { first: number; count: number } | undefined {
    const oldest = this.#used[0];
    if (oldest === undefined) return { first: 0, count: this.#size };
    const tail = oldest.first;
    if (this.#head <= tail) return this.#enough(this.#head, tail - this.#head);
    return this.#enough(this.#head, this.#size - this.#head) ?? this.#enough(0, tail);
  }

  #enough(first: number, count: number): { first: number; count: number } | undefined {
    return count >= this.#least ? { first, count } : undefined;
  }

  /** Takes `count` entries from where `find` found them; of none there is nothing to give back. */
  take(first: number, count: number): void {
    if (count === 0) return;
    this.#used.push({ first, count });
    this.#head = first + count;
  }

  /** Gives back what was taken first. */
  release(): void {
    this.#used.shift();
  }
}
