/** One worker of a pool as the pool's thread sees it: its slots, its rings, its thread, and the next thread when that dies. */

import { INPUT_SIZE, INPUT_TOO_LONG, OUTPUT_SIZE } from '../abi/layout.ts';
import type { Attachment } from './attached.ts';
import {
  ASLEEP,
  BELL,
  FINISHED,
  FOR_INPUT,
  FOR_ROOM,
  LOG_FIRST,
  LOG_INPUTS,
  LOG_OUTPUTS,
  PUSHED,
  READ,
  TAKEN,
  WAITING,
  createControl,
  logEntry,
} from './control.ts';
import { Slots } from './slots.ts';
import { type WorkerThread, listen } from './thread.ts';
import type { Addresses, Start } from './worker.ts';

/** The worker sees so many frames at once that are pushed in one task: each look takes the cache line from the pusher. */
const SHOW_AFTER = 32;
/** So many frames are pushed in one task before a sleeping worker is woken; else it is when the task ends. */
const WAKE_AFTER = 256;

/** Reads the descriptor that stands at `at`, in words, of an output of the input with that number. False: stop here. */
export type Deliver = (lane: Lane, at: number, input: number) => boolean;

export class Lane {
  readonly number: number;
  /** The whole memory, as it was in the beginning: frames and rings are there. */
  readonly bytes: Uint8Array;
  /** The output ring, in words. */
  outputs: Uint32Array = new Uint32Array(0);
  /** Frames of the batches whose outputs have all been delivered; lost ones are none of them. */
  finished = 0;
  /** Why the thread died, as long as no other one was started. */
  failure: Error | undefined;
  readonly #attachment: Attachment;
  readonly #words: Int32Array;
  readonly #control: SharedArrayBuffer;
  readonly #batch: number;
  #slots: Slots | undefined;
  #inputs: Uint32Array = new Uint32Array(0);
  #stop: (() => Promise<void>) | undefined;
  /** By place in the input ring: which push of the pool it was. */
  #numbers = new Float64Array(0);
  #mask = 0;
  #pushed = 0;
  #done = 0;
  /** Pushed in this task. */
  #unrung = 0;
  #read = 0;
  /** Outputs of batch `#read` that have been delivered. */
  #delivered = 0;

  constructor(attachment: Attachment, batch: number) {
    this.number = attachment.worker;
    this.bytes = new Uint8Array(attachment.memory.buffer);
    this.#attachment = attachment;
    this.#batch = batch;
    this.#control = createControl();
    this.#words = new Int32Array(this.#control);
    this.#words[ASLEEP] = 1;
  }

  /**
   * Starts a thread, which goes on where one before it died.
   * @param news called when it has outputs. @param end when it has died, once it had been started.
   * @returns resolves when it works; rejects when it died before.
   */
  start(thread: WorkerThread, news: () => void, end: (error: Error) => void): Promise<void> {
    Atomics.store(this.#words, WAITING, 0);
    return new Promise((resolve, reject) => {
      let isRunning = false;
      const message = (value: unknown) => {
        if (isRunning) {
          news();
          return;
        }
        isRunning = true;
        this.#describe(value as Addresses);
        resolve();
      };
      this.#stop = listen(thread, message, (error) => {
        if (isRunning) end(error);
        else reject(error);
      });
      const start: Start = { attachment: this.#attachment, control: this.#control, batch: this.#batch };
      thread.postMessage(start);
    });
  }

  #describe(addresses: Addresses): void {
    if (this.#slots !== undefined) return;
    const { inputs, outputs, ringEntries, outputEntries } = addresses;
    const { buffer } = this.bytes;
    this.#inputs = new Uint32Array(buffer, inputs, (ringEntries * INPUT_SIZE) / 4);
    this.outputs = new Uint32Array(buffer, outputs, (outputEntries * OUTPUT_SIZE) / 4);
    this.#numbers = new Float64Array(ringEntries);
    this.#slots = new Slots(addresses);
    this.#mask = ringEntries - 1;
  }

