/** Several threads that process frames on the tables of one dataplane. */

import { FIRST_DROP } from '../abi/verdict.ts';
import type { Count } from '../observe/counters.ts';
import { checkFrame, checkPort } from './batch.ts';
import { copySlotsFor } from './copy-room.ts';
import { Dataplane, instanceOf } from './dataplane.ts';
import { defer } from './defer.ts';
import { CAPACITY_LIMITS, type Instance } from './instance.ts';
import { type Deliver, Lane } from './lane.ts';
import { DEFAULT_BATCH, type WorkerCrash, type WorkerPoolOptions, checkOptions } from './pool-options.ts';
import { findHost, toPolicy } from './options.ts';
import { Spread } from './spread.ts';
import { createThread } from './thread.ts';

/** A thread that died before it worked is started again after so many milliseconds, then after twice as many, … */
const FIRST_DELAY = 50;
const LONGEST_DELAY = 5000;

interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
}

/**
 * Frames go to workers by their flow and come out in the order of their flow: a full worker refuses (`push` returns false,
 * `ready` resolves when it is worth trying again), nothing is dropped for want of room.
 *
 * ```ts
 * const pool = await WorkerPool.create({ policy, host, workers: 4, onOutput: ({ port, frame }) => send(port, frame) });
 * for await (const { frame, port } of source) while (!pool.push(frame, port)) await pool.ready();
 * await pool.close();
 * ```
 */
