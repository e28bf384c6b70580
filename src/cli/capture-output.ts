/** A capture as a command writes it: pcap or pcapng by the name's extension, whole or not at all. */

import { CaptureFile } from '../capture/files.ts';
import { type CaptureWriter, type Packet, PcapWriter, PcapngWriter } from '../capture/index.ts';

/** Handed to the system when this much has come together. */
const FLUSH = 1 << 20;

export class CaptureOutput {
  readonly name: string;
  readonly #file: CaptureFile;
  readonly #writer: CaptureWriter;

  private constructor(name: string, file: CaptureFile, writer: CaptureWriter) {
    this.name = name;
    this.#file = file;
    this.#writer = writer;
  }

  /** @throws OutputError when it cannot be opened. */
  static async create(path: string): Promise<CaptureOutput> {
    const file = await CaptureFile.create(path);
    // Nanoseconds hold whatever the input's resolution is.
    const writer = /\.pcap$/i.test(path) ? new PcapWriter({ nanoseconds: true }) : new PcapngWriter();
    return new CaptureOutput(path === '-' ? 'stdout' : path, file, writer);
  }

  addInterface(name: string): number {
    return this.#writer.addInterface({ name });
  }

  write(packet: Packet): void {
    this.#writer.write(packet);
  }

  /** Hands over what has come together, if it is enough. */
  async drain(): Promise<void> {
    if (this.#writer.pending >= FLUSH) await this.#file.write(this.#writer.take());
  }

  async close(): Promise<void> {
    await this.#file.write(this.#writer.take());
    await this.#file.close();
  }

  async abort(): Promise<void> {
    await this.#file.abort();
  }
}
