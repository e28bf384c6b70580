/** One instance of the WASM side with its memory carved: addresses as numbers, calls as functions. */

import { instantiate } from '@assemblyscript/loader';
import {
  ABI_VERSION,
  CAPACITIES_SIZE,
  CAPACITY_ADDRESSES4,
  CAPACITY_ADDRESSES6,
  CAPACITY_LARGE_SLOTS,
  CAPACITY_MACS,
  CAPACITY_NEXTHOPS,
  CAPACITY_PORTS,
  CAPACITY_PROVIDERS4,
  CAPACITY_PROVIDERS6,
  CAPACITY_SEED,
  CAPACITY_SLOTS,
  CAPACITY_SUBNETS,
} from '../abi/layout.ts';
import { type Build, loadModule } from '../load-wasm.ts';

/** How much room there is; all of it is taken when the dataplane is created. Numbers of entries. */
export interface Capacity {
  /** Frames up to 1,920 bytes in one batch. */
  slots: number;
  /** Frames up to 69,504 bytes in one batch, beside those. */
  largeSlots: number;
  ports: number;
  subnets: number;
  nextHops: number;
  addresses4: number;
  addresses6: number;
  macs: number;
  providers4: number;
  providers6: number;
}

const OFFSETS: Record<keyof Capacity, number> = {
  slots: CAPACITY_SLOTS,
  largeSlots: CAPACITY_LARGE_SLOTS,
  ports: CAPACITY_PORTS,
  subnets: CAPACITY_SUBNETS,
  nextHops: CAPACITY_NEXTHOPS,
  addresses4: CAPACITY_ADDRESSES4,
  addresses6: CAPACITY_ADDRESSES6,
  macs: CAPACITY_MACS,
  providers4: CAPACITY_PROVIDERS4,
  providers6: CAPACITY_PROVIDERS6,
};

/** What the 16-bit fields of descriptors and records can name, and what 4 GiB can hold. */
const LIMITS: Record<keyof Capacity, number> = {
  slots: 1 << 20,
  largeSlots: 1 << 14,
  ports: 0xffff,
  subnets: 1 << 22,
  nextHops: 0xffff,
  addresses4: 1 << 24,
  addresses6: 1 << 24,
  macs: 1 << 24,
  providers4: 1 << 24,
  providers6: 1 << 24,
};

interface Exports {
  readonly memory?: WebAssembly.Memory;
  abiVersion(): number;
  capacitiesAddress(): number;
  carve(): number;
  attach(): void;
  readonly install: (count: number) => number;
  readonly installError: () => number;
  readonly process: (first: number, count: number) => number;
  readonly ringEntries: WebAssembly.Global;
  readonly [address: `${string}Address`]: unknown;
}

export interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly ringEntries: number;
  readonly counters: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly staging: number;
  readonly slots: number;
  readonly largeSlots: number;
  readonly traces: number;
  readonly traceCount: number;
  readonly process: (first: number, count: number) => number;
  readonly install: (count: number) => number;
  readonly installError: () => number;
}

const PAGE = 65536;
/** Declared by the threads build (asconfig.json); the host must not ask for more. */
const MAXIMUM_PAGES = 65536;

/**
 * Instantiates a build and carves its memory.
 * @param seed 16 bytes that seed the hash tables.
 * @throws RangeError when a capacity is out of range or the system does not have that much memory.
 */
export async function createInstance(build: Build, capacity: Capacity, seed: Uint8Array): Promise<Instance> {
  for (const [name, limit] of Object.entries(LIMITS) as [keyof Capacity, number][]) {
    const value = capacity[name];
    if (!Number.isInteger(value) || value < (name === 'slots' ? 1 : 0) || value > limit) {
      throw new RangeError(
        `capacity.${name}: expected an integer from ${name === 'slots' ? 1 : 0} to ${limit}, got ${value}`,
      );
    }
  }
  const module = await loadModule(build);
  const imported =
    build === 'threads'
      ? new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true })
      : undefined;
  const { instance } = await instantiate(module, imported === undefined ? {} : { env: { memory: imported } });
  const exports = instance.exports as unknown as Exports;
  if (exports.abiVersion() !== ABI_VERSION) {
    throw new Error(
      `the .wasm speaks version ${exports.abiVersion()} of the contract, this host ${ABI_VERSION}: build both again`,
    );
  }
  const memory = imported ?? exports.memory!;
  if (memory.buffer.byteLength === 0) memory.grow(1);
  writeCapacities(new DataView(memory.buffer, exports.capacitiesAddress(), CAPACITIES_SIZE), capacity, seed);
  if (exports.carve() === 0)
    throw new RangeError('capacity: more memory than this system gives to WebAssembly');
  const address = (name: string) => (exports[`${name}Address`] as WebAssembly.Global).value as number;
  return {
    memory,
    ringEntries: exports.ringEntries.value as number,
    counters: address('counters'),
    inputs: address('inputs'),
    outputs: address('outputs'),
    staging: address('staging'),
    slots: address('slots'),
    largeSlots: address('largeSlots'),
    traces: address('traces'),
    traceCount: address('traceCount'),
    process: exports.process,
    install: exports.install,
    installError: exports.installError,
  };
}

function writeCapacities(view: DataView, capacity: Capacity, seed: Uint8Array): void {
  for (const [name, offset] of Object.entries(OFFSETS) as [keyof Capacity, number][]) {
    view.setUint32(offset, capacity[name], true);
  }
  if (seed.length !== 16) throw new RangeError(`seed: expected 16 bytes, got ${seed.length}`);
  for (let index = 0; index < seed.length; index++) view.setUint8(CAPACITY_SEED + index, seed[index]!);
}

/** Bytes of memory that an instance takes. */
export function memorySize(instance: Instance): number {
  return Math.ceil(instance.memory.buffer.byteLength / PAGE) * PAGE;
}
