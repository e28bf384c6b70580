/** Frames one after the other: whose they are, and what the dataplanes of the policy say to them. */

import type { CaptureInterface, IndexColumns, Policy } from 'netvirt/core';
import { type Inspection, Inspector } from 'netvirt/inspect';
import type { Judgements } from './columns.ts';
import { Judge } from './judge.ts';
import type { Labels } from './labels.ts';

export class Examination {
  readonly #inspector: Inspector;
  readonly #judge: Judge;
  readonly #index: IndexColumns;
  readonly #interfaces: readonly CaptureInterface[];
  readonly #columns: Judgements;
  readonly #labels: Labels;

  private constructor(
    policy: Policy,
    judge: Judge,
    index: IndexColumns,
    interfaces: readonly CaptureInterface[],
    columns: Judgements,
    labels: Labels,
  ) {
    this.#inspector = new Inspector(policy);
    this.#judge = judge;
    this.#index = index;
    this.#interfaces = interfaces;
    this.#columns = columns;
    this.#labels = labels;
  }

  /** @param batch frames that go to a dataplane at once. */
  static async create(
    policy: Policy,
    index: IndexColumns,
    interfaces: readonly CaptureInterface[],
    columns: Judgements,
    labels: Labels,
    batch: number,
  ): Promise<Examination> {
    const judge = await Judge.create(policy, columns.verdict, batch);
    return new Examination(policy, judge, index, interfaces, columns, labels);
  }

  /** Fills the columns of a packet, its verdict by the next `flush` at the latest. */
  add(packet: number, frame: Uint8Array): void {
    const index = this.#index;
    const columns = this.#columns;
    const original = index.originalLengths[packet]!;
    const identity = this.#inspector.add(frame, original);
    const { tunnel, network, customer, source } = this.#labels.lineOf(identity);
    const { outer, inner } = identity.decoded;
    const layer = inner ?? outer;
    columns.tunnel[packet] = tunnel;
    columns.network[packet] = network;
    columns.customer[packet] = customer;
    columns.source[packet] = source;
    columns.src[packet] = this.#labels.addressOf(layer?.src);
    columns.dst[packet] = this.#labels.addressOf(layer?.dst);
    const { name } = this.#interfaces[index.interfaceIds[packet]!]!;
    const now = Math.max(0, index.times[packet]! * 1000);
    this.#judge.add(packet, frame, original, identity, name, now);
  }

  flush(): void {
    this.#judge.flush();
  }

  /** All that was added. */
  result(): Inspection {
    return this.#inspector.result();
  }
}
