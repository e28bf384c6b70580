/** Threads: `worker_threads` in Node, module workers in browsers; both ends of them. */

import { newWorker } from '../load-worker.ts';

/** What the two kinds of worker have in common; `createWorker` of a pool returns one of them. */
export interface WorkerThread {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

export type Post = (message: unknown) => void;

/** Node's; those of browsers have no `on`. */
interface Emitter extends WorkerThread {
  on(event: 'message' | 'error', listener: (value: unknown) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
}

/** Not an import: a bundler for browsers would have to replace it. */
function workerThreads(): typeof import('node:worker_threads') | undefined {
  return typeof process === 'object' && typeof process.getBuiltinModule === 'function'
    ? process.getBuiltinModule('node:worker_threads')
    : undefined;
}

/** @throws Error where the system has no threads. */
export function createThread(): WorkerThread {
  return newWorker(workerThreads()?.Worker);
}

/**
 * Listens to a thread.
 * @param end called once when the thread has ended and runs nothing any more, unless `stop` ended it.
 * @returns `stop`: resolves when the thread has ended.
 */
export function listen(
  thread: WorkerThread,
  message: (message: unknown) => void,
  end: (error: Error) => void,
): () => Promise<void> {
  let isOver = false;
  const over = (error: Error) => {
    if (isOver) return;
    isOver = true;
    end(error);
  };
  if ('on' in thread) {
    const emitter = thread as Emitter;
    let failure: Error | undefined;
    emitter.on('message', message);
    emitter.on('error', (error) => (failure = asError(error)));
    emitter.on('exit', (code) => {
      over(failure ?? new Error(`the thread was ended, exit code ${code}`));
    });
  } else {
    const worker = thread as unknown as Worker;
    worker.addEventListener('message', ({ data }) => {
      message(data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      // What threw was the loop: nothing runs there any more.
      worker.terminate();
      over(asError((event.error as unknown) ?? event.message));
    });
  }
  return async () => {
    isOver = true;
    await thread.terminate();
  };
}

function asError(value: unknown): Error {
  if (value instanceof Error) return value;
  return new Error(typeof value === 'string' && value !== '' ? value : 'the worker could not be loaded');
}

/** In the thread: calls `start` with the first message; what it throws ends the thread. */
export function onStart(start: (message: unknown, post: Post) => void): void {
  const port = workerThreads()?.parentPort;
  if (port) {
    port.once('message', (message) => {
      start(message, (answer) => {
        port.postMessage(answer);
      });
    });
    return;
  }
  const scope = globalThis as unknown as Worker;
  const listener = ({ data }: MessageEvent): void => {
    start(data, (answer) => {
      scope.postMessage(answer);
    });
  };
  scope.addEventListener('message', listener, { once: true });
}
