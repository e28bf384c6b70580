/** A capture of Ethernet frames as a command reads it. */

import { type Progress, cliProgress } from './progress.ts';
import { type OpenCapture, openCapture } from '../capture/files.ts';
import {
  CaptureError,
  type CaptureInterface,
  CaptureReader,
  type CaptureRecord,
  LINKTYPE_ETHERNET,
  linkTypeName,
} from '../capture/index.ts';

export interface CaptureInput {
  readonly name: string;
  /** A file that can be read again; not a pipe. */
  readonly isRegular: boolean;
  readonly interfaces: readonly CaptureInterface[];
  /** Why reading stopped early; everything before that place was read. */
  readonly fault: CaptureError | undefined;
  /**
   * Waits for the first record, or the end.
   * @throws CaptureError when nothing can be read: what came is no capture of Ethernet frames.
   */
  begin(): Promise<void>;
  /** The next record, or undefined: the next chunk is needed. */
  read(): CaptureRecord | undefined;
  /** Yields once for every chunk of the file; `read` what is in it each time. */
  chunks(): AsyncGenerator<CaptureInput>;
}

/**
 * @param isOnly there is no other input beside it, which would have a progress bar too.
 * @throws CaptureError when the file cannot be opened. Later faults are in `fault`.
 */
export async function openInput(path: string, isOnly = true): Promise<CaptureInput> {
  return new Input(path, await openCapture(path), isOnly);
}

class Input implements CaptureInput {
  readonly name: string;
  readonly isRegular: boolean;
  fault: CaptureError | undefined;
  readonly #progress: Progress;
  readonly #bytes: AsyncGenerator<Uint8Array>;
  readonly #reader: CaptureReader;
  /** Read by `begin`, not yet by anybody else. */
  #first: CaptureRecord | undefined;

  constructor(path: string, file: OpenCapture, isOnly: boolean) {
    this.name = path === '-' ? 'stdin' : path;
    // Standard input may be a file, but it goes on where it was left.
    this.isRegular = path !== '-' && file.size !== undefined;
    this.#progress = cliProgress(this.name, isOnly ? file.size : undefined);
    this.#bytes = file.chunks();
    this.#reader = new CaptureReader(this.name);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  async begin(): Promise<void> {
    while (this.#first === undefined && this.fault === undefined && (await this.#next()))
      this.#first = this.read();
    if (this.fault === undefined) return;
    this.#progress.stop();
    await this.#bytes.return(undefined);
    throw this.fault;
  }

  read(): CaptureRecord | undefined {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    if (this.fault !== undefined) return undefined;
    try {
      const record = this.#reader.read();
      if (record !== undefined) this.#checkLink(record);
      return record;
    } catch (error) {
      this.#stop(error);
      return undefined;
    }
  }

  #checkLink({ interfaceId }: CaptureRecord): void {
    const { linkType } = this.#reader.interfaces[interfaceId]!;
    if (linkType === LINKTYPE_ETHERNET) return;
    throw new CaptureError(
      `${this.name}: record ${this.#reader.count}: expected link type ${linkTypeName(LINKTYPE_ETHERNET)}, got ${linkTypeName(linkType)}`,
    );
  }

  #stop(error: unknown): void {
    if (!(error instanceof CaptureError)) throw error;
    this.fault = error;
  }

  async *chunks(): AsyncGenerator<CaptureInput> {
    try {
      if (this.#first !== undefined) yield this;
      while (this.fault === undefined && (await this.#next())) yield this;
    } finally {
      this.#progress.stop();
      await this.#bytes.return(undefined);
    }
  }

  /** Takes the next chunk; false at the end. */
  async #next(): Promise<boolean> {
    try {
      const next = await this.#bytes.next();
      if (next.done === true) {
        this.#reader.end();
        return false;
      }
      this.#reader.push(next.value);
      this.#progress.advance(next.value.length);
      return true;
    } catch (error) {
      this.#stop(error);
      return false;
    }
  }
}
