// What the host calls. Nothing is imported but, in the threads build, the memory.

import { ABI_VERSION, CAPACITIES, CAPACITY_WORKERS } from '../src/abi/layout';
import { startEpochs } from './epoch';
import { CURRENT, generationsAddress, layOutWorker } from './memory';
import { publishGeneration } from './tables/install';

export { endEpoch, install, installError, installRanges } from './tables/install';
export { copiesTaken } from './path/emit';
export { copyRoomSize, giveCopyRoom } from './copies';
export { carry } from './tables/carry';
export { process } from './path/process';
export { spread } from './path/spread';
export { oldestEpoch, releaseWorker } from './epoch';
export { generationSize, openGeneration, setWindow } from './memory';
export {
  copySlots as copySlotsAddress,
  generationsAddress,
  inputs as inputsAddress,
  largeSlots as largeSlotsAddress,
  outputEntries,
  outputs as outputsAddress,
  ringEntries,
  slots as slotsAddress,
  staging as stagingAddress,
  traces as tracesAddress,
} from './memory';

/** The contract this module was built from; the host refuses another one. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Where the host writes the capacities before `carve` and `openGeneration`. */
export function capacitiesAddress(): usize {
  return CAPACITIES;
}

/** Lays out a new memory: everything but generations. False: the system does not have that much. */
export function carve(): bool {
  layOutWorker(0);
  const needed = <i32>((generationsAddress + 0xffff) >> 16);
  const missing = needed - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) return false;
  startEpochs(load<u32>(CAPACITIES + CAPACITY_WORKERS));
  return true;
}

/** Makes this instance worker `number` of a memory that another instance carved. */
export function attach(number: u32): void {
  layOutWorker(number);
}

/** Makes a generation current. Returns the epoch from which on batches see it. */
export function publish(generation: usize): u32 {
  return publishGeneration(generation, CURRENT);
}

/** The counters of worker 0 in a generation; those of the others follow, `subnetCapacity + 1` blocks each. */
export { countersOf } from './memory';
