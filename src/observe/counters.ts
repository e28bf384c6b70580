/** What the WASM side counted, by verdict and by virtual subnet. */

import { COUNTER_BLOCK_SIZE, COUNTER_BYTES } from '../abi/layout.ts';
import { FORWARD, ICMP_ERROR, LOST_COPY, PUNT, REPLY, SUPPRESSED_ERROR } from '../abi/verdict.ts';
import type { Generation } from '../engine/generations.ts';
import type { Instance } from '../engine/instance.ts';
import { type DropName, VERDICTS, isDrop } from './verdicts.ts';

/** Every packet that came in is one of forwarded, punted, replies and drops. */
export interface Count {
  /** Packets that left, by one port or by several. */
  readonly forwarded: number;
  /** Bytes of those, measured on the customer's frame (never the envelope). */
  readonly bytes: number;
  readonly punted: number;
  /** Packets that were answered. */
  readonly replies: number;
  /** Packets by reason; reasons that did not occur are absent. */
  readonly drops: Readonly<Partial<Record<DropName, number>>>;
  /** ICMP errors that were sent about dropped packets. */
  readonly errors: number;
  /** ICMP errors that a limit kept back. */
  readonly suppressedErrors: number;
  /** Copies of flooded packets that did not fit the path to their host. */
  readonly lostCopies: number;
}

export interface SubnetCount extends Count {
  readonly vsid: number;
  readonly customer: string;
  readonly routingDomain: string;
}

export interface Counters extends Count {
  /** One for every virtual subnet that this host knows, in the order of the policy. */
  readonly subnets: readonly SubnetCount[];
  /** Packets whose virtual subnet could not be told. */
  readonly unknown: Count;
}

const WORDS = COUNTER_BLOCK_SIZE / 8;

/** Counts from the creation of a dataplane on, over all its policies. They never wrap in practice (64 bits). */
export class CounterHistory {
  readonly #instance: Instance;
  /** By VSID, 0 = unknown: what generations counted that are no longer current. */
  readonly #past = new Map<number, Float64Array>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Remembers what a generation counted before it is replaced. What workers count in batches that still run is lost. */
  keep(generation: Generation): void {
    for (const [vsid, block] of this.#blocks(generation)) this.#past.set(vsid, block);
  }

  /** Takes over what was counted for a subnet that goes, and clears its blocks. */
  retire(address: number, subnets: number, vsid: number, index: number): void {
    const words = this.#words(address, subnets);
    const block = this.#past.get(vsid)?.slice() ?? new Float64Array(WORDS);
    this.#add(block, words, subnets, index);
    this.#past.set(vsid, block);
    for (let worker = 0; worker < this.#instance.workers; worker++) {
      const first = (worker * (subnets + 1) + index) * WORDS;
      words.fill(0n, first, first + WORDS);
    }
  }

  read(generation: Generation): Counters {
    const blocks = this.#blocks(generation);
    const unknown = readBlock(blocks.get(0)!);
    const subnets = [...generation.plan.subnets.values()].map(
      ({ customer, routingDomain, subnet: { vsid } }) => ({
        vsid,
        customer,
        routingDomain,
        ...readBlock(blocks.get(vsid)!),
      }),
    );
    const gone = [...blocks].filter(([vsid]) => vsid !== 0 && !generation.plan.subnets.has(vsid));
    return { ...sum([unknown, ...subnets, ...gone.map(([, block]) => readBlock(block))]), subnets, unknown };
  }

  /** Past and present, of all workers, by VSID. */
  #blocks({ address, plan }: Generation): Map<number, Float64Array> {
    const { subnets } = plan.capacity;
    const words = this.#words(address, subnets);
    const all = new Map([...this.#past].map(([vsid, block]) => [vsid, block.slice()]));
    const add = (vsid: number, index: number) => {
      let block = all.get(vsid);
      if (block === undefined) all.set(vsid, (block = new Float64Array(WORDS)));
      this.#add(block, words, subnets, index);
    };
    add(0, 0);
    for (const [vsid, { index }] of plan.subnets) add(vsid, index);
    return all;
  }

  /** The blocks of all workers: each has one for every subnet and one for unknown ones. */
  #words(address: number, subnets: number): BigUint64Array {
    const { memory, workers, countersOf } = this.#instance;
    return new BigUint64Array(memory.buffer, countersOf(address), workers * (subnets + 1) * WORDS);
  }

  #add(block: Float64Array, words: BigUint64Array, subnets: number, index: number): void {
    for (let worker = 0; worker < this.#instance.workers; worker++) {
      const first = (worker * (subnets + 1) + index) * WORDS;
      for (let word = 0; word < WORDS; word++) block[word]! += Number(words[first + word]!);
    }
  }
}

function readBlock(block: Float64Array): Count {
  const drops: Partial<Record<DropName, number>> = {};
  for (const { number, name } of VERDICTS.values()) {
    if (isDrop(number) && block[number]! > 0) drops[name as DropName] = block[number]!;
  }
  return {
    forwarded: block[FORWARD]!,
    bytes: block[COUNTER_BYTES / 8]!,
    punted: block[PUNT]!,
    replies: block[REPLY]!,
    drops,
    errors: block[ICMP_ERROR]!,
    suppressedErrors: block[SUPPRESSED_ERROR]!,
    lostCopies: block[LOST_COPY]!,
  };
}

function sum(counts: readonly Count[]): Count {
  const drops: Partial<Record<DropName, number>> = {};
  for (const count of counts) {
    for (const [name, packets] of Object.entries(count.drops) as [DropName, number][]) {
      drops[name] = (drops[name] ?? 0) + packets;
    }
  }
  const total = (key: Exclude<keyof Count, 'drops'>) => counts.reduce((all, count) => all + count[key], 0);
  return {
    forwarded: total('forwarded'),
    bytes: total('bytes'),
    punted: total('punted'),
    replies: total('replies'),
    drops,
    errors: total('errors'),
    suppressedErrors: total('suppressedErrors'),
    lostCopies: total('lostCopies'),
  };
}
