/** A progress bar on a terminal, for inputs that take longer than a second; nothing in a pipe. */

import { SingleBar } from 'cli-progress';

export interface Progress {
  /** @param bytes that were read since the last call. */
  advance(bytes: number): void;
  stop(): void;
}

const PATIENCE = 1000;

export function cliProgress(name: string, size: number | undefined): Progress {
  if (size === undefined || !process.stderr.isTTY) return { advance: () => undefined, stop: () => undefined };
  const begun = Date.now();
  let done = 0;
  let bar: SingleBar | undefined;
  return {
    advance(bytes) {
      done += bytes;
      if (bar === undefined && Date.now() - begun > PATIENCE) {
        bar = new SingleBar({
          format: `${name} {bar} {percentage}% {eta_formatted}`,
          stream: process.stderr,
          clearOnComplete: true,
        });
        bar.start(size, done);
      }
      bar?.update(done);
    },
    stop() {
      bar?.stop();
    },
  };
}
