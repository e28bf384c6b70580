/**
 * Prefixes as ranges. Prefixes either contain each other or do not meet; so the address space falls into ranges, each with
 * the answer of the longest prefix that holds it, and a lookup is the search for one range (`assembly/tables/routes.ts`).
 */

import type { IpAddress, Prefix } from './model.ts';

export interface Answer {
  readonly prefix: Prefix;
  /** What the WASM side finds, not 0. */
  readonly result: number;
  /** It counts only directly within a prefix that has this result. */
  readonly within?: number;
}

export interface Range<Address extends number | bigint> {
  readonly start: Address;
  /** 0 = no prefix holds these addresses. */
  readonly result: number;
}

/** Ranges of the IPv4 prefixes among `answers`, the first from 0.0.0.0 on; none where there are no prefixes. */
export function ranges4(answers: readonly Answer[]): Range<number>[] {
  return cut(ofFamily(answers, 4), 0, (address, length) => address + 2 ** (32 - length), 2 ** 32);
}

/** As `ranges4`. */
export function ranges6(answers: readonly Answer[]): Range<bigint>[] {
  return cut(
    ofFamily(answers, 6),
    0n,
    (address, length) => address + (1n << BigInt(128 - length)),
    1n << 128n,
  );
}

interface Interval<Address> {
  readonly start: Address;
  readonly length: number;
  readonly result: number;
  readonly within: number | undefined;
}

function ofFamily<Family extends 4 | 6>(answers: readonly Answer[], family: Family) {
  type Value = Extract<IpAddress, { family: Family }>['value'];
  return answers
    .filter(({ prefix }) => prefix.address.family === family)
    .map(({ prefix, result, within }) => ({
      start: prefix.address.value as Value,
      length: prefix.length,
      result,
      within,
    }));
}

/** @param zero the first address. @param limit the one behind the last. */
function cut<Address extends number | bigint>(
  intervals: Interval<Address>[],
  zero: Address,
  endOf: (start: Address, length: number) => Address,
  limit: Address,
): Range<Address>[] {
  if (intervals.length === 0) return [];
  // Containing prefixes before what they contain: an open one is on the stack, with its end.
  intervals.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.length - b.length));
  const ranges: { start: Address; result: number }[] = [{ start: zero, result: 0 }];
  const open: { end: Address; result: number }[] = [];
  const begin = (start: Address, result: number) => {
    const last = ranges.at(-1)!;
    if (last.start === start) last.result = result;
    else if (last.result !== result) ranges.push({ start, result });
  };
  const close = (until: Address) => {
    for (let top = open.at(-1); top !== undefined && top.end <= until; top = open.at(-1)) {
      open.pop();
      if (top.end < limit) begin(top.end, open.at(-1)?.result ?? 0);
    }
  };
  for (const { start, length, result, within } of intervals) {
    close(start);
    if (within !== undefined && open.at(-1)?.result !== within) continue;
    begin(start, result);
    open.push({ end: endOf(start, length), result });
  }
  close(limit);
  return ranges;
}

/** Words of 4 bytes that the tree over `count` IPv4 ranges takes at most; it begins anywhere. */
export function treeWords(count: number): number {
  return count * 2 + (count >>> 2) + 192;
}