export class WorkerPool {
  /** The tables that all workers use: its policy, changes (`apply`, `load`), ports and counters. Its batch is worker 0. */
  readonly dataplane: Dataplane;
  readonly #instance: Instance;
  readonly #options: WorkerPoolOptions;
  readonly #lanes: readonly Lane[];
  readonly #spread: Spread;
  #waiters: Waiter[] = [];
  #refused: { readonly lane: Lane; readonly length: number } | undefined;
  #pushes = 0;
  #lost = 0;
  /** Of the lost frames, those that workers had counted, by worker. */
  readonly #counted: number[];
  #isPaused = false;
  #isDeferred = false;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  private constructor(dataplane: Dataplane, options: WorkerPoolOptions, lanes: readonly Lane[]) {
    this.dataplane = dataplane;
    this.#instance = instanceOf(dataplane);
    this.#options = options;
    this.#lanes = lanes;
    this.#spread = new Spread(this.#instance, lanes);
    this.#counted = lanes.map(() => 0);
  }

  /**
   * Creates the dataplane and starts the workers.
   * @throws RangeError, TypeError, PolicyError as `Dataplane.create`, and for options of the pool that cannot be.
   * @throws Error where memory cannot be shared or a thread does not start.
   */
  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    checkOptions(options);
    const { workers, batch = DEFAULT_BATCH, capacity = {}, ...rest } = options;
    const { onOutput: _output, onDrop: _drop, onCrash: _crash, createWorker: _create, ...own } = rest;
    const policy = toPolicy(options.policy);
    const most = CAPACITY_LIMITS.copySlots / 2;
    const copySlots = capacity.copySlots ?? copySlotsFor(policy, findHost(policy, options.host), most);
    const dataplane = await Dataplane.create({
      ...own,
      policy,
      build: 'threads',
      workers: workers + 1,
      // Half of them for the next batch while the pool reads what the last one wrote. Given, so that they stay where they are.
      capacity: { ...capacity, copySlots: copySlots * 2 },
    });
    const lanes = Array.from(
      { length: workers },
      (_, index) => new Lane(dataplane.attachment(index + 1), batch),
    );
    const pool = new WorkerPool(dataplane, options, lanes);
    try {
      await Promise.all(lanes.map((lane) => pool.#start(lane)));
    } catch (error) {
      await Promise.all(lanes.map((lane) => lane.stop()));
      throw error;
    }
    return pool;
  }

  async #start(lane: Lane): Promise<void> {
    const thread = (this.#options.createWorker ?? createThread)();
    await lane.start(thread, this.#readAll, (error) => {
      lane.failure = error;
      // It will begin no batch and see no record: what it could see may be overwritten.
      this.#instance.releaseWorker(lane.number);
      this.#readAll();
    });
  }

  /** Number of threads. */
  get workers(): number {
    return this.#lanes.length;
  }

  /** Frames that were pushed and whose outputs have not come out yet. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.inFlight, 0);
  }

  /** Frames pushed since creation. */
  get pushes(): number {
    return this.#pushes;
  }

  /** Frames lost in crashes: pushes are outputs' and drops' inputs, these, and what is in flight. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Copies a frame into a slot of the worker that has its flow. False: that worker is full and did not take it; wait for `ready`.
   * @param frame, port, flags as of `Batch.push`.
   * @throws TypeError, RangeError as `Batch.push`; Error behind `close`.
   */
  push(frame: Uint8Array, port: number, flags = 0): boolean {
    checkFrame(frame);
    checkPort(port);
    if (this.#isClosing) throw new Error('push: expected a pool that is open, it was closed');
    const lane = this.#spread.choose(frame, port);
    this.#refused = undefined;
    if (lane === undefined) return false;
    if (!lane.slots.hasRoom(frame.length)) {
      this.#refused = { lane, length: frame.length };
      return false;
    }
    lane.push(frame, port, flags, this.#pushes++);
    return true;
  }

  /** Resolves when the worker that refused the last `push` has room again. */
  ready(): Promise<void> {
    const refused = this.#refused;
    if (refused !== undefined) return this.#until(() => refused.lane.slots.hasMuchRoom(refused.length));
    return this.#until(() => !this.#spread.isSettling());
  }

  /** Resolves when nothing is in flight. */
  drained(): Promise<void> {
    return this.#until(() => this.inFlight === 0);
  }

  #until(isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isOver, resolve }));
  }

  /** Calls back no more until `resume`: outputs stay in their slots, and when those are full `push` refuses. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#later();
  }

  /** Takes no more frames, resolves when all that are in flight have come out and the threads have ended. Resumes. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.resume();
    return (this.#closed ??= this.drained().then(async () => {
      await Promise.all(this.#lanes.map((lane) => lane.stop()));
    }));
  }

  /** Delivers what all workers have finished, and looks after those that died. */
  readonly #readAll = (): void => {
    try {
      for (const lane of this.#lanes) {
        if (this.#isPaused) return;
        if (!lane.read(this.#deliver)) return;
        if (lane.failure !== undefined) this.#replace(lane, lane.failure);
      }
    } finally {
      this.#settle();
    }
  };

  /** Resolves who waited, and makes sure that there is a next time: also where a callback threw. */
  #settle(): void {
    const over = this.#waiters.filter(({ isOver }) => isOver());
    if (over.length > 0) {
      this.#waiters = this.#waiters.filter((waiter) => !over.includes(waiter));
      for (const { resolve } of over) resolve();
    }
    if (this.#isPaused) return;
    let isResting = true;
    for (const lane of this.#lanes) {
      if (!lane.rest() || lane.failure !== undefined) isResting = false;
    }
    if (!isResting) this.#later();
  }

  #later(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    defer(() => {
      this.#isDeferred = false;
      this.#readAll();
    });
  }

  readonly #deliver: Deliver = (lane, at, input) => {
    const { outputs, number: worker } = lane;
    const [address, length, word] = [outputs[at]!, outputs[at + 1]!, outputs[at + 2]!];
    const verdict = word >>> 16;
    if (verdict >= FIRST_DROP) {
      this.#options.onDrop?.({ verdict, input, worker });
    } else {
      const frame = lane.bytes.subarray(address, address + length);
      this.#options.onOutput({ verdict, port: word & 0xffff, frame, input, worker });
    }
    return !this.#isPaused;
  };

  /** All that the worker finished has been delivered. What it had not begun stays where it is, for its successor. */
  #replace(lane: Lane, error: Error): void {
    lane.failure = undefined;
    const crash = this.#account(lane, error, lane.giveUp());
    this.#restart(lane, FIRST_DELAY);
    this.#options.onCrash?.(crash);
  }

  #account(lane: Lane, error: Error, lost: number[]): WorkerCrash {
    const known = lane.finished + this.#counted[lane.number - 1]!;
    const counted = inputsOf(this.dataplane.counters(lane.number)) - known;
    this.#counted[lane.number - 1]! += counted;
    this.#lost += lost.length;
    return { worker: lane.number, error, lost, counted };
  }

  /** Frames wait in the lane as long as no thread can be started; only `close` does not wait for that. */
  #restart(lane: Lane, delay: number): void {
    if (this.#isClosing && lane.inFlight === 0) return;
    this.#start(lane).catch((error: unknown) => {
      const crash = this.#account(lane, error as Error, this.#isClosing ? lane.giveUpAll() : []);
      const again = () => {
        this.#restart(lane, Math.min(delay * 2, LONGEST_DELAY));
      };
      if (!this.#isClosing) setTimeout(again, delay);
      this.#settle();
      this.#options.onCrash?.(crash);
    });
  }
}

/** Every frame is one of these. */
function inputsOf({ forwarded, punted, replies, drops }: Count): number {
  return Object.values(drops).reduce((sum, count) => sum + count, forwarded + punted + replies);
}
