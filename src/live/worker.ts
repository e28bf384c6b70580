/**
 * The entry of an I/O thread (`dist/live-worker.js`). The main thread opens sockets and rings and says which; this one moves frames. It
 * never returns to its event loop, so that messages are asked for.
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { AREA_LANE_OF, AREA_LANES, LANE_SIZE, LANE_VNET } from '../abi/live.ts';
import { VNET_SIZE } from '../abi/vnet.ts';
import type { Attachment } from '../engine/attached.ts';
import { attachInstance } from '../engine/instance.ts';
import type { Channel, LiveCalls, Receiver, Sink, Source, ThreadContext } from './channel.ts';
import { countsOf, newsOf } from './counts.ts';
import { Loop, type ThreadSink } from './loop.ts';
import { MessageBuffers } from './messages.ts';
import { MessageReceiver } from './mmsg.ts';
import { SlotReceiver } from './packet.ts';
import { loadSystem } from './system.ts';
import { XdpPort } from './xdp-port.ts';

/** `workerData` of the thread. Addresses are those of the WASM memory. */
export interface ThreadStart {
  readonly attachment: Attachment;
  /** Address of the WASM memory in the process. */
  readonly base: number;
  readonly area: number;
  readonly buffers: number;
  /** For poll(2). */
  readonly poll: { readonly address: number; readonly size: number };
  /** Table of the UMEM; undefined: no AF_XDP. */
  readonly chunks: number | undefined;
  /** An eventfd. */
  readonly bell: number;
  readonly counts: SharedArrayBuffer;
}

export type Command =
  | { readonly type: 'open'; readonly channels: readonly Channel[] }
  | { readonly type: 'close'; readonly ids: readonly number[] }
  | { readonly type: 'reclaim'; readonly owners: readonly number[] }
  | { readonly type: 'stop' };

/** `ready`: it runs. `closed`: answer to `close`. */
export type Answer =
  { readonly type: 'ready' } | { readonly type: 'closed'; readonly ids: readonly number[] };

interface Open {
  readonly channel: Channel;
  readonly receiver: Receiver | undefined;
  readonly sink: ThreadSink | undefined;
}

class Thread {
  readonly #context: ThreadContext;
  readonly #loop: Loop;
  readonly #buffers: MessageBuffers;
  readonly #news: Int32Array;
  readonly #start: ThreadStart;
  readonly #xdp = new Map<number, XdpPort>();
  /** By port; a port keeps its lane while it is closed, so that it is known whose frames found it down. */
  readonly #lanes = new Map<number, number>();
  #open: Open[] = [];
  #heard = 0;
  #isOver = false;

  constructor(context: ThreadContext, start: ThreadStart) {
    this.#context = context;
    this.#start = start;
    context.calls.openArea(start.area);
    if (start.chunks !== undefined) context.calls.openChunks(start.chunks);
    this.#buffers = new MessageBuffers(context, start.buffers);
    this.#loop = new Loop(context, countsOf(start.counts), start.poll, start.bell);
    this.#news = newsOf(start.counts);
    this.#loop.setPorts([], []);
  }

  run(): void {
    while (!this.#isOver) {
      if (Atomics.load(this.#news, 0) !== this.#heard) this.#listen();
      else this.#loop.turn();
    }
  }

  #listen(): void {
    this.#heard = Atomics.load(this.#news, 0);
    for (let news = receiveMessageOnPort(parentPort!); news; news = receiveMessageOnPort(parentPort!)) {
      const command = news.message as Command;
      if (command.type === 'stop') this.#isOver = true;
      else if (command.type === 'open') this.#add(command.channels);
      else if (command.type === 'close') this.#remove(command.ids);
      else for (const owner of command.owners) this.#context.calls.reclaimChunks(owner);
    }
  }

  #add(channels: readonly Channel[]): void {
    for (const channel of channels) {
      const { source, sink, port, lane } = channel;
      this.#lanes.set(port, lane);
      const receiver = source === undefined ? undefined : this.#receiver(source, channel);
      this.#open.push({
        channel,
        receiver,
        sink: sink === undefined ? undefined : this.#sink(sink, channel),
      });
    }
    this.#apply();
  }

  #remove(ids: readonly number[]): void {
    this.#open = this.#open.filter(({ channel }) => !ids.includes(channel.id));
    this.#xdp.clear();
    for (const { receiver } of this.#open)
      if (receiver instanceof XdpPort) this.#xdp.set(receiver.fd, receiver);
    this.#apply();
    parentPort!.postMessage({ type: 'closed', ids } satisfies Answer);
  }

  #receiver(source: Source, channel: Channel): Receiver {
    const context = this.#context;
    if (source.kind === 'xdp') return this.#xdpPort(source.fd, source.xsk, channel.port);
    if (source.kind !== 'packet')
      return new MessageReceiver(source.fd, source.kind === 'tap', channel, this.#buffers);
    return new SlotReceiver(context, source, channel, this.#buffers);
  }

  #sink(sink: Sink, channel: Channel): ThreadSink {
    if (sink.kind !== 'xdp') return sink;
    return { kind: 'xdp', port: this.#xdpPort(sink.fd, sink.xsk, channel.port) };
  }

  /** One socket both receives and sends. */
  #xdpPort(fd: number, xsk: number, port: number): XdpPort {
    const known = this.#xdp.get(fd);
    if (known !== undefined) return known;
    const made = new XdpPort(this.#context, fd, xsk, port);
    this.#xdp.set(fd, made);
    return made;
  }

  /** Tells the loop and the WASM side where frames of which port leave. */
  #apply(): void {
    const { instance } = this.#context;
    const view = new DataView(instance.memory.buffer, this.#start.area);
    const sinks: (ThreadSink | undefined)[] = [];
    for (const [port, lane] of this.#lanes) view.setUint16(AREA_LANE_OF + port * 2, lane, true);
    for (const { channel, sink } of this.#open) {
      if (sink === undefined) continue;
      const { lane, hasVnet } = channel;
      sinks[lane] = sink;
      view.setUint32(AREA_LANES + lane * LANE_SIZE + LANE_VNET, hasVnet ? VNET_SIZE : 0, true);
    }
    const entries = this.#open.flatMap(({ channel, receiver }) =>
      receiver === undefined ? [] : [{ receiver, lane: channel.lane }],
    );
    this.#loop.setPorts(entries, sinks);
  }
}

const start = workerData as ThreadStart;
const { module, memory, worker } = start.attachment;
const instance = attachInstance(module, memory, worker);
const calls = instance.exports as LiveCalls;
const context: ThreadContext = {
  system: await loadSystem(),
  instance,
  calls,
  base: start.base,
  area: start.area,
};
const thread = new Thread(context, start);
parentPort!.postMessage({ type: 'ready' } satisfies Answer);
thread.run();
