import type { Case } from './case.ts';
import { ECN_CASES } from './ecn.ts';
import { NVGRE_CASES } from './nvgre.ts';
import { QUOTE_CASES } from './quote.ts';
import { REWRITE_CASES } from './rewrite.ts';
import { VIRTUAL_CASES } from './virtual.ts';

/** All named packets. */
export const CASES: readonly Case[] = [
  ...NVGRE_CASES,
  ...ECN_CASES,
  ...REWRITE_CASES,
  ...QUOTE_CASES,
  ...VIRTUAL_CASES,
];
export type { Case } from './case.ts';
