/** What is known of a million packets, as columns of numbers: as objects they would not fit. */

/** Names by number, numbers by name. */
export class Names<Key> {
  readonly keys: Key[] = [];
  readonly #numbers = new Map<Key, number>();

  of(key: Key): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.keys.length;
      this.keys.push(key);
      this.#numbers.set(key, number);
    }
    return number;
  }
}

/** No verdict: no host of the policy would have the frame. */
export const NOBODY = 255;
/** No verdict yet. */
export const UNJUDGED = 254;

/** A place per packet; what the numbers stand for is in `Labels`. */
export class Judgements {
  readonly tunnel: Uint8Array;
  /** 0: none. */
  readonly network: Uint32Array;
  readonly customer: Uint16Array;
  readonly source: Uint32Array;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly verdict: Uint8Array;

  constructor(length: number) {
    this.tunnel = new Uint8Array(length);
    this.network = new Uint32Array(length);
    this.customer = new Uint16Array(length);
    this.source = new Uint32Array(length);
    this.src = new Uint32Array(length);
    this.dst = new Uint32Array(length);
    this.verdict = new Uint8Array(length).fill(UNJUDGED);
  }
}
