/** Numbers of table entries: which are free, and which were given back but may still be in the hands of a worker. */

/** Thrown when the tables have no room: a larger generation takes their place. */
export class TablesFullError extends Error {
  override name = 'TablesFullError';
}

/** Which removals all workers have noticed. */
export interface Epochs {
  /** The one that removals belong to now. */
  current(): number;
  /** What was removed before this one is seen by nobody. */
  oldest(): number;
}

/** Entries of a queue that were taken, before they are cut off. */
const KEPT = 1024;

/** Numbers from 1 to `capacity`. */
export class Numbers {
  readonly #what: string;
  readonly #capacity: number;
  readonly #epochs: Epochs;
  #next = 1;
  readonly #reserved = new Set<number>();
  /** Given back, in the order of their epochs. */
  readonly #returned: { number: number; epoch: number }[] = [];
  #first = 0;

  constructor(what: string, capacity: number, epochs: Epochs) {
    this.#what = what;
    this.#capacity = capacity;
    this.#epochs = epochs;
  }

  /** Sets a number aside: `take` does not give it. */
  reserve(number: number): void {
    this.#reserved.add(number);
  }

  /** @throws TablesFullError */
  take(): number {
    const returned = this.#returned[this.#first];
    if (returned !== undefined && returned.epoch < this.#epochs.oldest()) {
      this.#first++;
      if (this.#first === KEPT) this.#first -= this.#returned.splice(0, KEPT).length;
      return returned.number;
    }
    while (this.#reserved.has(this.#next)) this.#next++;
    if (this.#next > this.#capacity) throw new TablesFullError(`no room for more ${this.#what}`);
    return this.#next++;
  }

  release(number: number): void {
    this.#returned.push({ number, epoch: this.#epochs.current() });
  }
}

/** Stretches of a region, first fit. */
export class Stretches {
  readonly #what: string;
  readonly #epochs: Epochs;
  /** Free ones, by their place. */
  #free: { base: number; size: number }[];
  #returned: { base: number; size: number; epoch: number }[] = [];

  constructor(what: string, capacity: number, epochs: Epochs) {
    this.#what = what;
    this.#epochs = epochs;
    this.#free = [{ base: 0, size: capacity }];
  }

  /** @throws TablesFullError */
  take(size: number): number {
    this.#collect();
    const stretch = this.#free.find((one) => one.size >= size);
    if (stretch === undefined) throw new TablesFullError(`no room for more ${this.#what}`);
    const { base } = stretch;
    stretch.base += size;
    stretch.size -= size;
    return base;
  }

  release(base: number, size: number): void {
    this.#returned.push({ base, size, epoch: this.#epochs.current() });
  }

  #collect(): void {
    if (this.#returned.length === 0) return;
    const oldest = this.#epochs.oldest();
    const ready = this.#returned.filter(({ epoch }) => epoch < oldest);
    if (ready.length === 0) return;
    this.#returned = this.#returned.filter(({ epoch }) => epoch >= oldest);
    const all = [...this.#free, ...ready].filter(({ size }) => size > 0).sort((a, b) => a.base - b.base);
    this.#free = [];
    for (const { base, size } of all) {
      const last = this.#free.at(-1);
      if (last !== undefined && last.base + last.size === base) last.size += size;
      else this.#free.push({ base, size });
    }
  }
}
