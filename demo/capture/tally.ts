/** What the judged packets of a capture amount to, counted as they are judged. */

import { type IndexColumns, VERDICTS, isDrop } from 'netvirt/core';
import type { Judgements } from './columns.ts';
import type { Examination } from './examination.ts';
import type { Labels } from './labels.ts';
import type { Report, VerdictCount } from './messages.ts';
import { TimelineBins } from './timeline.ts';

/** Lines of the report that are shown. */
const MOST_LINES = 200;

export class Tally {
  readonly #examination: Examination;
  readonly #columns: Judgements;
  readonly #labels: Labels;
  readonly #index: IndexColumns;
  readonly #timeline = new TimelineBins();
  readonly #verdicts = new Uint32Array(256);
  readonly #begun: number;

  /** @param begun when judging was, milliseconds. */
  constructor(
    examination: Examination,
    columns: Judgements,
    labels: Labels,
    index: IndexColumns,
    begun: number,
  ) {
    this.#examination = examination;
    this.#columns = columns;
    this.#labels = labels;
    this.#index = index;
    this.#begun = begun;
  }

  /** Packets from `from` to before `end` have been judged. */
  count(from: number, end: number): void {
    const { verdict, customer } = this.#columns;
    const { times, originalLengths } = this.#index;
    const { keys } = this.#labels.customers;
    for (let packet = from; packet < end; packet++) {
      this.#verdicts[verdict[packet]!]!++;
      this.#timeline.add(keys[customer[packet]!], times[packet]!, originalLengths[packet]!);
    }
  }

  /** @param judged packets. */
  report(judged: number): Report {
    const { rows, faults } = this.#examination.result();
    const networks = new Set(rows.map(({ network }) => network).filter((network) => network !== undefined));
    return {
      judged,
      rows: rows.slice(0, MOST_LINES),
      faults,
      verdicts: this.#verdictCounts(),
      customers: this.#labels.customers.keys.filter((name) => name !== '').sort(),
      networks: [...networks].sort((a, b) => a - b),
      timeline: this.#timeline.result(),
      milliseconds: performance.now() - this.#begun,
    };
  }

  #verdictCounts(): VerdictCount[] {
    const counts = this.#verdicts;
    return [...VERDICTS.values()]
      .filter(({ number }) => counts[number]! > 0)
      .map(({ number, name, rule, sentence }) => ({
        name,
        rule,
        sentence,
        isDrop: isDrop(number),
        packets: counts[number]!,
      }))
      .sort((a, b) => b.packets - a.packets);
  }
}
