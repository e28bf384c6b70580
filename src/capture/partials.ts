/** Files that are not whole yet: a signal that ends the process takes them along. */

import { unlinkSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** As long as there is one; without, signals do what they always do. */
class Partials {
  readonly #paths = new Set<string>();

  add(path: string): void {
    if (this.#paths.size === 0) for (const signal of SIGNALS) process.on(signal, this.#end);
    this.#paths.add(path);
  }

  delete(path: string): void {
    this.#paths.delete(path);
    if (this.#paths.size === 0) for (const signal of SIGNALS) process.off(signal, this.#end);
  }

  /** Whoever waits for this process learns that it was the signal. */
  readonly #end = (signal: NodeJS.Signals): void => {
    for (const path of this.#paths) {
      try {
        unlinkSync(path);
      } catch {
        // Not opened yet, or renamed already.
      }
      this.delete(path);
    }
    process.kill(process.pid, signal);
  };
}

export const partials = new Partials();
