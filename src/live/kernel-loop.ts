/** Waits for the kernel's news without a timer: one thread of Node's pool sleeps in poll(2) until there is some. */

import type { Kernel } from './underlay/kernel.ts';

const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const EFD_CLOEXEC = 0o2000000;

export class KernelLoop {
  readonly #kernel: Kernel;
  readonly #wake: number;
  readonly #done: Promise<void>;
  #isClosed = false;

  /** @param onNews must read what `Kernel.changes` has. */
  constructor(kernel: Kernel, onNews: () => void) {
    this.#kernel = kernel;
    this.#wake = kernel.sockets.eventfd(0, EFD_CLOEXEC);
    this.#done = this.#run(onNews);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#kernel.sockets.write(this.#wake, ONE, ONE.length);
    await this.#done;
    this.#kernel.sockets.close(this.#wake);
  }

  async #run(onNews: () => void): Promise<void> {
    for (;;) {
      const [hasNews] = await this.#kernel.sockets.poll([this.#kernel.changes, this.#wake]);
      if (this.#isClosed) return;
      if (hasNews === true) onNews();
    }
  }
}
