/** What ends `netvirt run`: a signal, or that it cannot go on. Either way interfaces are to be as they were before. */

export class Ending {
  /** Resolves once, with the signal or the failure. */
  readonly ended: Promise<string>;
  /** Undefined: a signal ended it, or nothing yet. */
  failure: string | undefined;
  #end!: (why: string) => void;

  /** Signals do not end the process from here on. */
  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    let isEnding = false;
    const onSignal = (signal: NodeJS.Signals) => {
      // A second one does not wait for the end in order.
      if (isEnding) process.exit(1);
      isEnding = true;
      this.#end(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  }

  /** Who started this process starts it again. */
  fail(failure: string): void {
    this.failure ??= failure;
    this.#end(failure);
  }
}
