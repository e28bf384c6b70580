/** The twin in C as a rival of the benchmark and as an engine for named packets: on the memory of a WASM instance of its own. */

import type * as Koffi from 'koffi';
import { INPUT_CUT, SLOT_HEADROOM } from '../../src/abi/layout.ts';
import { type Generation, Generations, roomFor } from '../../src/engine/generations.ts';
import { type Instance, attachInstance, createInstance } from '../../src/engine/instance.ts';
import { CounterHistory, type Counters } from '../../src/observe/counters.ts';
import type { Plan } from '../../src/policy/compile.ts';
import type { Host, Policy } from '../../src/policy/model.ts';
import { type Input, type Place, Rival, SLOTS, placeOf } from '../rivals.ts';
import { loadKoffi } from '../koffi.ts';
import { type BuildOptions, type Compiler, build } from './build.ts';

/** Verdict of a packet that needs what the twin does not build: answers, copies, pieces, ICMP errors. Never counted. */
export const NOT_BUILT = 0xffff;

/** Of WebAssembly's memories, bytes. */
const PAGE = 65536;

/** Functions of the library. `memory`: address of the instance's first byte in this process. */
interface Calls {
  process(memory: number, worker: number, first: number, count: number, now: number): number;
  run(memory: number, worker: number, total: number, batch: number, now: number): number;
  generationSize(memory: number, worker: number): number;
  limit(memory: number, slots: number, count: number): number;
}

export interface Native extends Calls {
  readonly compiler: Compiler;
  readonly version: string;
  /** Where a memory begins, for this process. It stays there while it grows. */
  addressOf(memory: WebAssembly.Memory): number;
}

/** Builds and loads the twin. Returns the reason, a text, where there is no compiler or no way to call its code. */
export function native(compiler: Compiler, options: BuildOptions = {}): Native | string {
  const koffi = loadKoffi();
  if (koffi === undefined) return 'koffi is not installed';
  const library = build(compiler, options);
  if (typeof library === 'string') return library;
  let handle: Koffi.LibraryHandle;
  try {
    handle = koffi.load(library.path);
  } catch (error) {
    return `cannot load it: ${(error as Error).message}`;
  } finally {
    library.remove();
  }
  const calls: Calls = {
    process: handle.func('netvirt_process', 'uint32', ['int64', 'uint32', 'uint32', 'uint32', 'double']),
    run: handle.func('netvirt_run', 'uint32', ['int64', 'uint32', 'uint32', 'uint32', 'double']),
    generationSize: handle.func('netvirt_generation_size', 'uint32', ['int64', 'uint32']),
    limit: handle.func('netvirt_limit', 'uint32', ['int64', 'uint32', 'uint32']),
  };
  return {
    ...calls,
    compiler,
    version: library.version,
    addressOf: (memory) => Number(koffi.address(new Uint8Array(memory.buffer))),
  };
}

/** The twin on a memory of its own, with the tables of another instance. */
export function nativeRival(twin: Native, instance: Instance, inputs: readonly Input[] = []): Rival {
  const { memory, place } = copyOf(instance);
  const address = twin.addressOf(memory);
  const rival = new Rival(
    twin.compiler,
    place,
    (first, count) => twin.process(address, 0, first, count, 0),
    (batch) => twin.run(address, 0, SLOTS, batch, 0),
  );
  rival.fill(inputs);
  return rival;
}

/** Everything that the twin reads stands in the memory, at the same addresses. */
export function copyOf(instance: Instance): { memory: WebAssembly.Memory; place: Place } {
  const { slots, inputs, outputs } = instance;
  const { buffer } = instance.memory;
  const memory = new WebAssembly.Memory({ initial: buffer.byteLength / PAGE });
  new Uint8Array(memory.buffer).set(new Uint8Array(buffer));
  return { memory, place: placeOf({ memory, slots, inputs, outputs }) };
}

/** What became of one frame. */
export interface Fate {
  readonly verdict: number;
  readonly port: number;
  readonly frame: Uint8Array;
}

/** Frame by frame, by a twin or, for comparison, by the WASM side of the same instance. */
export class FrameEngine {
  readonly plan: Plan;
  readonly #instance: Instance;
  readonly #generation: Generation;
  readonly #twin: Native | undefined;
  readonly #worker: number;

  private constructor(instance: Instance, generation: Generation, twin: Native | undefined, worker: number) {
    this.plan = generation.plan;
    this.#instance = instance;
    this.#generation = generation;
    this.#twin = twin;
    this.#worker = worker;
  }

  /** @param worker which of two is at work, on packets that are staged; 0: the only one, on a memory of its own. */
  static async create(policy: Policy, host: Host, twin?: Native, worker: 0 | 1 = 0): Promise<FrameEngine> {
    const slots = { slots: 16, largeSlots: 2, copySlots: 64 };
    const first =
      worker === 0
        ? await createInstance('release', slots)
        : await createInstance('threads', slots, worker + 1, 'always');
    const generations = new Generations(first, new Uint8Array(16).fill(7));
    const generation = generations.build(policy, host, roomFor(policy, host, {}, 0));
    generations.publish(generation, undefined);
    const own = worker === 0 ? first : attachInstance(first.module, first.memory, worker);
    return new FrameEngine(own, generation, twin, worker);
  }

  /** Bytes of the tables, as the twin and as the WASM side reckon. */
  get sizes(): readonly [twin: number, wasm: number] {
    const { memory, generationSize } = this.#instance;
    return [this.#twin!.generationSize(this.#twin!.addressOf(memory), this.#worker), generationSize()];
  }

  get counters(): Counters {
    return new CounterHistory(this.#instance).read(this.#generation);
  }

  run(port: number, frame: Uint8Array, isCut: boolean, now: number): Fate {
    const { memory, inputs, outputs, largeSlots } = this.#instance;
    const address = largeSlots + SLOT_HEADROOM;
    new Uint8Array(memory.buffer).set(frame, address);
    const flags = isCut ? INPUT_CUT : 0;
    new Uint32Array(memory.buffer, inputs, 4).set([address, frame.length, port | (flags << 16), 0]);
    this.#process(now);
    const [out = 0, length = 0, word = 0] = new Uint32Array(memory.buffer, outputs, 3);
    return {
      verdict: word >>> 16,
      port: word & 0xffff,
      frame: Uint8Array.from(new Uint8Array(memory.buffer, out, length)),
    };
  }

  #process(now: number): void {
    const { memory, process } = this.#instance;
    if (this.#twin === undefined) process(0, 1, now);
    else this.#twin.process(this.#twin.addressOf(memory), this.#worker, 0, 1, now);
  }
}
