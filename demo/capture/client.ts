/** The worker that reads captures, as the page sees it. */

import document from '../example.yaml?document';
import { session } from '../session.ts';
import type { Answer, Detail, Filter, Overview, Request, Row, Transform, Transformed } from './messages.ts';

export interface Progress {
  readonly bytes: number;
  readonly packets: number;
}

export class CaptureClient {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #next = 0;
  onProgress: (progress: Progress) => void = () => undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ('progress' in data) {
        this.onProgress(data.progress);
        return;
      }
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('failure' in data) waiting?.reject(new Error(data.failure));
      else waiting?.resolve(data.result as never);
    };
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(event.message || 'the worker failed'));
      this.#waiting.clear();
    };
  }

  #ask<Result>(request: Request): Promise<Result> {
    const id = this.#next++;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  open(file: File): Promise<Overview> {
    const { text } = session.value;
    return this.#ask({ kind: 'open', file, policy: text === undefined ? { document } : { text } });
  }

  filter(filter: Filter): Promise<number> {
    return this.#ask({ kind: 'filter', filter });
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
