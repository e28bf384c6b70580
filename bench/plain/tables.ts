/**
 * Open-addressed tables in one Int32Array each, as fast as plain JavaScript does it: keys of one or several 32-bit words,
 * linear probing, at most half full. Entry 0 of an index is never used, so that 0 means "none".
 */

export class WordTable {
  /** Word `index + n` is word n of the entry at `index`; the key comes first. */
  readonly words: Int32Array;
  readonly #keyWords: number;
  readonly #entryWords: number;
  readonly #used: number;
  readonly #mask: number;

  /**
   * @param entries how many it must hold.
   * @param keyWords words of the key.
   * @param valueWords words behind the key; one more is used by the table.
   */
  constructor(entries: number, keyWords: number, valueWords: number) {
    let capacity = 4;
    while (capacity < entries * 2) capacity *= 2;
    this.#keyWords = keyWords;
    this.#used = keyWords + valueWords;
    this.#entryWords = keyWords + valueWords + 1;
    this.#mask = capacity - 1;
    this.words = new Int32Array((capacity + 1) * this.#entryWords);
  }

  /** Index of the entry with a key of two words, 0 if there is none. */
  find2(a: number, b: number): number {
    const { words } = this;
    let slot = hash2(a, b) & this.#mask;
    for (;;) {
      const index = (slot + 1) * this.#entryWords;
      if (words[index + this.#used] === 0) return 0;
      if (words[index] === a && words[index + 1] === b) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The same for three words. */
  find3(a: number, b: number, c: number): number {
    const { words } = this;
    let slot = hash2(hash2(a, b), c) & this.#mask;
    for (;;) {
      const index = (slot + 1) * this.#entryWords;
      if (words[index + this.#used] === 0) return 0;
      if (words[index] === a && words[index + 1] === b && words[index + 2] === c) return index;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The same for five words. */
  find5(a: number, b: number, c: number, d: number, e: number): number {
    const { words } = this;
    let slot = hash5(a, b, c, d, e) & this.#mask;
    for (;;) {
      const index = (slot + 1) * this.#entryWords;
      if (words[index + this.#used] === 0) return 0;
      if (
        words[index + 4] === e &&
        words[index] === a &&
        words[index + 1] === b &&
        words[index + 2] === c &&
        words[index + 3] === d
      ) {
        return index;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Adds an entry: key words, then value words. */
  add(...entry: number[]): void {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = entry.map((word) => word | 0);
    const hash =
      this.#keyWords === 2
        ? hash2(a, b)
        : this.#keyWords === 3
          ? hash2(hash2(a, b), c)
          : hash5(a, b, c, d, e);
    let slot = hash & this.#mask;
    while (this.words[(slot + 1) * this.#entryWords + this.#used] !== 0) slot = (slot + 1) & this.#mask;
    const index = (slot + 1) * this.#entryWords;
    this.words.set(entry, index);
    this.words[index + this.#used] = 1;
  }
}

function hash2(a: number, b: number): number {
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

function hash5(a: number, b: number, c: number, d: number, e: number): number {
  return hash2(hash2(hash2(a, b), hash2(c, d)), e);
}
