/** Policies in force and policies that were: each has its tables in a stretch of the memory of its own. */

import {
  INSTALL_FULL,
  RECORD_SIZE,
  STAGED_RANGE4_SIZE,
  STAGED_RANGE6_SIZE,
  STAGING_RECORDS,
} from '../abi/layout.ts';
import { CounterHistory } from '../observe/counters.ts';
import { Plan, measure } from '../policy/compile.ts';
import type { Host, Policy } from '../policy/model.ts';
import { Neighbors } from '../policy/neighbors.ts';
import { TablesFullError } from '../policy/numbers.ts';
import { RecordWriter } from '../policy/record-writer.ts';
import { CopyRoom } from './copy-room.ts';
import { CAPACITY_LIMITS, type Instance, type TableCapacity, growTo, requestGeneration } from './instance.ts';

export interface Generation {
  /** Address of its header. */
  readonly address: number;
  /** Bytes from there on that are its own; it may need less. */
  readonly size: number;
  readonly plan: Plan;
}

const ATTEMPTS = 15;

interface Retired {
  readonly address: number;
  readonly size: number;
  /** From this epoch on batches do not see it. */
  readonly epoch: number;
}

export class Generations {
  readonly #instance: Instance;
  readonly #seed: Uint8Array;
  readonly #history: CounterHistory;
  #retired: Retired[] = [];
  readonly #copies: CopyRoom;
  readonly #neighbors: Neighbors;
  #end: number;
  #epoch = 1;

  /** @param history reads what is counted. @param copies grows with what a frame may need. @param neighbors what is learnt. */
  constructor(
    instance: Instance,
    seed: Uint8Array,
    history = new CounterHistory(instance),
    copies = new CopyRoom(instance, true),
    neighbors = new Neighbors(),
  ) {
    this.#instance = instance;
    this.#seed = seed;
    this.#history = history;
    this.#copies = copies;
    this.#neighbors = neighbors;
    this.#end = instance.generations;
  }

  /**
   * Builds the tables of a policy; nobody reads them before `publish`.
   * @param before port numbers that are to stay; `capacity.ports` reaches to the highest of them.
   * @throws RangeError when they do not fit into the memory.
   */
  build(
    policy: Policy,
    host: Host,
    capacity: TableCapacity,
    before: ReadonlyMap<string, number> = new Map(),
  ): Generation {
    // One secret in some dozens puts too many neighbours into one place (`assembly/tables/hash.ts`): the next one does not.
    for (let attempt = 0; ; attempt++) {
      const seed = this.#seed.map((byte, index) => byte ^ (attempt * (index + 0x35)));
      try {
        return this.#build(policy, host, capacity, before, seed);
      } catch (error) {
        if (!(error instanceof TablesFullError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  #build(
    policy: Policy,
    host: Host,
    capacity: TableCapacity,
    before: ReadonlyMap<string, number>,
    seed: Uint8Array,
  ): Generation {
    const size = Math.ceil(requestGeneration(this.#instance, capacity, seed) / 4096) * 4096;
    const block = this.#room(size);
    this.#instance.openGeneration(block.address, size);
    this.#history.open(block.address, capacity.subnets);
    const plan = new Plan(policy, host, capacity, this.#sink(block.address), this.#neighbors);
    try {
      plan.load(policy, before);
    } catch (error) {
      this.#retired.push({ ...block, epoch: 0 });
      throw error;
    }
    return { ...block, plan };
  }

  /** Makes a generation current, and the one before free when no worker sees it any more; what it learnt goes on. */
  publish(generation: Generation, before: Generation | undefined): void {
    if (before !== undefined) this.#instance.carry(before.address, generation.address);
    this.#epoch = this.#instance.publish(generation.address);
    if (before === undefined) return;
    this.#retired.push({ address: before.address, size: before.size, epoch: this.#epoch });
  }

  /** Ends an epoch: what was removed in it can be used again when all workers have noticed. */
  endEpoch(): void {
    this.#epoch = this.#instance.endEpoch();
  }

  /**
   * Memory for something else than tables, for ever; later generations go behind it.
   * @param size bytes, whole pages of the system.
   * @throws RangeError when there is not that much memory.
   */
  reserve(size: number): number {
    return this.#behindAll(size);
  }

  /** In place of one that nobody reads any more, else behind all. */
  #room(size: number): { address: number; size: number } {
    const oldest = this.#instance.oldestEpoch();
    const reusable = this.#retired.find((one) => one.epoch <= oldest && one.size >= size);
    if (reusable !== undefined) {
      this.#retired = this.#retired.filter((one) => one !== reusable);
      this.#history.close(reusable.address);
      return { address: reusable.address, size: reusable.size };
    }
    return { address: this.#behindAll(size), size };
  }

  #behindAll(size: number): number {
    const address = this.#end;
    growTo(this.#instance, address + size);
    this.#end += size;
    return address;
  }

  #sink(address: number) {
    const instance = this.#instance;
    const staging = () =>
      new DataView(instance.memory.buffer, instance.staging, STAGING_RECORDS * RECORD_SIZE);
    const install = (count: number) => {
      const taken = instance.install(address, count);
      if (taken === count) return;
      if (instance.installError() === INSTALL_FULL) throw new TablesFullError('a table is full');
      throw new RangeError(`record ${taken} of ${count}: expected a valid one`);
    };
    const installRanges = (family: 4 | 6, base: number, ranges: DataView, total: number) => {
      const entry = family === 4 ? STAGED_RANGE4_SIZE : STAGED_RANGE6_SIZE;
      const most = Math.floor((STAGING_RECORDS * RECORD_SIZE) / entry);
      const bytes = new Uint8Array(instance.memory.buffer, instance.staging, STAGING_RECORDS * RECORD_SIZE);
      for (let first = 0; first < total; first += most) {
        const count = Math.min(most, total - first);
        bytes.set(new Uint8Array(ranges.buffer, first * entry, count * entry));
        if (instance.installRanges(address, family, base, first, count, total) === 0)
          throw new TablesFullError('no room for more routes');
      }
    };
    return {
      writer: new RecordWriter(staging(), install, staging),
      installRanges,
      epochs: { current: () => this.#epoch, oldest: () => instance.oldestEpoch() },
      claimCounters: (vsid: number, index: number) => {
        this.#history.claim(address, vsid, index);
      },
      needCopies: (count: number) => {
        this.#copies.reach(count, (size) => this.#behindAll(size));
      },
    };
  }
}

/**
 * What a policy needs, and room for changes.
 * @param slack beyond what is needed now, as a part of it.
 */
export function roomFor(
  policy: Policy,
  host: Host,
  wanted: Partial<TableCapacity>,
  slack: number,
): TableCapacity {
  const needed = measure(policy, host);
  const capacity = { ...needed };
  for (const name of Object.keys(needed) as (keyof TableCapacity)[]) {
    const value = wanted[name];
    if (value !== undefined && value < needed[name])
      throw new RangeError(
        `capacity.${name}: expected at least ${needed[name]} for this policy, got ${value}`,
      );
    capacity[name] =
      value ?? Math.max(needed[name], Math.min(Math.ceil(needed[name] * (1 + slack)), CAPACITY_LIMITS[name]));
  }
  return capacity;
}
