/** What a measurement says: a row for every cell of the matrix and every rival. */

import type { RivalName } from './rivals.ts';
import { quantile, round } from './statistics.ts';
import type { Destination, Operation } from './workload.ts';

export interface Cell {
  readonly operation: Operation;
  readonly endpoints: number;
  readonly destination: Destination;
  readonly batch: number;
}

export interface MeasuredRow extends Cell {
  readonly rival: RivalName;
  /** Nanoseconds per packet. */
  readonly nsMedian: number;
  readonly mpps: number;
  /** The rival's time by WASM's: 1 is equal, above 1 WASM is faster. */
  readonly ratio: number;
  /** Quartiles of the rival's time by its median. */
  readonly spread: readonly [number, number];
}

/** A rival that could not be measured. */
export interface AbsentRow extends Cell {
  readonly rival: RivalName;
  readonly nsMedian: null;
  readonly mpps: null;
  readonly ratio: null;
  readonly spread: null;
  /** Why. */
  readonly absent: string;
}

export type Row = MeasuredRow | AbsentRow;

export function isMeasured(row: Row): row is MeasuredRow {
  return row.nsMedian !== null;
}

export function isOf(row: Row, { operation, endpoints, destination, batch }: Cell): boolean {
  return (
    row.operation === operation &&
    row.endpoints === endpoints &&
    row.destination === destination &&
    row.batch === batch
  );
}

/** @param reference median of WASM's nanoseconds. @param samples nanoseconds per packet, ascending. */
export function measuredRow(
  cell: Cell,
  rival: RivalName,
  samples: readonly number[],
  reference: number,
): MeasuredRow {
  const median = quantile(samples, 0.5);
  return {
    ...cell,
    rival,
    nsMedian: round(median),
    mpps: round(1000 / median, 1),
    ratio: round(median / reference, 3),
    spread: [round(quantile(samples, 0.25) / median), round(quantile(samples, 0.75) / median)],
  };
}

export function absentRow(cell: Cell, rival: RivalName, absent: string): AbsentRow {
  return { ...cell, rival, nsMedian: null, mpps: null, ratio: null, spread: null, absent };
}
