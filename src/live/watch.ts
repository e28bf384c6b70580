/** A policy file that is read again when it changes: written in place, replaced by an editor's rename, or by a link elsewhere. */

import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { systemReason } from '../capture/files.ts';

/** Editors write in several steps; a copy takes a moment. Milliseconds without an event before the file is read. */
const QUIET = 150;
/** What no event tells (another file system, a link's target) is seen after this time, milliseconds. */
const GLANCE = 2000;

export interface WatchOptions {
  readonly file: string;
  /** The text that is in force. */
  readonly text: string;
  readonly onText: (text: string) => void;
  /** The file cannot be read: said once, until it can. */
  readonly onError: (reason: string) => void;
}

/** Calls back with every other text that the file has, once it has come to rest. */
export class FileWatch {
  readonly #options: WatchOptions;
  readonly #glance: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #text: string;
  /** Of the file that was read last: which one, how long, and when it was changed. */
  #seen: string | undefined;
  #isReading = false;
  #isFailing = false;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#text = options.text;
    this.#open();
    this.#glance = setInterval(() => {
      this.#open();
      void this.#look();
    }, GLANCE);
  }

  /** Reads it now, whatever it has. */
  again(): void {
    this.#text = '';
    void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#glance);
    clearTimeout(this.#quiet);
    this.#forget();
  }

  /** The folder, not the file: a file that is replaced is another one, and its watch would stay with the old one. */
  #open(): void {
    if (this.#watcher !== undefined) return;
    const folder = dirname(this.#options.file);
    try {
      this.#watcher = watch(folder, (event, name) => {
        // So it is with the folder: an event of its own name says that it was removed or moved.
        if (event === 'rename' && name === basename(folder)) {
          this.#forget();
          this.#open();
        }
        this.#wait();
      });
      this.#watcher.on('error', () => {
        this.#forget();
      });
    } catch {
      // No such folder now: the glance opens it when it is there again.
    }
  }

  #forget(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #look(): Promise<void> {
    if ((await this.#signature()) !== this.#seen) this.#wait();
  }

  async #signature(): Promise<string | undefined> {
    const found = await stat(this.#options.file).catch(() => undefined);
    return found === undefined ? undefined : `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs}`;
  }

  #wait(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#read(), QUIET);
  }

  /** It may have been closed while the file was read. */
  #hasEnded(): boolean {
    return this.#isClosed;
  }

  async #read(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isReading) {
      this.#wait();
      return;
    }
    this.#isReading = true;
    try {
      this.#seen = await this.#signature();
      const text = await readFile(this.#options.file, 'utf8');
      this.#isFailing = false;
      if (text === this.#text || this.#hasEnded()) return;
      this.#text = text;
      this.#options.onText(text);
    } catch (error) {
      if (!this.#isFailing && !this.#hasEnded()) this.#options.onError(systemReason(error));
      this.#isFailing = true;
    } finally {
      this.#isReading = false;
    }
  }
}
