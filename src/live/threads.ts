/** The main thread's side of the I/O threads. */

import type { Worker } from 'node:worker_threads';
import type { Dataplane } from '../engine/dataplane.ts';
import { newLiveWorker } from '../load-worker.ts';
import { AREA_BASE, AREA_SIZE, MOST_LANES } from '../abi/live.ts';
import type { Channel } from './channel.ts';
import { COUNTS_SIZE, countsOf, newsOf } from './counts.ts';
import { EFD_CLOEXEC, EFD_NONBLOCK } from './linux.ts';
import { Loop } from './loop.ts';
import { MESSAGE_BUFFERS_SIZE } from './messages.ts';
import type { Regions } from './regions.ts';
import { type System, check } from './system.ts';
import type { Answer, Command, ThreadStart } from './worker.ts';
import type { Umem } from './xdp.ts';

/** 1 as a u64: what rings an eventfd. */
const RING = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

export class IoThread {
  /** By lane. */
  readonly counts: Float64Array;
  readonly #system: System;
  readonly #news: Int32Array;
  readonly #bell: number;
  readonly #worker: Worker;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, () => void>();
  #isStopping = false;
  #isOver = false;

  /**
   * @param number of the worker of the dataplane, from 1 on.
   * @param onEnd called when it ends though nobody stopped it.
   */
  constructor(
    system: System,
    dataplane: Dataplane,
    regions: Regions,
    number: number,
    umem: Umem | undefined,
    onEnd: (error: Error) => void,
  ) {
    this.#system = system;
    const bell = system.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    this.#bell = check(system, bell, 'cannot make an eventfd');
    const counts = new SharedArrayBuffer(COUNTS_SIZE);
    this.counts = countsOf(counts);
    this.#news = newsOf(counts);
    const area = regions.take(AREA_SIZE);
    new DataView(regions.bytes(area).buffer).setBigUint64(
      area.address + AREA_BASE,
      BigInt(regions.base),
      true,
    );
    const start: ThreadStart = {
      attachment: dataplane.attachment(number),
      base: regions.base,
      area: area.address,
      buffers: regions.take(MESSAGE_BUFFERS_SIZE).address,
      poll: regions.take(Loop.pollSize(MOST_LANES * 2)),
      chunks: umem?.table.address,
      bell,
      counts,
    };
    this.#worker = newLiveWorker(start);
    let failure: Error | undefined;
    this.#worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#isOver = true;
        for (const done of this.#waiting.values()) done();
        this.#system.close(this.#bell);
        if (!this.#isStopping) onEnd(failure ?? new Error(`exit code ${code}`));
        resolve();
      });
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.once('message', () => {
        this.#worker.on('message', (answer: Answer) => {
          if (answer.type === 'closed') for (const id of answer.ids) this.#waiting.get(id)?.();
        });
        resolve();
      });
      void this.#ended.then(() => {
        reject(failure ?? new Error('the I/O thread ended at once'));
      });
    });
    this.#ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  open(channels: readonly Channel[]): void {
    if (channels.length > 0) this.#post({ type: 'open', channels });
  }

  /** Resolves when the thread does not use them any more. */
  async close(ids: readonly number[]): Promise<void> {
    if (this.#isOver || ids.length === 0) return;
    const closed = ids.map(
      (id) =>
        new Promise<void>((resolve) => {
          this.#waiting.set(id, resolve);
        }),
    );
    this.#post({ type: 'close', ids });
    await Promise.all(closed);
    for (const id of ids) this.#waiting.delete(id);
  }

  reclaim(owners: readonly number[]): void {
    if (owners.length > 0) this.#post({ type: 'reclaim', owners });
  }

  /** Resolves when it has ended. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#post({ type: 'stop' });
    return this.#ended;
  }

  #post(command: Command): void {
    if (this.#isOver) return;
    this.#worker.postMessage(command);
    Atomics.add(this.#news, 0, 1);
    this.#system.write(this.#bell, RING, RING.length);
  }
}
