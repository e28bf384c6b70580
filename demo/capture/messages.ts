/** What the page and the worker that reads captures say to each other. */

import type { InspectRow } from 'netvirt/inspect';

/** A policy on its way to a worker: its text, or the document. */
export type SentPolicy = { readonly text: string } | { readonly document: unknown };

export interface Filter {
  readonly vsid?: number | undefined;
  readonly customer?: string | undefined;
  /** Source or destination, or how it begins. */
  readonly address?: string | undefined;
  /** Name of a verdict; `DROP` for every drop. */
  readonly verdict?: string | undefined;
}

export interface Row {
  readonly index: number;
  /** Seconds since the first packet. */
  readonly time: number;
  readonly length: number;
  /** What follows is known. */
  readonly isJudged: boolean;
  /** It stays so: the packet was judged in its turn. */
  readonly isFinal: boolean;
  readonly tunnel: string;
  readonly network: number | undefined;
  readonly customer: string;
  readonly source: string;
  readonly src: string;
  readonly dst: string;
  /** Undefined where no host of the policy would have it. */
  readonly verdict: string | undefined;
}

export interface VerdictCount {
  readonly name: string;
  readonly rule: string;
  readonly sentence: string;
  readonly isDrop: boolean;
  readonly packets: number;
}

/** Bytes and packets of one customer in each of the bins. */
export interface Series {
  /** Empty: of nobody who is known; undefined: of all. */
  readonly customer: string | undefined;
  readonly bytes: readonly number[];
  readonly packets: readonly number[];
}

export interface Timeline {
  /** Of one bin, seconds. */
  readonly width: number;
  readonly series: readonly Series[];
}

/** What is known of a capture before its packets are judged. */
export interface Indexed {
  readonly packets: number;
  /** Of the packets on the wire. */
  readonly bytes: number;
  /** Bytes of the file that were read. */
  readonly read: number;
  /** One series, of all packets. */
  readonly timeline: Timeline;
  /** Why reading ended before the end of the file. */
  readonly fault: string | undefined;
  /** Of reading, milliseconds. */
  readonly milliseconds: number;
}

/** What the packets that are judged amount to. */
export interface Report {
  /** Packets. */
  readonly judged: number;
  readonly rows: readonly InspectRow[];
  readonly faults: Readonly<Record<string, number>>;
  readonly verdicts: readonly VerdictCount[];
  readonly customers: readonly string[];
  readonly networks: readonly number[];
  readonly timeline: Timeline;
  /** Of judging, milliseconds. */
  readonly milliseconds: number;
}

export interface Detail {
  readonly frame: Uint8Array;
  readonly originalLength: number;
}

export interface Transformed {
  readonly blob: Blob;
  readonly inputs: number;
  readonly written: number;
  readonly drops: Readonly<Record<string, number>>;
}

export interface Transform {
  readonly direction: 'encapsulate' | 'decapsulate';
  readonly host: string;
}

export type Request =
  | { readonly kind: 'open'; readonly file: File; readonly policy: SentPolicy }
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'rows'; readonly from: number; readonly count: number }
  | { readonly kind: 'detail'; readonly index: number }
  | { readonly kind: 'transform'; readonly transform: Transform };

/** How far reading is. */
export interface Progress {
  readonly bytes: number;
  readonly packets: number;
}

/** How far judging is. */
export interface Judging {
  /** Packets. */
  readonly judged: number;
  /** Packets behind the filter so far. */
  readonly count: number;
  /** Not with every step, but with the last one. */
  readonly report: Report | undefined;
  /** Why it ended before the last packet. */
  readonly failure?: string;
}

/** `opening`: the request that opened the capture. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: string }
  | { readonly opening: number; readonly progress: Progress }
  | { readonly opening: number; readonly judging: Judging };
