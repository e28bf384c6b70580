/** Waits for the kernel's news without a timer: one thread of Node's pool sleeps in poll(2) until there is some. */

import type { Kernel } from './underlay/kernel.ts';

const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const EFD_CLOEXEC = 0o2000000;

export class KernelLoop {
  readonly #kernel: Kernel;
  readonly #wake: number;
  readonly #done: Promise<void>;
  #isClosed = false;

  /**
   * @param onNews must read what `Kernel.changes` has.
   * @param other gives a further descriptor, −1 = none; `onOther` must read it.
   */
  constructor(kernel: Kernel, onNews: () => void, other: () => number, onOther: () => void) {
    this.#kernel = kernel;
    this.#wake = kernel.sockets.eventfd(0, EFD_CLOEXEC);
    this.#done = this.#run(onNews, other, onOther);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#kernel.sockets.write(this.#wake, ONE, ONE.length);
    await this.#done;
    this.#kernel.sockets.close(this.#wake);
  }

  /** Something to wait for has come or gone. */
  renew(): void {
    this.#kernel.sockets.write(this.#wake, ONE, ONE.length);
  }

  async #run(onNews: () => void, other: () => number, onOther: () => void): Promise<void> {
    const { sockets } = this.#kernel;
    for (;;) {
      // A negative one is not waited for (poll(2)).
      const [hasNews, isWoken, hasOther] = await sockets.poll([this.#kernel.changes, this.#wake, other()]);
      if (this.#isClosed) return;
      if (isWoken === true) sockets.read(this.#wake, new Uint8Array(8), 8);
      if (hasNews === true) onNews();
      if (hasOther === true && other() >= 0) onOther();
    }
  }
}
