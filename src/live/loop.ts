/** The loop of an I/O thread: receive, process, send; and sleep in poll(2) when there is nothing. */

import {
  AREA_MESSAGES,
  AREA_SIZE,
  AREA_TOUCHED,
  AREA_TOUCHED_COUNT,
  AREA_VECTORS,
  LANE_BYTES,
  LANE_COUNT,
  LANE_FIRST,
  LANE_SIZE,
  AREA_LANES,
  MESSAGE_SIZE,
  MOST_MESSAGES,
  VECTOR_SIZE,
} from '../abi/live.ts';
import { clock } from '../engine/clock.ts';
import type { Receiver, SendCounts, Sink, ThreadContext } from './channel.ts';
import { DOWN, ERRORS, IS_DOWN, LANE_COUNTS, RECEIVED, RECEIVED_BYTES, SENT, SENT_BYTES } from './counts.ts';
import { POLLIN, PR_SET_TIMERSLACK } from './linux.ts';
import { sendMessages, takeSocketError, writeFrames } from './sockets.ts';
import type { XdpPort } from './xdp-port.ts';

/** Frames of a batch: one port's; with many ports none waits long for the others. */
const BATCH = 256;
/**
 * Above so many frames per millisecond the thread naps when it has found few, instead of being woken for each: that costs whoever
 * sends more than the frame itself. Interrupt moderation, as NICs have it; below, frames do not wait.
 */
const FAST = 50;
const FEW = 64;
/** Nanoseconds. */
const NAP = 50_000;
/** How long a file that reports an error is left alone, milliseconds. */
const MUTE = 100;
/** How long frames may wait for a ring that is full, milliseconds. */
const FLUSH = 1;
/** struct pollfd: fd, events u16, revents u16 */
const POLL_SIZE = 8;

/** How frames of a lane leave. */
export type ThreadSink = Exclude<Sink, { kind: 'xdp' }> | { readonly kind: 'xdp'; readonly port: XdpPort };

interface Entry {
  readonly receiver: Receiver;
  readonly lane: number;
  isReady: boolean;
}

export class Loop {
  readonly #context: ThreadContext;
  readonly #counts: Float64Array;
  readonly #words: Uint32Array;
  readonly #pollAddress: number;
  readonly #polled: Int32Array;
  readonly #bell: number;
  /** Where what rang the bell is read to. */
  readonly #rung: number;
  /** A struct timespec. */
  readonly #nap: number;
  readonly #sums: SendCounts = { sent: 0, errors: 0, down: 0 };
  #entries: Entry[] = [];
  #sinks: (ThreadSink | undefined)[] = [];
  #xdpPorts: XdpPort[] = [];
  #hasOthers = false;
  #isMuted = false;
  /** Begin of the present measurement, milliseconds, and frames since. */
  #now = 0;
  #since = 0;
  #frames = 0;
  #isFast = false;

  /** @param poll where the array for poll(2) lies. @param bell an eventfd that ends poll(2). */
  constructor(
    context: ThreadContext,
    counts: Float64Array,
    poll: { address: number; size: number },
    bell: number,
  ) {
    this.#context = context;
    this.#counts = counts;
    this.#words = new Uint32Array(context.instance.memory.buffer, context.area, AREA_SIZE / 4);
    this.#pollAddress = poll.address;
    this.#polled = new Int32Array(context.instance.memory.buffer, poll.address, poll.size / 4);
    const end = poll.address + poll.size;
    this.#rung = context.base + end - 8;
    this.#nap = context.base + end - 24;
    new DataView(context.instance.memory.buffer).setBigUint64(end - 16, BigInt(NAP), true);
    context.system.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    this.#bell = bell;
  }

  /** Bytes of the array for poll(2). */
  static pollSize(files: number): number {
    return (files + 4) * POLL_SIZE;
  }

  setPorts(
    entries: readonly { receiver: Receiver; lane: number }[],
    sinks: readonly (ThreadSink | undefined)[],
  ): void {
    this.#entries = entries.map((entry) => ({ ...entry, isReady: true }));
    this.#sinks = [...sinks];
    this.#xdpPorts = sinks.flatMap((sink) => (sink?.kind === 'xdp' ? [sink.port] : []));
    this.#hasOthers = entries.some(({ receiver }) => !receiver.isRing);
    this.#fillPoll();
  }

