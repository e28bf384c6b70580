/** Asks for the rows that are to be seen: one question at a time, however often somebody scrolls. */

import type { Row } from './messages.ts';

/** The rows from a place on. */
export interface RowWindow {
  readonly from: number;
  /** The place at the upper edge of the list when they were asked for. */
  readonly first: number;
  readonly rows: readonly Row[];
}

/** Who answers: the worker. */
export interface RowSource {
  rows(from: number, count: number): Promise<Row[]>;
}

interface Wish {
  readonly from: number;
  readonly first: number;
  readonly count: number;
}

export const NO_ROWS: RowWindow = { from: 0, first: 0, rows: [] };

export class RowFeed {
  readonly #client: RowSource;
  readonly #onRows: (window: RowWindow) => void;
  /** What was asked for last. */
  #last: Wish | undefined;
  /** What comes next: of the wishes that arrive while a question is on its way, the last one. */
  #next: Wish | undefined;
  #isBusy = false;
  /** So many packets have to be judged before asking for the last rows again brings anything new. */
  #due = 0;
  #version = 0;

  constructor(client: RowSource, onRows: (window: RowWindow) => void) {
    this.#client = client;
    this.#onRows = onRows;
  }

  want(wish: Wish): void {
    const last = this.#last;
    if (last?.from === wish.from && last.first === wish.first && last.count === wish.count) return;
    this.#last = this.#next = wish;
    if (!this.#isBusy) void this.#ask();
  }

  /** More is known than before: what was missing of the last wish, or said before its turn, is asked for again. */
  refresh(judged: number): void {
    if (this.#last === undefined || (judged < this.#due && !this.#isBusy)) return;
    this.#next ??= this.#last;
    if (!this.#isBusy) void this.#ask();
  }

  /** The rows are others from now on: what was asked for before comes too late. */
  reset(): void {
    this.#version++;
    this.#last = this.#next = undefined;
    this.#onRows(NO_ROWS);
  }

  async #ask(): Promise<void> {
    this.#isBusy = true;
    while (this.#next !== undefined) {
      const { from, first, count } = this.#next;
      const version = this.#version;
      this.#next = undefined;
      const rows = await this.#client.rows(from, count).catch(() => []);
      if (version !== this.#version) continue;
      this.#due = rows.length < count ? 0 : dueOf(rows);
      this.#onRows({ from, first, rows });
    }
    this.#isBusy = false;
  }
}

/** What was judged before its turn may turn out otherwise: that is worth one question, when the last row has had its turn. */
function dueOf(rows: readonly Row[]): number {
  if (!rows.every(({ isJudged }) => isJudged)) return 0;
  const last = rows.at(-1);
  return last === undefined || last.isFinal ? Infinity : last.index + 1;
}
