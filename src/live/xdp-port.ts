/** A thread's end of an AF_XDP socket: the rings are read and written by the WASM side (`assembly/live/xdp.ts`). */

import type { LiveCalls, Receiver, SendCounts, ThreadContext } from './channel.ts';
import { MSG_DONTWAIT } from './linux.ts';
import { type System, errnoText, systemError } from './system.ts';

/** How often the kernel is asked to send what it did not take at once. */
const KICKS = 64;

export class XdpPort implements Receiver {
  readonly isRing = true;
  readonly isPending = false;
  readonly fd: number;
  readonly #system: System;
  readonly #calls: LiveCalls;
  readonly #xsk: number;
  readonly #port: number;
  #received = 0;
  #isDown = false;

  constructor({ system, calls }: ThreadContext, fd: number, xsk: number, port: number) {
    this.fd = fd;
    this.#system = system;
    this.#calls = calls;
    this.#xsk = xsk;
    this.#port = port;
    calls.refillXdp(xsk);
  }

  receive(most: number): number {
    this.#received = this.#calls.receiveXdp(this.#xsk, most, this.#port);
    return this.#received;
  }

  release(): void {
    this.#calls.returnChunks(this.#received);
    this.#received = 0;
    this.#calls.refillXdp(this.#xsk);
  }

  /** Sends what was collected for a lane: `count` frames. */
  send(lane: number, count: number, counts: SendCounts): void {
    this.#calls.reapXdp(this.#xsk);
    if (this.#isDown && !this.#kick()) {
      counts.down += count;
      return;
    }
    let done = 0;
    for (let kicks = 0; done < count && kicks < KICKS; kicks++) {
      const queued = this.#calls.sendXdp(this.#xsk, lane, done);
      done += queued;
      if (!this.#kick()) break;
      this.#calls.reapXdp(this.#xsk);
    }
    counts.sent += done;
    if (this.#isDown) counts.down += count - done;
    else counts.errors += count - done;
    this.flush();
  }

  /** Makes the kernel send what is in the ring. Returns whether it has taken everything. */
  flush(): boolean {
    for (let kicks = 0; kicks < KICKS; kicks++) {
      if (this.#calls.reapXdp(this.#xsk) === 0) return true;
      if (!this.#kick()) return this.#isDown;
    }
    return this.#calls.reapXdp(this.#xsk) === 0;
  }

  /** False: the interface is down. */
  #kick(): boolean {
    this.#isDown = false;
    if (this.#system.sendto(this.fd, 0, 0, MSG_DONTWAIT, 0, 0) >= 0) return true;
    const { name } = errnoText(this.#system.errno());
    this.#isDown = name === 'ENETDOWN' || name === 'ENXIO' || name === 'EOPNOTSUPP' || name === 'EBADF';
    if (this.#isDown) return false;
    if (name === 'EAGAIN' || name === 'EBUSY' || name === 'ENOBUFS' || name === 'EINTR') return true;
    throw systemError(this.#system, 'AF_XDP does not send');
  }
}