  /** Serves every port once, and sleeps where none of them had anything. */
  turn(): void {
    let frames = 0;
    for (const entry of this.#entries) {
      if (!entry.isReady && !entry.receiver.isRing) continue;
      frames += this.#serve(entry);
    }
    if (frames === 0) {
      this.#poll(this.#patience());
      return;
    }
    this.#measure(frames);
    if (this.#isFast && frames < FEW) this.#context.system.nanosleep(this.#nap, 0);
    // What has a ring in memory needs no system call as long as it is busy.
    if (this.#hasOthers) this.#poll(0);
  }

  /** Returns how many frames it had. */
  #serve(entry: Entry): number {
    const { receiver, lane } = entry;
    let frames = 0;
    do {
      const count = receiver.receive(BATCH);
      if (count === 0) break;
      frames += count;
      this.#process(count, lane);
      receiver.release();
    } while (receiver.isPending);
    if (frames === 0) entry.isReady = false;
    return frames;
  }

  #measure(frames: number): void {
    this.#frames += frames;
    const elapsed = this.#now - this.#since;
    if (elapsed < 1) return;
    this.#isFast = this.#frames > FAST * elapsed;
    this.#since = this.#now;
    this.#frames = 0;
  }

  #process(count: number, lane: number): void {
    const { instance, calls } = this.#context;
    const at = lane * LANE_COUNTS;
    this.#counts[at + RECEIVED]! += count;
    this.#counts[at + RECEIVED_BYTES]! += calls.inputBytes();
    this.#now = clock();
    const outputs = instance.process(0, count, this.#now);
    for (let first = 0; first < outputs; first += MOST_MESSAGES) {
      calls.collect(first, Math.min(outputs - first, MOST_MESSAGES));
      this.#sendCollected();
    }
  }

  #sendCollected(): void {
    const words = this.#words;
    const touched = words[AREA_TOUCHED_COUNT / 4]!;
    for (let index = 0; index < touched; index++) {
      const lane = words[AREA_TOUCHED / 4 + index]!;
      if (this.#sinks[lane]?.kind !== 'xdp') this.#send(lane);
    }
    // Behind the others: a frame leaves in its chunk, which is the kernel's then.
    if (this.#xdpPorts.length === 0) return;
    for (let index = 0; index < touched; index++) {
      const lane = words[AREA_TOUCHED / 4 + index]!;
      if (this.#sinks[lane]?.kind === 'xdp') this.#send(lane);
    }
  }

  #send(lane: number): void {
    const { system, base, area } = this.#context;
    const at = (AREA_LANES + lane * LANE_SIZE) / 4;
    const first = this.#words[at + LANE_FIRST / 4]!;
    const count = this.#words[at + LANE_COUNT / 4]!;
    const sink = this.#sinks[lane];
    const sums = this.#sums;
    sums.sent = 0;
    sums.errors = 0;
    sums.down = 0;
    const isDown = this.#counts[lane * LANE_COUNTS + IS_DOWN] === 1;
    if (sink === undefined || (isDown && sink.kind === 'xdp')) sums.down = count;
    else if (sink.kind === 'xdp') sink.port.send(lane, count, sums);
    else if (sink.kind === 'tap')
      writeFrames(system, sink.fd, base + area + AREA_VECTORS + first * VECTOR_SIZE, count, sums);
    else sendMessages(system, sink.fd, base + area + AREA_MESSAGES + first * MESSAGE_SIZE, count, sums);
    const counts = this.#counts;
    const counter = lane * LANE_COUNTS;
    const bytes = this.#words[at + LANE_BYTES / 4]!;
    counts[counter + SENT]! += sums.sent;
    counts[counter + SENT_BYTES]! += sums.sent === count ? bytes : Math.round((bytes * sums.sent) / count);
    counts[counter + ERRORS]! += sums.errors;
    counts[counter + DOWN]! += sums.down;
  }

  #patience(): number {
    let patience = this.#isMuted ? MUTE : -1;
    for (const port of this.#xdpPorts) if (!port.flush()) patience = FLUSH;
    return patience;
  }

  #fillPoll(): void {
    this.#isMuted = false;
    this.#polled[0] = this.#bell;
    this.#polled[1] = POLLIN;
    this.#entries.forEach(({ receiver }, index) => {
      this.#polled[index * 2 + 2] = receiver.fd;
      this.#polled[index * 2 + 3] = POLLIN;
    });
  }

  #poll(milliseconds: number): void {
    const { system, base } = this.#context;
    const ready = system.poll(base + this.#pollAddress, this.#entries.length + 1, milliseconds);
    if (ready < 0) return;
    if (this.#isMuted && milliseconds !== 0) this.#fillPoll();
    if (ready === 0) return;
    if (this.#polled[1]! >>> 16 !== 0) system.read(this.#bell, this.#rung, 8);
    this.#entries.forEach((entry, index) => {
      const events = this.#polled[index * 2 + 3]! >>> 16;
      if ((events & POLLIN) !== 0) entry.isReady = true;
      if ((events & ~POLLIN) === 0) return;
      // It is down, or gone: what it says until somebody has listened.
      takeSocketError(system, entry.receiver.fd);
      this.#polled[index * 2 + 2] = -1;
      this.#isMuted = true;
    });
  }
}
