/** Where the rows of a list stand. */

/** Of a row, pixels. */
export const ROW = 30;
/** Browsers do not make elements much higher than this. */
const MOST_PIXELS = 12_000_000;

export class Track {
  /** Of all rows, pixels; less than they would need where they are too many. */
  readonly height: number;
  /** Rows that can be seen whole. */
  readonly whole: number;
  readonly #isTrue: boolean;
  /** What the list can be scrolled by. */
  readonly #most: number;
  /** The place at the upper edge when it is. */
  readonly #last: number;

  /** @param room pixels of the list for rows. */
  constructor(count: number, room: number) {
    this.height = Math.min(count * ROW, MOST_PIXELS);
    this.whole = Math.max(1, Math.floor(room / ROW));
    this.#isTrue = count * ROW <= MOST_PIXELS;
    this.#most = Math.max(1, this.height - room);
    this.#last = Math.max(1, count - this.whole);
  }

  /** The place at the upper edge. */
  firstAt(scrollTop: number): number {
    if (this.#isTrue) return Math.floor(scrollTop / ROW);
    return Math.round((scrollTop / this.#most) * this.#last);
  }

  /** Pixels that the list is scrolled by when `first` is at its upper edge. */
  topOf(first: number): number {
    return this.#isTrue ? first * ROW : (first / this.#last) * this.#most;
  }
}
