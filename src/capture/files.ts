/** Captures on files, pipes and standard streams. The only file of this folder that needs Node. */

import { close, fstat, open, read, write } from 'node:fs';
import { rename, stat, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { partials } from './partials.ts';
import { CaptureError } from './types.ts';

const CHUNK = 1 << 20;

// By descriptor: the standard streams have no path that can be opened when they are sockets.
const files = {
  open: promisify(open),
  close: promisify(close),
  stat: promisify(fstat),
  read: promisify(read),
  write: promisify(write),
};
const STDIN = 0;
const STDOUT = 1;
/** Between two tries on a pipe that somebody has made non-blocking, milliseconds. */
const PATIENCE = 1;

/** Repeats what a non-blocking stream is not ready for. */
async function patiently<Result>(action: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await sleep(PATIENCE);
    }
  }
}

/** Writing failed: the disk is full, the reader of a pipe has gone, … `message` names the file and the reason. */
export class OutputError extends Error {
  override name = 'OutputError';
}

/** The system's reason without its code and call: `no such file or directory`. */
export function systemReason(error: unknown): string {
  const { message } = error as Error;
  return /^[A-Z0-9]+: (.*?)(?:, \w+.*)?$/.exec(message)?.[1] ?? message;
}

export interface OpenCapture {
  /** Bytes, undefined where it is not a regular file. */
  readonly size: number | undefined;
  /** Chunks of up to 1 MiB, each valid until the second next one; the next is read while one is used. */
  chunks(): AsyncGenerator<Uint8Array>;
}

/**
 * Opens a capture for reading; `-` is stdin.
 * @throws CaptureError when it cannot be opened.
 */
export async function openCapture(path: string): Promise<OpenCapture> {
  const name = nameOf(path, 'stdin');
  try {
    const file = path === '-' ? STDIN : await files.open(path, 'r');
    const info = await files.stat(file);
    if (info.isDirectory()) {
      await files.close(file);
      throw new CaptureError(`${path}: expected a file, got a directory`);
    }
    return { size: info.isFile() ? info.size : undefined, chunks: () => readChunks(file, name) };
  } catch (error) {
    if (error instanceof CaptureError) throw error;
    throw new CaptureError(`${name}: ${systemReason(error)}`);
  }
}

/**
 * The text of a file; `-` is stdin.
 * @throws CaptureError when it cannot be read.
 */
export async function readText(path: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (await openCapture(path)).chunks())
    text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

function nameOf(path: string, standard: string): string {
  return path === '-' ? standard : path;
}

async function* readChunks(file: number, name: string): AsyncGenerator<Uint8Array> {
  // Three buffers take turns: one is used, one holds the rest of the chunk before, one is being filled.
  const buffers = [new Uint8Array(CHUNK), new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
  let turn = 0;
  const readNext = () => {
    const buffer = buffers[turn++ % 3]!;
    return patiently(() => files.read(file, buffer, 0, CHUNK, null));
  };
  let ahead: ReturnType<typeof readNext> | undefined;
  try {
    ahead = readNext();
    for (;;) {
      const { bytesRead, buffer } = await ahead;
      ahead = undefined;
      if (bytesRead === 0) return;
      ahead = readNext();
      // Whoever stops early never awaits it: its failure is then nobody's.
      ahead.catch(() => undefined);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw new CaptureError(`${name}: ${systemReason(error)}`);
  } finally {
    await ahead?.catch(() => undefined);
    if (file !== STDIN) await files.close(file);
  }
}

interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** Where a capture is written. A regular file appears under its name only when it is whole. */
export class CaptureFile {
  readonly #file: number;
  readonly #name: string;
  /** Undefined: written in place (a pipe, a device, a standard stream). */
  readonly #rename: Renaming | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(file: number, name: string, renaming: Renaming | undefined) {
    this.#file = file;
    this.#name = name;
    this.#rename = renaming;
  }

  /**
   * Opens a file for writing; `-` is stdout.
   * @throws OutputError when it cannot be opened.
   */
  static async create(path: string): Promise<CaptureFile> {
    const name = nameOf(path, 'stdout');
    try {
      if (path === '-') return new CaptureFile(STDOUT, name, undefined);
      const existing = await stat(path).catch(() => undefined);
      if (existing !== undefined && !existing.isFile())
        return new CaptureFile(await files.open(path, 'w'), name, undefined);
      return await CaptureFile.#createPartial(path, name);
    } catch (error) {
      throw new OutputError(`${name}: ${systemReason(error)}`);
    }
  }

  static async #createPartial(path: string, name: string): Promise<CaptureFile> {
    const from = `${path}.partial-${process.pid}`;
    partials.add(from);
    try {
      return new CaptureFile(await files.open(from, 'w'), name, { from, to: path });
    } catch (error) {
      partials.delete(from);
      throw error;
    }
  }

  /** Writes while the caller goes on; the bytes must stay as they are until the next `write` or `close` has returned. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing;
    this.#writing = this.#writeAll(bytes);
    // Awaited by the next call; until then a failure is not unhandled.
    this.#writing.catch(() => undefined);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let at = 0;
    try {
      while (at < bytes.length) {
        const { bytesWritten } = await patiently(() =>
          files.write(this.#file, bytes, at, bytes.length - at, null),
        );
        at += bytesWritten;
      }
    } catch (error) {
      const isClosed = (error as NodeJS.ErrnoException).code === 'EPIPE';
      throw new OutputError(`${this.#name}: ${isClosed ? 'closed by its reader' : systemReason(error)}`);
    }
  }

  /**
   * Waits for everything to be written and gives the file its name.
   * @throws OutputError when something could not be written; nothing is left under the name.
   */
  async close(): Promise<void> {
    try {
      await this.#writing;
    } catch (error) {
      await this.abort();
      throw error;
    }
    await this.#closeFile();
    if (this.#rename === undefined) return;
    const { from, to } = this.#rename;
    try {
      await rename(from, to);
    } catch (error) {
      await this.abort();
      throw new OutputError(`${this.#name}: ${systemReason(error)}`);
    }
    partials.delete(from);
  }

  async #closeFile(): Promise<void> {
    if (this.#isClosed || this.#file === STDOUT) return;
    this.#isClosed = true;
    await files.close(this.#file);
  }

  /** Gives up: removes what was written, where that is possible. */
  async abort(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#closeFile().catch(() => undefined);
    if (this.#rename === undefined) return;
    await unlink(this.#rename.from).catch(() => undefined);
    partials.delete(this.#rename.from);
  }
}

/** Both paths lead to the same file; `-` is what stdin was redirected from. */
export async function sameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all(
    [a, b].map((path) => (path === '-' ? files.stat(STDIN) : stat(path)).catch(() => undefined)),
  );
  return (
    left !== undefined &&
    right !== undefined &&
    left.isFile() &&
    left.ino === right.ino &&
    left.dev === right.dev
  );
}
