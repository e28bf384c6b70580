/** What is measured, and what came out. */

export const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Task {
  readonly operation: Operation;
  /** In the tables. */
  readonly endpoints: number;
  /** Frames per call. */
  readonly batch: number;
  /** Threads that process at once; 1: WebAssembly and TypeScript take turns on one. */
  readonly workers: number;
}

export interface Result extends Task {
  /** Million packets per second. */
  readonly wasm: number;
  /** Undefined with several workers: plain TypeScript cannot share its tables. */
  readonly plain: number | undefined;
}

/** One look at the clock, for the live chart. */
export interface Sample {
  readonly wasm: number;
  readonly plain: number | undefined;
}

export type Report = { readonly sample: Sample } | { readonly result: Result } | { readonly failure: string };
