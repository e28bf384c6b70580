/** Live packet I/O on Linux: interfaces as ports of a dataplane, read and written by threads of its own. */

import { LiveError, type LiveOptions, type PortCounters } from './types.ts';

export class LiveIo {
  private constructor() {}

  /**
   * Opens every port and begins to move frames.
   * @throws LiveError, whose message is one line that says what is missing; then nothing is left open.
   * @throws RangeError, TypeError for options that cannot be.
   */
  static start(options: LiveOptions): Promise<LiveIo> {
    return Promise.reject(new LiveError('unsupported', `not yet: ${options.ports.length} ports`));
  }

  /** Per port, in the order of the options. */
  counters(): PortCounters[] {
    return [];
  }

  /**
   * To be called after the policy changed (`Dataplane.apply`, `load`): which provider addresses are this host's, so that the
   * host's own stack does not answer for them, and neighbours learn where they are.
   */
  refresh(): void {
    return;
  }

  /** Ends the threads, closes everything and restores what was changed on interfaces. Can be called twice. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
