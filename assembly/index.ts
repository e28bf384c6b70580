// What the host calls. Nothing is imported but, in the threads build, the memory.

import { ABI_VERSION, CAPACITIES } from '../src/abi/layout';
import { layOut } from './memory';

export { install, installError } from './tables/install';
export { process } from './path/process';
export {
  counters as countersAddress,
  inputs as inputsAddress,
  largeSlots as largeSlotsAddress,
  outputs as outputsAddress,
  ringEntries,
  slots as slotsAddress,
  staging as stagingAddress,
  traces as tracesAddress,
  TRACE_COUNT as traceCountAddress,
} from './memory';

/** The contract this module was built from; the host refuses another one. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Where the host writes the capacities before `carve` or `attach`. */
export function capacitiesAddress(): usize {
  return CAPACITIES;
}

/** Lays the memory out for the capacities and grows it to that size. False: the system does not have that much. */
export function carve(): bool {
  const needed = <i32>((layOut() + 0xffff) >> 16);
  const missing = needed - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

/** Finds the regions in a memory that another instance carved. */
export function attach(): void {
  layOut();
}
