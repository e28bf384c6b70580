/**
 * Dataplanes of hosts, made when they are first needed. A fabric of a thousand hosts would take gigabytes: beyond a budget
 * the one that was not used for the longest time is put away, its counters kept, and made anew when it is needed again.
 */

import { Dataplane } from '../engine/dataplane.ts';
import type { Counters } from '../observe/counters.ts';
import { mostCopies } from '../policy/copies.ts';
import type { Policy } from '../policy/model.ts';

/** A host's place in a fabric; the key under which the pool knows its dataplane. */
export interface Site {
  readonly policy: Policy;
  readonly host: string;
  /** The longest frame so far that is flooded, bytes; 0: ordinary ones at most. */
  readonly flooded: () => number;
  /** Takes the counters of a dataplane that goes. What it knew of rates and path MTUs goes with it. */
  retire(counters: Counters): void;
}

/** Frames in one batch. */
export const BATCH = 32;
/** Bytes of WebAssembly memory; what JavaScript holds beside it is about a fifth of that. */
const BUDGET = 768 * 2 ** 20;
/** A table may be full by bad luck with its hash although half of it is empty; another seed is another hash. */
const SEEDS = 8;

export class DataplanePool {
  /** In the order of their last use. */
  readonly #live = new Map<Site, Dataplane>();
  readonly #prepared = new Map<Site, Promise<Dataplane>>();
  readonly #budget: number;
  readonly #created: () => void;
  #bytes = 0;

  /** @param created is called for every dataplane that was made. */
  constructor(created: () => void = () => undefined, budget = BUDGET) {
    this.#created = created;
    this.#budget = budget;
  }

  /** Begins to make what `get` will be asked for soon: instances are made on other threads meanwhile. */
  prepare(site: Site): void {
    if (this.#live.has(site) || this.#prepared.has(site)) return;
    const creation = create(site);
    this.#prepared.set(site, creation);
    // `get` meets the failure.
    creation.catch(() => undefined);
  }

  async get(site: Site): Promise<Dataplane> {
    const known = this.#live.get(site);
    if (known !== undefined && known.copySlots < copiesFor(site)) this.retire(site);
    else if (known !== undefined) {
      this.#live.delete(site);
      this.#live.set(site, known);
      return known;
    }
    const dataplane = await (this.#prepared.get(site) ?? create(site));
    this.#prepared.delete(site);
    this.#created();
    this.#bytes += dataplane.memorySize;
    for (const oldest of this.#live.keys()) {
      if (this.#bytes <= this.#budget) break;
      this.retire(oldest);
    }
    this.#live.set(site, dataplane);
    return dataplane;
  }

  /** Puts the dataplane of a site away, if there is one. */
  retire(site: Site): void {
    const dataplane = this.#live.get(site);
    if (dataplane === undefined) return;
    this.#live.delete(site);
    this.#bytes -= dataplane.memorySize;
    site.retire(dataplane.counters());
  }
}

/** A frame that multiplies has a batch of its own. */
function copiesFor({ policy, host, flooded }: Site): number {
  const found = policy.hosts.find(({ name }) => name === host)!;
  return Math.max(mostCopies(policy, found), mostCopies(policy, found, flooded()));
}

async function create(site: Site): Promise<Dataplane> {
  const { policy, host } = site;
  const capacity = { slots: BATCH, largeSlots: 1, copySlots: copiesFor(site) };
  for (let attempt = 1; ; attempt++) {
    try {
      return await Dataplane.create({ policy, host, capacity, seed: seedOf(attempt) });
    } catch (error) {
      const isFull = error instanceof RangeError && error.message.includes('a table is full');
      if (!isFull || attempt === SEEDS) throw error;
    }
  }
}

/** The same in every run, so that a simulation can be repeated: nobody attacks its tables. */
function seedOf(attempt: number): Uint8Array {
  const seed = new DataView(new ArrayBuffer(16));
  seed.setBigUint64(0, BigInt.asUintN(64, 0x9e37_79b9_7f4a_7c15n * BigInt(attempt)), true);
  seed.setBigUint64(8, BigInt.asUintN(64, 0xd6e8_feb8_6659_fd93n * BigInt(attempt)), true);
  return new Uint8Array(seed.buffer);
}
