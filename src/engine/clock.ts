/** Milliseconds that never go back, the same for all threads: `performance.now()` begins anew in each of them. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** What a `Date` can hold: beyond, it is microseconds by mistake, and a path MTU would be believed for ever. */
const LAST = 8.64e15;

/**
 * A time that is no number would stay in the rate limits of every port that sees it.
 * @throws TypeError, RangeError
 */
export function checkTime(now: unknown): void {
  if (typeof now !== 'number') throw new TypeError(`now: expected milliseconds, got ${typeof now}`);
  if (!(now >= 0 && now <= LAST)) throw new RangeError(`now: expected milliseconds from 0 on, got ${now}`);
}
