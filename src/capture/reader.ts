/** A capture of either format, pushed in chunks of any size and read record by record. */

import { ByteQueue } from './byte-queue.ts';
import { MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, PcapParser } from './pcap.ts';
import { PcapngParser, SECTION_HEADER } from './pcapng.ts';
import { CaptureError, type CaptureInterface, type CaptureRecord, type RecordHead } from './types.ts';

/** First bytes of files that people take for captures. */
const STRANGERS: readonly (readonly [magic: number, mask: number, what: string])[] = [
  [0x1f8b0000, 0xffff0000, 'a gzip-compressed file: decompress it first'],
  [0x28b52ffd, 0xffffffff, 'a zstd-compressed file: decompress it first'],
  [0xfd377a58, 0xffffffff, 'an xz-compressed file: decompress it first'],
  [0x504b0304, 0xffffffff, 'a zip archive: unpack it first'],
  [0x736e6f6f, 0xffffffff, 'a snoop file, which is another format'],
];

export class CaptureReader {
  /** For messages. */
  readonly name: string;
  readonly #queue = new ByteQueue();
  readonly #record: CaptureRecord = {
    interfaceId: 0,
    seconds: 0,
    nanoseconds: 0,
    capturedLength: 0,
    originalLength: 0,
    offset: 0,
    comments: undefined,
    data: new Uint8Array(0),
  };
  #parser: PcapParser | PcapngParser | undefined;

  /** @param name of the file, for messages. */
  constructor(name = 'capture') {
    this.name = name;
  }

  /** Known once the first four bytes were read. */
  get format(): 'pcap' | 'pcapng' | undefined {
    return this.#parser?.format;
  }

  /** Interfaces met so far. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#parser?.interfaces ?? [];
  }

  /** Records read so far. */
  get count(): number {
    return this.#parser?.count ?? 0;
  }

  /** The next bytes; the chunk must stay as it is until the next `push`. */
  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  /**
   * The next record, or undefined when more bytes are needed. The same object every time.
   * @throws CaptureError when the bytes are not a capture; everything before that place has been returned.
   */
  read(): CaptureRecord | undefined {
    if (this.readHead() === undefined) return undefined;
    const record = this.#record;
    record.data = this.#queue.viewAt(record.offset, record.capturedLength);
    return record;
  }

  /**
   * As `read`, for those who want to know where the frame is and not what is in it: no view of it is made.
   * @throws CaptureError as `read`.
   */
  readHead(): RecordHead | undefined {
    this.#parser ??= this.#detect();
    return this.#parser?.read(this.#record) === true ? this.#record : undefined;
  }

  /**
   * To be called when there are no more bytes and `read` returned undefined.
   * @throws CaptureError when the capture ends inside a record, or before it began.
   */
  end(): void {
    const { available, offset } = this.#queue;
    const isBegun = this.#parser?.format === 'pcapng' || this.interfaces.length > 0;
    if (!isBegun) {
      if (available === 0 && offset === 0)
        throw new CaptureError(`${this.name}: expected a capture, got an empty file`);
      if (available > 0)
        throw new CaptureError(`${this.name}: expected a capture, got ${offset + available} bytes`);
    }
    if (available > 0) {
      throw new CaptureError(
        `${this.name}: record ${this.count + 1} at byte ${offset}: cut short, only ${available} bytes are there`,
      );
    }
  }

  #detect(): PcapParser | PcapngParser | undefined {
    const queue = this.#queue;
    if (queue.available < 4) return undefined;
    const magic = queue.view.getUint32(queue.start);
    if (magic === SECTION_HEADER) return new PcapngParser(queue, this.name);
    for (const littleEndian of [false, true]) {
      const value = queue.view.getUint32(queue.start, littleEndian);
      if (value === MAGIC_MICROSECONDS) return new PcapParser(queue, this.name, littleEndian, false);
      if (value === MAGIC_NANOSECONDS) return new PcapParser(queue, this.name, littleEndian, true);
    }
    const stranger = STRANGERS.find(([expected, mask]) => (magic & mask) >>> 0 === expected)?.[2];
    const came = stranger ?? `a file that begins with ${magic.toString(16).padStart(8, '0')}`;
    throw new CaptureError(`${this.name}: expected a pcap or pcapng capture, got ${came}`);
  }
}
