/** A further instance on the shared memory of a dataplane: a worker's, with slots, rings and counters of its own. */

import { Batch } from './batch.ts';
import { checkTime, clock } from './clock.ts';
import { type Instance, attachInstance } from './instance.ts';

/** From `Dataplane.attachment`; structured clone passes it to a worker as it is. */
export interface Attachment {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly worker: number;
}

/**
 * Processes frames with the tables that the dataplane of the main thread keeps: its policy, its changes. Ports are numbered
 * as there. Only one instance may use a worker number at a time.
 */
export class AttachedDataplane {
  /** Frames in, frames out. */
  readonly batch: Batch;
  readonly #instance: Instance;

  private constructor(instance: Instance) {
    this.batch = new Batch(instance);
    this.#instance = instance;
  }

  static attach({ module, memory, worker }: Attachment): AttachedDataplane {
    return new AttachedDataplane(attachInstance(module, memory, worker));
  }

  /** As `Dataplane.process`. */
  process(now: number = clock()): number {
    checkTime(now);
    const count = this.#instance.process(0, this.batch.take(), now);
    this.batch.finish(count);
    return count;
  }
}
