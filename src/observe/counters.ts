/** What the WASM side counted, by verdict and by virtual subnet. */

import { COUNTER_BLOCK_SIZE, COUNTER_BYTES } from '../abi/layout.ts';
import { FORWARD, PUNT, REPLY } from '../abi/verdict.ts';
import type { Instance } from '../engine/instance.ts';
import type { PlannedSubnet } from '../policy/compile.ts';
import { type DropName, VERDICTS, isDrop } from './verdicts.ts';

export interface Count {
  /** Packets sent out of a port. */
  readonly forwarded: number;
  /** Bytes of those, measured on the customer's frame (never the envelope). */
  readonly bytes: number;
  readonly punted: number;
  readonly replies: number;
  /** Packets by reason; reasons that did not occur are absent. */
  readonly drops: Readonly<Partial<Record<DropName, number>>>;
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

/** Reads the counters of an instance. They count from its creation on and never wrap in practice (64 bits). */
export function readCounters(instance: Instance, subnets: readonly PlannedSubnet[]): Counters {
  const blocks = new BigUint64Array(
    instance.memory.buffer,
    instance.counters,
    ((subnets.length + 1) * COUNTER_BLOCK_SIZE) / 8,
  );
  const unknown = readBlock(blocks, 0);
  const counts = subnets.map(({ index, customer, routingDomain, subnet }) => ({
    vsid: subnet.vsid,
    customer,
    routingDomain,
    ...readBlock(blocks, index),
  }));
  return { ...sum([unknown, ...counts]), subnets: counts, unknown };
}

function readBlock(blocks: BigUint64Array, index: number): Count {
  const first = (index * COUNTER_BLOCK_SIZE) / 8;
  const at = (offset: number) => Number(blocks[first + offset]!);
  const drops: Partial<Record<DropName, number>> = {};
  for (const { number, name } of VERDICTS.values()) {
    if (isDrop(number) && at(number) > 0) drops[name as DropName] = at(number);
  }
  return {
    forwarded: at(FORWARD),
    bytes: at(COUNTER_BYTES / 8),
    punted: at(PUNT),
    replies: at(REPLY),
    drops,
  };
}

function sum(counts: readonly Count[]): Count {
  const drops: Partial<Record<DropName, number>> = {};
  for (const count of counts) {
    for (const [name, packets] of Object.entries(count.drops) as [DropName, number][]) {
      drops[name] = (drops[name] ?? 0) + packets;
    }
  }
  const total = (key: 'forwarded' | 'bytes' | 'punted' | 'replies') =>
    counts.reduce((all, count) => all + count[key], 0);
  return {
    forwarded: total('forwarded'),
    bytes: total('bytes'),
    punted: total('punted'),
    replies: total('replies'),
    drops,
  };
}
