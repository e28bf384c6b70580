/** An I/O thread as the main thread sees it: what it works with, its thread, and the next one when that dies. */

import type { Worker } from 'node:worker_threads';
import { AREA_BASE, AREA_LANE_OF, AREA_SIZE, AREA_TOUCHED_COUNT, MOST_LANES } from '../abi/live.ts';
import { type Dataplane, instanceOf } from '../engine/dataplane.ts';
import { newLiveWorker } from '../load-worker.ts';
import type { Count } from '../observe/counters.ts';
import type { Channel } from './channel.ts';
import { COUNTS_SIZE, LANE_COUNTS, RECEIVED, countsOf, newsOf } from './counts.ts';
import { EFD_CLOEXEC, EFD_NONBLOCK } from './linux.ts';
import { Loop } from './loop.ts';
import { MESSAGE_BUFFERS_SIZE } from './messages.ts';
import type { Region, Regions } from './regions.ts';
import { Restarts } from './restarts.ts';
import { type System, check } from './system.ts';
import type { Answer, Command, ThreadStart } from './worker.ts';
import type { Umem } from './xdp.ts';

/** 1 as a u64: what rings an eventfd. */
const RING = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

export class IoThread {
  /** By lane. They outlive the thread. */
  readonly counts: Float64Array;
  /** Of the worker of the dataplane, from 1 on. */
  readonly number: number;
  readonly restarts = new Restarts();
  readonly #system: System;
  readonly #dataplane: Dataplane;
  readonly #regions: Regions;
  readonly #area: Region;
  readonly #start: ThreadStart;
  readonly #news: Int32Array;
  readonly #onDeath: (error: Error, lived: number) => void;
  /** What it serves, and what the next thread will. */
  readonly #channels = new Map<number, Channel>();
  readonly #closing = new Map<number, () => void>();
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isReady = false;
  #isStopping = false;
  #lost = 0;
  /** What the dataplane's worker had processed before. */
  readonly #before: number;

  /** @param onDeath called when it ends though nobody stopped it; `lived`: milliseconds since it was ready. */
  constructor(
    system: System,
    dataplane: Dataplane,
    regions: Regions,
    number: number,
    umem: Umem | undefined,
    onDeath: (error: Error, lived: number) => void,
  ) {
    this.number = number;
    this.#system = system;
    this.#dataplane = dataplane;
    this.#regions = regions;
    this.#onDeath = onDeath;
    this.#before = handled(dataplane.counters(number));
    const counts = new SharedArrayBuffer(COUNTS_SIZE);
    this.counts = countsOf(counts);
    this.#news = newsOf(counts);
    this.#area = regions.take(AREA_SIZE);
    const { address } = this.#area;
    const view = new DataView(regions.bytes(this.#area).buffer);
    view.setBigUint64(address + AREA_BASE, BigInt(regions.base), true);
    const buffers = regions.take(MESSAGE_BUFFERS_SIZE).address;
    const poll = regions.take(Loop.pollSize(MOST_LANES * 2));
    this.#start = {
      attachment: dataplane.attachment(number),
      base: regions.base,
      area: address,
      buffers,
      poll,
      chunks: umem?.table.address,
      bell: check(system, system.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 'cannot make an eventfd'),
      counts,
    };
  }

  /** Frames that threads had received when they died, and that nothing became of. */
  get lost(): number {
    return this.#lost;
  }

  /** Starts a thread, which goes on where one before it died. Resolves when it runs; rejects where it ends before. */
  start(): Promise<void> {
    // Half of a batch may stand there. Behind it are the numbers of lanes, which ports keep.
    this.#regions.bytes(this.#area).fill(0, AREA_TOUCHED_COUNT, AREA_LANE_OF);
    const worker = newLiveWorker(this.#start);
    this.#worker = worker;
    let failure: Error | undefined;
    let since = 0;
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    return new Promise((resolve, reject) => {
      worker.on('message', (answer: Answer) => {
        if (answer.type === 'closed') {
          for (const id of answer.ids) this.#closing.get(id)?.();
          return;
        }
        since = performance.now();
        this.#isReady = true;
        if (this.#channels.size > 0) this.#post({ type: 'open', channels: [...this.#channels.values()] });
        resolve();
      });
      this.#ended = new Promise((ended) => {
        worker.once('exit', (code) => {
          const wasReady = this.#isReady;
          this.#bury();
          ended();
          const error = failure ?? new Error(`exit code ${code}`);
          if (!wasReady) reject(error);
          else if (!this.#isStopping) this.#onDeath(error, performance.now() - since);
        });
      });
    });
  }

  /** What it could see of the tables may be overwritten, and nobody need wait for its answers. */
  #bury(): void {
    this.#worker = undefined;
    this.#isReady = false;
    instanceOf(this.#dataplane).releaseWorker(this.number);
    for (const done of this.#closing.values()) done();
    if (this.#isStopping) return;
    let received = 0;
    for (let at = RECEIVED; at < this.counts.length; at += LANE_COUNTS) received += this.counts[at]!;
    this.#lost = received - (handled(this.#dataplane.counters(this.number)) - this.#before);
  }

  open(channels: readonly Channel[]): void {
    for (const channel of channels) this.#channels.set(channel.id, channel);
    if (this.#isReady && channels.length > 0) this.#post({ type: 'open', channels });
  }

  /** Resolves when the thread does not use them any more. */
  async close(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.#channels.delete(id);
    if (!this.#isReady || ids.length === 0) return;
    const closed = ids.map(
      (id) =>
        new Promise<void>((resolve) => {
          this.#closing.set(id, resolve);
        }),
    );
    this.#post({ type: 'close', ids });
    await Promise.all(closed);
    for (const id of ids) this.#closing.delete(id);
  }

  /** A thread that is yet to begin finds all chunks free. */
  reclaim(owners: readonly number[]): void {
    if (this.#isReady && owners.length > 0) this.#post({ type: 'reclaim', owners });
  }

  /** Resolves when it has ended. To be called once. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#post({ type: 'stop' });
    await this.#ended;
    this.#system.close(this.#start.bell);
  }

  #post(command: Command): void {
    if (this.#worker === undefined) return;
    this.#worker.postMessage(command);
    Atomics.add(this.#news, 0, 1);
    this.#system.write(this.#start.bell, RING, RING.length);
  }
}

/** Every frame that was processed is one of these. */
function handled({ forwarded, punted, replies, held, drops }: Count): number {
  return Object.values(drops).reduce((sum, count) => sum + count, forwarded + punted + replies + held);
}
