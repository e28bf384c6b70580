/** Bytes that have arrived and not been read: one chunk at a time, with what was left of the one before in front. */

const NOTHING = new Uint8Array(0);

export class ByteQueue {
  bytes: Uint8Array = NOTHING;
  view: DataView = new DataView(NOTHING.buffer);
  /** Where the unread bytes begin in `bytes`. */
  start = 0;
  /** Place of `bytes[0]` in the stream. */
  #base = 0;
  #carry = NOTHING;

  /** Bytes that can be read. */
  get available(): number {
    return this.bytes.length - this.start;
  }

  /** Place of the next byte in the stream. */
  get offset(): number {
    return this.#base + this.start;
  }

  /** Place in the stream of a byte of `bytes`. */
  placeOf(at: number): number {
    return this.#base + at;
  }

  /** A view of bytes by their place in the stream; they must not have been followed by another `push`. */
  viewAt(place: number, length: number): Uint8Array {
    const at = place - this.#base;
    return this.bytes.subarray(at, at + length);
  }

  /** Appends a chunk. It is not copied when everything before was read, so it must stay as it is until the next `push`. */
  push(chunk: Uint8Array): void {
    const left = this.available;
    this.#base += this.start;
    this.bytes = left === 0 ? chunk : this.#join(left, chunk);
    this.start = 0;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  #join(left: number, chunk: Uint8Array): Uint8Array {
    const length = left + chunk.length;
    const rest = this.bytes.subarray(this.start);
    // The rest may lie in the carry buffer itself: copyWithin semantics of `set` make that safe.
    if (this.#carry.length < length) this.#carry = new Uint8Array(length * 2);
    this.#carry.set(rest, 0);
    this.#carry.set(chunk, left);
    return this.#carry.subarray(0, length);
  }
}
