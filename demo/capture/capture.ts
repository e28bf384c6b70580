/** One capture: indexed at once, judged from front to back after that, and before their turn the packets that are looked at. */

import { type CaptureInterface, CaptureReader, type IndexColumns, type Policy, VERDICTS } from 'netvirt/core';
import { Judgements, NOBODY, UNJUDGED } from './columns.ts';
import { Examination } from './examination.ts';
import { type IndexingOptions, indexCapture } from './indexing.ts';
import { Labels } from './labels.ts';
import { Matches } from './matches.ts';
import type { Detail, Filter, Indexed, Report, Row } from './messages.ts';
import { pause, readChunks } from './reading.ts';
import { Tally } from './tally.ts';

/** Packets that are judged without a pause: a few milliseconds. */
const STEP = 2048;
/** Milliseconds after a look at the list for which judging gives way to it, */
const ATTENTION = 150;
/** by a pause of about a frame after every step. */
const GIVE_WAY = 16;
/** Frames that go to a dataplane at once. */
const BATCH = 256;
/** The same for the few packets that are on the screen. */
const FEW = 32;
/** Bytes of the file that are read for packets on the screen. */
const MOST_AHEAD = 4 << 20;

export interface JudgingOptions {
  readonly signal: AbortSignal;
  /** After every step. */
  readonly onProgress: (judged: number) => void;
}

export class Capture {
  readonly file: File;
  /** What there is to say before anything is judged. */
  readonly indexed: Indexed;
  readonly #policy: Policy;
  readonly #index: IndexColumns;
  readonly #interfaces: readonly CaptureInterface[];
  readonly #columns: Judgements;
  readonly #labels = new Labels();
  /** For packets before their turn: its dataplanes see some packets only, so what it says counts until then. */
  #preview: Promise<Examination> | undefined;
  #tally: Tally | undefined;
  /** When somebody looked at the list. */
  #looked = -Infinity;
  /** The packets before it are judged. */
  #judged = 0;
  /** Undefined: all packets are shown. */
  #matches: Matches | undefined;

  private constructor(
    file: File,
    policy: Policy,
    indexed: Indexed,
    index: IndexColumns,
    interfaces: readonly CaptureInterface[],
  ) {
    this.file = file;
    this.indexed = indexed;
    this.#policy = policy;
    this.#index = index;
    this.#interfaces = interfaces;
    this.#columns = new Judgements(indexed.packets);
  }

  /** @throws what is wrong with the file, where there is nothing to show of it. */
  static async open(file: File, policy: Policy, options: IndexingOptions): Promise<Capture> {
    const { index, indexed } = await indexCapture(file, options);
    return new Capture(file, policy, indexed, index.columns(), index.interfaces);
  }

