/** Which slots of a worker are taken. They come free in the order in which they were taken. */

import { LARGE_SLOT_SIZE, SLOT_HEADROOM, SLOT_SIZE } from '../abi/layout.ts';
import { LARGE_SLOT_FRAME, SLOT_FRAME } from './batch.ts';
import type { Instance } from './instance.ts';

export class Slots {
  readonly #small: Ring;
  readonly #large: Ring;
  /** By place in the input ring: 1 where the frame has a large one. */
  readonly #isLarge: Uint8Array;

  constructor({ slots, largeSlots, capacity, ringEntries }: SlotPlaces) {
    this.#small = new Ring(slots, SLOT_SIZE, capacity.slots);
    this.#large = new Ring(largeSlots, LARGE_SLOT_SIZE, capacity.largeSlots);
    this.#isLarge = new Uint8Array(ringEntries);
  }

  /** The frame fits no slot: only that it was there can be told. */
  isTooLong(length: number): boolean {
    return length > (this.#large.size === 0 ? SLOT_FRAME : LARGE_SLOT_FRAME);
  }

  hasRoom(length: number): boolean {
    return (this.#isSmall(length) && this.#small.free > 0) || this.#large.free > 0;
  }

  /** Enough that who waited for room does not have to wait again at once. */
  hasMuchRoom(length: number): boolean {
    return this.#isSmall(length) ? this.#small.free * 4 >= this.#small.size : this.#large.free > 0;
  }

  #isSmall(length: number): boolean {
    return length <= SLOT_FRAME || this.isTooLong(length);
  }

  /** Address for a frame, behind `hasRoom`. `place`: of its descriptor in the input ring. */
  take(length: number, place: number): number {
    const isSmall = this.#isSmall(length) && this.#small.free > 0;
    this.#isLarge[place] = isSmall ? 0 : 1;
    return (isSmall ? this.#small : this.#large).take();
  }

  /** Gives back what the frame with that place took. */
  release(place: number): void {
    (this.#isLarge[place] === 1 ? this.#large : this.#small).free++;
  }
}

/** What a worker says of its slots. */
export type SlotPlaces = Pick<Instance, 'slots' | 'largeSlots' | 'ringEntries' | 'capacity'>;

class Ring {
  readonly size: number;
  free: number;
  readonly #address: number;
  readonly #slotSize: number;
  #next = 0;

  constructor(address: number, slotSize: number, size: number) {
    this.#address = address;
    this.#slotSize = slotSize;
    this.size = size;
    this.free = size;
  }

  take(): number {
    const slot = this.#next;
    this.#next = slot + 1 === this.size ? 0 : slot + 1;
    this.free--;
    return this.#address + slot * this.#slotSize + SLOT_HEADROOM;
  }
}
