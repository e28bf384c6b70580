/** Everything but the reading of policy texts (`parsePolicy`), for pages that count bytes. */

export { INPUT_CUT, OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from './abi/layout.ts';
export * as verdicts from './abi/verdict.ts';
export { Batch, LARGE_SLOT_FRAME, SLOT_FRAME, type Drop, type Output } from './engine/batch.ts';
export { WorkerPool } from './engine/pool.ts';
export type { PoolDrop, PoolOutput, WorkerCrash, WorkerPoolOptions } from './engine/pool-options.ts';
export type { WorkerThread } from './engine/thread.ts';
export { AttachedDataplane, type Attachment } from './engine/attached.ts';
export { Dataplane } from './engine/dataplane.ts';
export type { DataplaneOptions } from './engine/options.ts';
export type { Capacity, SlotCapacity, Staging, TableCapacity } from './engine/instance.ts';
export type { Build } from './load-wasm.ts';
export type { Count, Counters, SubnetCount } from './observe/counters.ts';
export type { Explanation, Leaving, Step } from './observe/explain.ts';
export {
  VERDICTS,
  isDrop,
  verdictOf,
  type DropName,
  type Verdict,
  type VerdictName,
} from './observe/verdicts.ts';
export * from './policy/index.ts';
export * from './capture/index.ts';
