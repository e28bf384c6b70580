/** Whether rivals do the same work: the same verdict, port and bytes for every frame. */

import { FORWARD } from '../src/abi/verdict.ts';
import { VERDICTS } from '../src/observe/verdicts.ts';
import type { Outcome, Rival } from './rivals.ts';
import type { Operation } from './workload.ts';

/** What rivals made of the same frames differs: no time of theirs is worth anything. */
export class DifferenceError extends Error {
  override name = 'DifferenceError';
}

/**
 * @param rivals filled with the same frames; the first one's outcomes are expected of all.
 * @throws DifferenceError at the first frame that is not what it has to be.
 */
export function assertSame(rivals: readonly Rival[], operation: Operation, batch: number): void {
  const [first, ...others] = rivals;
  const expected = first!.outcomes(batch);
  for (const [slot, { word }] of expected.entries()) {
    if ((word >>> 16 !== FORWARD) !== (operation === 'drop'))
      throw new DifferenceError(`${operation}, frame ${slot}: did not expect ${verdictName(word)}`);
  }
  for (const rival of others) {
    // The FlowID is the sender's choice (N3), and this engine makes another one.
    const isOtherFlow = rival.name === 'typescript' && operation === 'egress';
    const got = rival.outcomes(batch);
    const slot = expected.findIndex((one, index) => !isSame(one, got[index]!, isOtherFlow));
    if (slot < 0) continue;
    throw new DifferenceError(
      `${operation}, batch ${batch}, frame ${slot}: expected ${text(expected[slot]!)} as of ${first!.name}, got ${text(got[slot]!)} of ${rival.name}`,
    );
  }
}

function isSame(one: Outcome, other: Outcome, isOtherFlow: boolean): boolean {
  if (one.word !== other.word) return false;
  if (!isOtherFlow) return Buffer.compare(one.frame, other.frame) === 0;
  return Buffer.compare(withoutFlowId(one.frame), withoutFlowId(other.frame)) === 0;
}

/** Of an envelope over IPv4. */
function withoutFlowId(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy[41] = 0;
  return copy;
}

/** Also of what is none: the twin has one more, for what it leaves out. */
function verdictName(word: number): string {
  return VERDICTS.get(word >>> 16)?.name ?? `verdict ${word >>> 16}`;
}

function text({ word, frame }: Outcome): string {
  return `${verdictName(word)} to port ${word & 0xffff}, ${Buffer.from(frame).toString('hex')}`;
}
