/**
 * What a routing domain does with addresses that are no endpoint's: the longest of its subnets' prefixes and its routes'
 * networks. As steps over all addresses of a family, so that they can be compared with the ranges that a host is given.
 */

import type { IpAddress, Prefix } from '../policy/model.ts';
import type { Domain, SubnetIndex } from './fabric.ts';

/** The subnet whose prefix it is; or the addresses of the gateway VMs, the one that is tried first first; or nothing. */
export type Answer = SubnetIndex | readonly IpAddress['value'][] | undefined;

/** From this address on, until the next step. */
export interface Step<Result> {
  readonly start: bigint;
  readonly result: Result;
}

export class Routing {
  readonly #subnets: ReadonlyMap<number, SubnetIndex>;
  readonly #steps = new Map<Domain, Record<4 | 6, readonly Step<Answer>[]>>();

  constructor(subnets: ReadonlyMap<number, SubnetIndex>) {
    this.#subnets = subnets;
  }

  /** The first begins with the first address of the family. No steps: no prefixes, no routes. */
  stepsOf(domain: Domain, family: 4 | 6): readonly Step<Answer>[] {
    let steps = this.#steps.get(domain);
    if (steps === undefined) {
      steps = { 4: this.#cut(domain, 4), 6: this.#cut(domain, 6) };
      this.#steps.set(domain, steps);
    }
    return steps[family];
  }

  #cut(entry: Domain, family: 4 | 6): Step<Answer>[] {
    const { subnets, routes } = entry.domain;
    const width = BigInt(family === 4 ? 32 : 128);
    const answers = new Networks(width);
    for (const { to, via } of [...routes].sort((a, b) => a.metric - b.metric)) {
      if (to.address.family !== family) continue;
      const known = answers.get(to);
      answers.set(to, Array.isArray(known) ? [...(known as IpAddress['value'][]), via.value] : [via.value]);
    }
    for (const { vsid, prefixes } of subnets) {
      const subnet = this.#subnets.get(vsid);
      for (const prefix of prefixes) if (prefix.address.family === family) answers.set(prefix, subnet);
    }
    return answers.boundaries().map((start) => ({ start, result: answers.longest(start) }));
  }
}

/** Answers by network: by length and by the bits that a network has. */
class Networks {
  readonly #width: bigint;
  readonly #byLength = new Map<bigint, Map<bigint, Answer>>();

  constructor(width: bigint) {
    this.#width = width;
  }

  get({ address, length }: Prefix): Answer {
    return this.#byLength.get(BigInt(length))?.get(BigInt(address.value) >> (this.#width - BigInt(length)));
  }

  set({ address, length }: Prefix, answer: Answer): void {
    const bits = BigInt(length);
    let networks = this.#byLength.get(bits);
    if (networks === undefined) this.#byLength.set(bits, (networks = new Map<bigint, Answer>()));
    networks.set(BigInt(address.value) >> (this.#width - bits), answer);
  }

  longest(address: bigint): Answer {
    const lengths = [...this.#byLength.keys()].sort((a, b) => (a < b ? 1 : -1));
    for (const length of lengths) {
      const networks = this.#byLength.get(length)!;
      const bits = address >> (this.#width - length);
      if (networks.has(bits)) return networks.get(bits);
    }
    return undefined;
  }

  /** Addresses at which the answer may change: where a network begins, and behind its end. */
  boundaries(): bigint[] {
    if (this.#byLength.size === 0) return [];
    const all = new Set([0n]);
    for (const [length, networks] of this.#byLength) {
      const size = this.#width - length;
      for (const bits of networks.keys()) all.add(bits << size).add((bits + 1n) << size);
    }
    return [...all].filter((start) => start >> this.#width === 0n).sort((a, b) => (a < b ? -1 : 1));
  }
}

/** The first address at which two lists of steps differ: both begin with the same one. */
export function firstDifference<Left, Right>(
  left: readonly Step<Left>[],
  right: readonly Step<Right>[],
  isSame: (left: Left, right: Right) => boolean,
): { start: bigint; left: Left; right: Right } | undefined {
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const [a, b] = [left[i]!, right[j]!];
    if (!isSame(a.result, b.result))
      return { start: a.start > b.start ? a.start : b.start, left: a.result, right: b.result };
    const nextA = left[i + 1]?.start;
    const nextB = right[j + 1]?.start;
    if (nextA === undefined && nextB === undefined) return undefined;
    if (nextB === undefined || (nextA !== undefined && nextA <= nextB)) i++;
    if (nextA === undefined || (nextB !== undefined && nextB <= nextA)) j++;
  }
  return undefined;
}
