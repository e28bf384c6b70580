/** One instance of the WASM side: addresses as numbers, calls as functions. */

import { instantiateSync } from '@assemblyscript/loader';
import * as abi from '../abi/layout.ts';
import { type Build, isShared, loadModule } from '../load-wasm.ts';

/** Room for frames; all of it is taken when the dataplane is created. Numbers of entries, for every worker. */
export interface SlotCapacity {
  /** Frames up to 1,920 bytes in one batch. */
  slots: number;
  /** Frames up to 69,504 bytes in one batch, beside those. */
  largeSlots: number;
  /** Copies of flooded frames, pieces of fragmented ones and ICMP errors in one batch. */
  copySlots: number;
}

/** Room in the tables, numbers of entries. */
export interface TableCapacity {
  ports: number;
  subnets: number;
  domains: number;
  nextHops: number;
  /** Local ports and other hosts that get copies of broadcasts, added up over the subnets. */
  members: number;
  /** IPv6 prefixes of subnets. */
  prefixes: number;
  routes: number;
  /** Words of 4 bytes. */
  ranges4: number;
  ranges6: number;
  addresses4: number;
  addresses6: number;
  macs: number;
  providers4: number;
  providers6: number;
  vlans: number;
}

export type Capacity = SlotCapacity & TableCapacity;

const OFFSETS: Record<keyof Capacity, number> = {
  slots: abi.CAPACITY_SLOTS,
  largeSlots: abi.CAPACITY_LARGE_SLOTS,
  copySlots: abi.CAPACITY_COPY_SLOTS,
  ports: abi.CAPACITY_PORTS,
  subnets: abi.CAPACITY_SUBNETS,
  domains: abi.CAPACITY_DOMAINS,
  nextHops: abi.CAPACITY_NEXTHOPS,
  members: abi.CAPACITY_MEMBERS,
  prefixes: abi.CAPACITY_PREFIXES,
  routes: abi.CAPACITY_ROUTES,
  ranges4: abi.CAPACITY_RANGES4,
  ranges6: abi.CAPACITY_RANGES6,
  addresses4: abi.CAPACITY_ADDRESSES4,
  addresses6: abi.CAPACITY_ADDRESSES6,
  macs: abi.CAPACITY_MACS,
  providers4: abi.CAPACITY_PROVIDERS4,
  providers6: abi.CAPACITY_PROVIDERS6,
  vlans: abi.CAPACITY_VLANS,
};

/** What the fields of descriptors, records and entries can name, and what 4 GiB can hold. */
export const CAPACITY_LIMITS: Record<keyof Capacity, number> = {
  slots: 1 << 20,
  largeSlots: 1 << 14,
  copySlots: 1 << 20,
  ports: 0xfffe,
  subnets: 0xfffe,
  domains: 0xfffe,
  nextHops: 0xfffe,
  members: 1 << 24,
  prefixes: 1 << 20,
  routes: 1 << 24,
  ranges4: 1 << 26,
  ranges6: 1 << 24,
  addresses4: 1 << 24,
  addresses6: 1 << 24,
  macs: 1 << 24,
  providers4: 1 << 24,
  providers6: 1 << 24,
  vlans: 1 << 20,
};

/** Functions of the WASM side; addresses and counts are numbers of bytes and entries. */
interface Calls {
  readonly capacitiesAddress: () => number;
  readonly generationSize: () => number;
  readonly openGeneration: (start: number, size: number) => void;
  readonly carry: (from: number, to: number) => void;
  readonly publish: (generation: number) => number;
  readonly countersOf: (generation: number) => number;
  readonly install: (generation: number, count: number) => number;
  readonly installError: () => number;
  readonly installRanges: (
    generation: number,
    family: number,
    base: number,
    first: number,
    count: number,
    total: number,
  ) => number;
  readonly copyRoomSize: (count: number) => number;
  readonly giveCopyRoom: (worker: number, start: number, count: number) => void;
  readonly endEpoch: () => number;
  readonly oldestEpoch: () => number;
  readonly process: (first: number, count: number, now: number) => number;
  readonly spread: (frame: number, length: number, port: number) => number;
  readonly setWindow: (output: number, outputCount: number, copy: number, copyCount: number) => void;
  readonly copiesTaken: () => number;
  readonly releaseWorker: (worker: number) => void;
  /** Live build only: which OFFLOAD_… a port takes. */
  readonly setOffloads: ((port: number, offloads: number) => void) | undefined;
}

