/** The worker that reads captures, as the page sees it. */

import document from '../example.yaml?document';
import { messageOf, session } from '../session.ts';
import { Store } from '../ui/store.ts';
import type {
  Answer,
  Detail,
  Filter,
  Indexed,
  Judging,
  Progress,
  Report,
  Request,
  Row,
  Transform,
  Transformed,
} from './messages.ts';

/** The capture that is open. */
export interface Opened {
  /** Another number for every capture. */
  readonly opening: number;
  readonly file: File | undefined;
  /** While it is read. */
  readonly progress: Progress | undefined;
  readonly indexed: Indexed | undefined;
  readonly judged: number;
  /** Packets behind the filter. */
  readonly count: number;
  readonly report: Report | undefined;
  readonly failure: string | undefined;
}

const NOTHING: Opened = {
  opening: -1,
  file: undefined,
  progress: undefined,
  indexed: undefined,
  judged: 0,
  count: 0,
  report: undefined,
  failure: undefined,
};

export class CaptureClient {
  readonly opened = new Store<Opened>(NOTHING);
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #next = 0;
  /** The request that opened the capture: what is said about others is late. */
  #opening = -1;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(event.message || 'the worker failed'));
      this.#waiting.clear();
    };
  }

  #take(answer: Answer): void {
    if ('opening' in answer) {
      if (answer.opening !== this.#opening) return;
      if ('progress' in answer) this.opened.update({ progress: answer.progress });
      else this.#judged(answer.judging);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('failure' in answer) waiting?.reject(new Error(answer.failure));
    else waiting?.resolve(answer.result as never);
  }

  #judged({ judged, count, report, failure }: Judging): void {
    this.opened.update({
      judged,
      count,
      ...(report === undefined ? {} : { report }),
      ...(failure === undefined ? {} : { failure: `Not all packets could be judged: ${failure}` }),
    });
  }

  #ask<Result>(request: Request): Promise<Result> {
    const id = this.#next++;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  /** Opens a file in the place of the one before; what becomes of it is in `opened`. */
  async open(file: File): Promise<void> {
    const opening = (this.#opening = this.#next);
    this.opened.set({ ...NOTHING, opening, file, progress: { bytes: 0, packets: 0 } });
    const { text } = session.value;
    const policy = text === undefined ? { document } : { text };
    try {
      const indexed = await this.#ask<Indexed>({ kind: 'open', file, policy });
      if (opening === this.#opening)
        this.opened.update({ progress: undefined, indexed, count: indexed.packets });
    } catch (error) {
      if (opening === this.#opening)
        this.opened.set({ ...NOTHING, opening, file, failure: messageOf(error) });
    }
  }

  /** Chooses the packets of which `rows` answers; their number is in `opened`. */
  async filter(filter: Filter): Promise<void> {
    const opening = this.#opening;
    // Refused when another capture is opened meanwhile, which has no filter.
    const count = await this.#ask<number>({ kind: 'filter', filter }).catch(() => undefined);
    if (opening === this.#opening && count !== undefined) this.opened.update({ count });
  }

  rows(from: number, count: number): Promise<Row[]> {
    return this.#ask({ kind: 'rows', from, count });
  }

  detail(index: number): Promise<Detail> {
    return this.#ask({ kind: 'detail', index });
  }

  transform(transform: Transform): Promise<Transformed> {
    return this.#ask({ kind: 'transform', transform });
  }
}
