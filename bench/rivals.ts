/** The engines that are measured, each with its slots filled with the same frames. */

import { OUTPUT_SIZE, SLOT_HEADROOM, SLOT_SIZE } from '../src/abi/layout.ts';
import { Generations, roomFor } from '../src/engine/generations.ts';
import { type Instance, type Staging, createInstance } from '../src/engine/instance.ts';
import { plan } from '../src/policy/compile.ts';
import type { Host, Policy } from '../src/policy/model.ts';
import { PlainEngine } from './plain/engine.ts';
import type { Workload } from './workload.ts';

export const SLOTS = 16384;

export interface Rival {
  readonly name: string;
  /** Puts the frames back as they came in; not timed. */
  refresh(): void;
  /** Processes all slots once, in batches. */
  pass(batch: number): void;
  /** What left for the frame of a slot in the last pass of one batch: port, verdict and frame. */
  outputs(): { readonly word: number; readonly frame: Uint8Array }[];
}

/** A frame that comes in, and its port. */
export interface Input {
  readonly frame: Uint8Array;
  readonly port: number;
}

export async function wasmInstance(
  policy: Policy,
  host: Host,
  build: 'release' | 'threads',
  staging: Staging = 'auto',
): Promise<Instance> {
  const instance = await createInstance(build, { slots: SLOTS, largeSlots: 0, copySlots: 64 }, 1, staging);
  const generations = new Generations(instance, new Uint8Array(16).fill(7));
  generations.publish(generations.build(policy, host, roomFor(policy, host, {}, 0)), undefined);
  return instance;
}

export async function wasmRival(
  policy: Policy,
  host: Host,
  build: 'release' | 'threads',
  inputs: readonly Input[],
  staging: Staging = 'auto',
): Promise<Rival> {
  const instance = await wasmInstance(policy, host, build, staging);
  const bytes = new Uint8Array(instance.memory.buffer);
  const ring = new Uint32Array(instance.memory.buffer, instance.inputs, SLOTS * 4);
  const outputs = new Uint32Array(instance.memory.buffer, instance.outputs, (SLOTS * OUTPUT_SIZE) / 4);
  const refresh = fill(bytes, instance.slots, ring, inputs);
  return {
    name: build === 'release' ? 'WASM' : 'WASM, shared memory',
    refresh,
    pass(batch) {
      for (let first = 0; first < SLOTS; first += batch) instance.process(first, batch, 0);
    },
    outputs: () => read(outputs, bytes),
  };
}

export function plainRival(policy: Policy, host: Host, inputs: readonly Input[]): Rival {
  const engine = new PlainEngine(policy, host, SLOTS, 0);
  const bytes = new Uint8Array(engine.buffer);
  const refresh = fill(bytes, 0, engine.inputs, inputs);
  return {
    name: 'plain TypeScript',
    refresh,
    pass(batch) {
      for (let first = 0; first < SLOTS; first += batch) engine.process(first, batch);
    },
    outputs: () => read(engine.emit.outputs, bytes),
  };
}

/** Fills slots and input ring; returns what restores the slots. */
export function fill(
  bytes: Uint8Array,
  slots: number,
  ring: Uint32Array,
  inputs: readonly Input[],
): () => void {
  for (const [slot, { frame, port }] of inputs.entries()) {
    const address = slots + slot * SLOT_SIZE + SLOT_HEADROOM;
    bytes.set(frame, address);
    ring.set([address, frame.length, port, 0], slot * 4);
  }
  const snapshot = bytes.slice(slots, slots + SLOTS * SLOT_SIZE);
  return () => {
    bytes.set(snapshot, slots);
  };
}

export function read(outputs: Uint32Array, bytes: Uint8Array): { word: number; frame: Uint8Array }[] {
  return Array.from({ length: SLOTS }, (_, index) => {
    const [address = 0, length = 0, word = 0] = outputs.subarray(index * 4, index * 4 + 3);
    return { word, frame: bytes.slice(address, address + length) };
  });
}

/** The inputs of a workload: frames of VMs, or for ingress the envelopes that the WASM side of their host makes. */
export async function inputsOf({ policy, host, frames }: Workload): Promise<Input[]> {
  const sending = plan(policy, policy.hosts[0]!);
  const sent = frames.map(({ frame, sender }) => ({ frame, port: sending.portOf.get(sender.name)! }));
  if (host.index === 0) return sent;
  const sender = await wasmRival(policy, policy.hosts[0]!, 'release', sent);
  sender.pass(SLOTS);
  return sender.outputs().map(({ frame }) => ({ frame: frame.slice(), port: 0 }));
}
