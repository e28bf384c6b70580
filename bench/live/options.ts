/** The options of `npm run bench:live`. */

import { parseArgs } from 'node:util';
import { UsageError } from '../../src/cli/errors.ts';

const ROUNDS = 5;
const MOST_ROUNDS = 100;
const WHOLE = { lengths: [64, 1400], seconds: 1.5, tcpSeconds: 3, warmUp: 1, pings: 2000 };
const QUICK = { lengths: [64], seconds: 1, tcpSeconds: 1, warmUp: 0.2, pings: 300 };

export interface Plan {
  /** Times that every system has its turn. */
  readonly rounds: number;
  /** Of frames, bytes. */
  readonly lengths: readonly number[];
  /** Of one measurement. */
  readonly seconds: number;
  readonly tcpSeconds: number;
  /** Before the first one, until code is compiled. */
  readonly warmUp: number;
  /** Round trips of one measurement. */
  readonly pings: number;
  /** Where the page is written; undefined: nowhere. */
  readonly output: string | undefined;
}

/**
 * @param folder where the page is written unless it is a quick run or the options say something else.
 * @throws UsageError for an option that there is not, or a value out of its range.
 */
export function readPlan(args: readonly string[], folder: string): Plan {
  const { quick, rounds, output } = valuesOf(args);
  const times = rounds === undefined ? undefined : integer('--rounds', rounds, 1, MOST_ROUNDS);
  return quick === true
    ? { ...QUICK, rounds: times ?? 1, output }
    : { ...WHOLE, rounds: times ?? ROUNDS, output: output ?? folder };
}

function valuesOf(args: readonly string[]): { quick?: boolean; rounds?: string; output?: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        output: { type: 'string', short: 'o' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option}: expected an integer from ${min} to ${max}, got "${text}"`);
}
