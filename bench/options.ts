/** What is measured: operations, table sizes, destinations and batches, and the options of `netvirt bench` that choose among them. */

import { UsageError } from '../src/cli/errors.ts';
import { SLOTS } from './rivals.ts';
import { DESTINATIONS, type Destination, OPERATIONS, type Operation } from './workload.ts';

const SIZES = [1000, 64_000, 1_000_000] as const;
const FEWEST = 64;
const LARGE = 10_000_000;
const BATCHES = [1, 8, 32, 256, 1024] as const;
/** Of every rival and cell, besides those that warm up. */
const PASSES = 60;
const MOST_PASSES = 10_000;

/** What takes under three minutes. */
const QUICK = {
  operations: ['egress', 'ingress', 'rewrite'],
  endpoints: [1000, 1_000_000],
  destinations: ['uniform'],
  batches: [256],
} as const;

/** As they stand on the command line. */
export interface BenchOptions {
  operation?: string[];
  endpoints?: string[];
  destination?: string[];
  batch?: string[];
  passes?: string;
  quick?: boolean;
  large?: boolean;
}

/** Every combination is a cell. */
export interface Matrix {
  readonly operations: readonly Operation[];
  readonly endpoints: readonly number[];
  readonly destinations: readonly Destination[];
  readonly batches: readonly number[];
  readonly passes: number;
}

/** @throws UsageError for a value out of its range, or options that exclude each other. */
export function readMatrix(options: BenchOptions): Matrix {
  const { operation, endpoints, destination, batch, passes, quick, large } = options;
  if (quick === true && large === true)
    throw new UsageError('--quick and --large: expected one of them, got both');
  const defaults = quick === true ? QUICK : undefined;
  const sizes = large === true ? [...SIZES, LARGE] : SIZES;
  return {
    operations:
      chosen(operation, (one) => known('--operation', one, OPERATIONS)) ?? defaults?.operations ?? OPERATIONS,
    endpoints:
      chosen(endpoints, (one) => integer('--endpoints', one, FEWEST, LARGE)) ?? defaults?.endpoints ?? sizes,
    destinations:
      chosen(destination, (one) => known('--destination', one, DESTINATIONS)) ??
      defaults?.destinations ??
      DESTINATIONS,
    batches: chosen(batch, (one) => integer('--batch', one, 1, SLOTS)) ?? defaults?.batches ?? BATCHES,
    passes: passes === undefined ? PASSES : integer('--passes', passes, 1, MOST_PASSES),
  };
}

/** Each of them once, in the order of the command line. */
function chosen<Value>(
  texts: readonly string[] | undefined,
  read: (text: string) => Value,
): Value[] | undefined {
  return texts === undefined ? undefined : [...new Set(texts.map(read))];
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option}: expected an integer from ${min} to ${max}, got "${text}"`);
}

function known<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: expected one of ${names.join(', ')}, got "${text}"`);
}
