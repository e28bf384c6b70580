/**
 * What a thread is told of a port (structured clone carries it), and what the two sides of every backend have in common: the main
 * thread opens and closes, an I/O thread receives and sends.
 */

import type { Instance } from '../engine/instance.ts';
import type { System } from './system.ts';
import type { Backend } from './types.ts';

/** Where frames come from. Addresses are those of the WASM memory. */
export type Source =
  | {
      readonly kind: 'packet';
      readonly fd: number;
      readonly ring: number;
      /** Of a u32 that says what of the ring has been read. */
      readonly place: number;
      /** Bytes of a slot, and of the blocks that the slots are in. */
      readonly slotSize: number;
      readonly blockSize: number;
      readonly slots: number;
    }
  | { readonly kind: 'mmsg'; readonly fd: number }
  | { readonly kind: 'tap'; readonly fd: number }
  | { readonly kind: 'xdp'; readonly fd: number; readonly xsk: number };

/** Where frames go to. */
export type Sink =
  | { readonly kind: 'socket'; readonly fd: number }
  | { readonly kind: 'tap'; readonly fd: number }
  | { readonly kind: 'xdp'; readonly fd: number; readonly xsk: number };

export interface Channel {
  readonly id: number;
  readonly port: number;
  /** Number of the port in this thread's tables, from 1 on. */
  readonly lane: number;
  /** A virtio_net_hdr stands in front of every frame, in both directions. */
  readonly hasVnet: boolean;
  /** Undefined: another thread receives. */
  readonly source: Source | undefined;
  /** Undefined: it only receives. */
  readonly sink: Sink | undefined;
}

/** What an open port is for the main thread. */
export interface Opened {
  readonly backend: Backend;
  /** OFFLOAD_… that the port takes. */
  readonly offloads: number;
  /** For each thread, what it gets. */
  readonly channels: readonly (readonly Omit<Channel, 'id'>[])[];
  /** Undefined: what the interface of its name says. */
  state?(): 'up' | 'down' | 'gone';
  /** Frames that the kernel had no room for, since the last call. */
  takeDrops(): number;
  /** When no thread uses its channels any more. */
  close(): void;
  /** For each thread, numbers of AF_XDP sockets whose chunks are free again when they have been closed. */
  readonly owners?: readonly (readonly number[])[];
}

/** The thread's side of a source. */
export interface Receiver {
  readonly fd: number;
  /** Whether there may be frames, without a system call; a source without a ring in memory does not know. */
  readonly isRing: boolean;
  /** Describes at most `most` frames as inputs. Returns how many; 0: there are none now. */
  receive(most: number): number;
  /** It has fetched more than it described: `receive` has to be called again before another source uses the thread's buffers. */
  readonly isPending: boolean;
  /** The batch has been sent: its frames are the kernel's again. */
  release(): void;
}

/** What became of frames that were to be sent. */
export interface SendCounts {
  sent: number;
  /** The kernel did not take them. */
  errors: number;
  /** The interface is down or gone. */
  down: number;
}

/** Functions of the WASM side that the live build has beyond the others. */
export interface LiveCalls {
  openArea(address: number): void;
  collect(first: number, count: number): void;
  inputBytes(): number;
  beginInputs(): void;
  describeFrame(frame: number, length: number, port: number, hasVnet: number): void;
  describeMessages(messages: number, first: number, end: number, port: number, hasVnet: number): number;
  describeSlots(
    ring: number,
    slotSize: number,
    blockSize: number,
    slots: number,
    next: number,
    most: number,
    port: number,
    hasVnet: number,
  ): number;
  isInQueue(ring: number, slotSize: number, blockSize: number, slot: number): number;
  releaseSlots(
    ring: number,
    slotSize: number,
    blockSize: number,
    slots: number,
    first: number,
    count: number,
  ): void;
  openChunks(address: number): void;
  receiveXdp(xsk: number, most: number, port: number): number;
  sendXdp(xsk: number, lane: number, skip: number): number;
  reapXdp(xsk: number): number;
  refillXdp(xsk: number): void;
  returnChunks(count: number): void;
  reclaimChunks(owner: number): void;
}

/** What the code of a thread works with. */
export interface ThreadContext {
  readonly system: System;
  readonly instance: Instance;
  readonly calls: LiveCalls;
  /** Address of the WASM memory in the process. */
  readonly base: number;
  /** Of its area (`src/abi/live.ts`). */
  readonly area: number;
}
