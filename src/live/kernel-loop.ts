/** Waits for the kernel's news without a timer: one thread of Node's pool sleeps in poll(2) until there is some. */

import { EFD_CLOEXEC } from './linux.ts';
import type { Kernel } from './underlay/kernel.ts';

const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

export class KernelLoop {
  readonly #kernel: Kernel;
  readonly #wake: number;
  readonly #done: Promise<void>;
  #isClosed = false;

  /** @param onNews must read what `Kernel.changes` has. */
  constructor(kernel: Kernel, onNews: () => void) {
    this.#kernel = kernel;
    this.#wake = kernel.system.eventfd(0, EFD_CLOEXEC);
    this.#done = this.#run(onNews);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#kernel.system.write(this.#wake, ONE, ONE.length);
    await this.#done;
    this.#kernel.system.close(this.#wake);
  }

  async #run(onNews: () => void): Promise<void> {
    for (;;) {
      const [hasNews] = await this.#kernel.system.wait([this.#kernel.changes, this.#wake]);
      if (this.#isClosed) return;
      if (hasNews === true) onNews();
    }
  }
}
