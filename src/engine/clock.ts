/** Milliseconds that never go back, the same for all threads: `performance.now()` begins anew in each of them. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
