/** recvmmsg into the WASM memory: where messages and their frames lie. Every source of a thread that has no ring uses them in turn. */

import {
  MESSAGE_CONTROL,
  MESSAGE_CONTROL_LENGTH,
  MESSAGE_FLAGS,
  MESSAGE_SIZE,
  MESSAGE_VECTOR,
  MESSAGE_VECTORS,
  VECTOR_SIZE,
} from '../abi/live.ts';
import type { LiveCalls, ThreadContext } from './channel.ts';
import { MSG_DONTWAIT } from './linux.ts';
import type { System } from './system.ts';

const MESSAGES = 64;
const CONTROL_SIZE = 64;
/** In front of every frame. */
const HEADROOM = 256;
/** A virtio_net_hdr, an Ethernet header with two tags, the largest IP packet. */
const LONGEST = 10 + 22 + 65536;
/** Not a multiple of a page, so that first lines of frames do not compete for the same places of a cache. */
const STRIDE = HEADROOM + 65664 + 64;
const FRAMES = MESSAGES * (MESSAGE_SIZE + VECTOR_SIZE + CONTROL_SIZE);

/** Bytes that `MessageBuffers` takes. */
export const MESSAGE_BUFFERS_SIZE = FRAMES + MESSAGES * STRIDE;

export class MessageBuffers {
  readonly #system: System;
  readonly #calls: LiveCalls;
  readonly #messages: number;
  readonly #address: number;
  readonly #base: number;
  #next = 0;
  #end = 0;

  /** @param address of MESSAGE_BUFFERS_SIZE bytes of zeros. */
  constructor({ system, calls, base, instance }: ThreadContext, address: number) {
    this.#system = system;
    this.#calls = calls;
    this.#base = base;
    this.#address = address;
    this.#messages = base + address;
    const view = new DataView(instance.memory.buffer, address, FRAMES);
    const put = (at: number, value: number) => {
      view.setBigUint64(at, BigInt(value), true);
    };
    for (let index = 0; index < MESSAGES; index++) {
      const message = index * MESSAGE_SIZE;
      const vector = MESSAGES * MESSAGE_SIZE + index * VECTOR_SIZE;
      const control = MESSAGES * (MESSAGE_SIZE + VECTOR_SIZE) + index * CONTROL_SIZE;
      put(message + MESSAGE_VECTOR, base + address + vector);
      put(message + MESSAGE_VECTORS, 1);
      put(message + MESSAGE_CONTROL, base + address + control);
      put(message + MESSAGE_CONTROL_LENGTH, CONTROL_SIZE);
      put(message + MESSAGE_FLAGS, 0);
      put(vector, base + this.frame(index));
      put(vector + 8, LONGEST);
    }
  }

  /** Where the kernel puts frame `index`, its virtio_net_hdr first. */
  frame(index: number): number {
    return this.#address + FRAMES + index * STRIDE + HEADROOM;
  }

  /** There are frames of the last socket that are yet to be described, and to be described as its own. */
  get isPending(): boolean {
    return this.#next !== this.#end;
  }

  /** Describes frames of a socket as inputs. Returns how many; 0: there are none. */
  receive(fd: number, most: number, port: number, vnet: number): number {
    if (this.#next === this.#end) {
      this.#next = 0;
      this.#end = 0;
      const count = Math.min(most, MESSAGES);
      const received = this.#system.recvmmsg(fd, this.#messages, count, MSG_DONTWAIT, 0);
      if (received <= 0) return 0;
      this.#end = received;
    }
    const address = this.#address;
    const found = this.#calls.describeMessages(address, this.#next, this.#end, port, vnet);
    this.#next += found;
    return found;
  }

  /** As `receive`, from a tap: one frame per system call. */
  receiveFromTap(fd: number, most: number, port: number, vnet: number): number {
    const header = vnet === 1 ? 10 : 0;
    this.#calls.beginInputs();
    let found = 0;
    // As many as may need copies for their pieces.
    for (let bytes = 0; found < Math.min(most, MESSAGES) && bytes < LONGEST; found++) {
      const frame = this.frame(found);
      const length = this.#system.read(fd, this.#base + frame, LONGEST);
      if (length <= header) break;
      this.#calls.describeFrame(frame + header, length - header, port, vnet);
      bytes += length;
    }
    return found;
  }
}
