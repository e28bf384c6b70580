/** Of samples. */

/** @param sorted ascending. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor((sorted.length - 1) * part)]!;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
