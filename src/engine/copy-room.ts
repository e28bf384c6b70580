/** Slots for copies of flooded frames and for pieces: every worker's, as many as one frame of the policy may need. */

import { SLOTS_PER_SUPER, mostCopies } from '../policy/copies.ts';
import type { Host, Policy } from '../policy/model.ts';
import { CAPACITY_LIMITS, type Instance } from './instance.ts';

const PAGE = 4096;
const LEAST_COPY_SLOTS = 256;

/** How many a dataplane begins with, where nobody has decided it. */
export function copySlotsFor(policy: Policy, host: Host, most = CAPACITY_LIMITS.copySlots): number {
  return Math.min(Math.max(LEAST_COPY_SLOTS, mostCopies(policy, host)), most);
}

/** As `copySlotsFor`, where so many frames of a batch may be super-segments (build `live`). */
export function copySlotsForSupers(policy: Policy, host: Host, supers: number): number {
  const others = copySlotsFor(policy, host);
  return Math.min(others + supers * SLOTS_PER_SUPER, CAPACITY_LIMITS.copySlots);
}

export class CopyRoom {
  readonly #instance: Instance;
  readonly #isFixed: boolean;
  /** Copy slots of each worker. */
  #count: number;

  /** @param isFixed somebody has decided how many there are. */
  constructor(instance: Instance, isFixed: boolean) {
    this.#instance = instance;
    this.#isFixed = isFixed;
    this.#count = instance.capacity.copySlots;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * There will be `count` copy slots at least from every worker's next batch on.
   * @param allocate gives that many bytes of the memory, from a page on.
   * @throws RangeError when there is not that much memory.
   */
  reach(count: number, allocate: (size: number) => number): void {
    if (this.#isFixed || count <= this.#count) return;
    const { workers, copyRoomSize, giveCopyRoom } = this.#instance;
    // The room of before is lost: doubling keeps that below what there is.
    const wanted = Math.min(Math.max(count, this.#count * 2), CAPACITY_LIMITS.copySlots);
    const size = Math.ceil(copyRoomSize(wanted) / PAGE) * PAGE;
    const start = allocate(size * workers);
    for (let worker = 0; worker < workers; worker++) giveCopyRoom(worker, start + worker * size, wanted);
    this.#count = wanted;
  }
}
