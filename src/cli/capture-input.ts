/** A capture of Ethernet frames as a command reads it. */

import { cliProgress } from './progress.ts';
import { openCapture } from '../capture/files.ts';
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
  readonly interfaces: readonly CaptureInterface[];
  /** Why reading stopped early; everything before that place was read. */
  readonly fault: CaptureError | undefined;
  /** The next record, or undefined: the next chunk is needed. */
  read(): CaptureRecord | undefined;
  /** Yields once for every chunk of the file; `read` what is in it each time. */
  chunks(): AsyncGenerator<CaptureInput>;
}

/** @throws CaptureError when the file cannot be opened. Later faults are in `fault`. */
export async function openInput(path: string): Promise<CaptureInput> {
  const file = await openCapture(path);
  return new Input(path === '-' ? 'stdin' : path, file.size, file.chunks());
}

class Input implements CaptureInput {
  readonly name: string;
  fault: CaptureError | undefined;
  readonly #size: number | undefined;
  readonly #bytes: AsyncGenerator<Uint8Array>;
  readonly #reader: CaptureReader;

  constructor(name: string, size: number | undefined, bytes: AsyncGenerator<Uint8Array>) {
    this.name = name;
    this.#size = size;
    this.#bytes = bytes;
    this.#reader = new CaptureReader(name);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  read(): CaptureRecord | undefined {
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
    const progress = cliProgress(this.name, this.#size);
    try {
      for await (const chunk of this.#bytes) {
        this.#reader.push(chunk);
        yield this;
        progress.advance(chunk.length);
        if (this.fault !== undefined) return;
      }
      this.#reader.end();
    } catch (error) {
      this.#stop(error);
    } finally {
      progress.stop();
    }
  }
}