interface Exports extends Calls {
  readonly memory?: WebAssembly.Memory;
  abiVersion(): number;
  carve(): number;
  attach(worker: number): void;
}

export interface Instance extends Calls {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly capacity: SlotCapacity;
  readonly workers: number;
  readonly ringEntries: number;
  readonly inputs: number;
  /** These three change when there is more room for copies. */
  readonly outputEntries: number;
  readonly outputs: number;
  readonly copySlots: number;
  readonly staging: number;
  readonly slots: number;
  readonly largeSlots: number;
  readonly traces: number;
  /** Of worker 0, those of the others follow; 0 but in the live build. */
  readonly holdRings: number;
  /** Where generations may begin. */
  readonly generations: number;
  /** Everything that the module exports: a build may have calls of its own. */
  readonly exports: object;
}

/** Whether packets are staged: when the tables are larger than the processor's caches, always, or never. */
export type Staging = 'auto' | 'always' | 'never';

/**
 * Bytes of tables from which packets are staged. `auto`: between the sizes where `npm run bench:staging` found the one and the other
 * way faster for what VMs send by NVGRE; what is rewritten is staged from half of it, what arrives from twice.
 */
const STAGED_FROM: Record<Staging, number> = { auto: 2_500_000, always: 0, never: 0xffff_ffff };

const PAGE = 65536;
/** Declared by the builds with shared memory (asconfig.json); the host must not ask for more. */
const MAXIMUM_PAGES = 65536;

/**
 * Instantiates a build and carves its memory: everything but tables.
 * @throws RangeError when a capacity is out of range or the system does not have that much memory.
 */
export async function createInstance(
  build: Build,
  capacity: SlotCapacity,
  workers = 1,
  staging: Staging = 'auto',
): Promise<Instance> {
  for (const name of ['slots', 'largeSlots', 'copySlots'] as const) checkCapacity(name, capacity[name]);
  if (!Number.isInteger(workers) || workers < 1 || workers > abi.MAX_WORKERS)
    throw new RangeError(`workers: expected an integer from 1 to ${abi.MAX_WORKERS}, got ${workers}`);
  const module = await loadModule(build);
  const imported = isShared(build)
    ? new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true })
    : undefined;
  const exports = instantiateModule(module, imported);
  const memory = imported ?? exports.memory!;
  if (memory.buffer.byteLength === 0) memory.grow(1);
  const view = new DataView(memory.buffer, exports.capacitiesAddress(), abi.CAPACITIES_SIZE);
  for (const name of ['slots', 'largeSlots', 'copySlots'] as const)
    view.setUint32(OFFSETS[name], capacity[name], true);
  view.setUint32(abi.CAPACITY_WORKERS, workers, true);
  view.setUint32(abi.CAPACITY_STAGED_FROM, STAGED_FROM[staging], true);
  if (exports.carve() === 0)
    throw new RangeError('capacity: more memory than this system gives to WebAssembly');
  return describe(module, memory, exports, capacity, workers);
}

/** Makes an instance of its own of a shared memory that `createInstance` carved. */
export function attachInstance(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  worker: number,
): Instance {
  const exports = instantiateModule(module, memory);
  const view = new DataView(memory.buffer, exports.capacitiesAddress(), abi.CAPACITIES_SIZE);
  const workers = view.getUint32(abi.CAPACITY_WORKERS, true);
  if (!Number.isInteger(worker) || worker < 0 || worker >= workers)
    throw new RangeError(`worker: expected an integer from 0 to ${workers - 1}, got ${worker}`);
  exports.attach(worker);
  const capacity = {
    slots: view.getUint32(OFFSETS.slots, true),
    largeSlots: view.getUint32(OFFSETS.largeSlots, true),
    copySlots: view.getUint32(OFFSETS.copySlots, true),
  };
  return describe(module, memory, exports, capacity, workers);
}