  async stop(): Promise<void> {
    await this.#stop?.();
  }

  /** Once it has been started. */
  get slots(): Slots {
    return this.#slots!;
  }

  /** Frames pushed whose outputs have not all been delivered. */
  get inFlight(): number {
    return (this.#pushed - this.#done) | 0;
  }

  /** Behind `slots.hasRoom`. `input`: which push of the pool it is. */
  push(frame: Uint8Array, port: number, flags: number, input: number): void {
    const place = this.#pushed & this.#mask;
    const isTooLong = this.slots.isTooLong(frame.length);
    const length = isTooLong ? 0 : frame.length;
    const address = this.slots.take(length, place);
    if (!isTooLong) this.bytes.set(frame, address);
    const inputs = this.#inputs;
    inputs[place * 4] = address;
    inputs[place * 4 + 1] = length;
    inputs[place * 4 + 2] = port | ((isTooLong ? flags | INPUT_TOO_LONG : flags) << 16);
    this.#numbers[place] = input;
    this.#pushed = (this.#pushed + 1) | 0;
    if (this.#unrung === 0) queueMicrotask(this.#ring);
    this.#unrung++;
    if (this.#unrung % SHOW_AFTER === 0) Atomics.store(this.#words, PUSHED, this.#pushed);
    if (this.#unrung % WAKE_AFTER === 0) this.#wake(FOR_INPUT);
  }

  readonly #ring = (): void => {
    this.#unrung = 0;
    Atomics.store(this.#words, PUSHED, this.#pushed);
    this.#wake(FOR_INPUT);
  };

  #wake(reason: number): void {
    if (Atomics.load(this.#words, WAITING) !== reason) return;
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** The worker has finished batches that have not been read. */
  get hasNews(): boolean {
    return Atomics.load(this.#words, FINISHED) !== this.#read;
  }

  /** Delivers what the worker has finished so far. False: `deliver` stopped, the next call goes on behind that output. */
  read(deliver: Deliver): boolean {
    const words = this.#words;
    for (const finished = Atomics.load(words, FINISHED); this.#read !== finished;) {
      const entry = logEntry(this.#read);
      const first = words[entry + LOG_FIRST]!;
      const count = words[entry + LOG_OUTPUTS]!;
      while (this.#delivered < count) {
        const at = (first + this.#delivered++) * 4;
        const place = (this.#done + this.outputs[at + 3]!) & this.#mask;
        if (!deliver(this, at, this.#numbers[place]!)) return false;
      }
      this.#delivered = 0;
      this.#free(words[entry + LOG_INPUTS]!);
      this.finished += words[entry + LOG_INPUTS]!;
      this.#read = (this.#read + 1) | 0;
      Atomics.store(words, READ, this.#read);
      this.#wake(FOR_ROOM);
    }
    return true;
  }

  #free(inputs: number): void {
    for (let index = 0; index < inputs; index++) {
      this.slots.release(this.#done & this.#mask);
      this.#done = (this.#done + 1) | 0;
    }
  }

  /** Asks for a message when there are outputs. False: there are some already. */
  rest(): boolean {
    Atomics.store(this.#words, ASLEEP, 1);
    if (!this.hasNews) return true;
    // The worker may have taken it back already, and sent a message.
    Atomics.store(this.#words, ASLEEP, 0);
    return false;
  }

  /** Of a thread that has died, all that it finished being read: gives up the batch that it was at. Which pushes those were. */
  giveUp(): number[] {
    return this.#lose((Atomics.load(this.#words, TAKEN) - this.#done) | 0);
  }

  /** Of a thread that has died and will not be replaced: gives up all that it has not finished. */
  giveUpAll(): number[] {
    return this.#lose(this.inFlight);
  }

  #lose(count: number): number[] {
    const lost = Array.from(
      { length: count },
      (_, index) => this.#numbers[(this.#done + index) & this.#mask]!,
    );
    this.#free(count);
    return lost;
  }
}
