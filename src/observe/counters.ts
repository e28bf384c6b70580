/** What the WASM side counted, by verdict and by virtual subnet. */

import { COUNTER_BLOCK_SIZE, COUNTER_BYTES } from '../abi/layout.ts';
import { FORWARD, HELD, ICMP_ERROR, LOST_COPY, PUNT, REPLY, SUPPRESSED_ERROR } from '../abi/verdict.ts';
import type { Generation } from '../engine/generations.ts';
import type { Instance } from '../engine/instance.ts';
import { type DropName, VERDICTS, isDrop } from './verdicts.ts';

/** Every packet that came in is one of forwarded, punted, replies, held and drops. */
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
  /** Packets kept back because the MAC of their next hop is not known (build `live`); what became of them their keeper knows. */
  readonly held: number;
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

/** The blocks of counters in one generation. Only workers write them: a number that is put back to 0 would race with them. */
interface Blocks {
  /** How many subnets there is room for. */
  readonly subnets: number;
  /** VSID by number of the block, 0 = unknown. */
  readonly owners: Map<number, number>;
  /** What a block held, for all workers, when its owner got it. */
  readonly before: Map<number, Float64Array>;
}

/**
 * Counts from the creation of a dataplane on, over all its policies, for every worker. They never wrap in practice (64 bits). What
 * a worker counts in a batch that began before a change is counted too: blocks are read until nobody writes them.
 */
export class CounterHistory {
  readonly #instance: Instance;
  /** By VSID, 0 = unknown, a row per worker: what was counted in blocks that others have now. */
  readonly #past = new Map<number, Float64Array>();
  /** By address, of all generations that a worker may be in. */
  readonly #generations = new Map<number, Blocks>();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** A generation whose blocks are 0. */
  open(address: number, subnets: number): void {
    this.#generations.set(address, { subnets, owners: new Map([[0, 0]]), before: new Map() });
  }

  /** A subnet gets a block that no batch counts in for the one that had it. */
  claim(address: number, vsid: number, index: number): void {
    const blocks = this.#generations.get(address)!;
    const owner = blocks.owners.get(index);
    if (owner !== undefined) {
      this.#add(this.#past, owner, address, blocks, index);
      blocks.before.set(index, this.#words(address, blocks, index));
    }
    blocks.owners.set(index, vsid);
  }

  /** No worker sees the generation any more. */
  close(address: number): void {
    const blocks = this.#generations.get(address);
    if (blocks === undefined) return;
    for (const [index, vsid] of blocks.owners) this.#add(this.#past, vsid, address, blocks, index);
    this.#generations.delete(address);
  }

  /** @param worker whose counts; all of them when it is left out. */
  read({ plan }: Generation, worker?: number): Counters {
    const counts = new Map(
      [...this.#rows()].map(([vsid, rows]) => [vsid, readBlock(this.#sum(rows, worker))]),
    );
    const nothing = readBlock(new Float64Array(WORDS));
    const unknown = counts.get(0) ?? nothing;
    const subnets = [...plan.subnets.values()].map(({ customer, routingDomain, subnet: { vsid } }) => ({
      vsid,
      customer,
      routingDomain,
      ...(counts.get(vsid) ?? nothing),
    }));
    return { ...sum([...counts.values()]), subnets, unknown };
  }

  /** Past and present by VSID. */
  #rows(): Map<number, Float64Array> {
    const all = new Map([...this.#past].map(([vsid, rows]) => [vsid, rows.slice()]));
    for (const [address, blocks] of this.#generations) {
      for (const [index, vsid] of blocks.owners) this.#add(all, vsid, address, blocks, index);
    }
    return all;
  }

  #sum(rows: Float64Array, worker: number | undefined): Float64Array {
    if (worker !== undefined) return rows.subarray(worker * WORDS, (worker + 1) * WORDS);
    const total = new Float64Array(WORDS);
    for (const [index, value] of rows.entries()) total[index % WORDS]! += value;
    return total;
  }

  /** What the owner of a block counted in it. */
  #add(to: Map<number, Float64Array>, vsid: number, address: number, blocks: Blocks, index: number): void {
    let rows = to.get(vsid);
    if (rows === undefined) to.set(vsid, (rows = new Float64Array(this.#instance.workers * WORDS)));
    const before = blocks.before.get(index);
    for (const [word, value] of this.#words(address, blocks, index).entries()) {
      rows[word]! += value - (before?.[word] ?? 0);
    }
  }

  /** The blocks that all workers have for one subnet: each worker has one for every subnet and one for unknown ones. */
  #words(address: number, { subnets }: Blocks, index: number): Float64Array {
    const { memory, workers, countersOf } = this.#instance;
    const words = new Float64Array(workers * WORDS);
    for (let worker = 0; worker < workers; worker++) {
      const block = countersOf(address) + (worker * (subnets + 1) + index) * COUNTER_BLOCK_SIZE;
      // Halves of 64-bit words: as bigints they take several times as long.
      const halves = new Uint32Array(memory.buffer, block, WORDS * 2);
      for (let word = 0; word < WORDS; word++)
        words[worker * WORDS + word] = halves[word * 2]! + halves[word * 2 + 1]! * 2 ** 32;
    }
    return words;
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
    held: block[HELD]!,
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
    held: total('held'),
  };
}
