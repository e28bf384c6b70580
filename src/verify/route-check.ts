/** The routes of one host's records against those of the policy: route records, and the ranges that find them. */

import * as abi from '../abi/layout.ts';
import { formatIp } from '../policy/addresses.ts';
import { treeWords } from '../policy/ranges.ts';
import { type Domain, type SubnetIndex, nameOf } from './fabric.ts';
import type { AddressValue, Records, StagedRange } from './records.ts';
import { type Answer, type Routing, type Step, firstDifference } from './routing.ts';

/** What the records so far say of numbers. */
interface Numbered {
  domainAt(number: number): Domain | undefined;
  subnetAt(number: number): SubnetIndex | undefined;
}

interface Route {
  readonly family: number;
  readonly via: AddressValue;
  /** Number of the next one to the same network; 0: none. */
  readonly next: number;
}

interface Stretch {
  readonly family: number;
  readonly base: number;
  readonly end: number;
  readonly domain: Domain;
}

export class RouteCheck {
  /** Ranges that were looked at. */
  ranges = 0;
  readonly #records: Records;
  readonly #routing: Routing;
  readonly #numbered: Numbered;
  readonly #breaks: (check: 'isolation' | 'reachability', message: string) => void;
  readonly #routes = new Map<number, Route>();
  readonly #stretches: Stretch[] = [];

  constructor(
    records: Records,
    routing: Routing,
    numbered: Numbered,
    breaks: (check: 'isolation' | 'reachability', message: string) => void,
  ) {
    this.#records = records;
    this.#routing = routing;
    this.#numbered = numbered;
    this.#breaks = breaks;
  }

  /** Route records. */
  get count(): number {
    return this.#routes.size;
  }

  readRoute(): void {
    const { index, family, customer, next } = this.#records;
    if (index === 0 || this.#routes.has(index))
      this.#breaks('isolation', `route ${index} is described twice`);
    this.#routes.set(index, { family, via: customer, next });
  }

  /** All routes of a domain and family, in the record that makes them known. */
  checkRanges(): void {
    const { index, base, total } = this.#records;
    const family = this.#records.family === 4 ? 4 : 6;
    const domain = this.#numbered.domainAt(index);
    if (domain === undefined) {
      this.#breaks('isolation', `has routes of routing domain number ${index}, which is none`);
      return;
    }
    const name = `IPv${family} routes of ${nameOf(domain)}`;
    const ranges = this.#records.rangesAt(family, base);
    this.ranges += ranges.length;
    const end = base + (family === 4 ? treeWords(total) : total);
    this.#stretches.push({ family, base, end, domain });
    const isAscending = ranges.every(({ start }, at) =>
      at === 0 ? start === 0n : start > ranges[at - 1]!.start,
    );
    if (ranges.length !== total || !isAscending) {
      this.#breaks('isolation', `the ${name} are no ranges over all addresses`);
      return;
    }
    this.#compare(domain, family, ranges);
  }

  #compare(domain: Domain, family: 4 | 6, ranges: readonly StagedRange[]): void {
    const faults = new Set<string>();
    const found: Step<Answer>[] = ranges.map(({ start, result }) => ({
      start,
      result: this.#answerOf(domain, family, result, faults),
    }));
    for (const fault of faults) this.#breaks('isolation', fault);
    if (faults.size > 0) return;
    const expected = this.#routing.stepsOf(domain, family);
    const different = firstDifference(found, expected, isSameAnswer);
    if (different === undefined) return;
    const { start, left, right } = different;
    const address = formatIp(family === 4 ? { family, value: Number(start) } : { family, value: start });
    this.#breaks(
      left === undefined ? 'reachability' : 'isolation',
      `${address} and what follows in ${nameOf(domain)} ${describe(family, left)}, not ${describe(family, right)}`,
    );
  }

  /** @param faults takes what is not of the domain. */
  #answerOf(domain: Domain, family: number, result: number, faults: Set<string>): Answer {
    if (result === 0) return undefined;
    const name = nameOf(domain);
    if ((result & abi.RANGE_CONNECTED) !== 0) {
      const subnet = this.#numbered.subnetAt(result & ~(abi.RANGE_CONNECTED | abi.RANGE_BROADCAST));
      if (subnet?.domain === domain) return subnet;
      const which = subnet === undefined ? 'unknown' : `${subnet.vsid} of ${nameOf(subnet.domain)}`;
      faults.add(`the routes of ${name} lead to virtual subnet ${which}`);
      return undefined;
    }
    const chain: AddressValue[] = [];
    for (let next = result; next !== 0;) {
      const route = this.#routes.get(next);
      if (route?.family !== family || chain.length > this.#routes.size) {
        faults.add(`the routes of ${name} have number ${next}, which is none or leads back to itself`);
        return undefined;
      }
      if (!domain.addresses.has(route.via)) {
        const via = formatValue(family, route.via);
        faults.add(`a route of ${name} goes via ${via}, which nobody of it has`);
      }
      chain.push(route.via);
      next = route.next;
    }
    return chain;
  }

  /** Where a domain has prefixes or routes, the host has their ranges. @returns how many records that takes. */
  checkComplete(domain: Domain): number {
    let required = domain.domain.routes.length;
    for (const family of [4, 6] as const) {
      if (this.#routing.stepsOf(domain, family).length === 0) continue;
      required++;
      if (!this.#stretches.some((one) => one.domain === domain && one.family === family))
        this.#breaks('reachability', `has no IPv${family} routes of ${nameOf(domain)}`);
    }
    return required;
  }

  /** No domain's ranges stand where another's do. */
  checkApart(): void {
    this.#stretches.sort((a, b) => a.family - b.family || a.base - b.base);
    for (const [index, { family, base, domain }] of this.#stretches.entries()) {
      const before = this.#stretches[index - 1];
      if (before?.family !== family || before.end <= base) continue;
      this.#breaks(
        'isolation',
        `the IPv${family} routes of ${nameOf(domain)} stand where those of ${nameOf(before.domain)} do`,
      );
    }
  }
}

function isSameAnswer(left: Answer, right: Answer): boolean {
  if (left === right) return true;
  if (!Array.isArray(left) || !Array.isArray(right)) return false;
  return left.length === right.length && left.every((via, index) => via === right[index]);
}

function describe(family: number, answer: Answer): string {
  if (answer === undefined) return 'go nowhere';
  if ('vsid' in answer) return `are virtual subnet ${answer.vsid}’s`;
  return `go via ${answer.map((via) => formatValue(family, via)).join(', then ')}`;
}

function formatValue(family: number, value: AddressValue): string {
  return formatIp(
    family === 4 ? { family: 4, value: value as number } : { family: 6, value: value as bigint },
  );
}
