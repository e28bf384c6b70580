/** A policy's text while it is written: what is wrong with it, or what it amounts to. */

import { type Policy, PolicyError, type Problem, parsePolicy } from 'netvirt';
import { type PolicySummary, summarize } from 'netvirt/inspect';

export type Checked =
  | { readonly policy: Policy; readonly summary: PolicySummary; readonly milliseconds: number }
  | { readonly problems: readonly Problem[] };

export function check(text: string, file: string): Checked {
  const begun = performance.now();
  try {
    const policy = parsePolicy(text, { file });
    return { policy, summary: summarize(policy), milliseconds: performance.now() - begun };
  } catch (error) {
    if (error instanceof PolicyError) return { problems: error.problems };
    throw error;
  }
}

/** Where a line and column begin in the text, both from 1 on. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  return Math.min(start + column - 1, text.length);
}
