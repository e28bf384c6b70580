/** The engines that are measured, each with a memory of its own and its slots filled with the same frames. */

import { OUTPUT_SIZE, SLOT_HEADROOM, SLOT_SIZE } from '../src/abi/layout.ts';
import { Generations, roomFor } from '../src/engine/generations.ts';
import { type Instance, type Staging, createInstance } from '../src/engine/instance.ts';
import type { Host, Policy } from '../src/policy/model.ts';
import { PlainEngine } from './plain/engine.ts';

/** Of every engine, and packets of a pass. */
export const SLOTS = 16384;

export const RIVALS = [
  'wasm',
  'wasm-threads',
  'gcc',
  'clang',
  'typescript',
  'limit-c',
  'limit-wasm',
] as const;
export type RivalName = (typeof RIVALS)[number];

/** A frame that comes in, and its port; 0 is the uplink. */
export interface Input {
  readonly frame: Uint8Array;
  readonly port: number;
}

/** What left for a frame. */
export interface Outcome {
  /** Port, and from bit 16 on the verdict. */
  readonly word: number;
  readonly frame: Uint8Array;
}

/** What can be timed. */
export interface Timed {
  /** Puts the frames back as they came in; not timed. */
  refresh(): void;
  /** Processes all slots once, in batches. */
  pass(batch: number): void;
}

/** Where an engine keeps its frames: addresses in bytes, rings as words. */
export interface Place {
  readonly buffer: ArrayBufferLike;
  readonly slots: number;
  readonly inputs: Uint32Array;
  readonly outputs: Uint32Array;
}

export class Rival implements Timed {
  readonly name: RivalName;
  readonly pass: (batch: number) => void;
  readonly #place: Place;
  readonly #process: (first: number, count: number) => void;
  readonly #bytes: Uint8Array;
  #inputs: readonly Input[] = [];

  /**
   * @param process takes `count` descriptors from number `first` on; outputs begin anew.
   * @param pass the same for all slots, as fast as it can.
   */
  constructor(
    name: RivalName,
    place: Place,
    process: (first: number, count: number) => void,
    pass: (batch: number) => void,
  ) {
    this.name = name;
    this.pass = pass;
    this.#place = place;
    this.#process = process;
    this.#bytes = new Uint8Array(place.buffer);
  }

  /** @param inputs one for each slot. */
  fill(inputs: readonly Input[]): void {
    this.#inputs = inputs;
    for (const [slot, { frame, port }] of inputs.entries())
      this.#place.inputs.set([this.#addressOf(slot), frame.length, port, 0], slot * 4);
    this.refresh();
  }

  refresh(): void {
    for (let slot = 0; slot < this.#inputs.length; slot++)
      this.#bytes.set(this.#inputs[slot]!.frame, this.#addressOf(slot));
  }

  /** What leaves for each slot, none of them more or less than one frame. */
  outcomes(batch = SLOTS): Outcome[] {
    this.refresh();
    const { outputs } = this.#place;
    const outcomes: Outcome[] = [];
    for (let first = 0; first < this.#inputs.length; first += batch) {
      const count = Math.min(batch, this.#inputs.length - first);
      this.#process(first, count);
      for (let index = 0; index < count; index++) {
        const [address = 0, length = 0, word = 0] = outputs.subarray(index * 4, index * 4 + 3);
        outcomes.push({ word, frame: this.#bytes.slice(address, address + length) });
      }
    }
    return outcomes;
  }

  #addressOf(slot: number): number {
    return this.#place.slots + slot * SLOT_SIZE + SLOT_HEADROOM;
  }
}

export function placeOf(instance: Pick<Instance, 'memory' | 'slots' | 'inputs' | 'outputs'>): Place {
  const { slots, inputs, outputs } = instance;
  const { buffer } = instance.memory;
  return {
    buffer,
    slots,
    inputs: new Uint32Array(buffer, inputs, SLOTS * 4),
    outputs: new Uint32Array(buffer, outputs, (SLOTS * OUTPUT_SIZE) / 4),
  };
}

/** An instance without tables. */
export function emptyInstance(build: 'release' | 'threads', staging: Staging = 'auto'): Promise<Instance> {
  return createInstance(build, { slots: SLOTS, largeSlots: 0, copySlots: 64 }, 1, staging);
}

/** An instance with the tables of a host; their secret is always the same. */
export async function wasmInstance(
  policy: Policy,
  host: Host,
  build: 'release' | 'threads',
  staging: Staging = 'auto',
): Promise<Instance> {
  const instance = await emptyInstance(build, staging);
  const generations = new Generations(instance, new Uint8Array(16).fill(7));
  generations.publish(generations.build(policy, host, roomFor(policy, host, {}, 0)), undefined);
  return instance;
}

export async function wasmRival(
  policy: Policy,
  host: Host,
  build: 'release' | 'threads',
  inputs: readonly Input[] = [],
  staging: Staging = 'auto',
): Promise<Rival> {
  const rival = instanceRival(build, await wasmInstance(policy, host, build, staging));
  rival.fill(inputs);
  return rival;
}

export function instanceRival(build: 'release' | 'threads', instance: Instance): Rival {
  const { process } = instance;
  return new Rival(
    build === 'release' ? 'wasm' : 'wasm-threads',
    placeOf(instance),
    (first, count) => process(first, count, 0),
    (batch) => {
      for (let first = 0; first < SLOTS; first += batch) process(first, Math.min(batch, SLOTS - first), 0);
    },
  );
}

export function plainRival(policy: Policy, host: Host, inputs: readonly Input[] = []): Rival {
  const engine = new PlainEngine(policy, host, SLOTS, 0);
  const place = { buffer: engine.buffer, slots: 0, inputs: engine.inputs, outputs: engine.emit.outputs };
  const rival = new Rival(
    'typescript',
    place,
    (first, count) => engine.process(first, count),
    (batch) => {
      for (let first = 0; first < SLOTS; first += batch)
        engine.process(first, Math.min(batch, SLOTS - first));
    },
  );
  rival.fill(inputs);
  return rival;
}
