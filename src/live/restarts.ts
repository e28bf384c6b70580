/** When the next I/O thread may begin after one has died: at once, then later and later, and not at all where none lives. */

/** Who lived so long, milliseconds, died of something that does not come at once again. */
const LONG = 10_000;
const FIRST_DELAY = 100;
/** So many may die one after the other without one of them having lived long. */
const MOST_QUICK = 5;

export class Restarts {
  #quick = 0;

  /**
   * @param lived milliseconds.
   * @returns milliseconds until the next one; undefined: it would die as well.
   */
  afterDeath(lived: number): number | undefined {
    this.#quick = lived < LONG ? this.#quick + 1 : 1;
    if (this.#quick > MOST_QUICK) return undefined;
    return this.#quick === 1 ? 0 : FIRST_DELAY * 2 ** (this.#quick - 2);
  }
}