/**
 * The loader's asynchronous way asks whether the module is a `Response`, for which Node loads all of fetch: a quarter of
 * the time to the first packet. The module is compiled already, so nothing here takes long.
 */
function instantiateModule(module: WebAssembly.Module, memory: WebAssembly.Memory | undefined): Exports {
  const { instance } = instantiateSync(module, memory === undefined ? {} : { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  if (exports.abiVersion() !== abi.ABI_VERSION) {
    throw new Error(
      `the .wasm speaks version ${exports.abiVersion()} of the contract, this host ${abi.ABI_VERSION}: build both again`,
    );
  }
  return exports;
}

function describe(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  exports: Exports,
  capacity: SlotCapacity,
  workers: number,
): Instance {
  const number = (name: string) =>
    (exports as unknown as Record<string, WebAssembly.Global>)[name]!.value as number;
  return {
    module,
    memory,
    exports,
    capacity,
    workers,
    ringEntries: number('ringEntries'),
    inputs: number('inputsAddress'),
    get outputEntries() {
      return number('outputEntries');
    },
    get outputs() {
      return number('outputsAddress');
    },
    get copySlots() {
      return number('copySlotsAddress');
    },
    staging: number('stagingAddress'),
    slots: number('slotsAddress'),
    largeSlots: number('largeSlotsAddress'),
    traces: number('tracesAddress'),
    generations: number('generationsAddress'),
    holdRings: exports.setOffloads === undefined ? 0 : number('holdRingsAddress'),
    capacitiesAddress: exports.capacitiesAddress,
    generationSize: exports.generationSize,
    openGeneration: exports.openGeneration,
    carry: exports.carry,
    publish: exports.publish,
    countersOf: exports.countersOf,
    install: exports.install,
    installError: exports.installError,
    installRanges: exports.installRanges,
    copyRoomSize: exports.copyRoomSize,
    giveCopyRoom: exports.giveCopyRoom,
    endEpoch: exports.endEpoch,
    oldestEpoch: exports.oldestEpoch,
    process: exports.process,
    spread: exports.spread,
    setWindow: exports.setWindow,
    copiesTaken: exports.copiesTaken,
    releaseWorker: exports.releaseWorker,
    setOffloads: exports.setOffloads,
  };
}

function checkCapacity(name: keyof Capacity, value: number): void {
  const least = name === 'slots' ? 1 : 0;
  if (Number.isInteger(value) && value >= least && value <= CAPACITY_LIMITS[name]) return;
  throw new RangeError(
    `capacity.${name}: expected an integer from ${least} to ${CAPACITY_LIMITS[name]}, got ${value}`,
  );
}

/**
 * Requests table capacities for the next generation.
 * @param seed 16 bytes that seed the hash tables.
 * @returns the bytes that it takes.
 */
export function requestGeneration(instance: Instance, capacity: TableCapacity, seed: Uint8Array): number {
  if (seed.length !== 16) throw new RangeError(`seed: expected 16 bytes, got ${seed.length}`);
  const view = new DataView(instance.memory.buffer, instance.capacitiesAddress(), abi.CAPACITIES_SIZE);
  for (const [name, value] of Object.entries(capacity) as [keyof TableCapacity, number][]) {
    checkCapacity(name, value);
    view.setUint32(OFFSETS[name], value, true);
  }
  for (let index = 0; index < seed.length; index++) view.setUint8(abi.CAPACITY_SEED + index, seed[index]!);
  return instance.generationSize();
}

/** Grows the memory so that it has `end` bytes. @throws RangeError when the system does not have that much. */
export function growTo(instance: Instance, end: number): void {
  const missing = Math.ceil((end - instance.memory.buffer.byteLength) / PAGE);
  if (missing <= 0) return;
  try {
    instance.memory.grow(missing);
  } catch {
    throw new RangeError('capacity: more memory than this system gives to WebAssembly');
  }
}