  /** Judges all packets, once. @throws what the signal was aborted with. */
  async judge({ signal, onProgress }: JudgingOptions): Promise<void> {
    const { packets } = this.indexed;
    const begun = performance.now();
    const examination = await this.#examine(BATCH);
    const tally = (this.#tally = new Tally(examination, this.#columns, this.#labels, this.#index, begun));
    const reader = new CaptureReader(this.file.name);
    let packet = 0;
    const finishStep = async () => {
      examination.flush();
      tally.count(this.#judged, packet);
      this.#judged = packet;
      this.#matches?.extend(packet, this.#columns, this.#labels);
      onProgress(packet);
      await pause(performance.now() - this.#looked < ATTENTION ? GIVE_WAY : 0);
      signal.throwIfAborted();
    };
    for await (const chunk of readChunks(this.file, signal)) {
      reader.push(chunk);
      while (packet < packets) {
        const record = reader.read();
        if (record === undefined) break;
        examination.add(packet++, record.data);
        if (packet % STEP === 0) await finishStep();
      }
      // Nobody looks at a batch that is not processed yet: others run while the next chunk is awaited.
      await finishStep();
      if (packet === packets) break;
    }
    // Nothing is before its turn any more: its dataplanes may go.
    this.#preview = undefined;
  }

  #examine(batch: number): Promise<Examination> {
    return Examination.create(
      this.#policy,
      this.#index,
      this.#interfaces,
      this.#columns,
      this.#labels,
      batch,
    );
  }

  /** What the judged packets amount to; undefined before there are any. */
  report(): Report | undefined {
    return this.#tally?.report(this.#judged);
  }

  /** @returns how many judged packets there are behind the filter, or all packets where it wants nothing. */
  filter(filter: Filter): number {
    const isAll = Object.values(filter).every((wanted) => wanted === undefined);
    this.#matches = isAll ? undefined : new Matches(filter);
    this.#matches?.extend(this.#judged, this.#columns, this.#labels);
    return this.count;
  }

  /** Packets that are shown. */
  get count(): number {
    return this.#matches?.length ?? this.indexed.packets;
  }

  /** Rows of the list, judged if need be and if possible. */
  async rows(from: number, count: number): Promise<Row[]> {
    this.#looked = performance.now();
    const matches = this.#matches;
    const end = Math.min(from + count, this.count);
    // Why it is impossible, `judge` says: the rest of the rows is known all the same.
    if (matches === undefined) await this.#judgeAhead(from, end).catch(() => undefined);
    const rows: Row[] = [];
    for (let place = from; place < end; place++) rows.push(this.#row(matches?.at(place) ?? place));
    return rows;
  }

  /** Judges packets before their turn, as far as their bytes are read at once. */
  async #judgeAhead(from: number, end: number): Promise<void> {
    const { offsets, capturedLengths } = this.#index;
    const { verdict } = this.#columns;
    let first = from;
    while (first < end && verdict[first] !== UNJUDGED) first++;
    const start = offsets[first]!;
    let last = first;
    while (last < end && offsets[last]! + capturedLengths[last]! - start <= MOST_AHEAD) last++;
    if (first === last) return;
    this.#preview ??= this.#examine(FEW);
    const examination = await this.#preview;
    const stop = offsets[last - 1]! + capturedLengths[last - 1]!;
    const bytes = new Uint8Array(await this.file.slice(start, stop).arrayBuffer());
    for (let packet = first; packet < last; packet++) {
      // Its turn may have come meanwhile.
      if (verdict[packet] !== UNJUDGED) continue;
      const at = offsets[packet]! - start;
      examination.add(packet, bytes.subarray(at, at + capturedLengths[packet]!));
    }
    examination.flush();
  }

  #row(index: number): Row {
    const columns = this.#columns;
    const labels = this.#labels;
    const verdict = columns.verdict[index]!;
    const network = columns.network[index]!;
    const isJudged = verdict !== UNJUDGED;
    return {
      index,
      time: this.#index.times[index]!,
      length: this.#index.originalLengths[index]!,
      isJudged,
      isFinal: index < this.#judged,
      tunnel: isJudged ? labels.tunnels.keys[columns.tunnel[index]!]! : 'none',
      network: network === 0 ? undefined : network,
      customer: isJudged ? labels.customers.keys[columns.customer[index]!]! : '',
      source: isJudged ? labels.sources.keys[columns.source[index]!]! : '',
      src: isJudged ? labels.addresses[columns.src[index]!]! : '',
      dst: isJudged ? labels.addresses[columns.dst[index]!]! : '',
      verdict: isJudged && verdict !== NOBODY ? VERDICTS.get(verdict)?.name : undefined,
    };
  }

  async detail(index: number): Promise<Detail> {
    const { offsets, capturedLengths, originalLengths } = this.#index;
    const at = offsets[index]!;
    const bytes = await this.file.slice(at, at + capturedLengths[index]!).arrayBuffer();
    return { frame: new Uint8Array(bytes), originalLength: originalLengths[index]! };
  }
}
