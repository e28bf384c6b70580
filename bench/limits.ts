/** The limit of this machine as rivals: frames that are read and get 42 bytes in front, and nothing else. */

import { readFile } from 'node:fs/promises';
import { SLOT_SIZE } from '../src/abi/layout.ts';
import { packageFile } from '../src/package-files.ts';
import type { Native } from './native/engine.ts';
import { type Input, Rival, SLOTS, emptyInstance, placeOf } from './rivals.ts';

/** One of the two; `sum` of all that was read, after a pass. */
export interface Limit {
  readonly rival: Rival;
  readonly sum: () => number;
}

/** A pass takes all slots at once, whatever the batch: there is nothing that a batch would share. */
async function limitOf(
  name: 'limit-c' | 'limit-wasm',
  loop: (memory: WebAssembly.Memory) => (slots: number, count: number) => number,
): Promise<Limit> {
  const instance = await emptyInstance('release');
  const limit = loop(instance.memory);
  const { slots } = instance;
  const sum = () => limit(slots, SLOTS) >>> 0;
  const process = (first: number, count: number) => limit(slots + first * SLOT_SIZE, count);
  return { rival: new Rival(name, placeOf(instance), process, sum), sum };
}

/** The loop in WebAssembly, compiled as the engine is, on a memory that an instance gave its slots. */
export async function wasmLimit(inputs: readonly Input[] = []): Promise<Limit> {
  const module = await WebAssembly.compile(await readFile(packageFile('build/limit.wasm')));
  const limit = await limitOf('limit-wasm', (memory) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return exports.limit as (slots: number, count: number) => number;
  });
  limit.rival.fill(inputs);
  return limit;
}

/** The same loop in C. */
export async function nativeLimit(twin: Native, inputs: readonly Input[] = []): Promise<Limit> {
  const limit = await limitOf('limit-c', (memory) => {
    const address = twin.addressOf(memory);
    return (slots, count) => twin.limit(address, slots, count);
  });
  limit.rival.fill(inputs);
  return limit;
}
