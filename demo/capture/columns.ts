/** A million packets as columns of numbers: as objects they would not fit. */

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

const FIRST = 1 << 16;

export class Columns {
  length = 0;
  #room = FIRST;
  offset = new Float64Array(FIRST);
  captured = new Uint32Array(FIRST);
  original = new Uint32Array(FIRST);
  time = new Float64Array(FIRST);
  tunnel = new Uint8Array(FIRST);
  /** 0: none. */
  network = new Uint32Array(FIRST);
  customer = new Uint16Array(FIRST);
  source = new Uint32Array(FIRST);
  src = new Uint32Array(FIRST);
  dst = new Uint32Array(FIRST);
  verdict = new Uint8Array(FIRST);

  /** Begins another packet. */
  add(): number {
    if (this.length === this.#room) this.#grow();
    return this.length++;
  }

  #grow(): void {
    this.#room *= 2;
    const room = this.#room;
    const larger = <Column extends { set(from: Column): void }>(column: Column, made: Column): Column => {
      made.set(column);
      return made;
    };
    this.offset = larger(this.offset, new Float64Array(room));
    this.captured = larger(this.captured, new Uint32Array(room));
    this.original = larger(this.original, new Uint32Array(room));
    this.time = larger(this.time, new Float64Array(room));
    this.tunnel = larger(this.tunnel, new Uint8Array(room));
    this.network = larger(this.network, new Uint32Array(room));
    this.customer = larger(this.customer, new Uint16Array(room));
    this.source = larger(this.source, new Uint32Array(room));
    this.src = larger(this.src, new Uint32Array(room));
    this.dst = larger(this.dst, new Uint32Array(room));
    this.verdict = larger(this.verdict, new Uint8Array(room));
  }
}
