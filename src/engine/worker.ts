/**
 * The thread of a pool's worker, an entry of its own (`netvirt/worker`): waits for a message that says where to work, then processes
 * what the pool pushes and never returns. The pool ends it by `terminate`.
 */

import type { Attachment } from './attached.ts';
import { clock } from './clock.ts';
import {
  ASLEEP,
  BELL,
  FINISHED,
  FOR_INPUT,
  FOR_ROOM,
  LOG_ENTRIES,
  LOG_FIRST,
  LOG_INPUTS,
  LOG_OUTPUTS,
  PUSHED,
  READ,
  TAKEN,
  WAITING,
  logEntry,
} from './control.ts';
import { type Instance, attachInstance } from './instance.ts';
import { Stretch } from './stretch.ts';
import { type Post, onStart } from './thread.ts';

/** The first message to the thread. */
export interface Start {
  readonly attachment: Attachment;
  readonly control: SharedArrayBuffer;
  /** Most frames of a batch. */
  readonly batch: number;
}

/** Its answer: where the pool puts frames and finds outputs. Every later message is a number and says: there are outputs. */
export type Addresses = Pick<
  Instance,
  'slots' | 'largeSlots' | 'inputs' | 'outputs' | 'ringEntries' | 'outputEntries' | 'capacity'
>;

onStart((message, post) => {
  const { attachment, control, batch } = message as Start;
  const instance = attachInstance(attachment.module, attachment.memory, attachment.worker);
  const { slots, largeSlots, inputs, outputs, ringEntries, outputEntries, capacity } = instance;
  const addresses = { slots, largeSlots, inputs, outputs, ringEntries, outputEntries, capacity };
  post(addresses satisfies Addresses);
  new Loop(instance, new Int32Array(control), batch, post).run();
});

class Loop {
  readonly #instance: Instance;
  readonly #words: Int32Array;
  readonly #batch: number;
  readonly #post: Post;
  readonly #outputs: Stretch;
  readonly #copies: Stretch;
  /** What the batches that the pool has not read yet took: outputs and copy slots. */
  readonly #unread: { readonly outputs: number; readonly copies: number }[] = [];
  #taken: number;
  #finished: number;
  #read: number;

  /** Goes on where the worker before it died: all that it finished has been read. */
  constructor(instance: Instance, words: Int32Array, batch: number, post: Post) {
    this.#instance = instance;
    this.#words = words;
    this.#batch = batch;
    this.#post = post;
    this.#outputs = new Stretch(instance.outputEntries, instance.outputEntries >>> 1);
    this.#copies = new Stretch(instance.capacity.copySlots, instance.capacity.copySlots >>> 1);
    this.#taken = Atomics.load(words, TAKEN);
    this.#finished = Atomics.load(words, FINISHED);
    this.#read = this.#finished;
  }

  run(): never {
    for (;;) {
      const bell = Atomics.load(this.#words, BELL);
      this.#release();
      const reason = this.#step();
      if (reason !== 0) this.#sleep(reason, bell);
    }
  }

  /** Processes a batch. Returns 0, or what is missing for it. */
  #step(): number {
    const waiting = (Atomics.load(this.#words, PUSHED) - this.#taken) | 0;
    if (waiting === 0) return FOR_INPUT;
    const room = this.#outputs.find();
    const copies = this.#copies.find();
    if (room === undefined || copies === undefined || this.#unread.length === LOG_ENTRIES) return FOR_ROOM;
    const count = Math.min(waiting, this.#batch, room.count);
    this.#process(count, room, copies);
    return 0;
  }

  #process(
    count: number,
    room: { first: number; count: number },
    copies: { first: number; count: number },
  ): void {
    const words = this.#words;
    const first = this.#taken;
    this.#taken = (first + count) | 0;
    // Before anything is done to the frames: should the thread die now, it is known which of them were touched.
    Atomics.store(words, TAKEN, this.#taken);
    this.#instance.setWindow(room.first, room.count, copies.first, copies.count);
    const outputs = this.#instance.process(first, count, clock());
    const copied = this.#instance.copiesTaken();
    this.#outputs.take(room.first, outputs);
    this.#copies.take(copies.first, copied);
    this.#unread.push({ outputs, copies: copied });
    const entry = logEntry(this.#finished);
    words[entry + LOG_INPUTS] = count;
    words[entry + LOG_FIRST] = room.first;
    words[entry + LOG_OUTPUTS] = outputs;
    this.#finished = (this.#finished + 1) | 0;
    Atomics.store(words, FINISHED, this.#finished);
    if (Atomics.load(words, ASLEEP) === 1 && Atomics.exchange(words, ASLEEP, 0) === 1) this.#post(0);
  }

  /** Takes back what the pool has read. */
  #release(): void {
    for (
      const read = Atomics.load(this.#words, READ);
      this.#read !== read;
      this.#read = (this.#read + 1) | 0
    ) {
      const { outputs, copies } = this.#unread.shift()!;
      if (outputs > 0) this.#outputs.release();
      if (copies > 0) this.#copies.release();
    }
  }

  #sleep(reason: number, bell: number): void {
    const words = this.#words;
    Atomics.store(words, WAITING, reason);
    const isNews =
      reason === FOR_INPUT
        ? Atomics.load(words, PUSHED) !== this.#taken
        : Atomics.load(words, READ) !== this.#read;
    if (!isNews) Atomics.wait(words, BELL, bell);
    Atomics.store(words, WAITING, 0);
  }
}
