/**
 * How flows spread over N equal-cost paths. The router is the one of RFC 2992: hash-threshold, which cuts the range of a
 * hash into N equal regions, here with CRC-32 (IEEE 802.3) over the fields that it looks at, in the order of the wire.
 */

import { crc32 } from './crc32.ts';
import { ETHERNET, type Outer, PROTOCOL_GRE, hasPorts, readOuter } from './outer.ts';
import type { Sent } from './fabric.ts';

export type MethodName = 'nvgre-flowid' | 'nvgre-addresses' | 'nvgre-flow-label' | 'rewrite-5-tuple';

interface Method {
  readonly name: MethodName;
  readonly title: string;
  /** What the router looks at. */
  readonly fields: string;
  /** Those fields of a frame; undefined where it is none of this method. */
  read(outer: Outer): Uint8Array | undefined;
}

const isTunnel = ({ protocol }: Outer) => protocol === PROTOCOL_GRE;

export const METHODS: Readonly<Record<MethodName, Method>> = {
  'nvgre-flowid': {
    name: 'nvgre-flowid',
    title: 'NVGRE with FlowID',
    fields: 'outer addresses, 32-bit GRE key',
    read: (outer) =>
      isTunnel(outer) ? concat(addressesOf(outer), slice(outer, outer.payload + 4, 4)) : undefined,
  },
  'nvgre-addresses': {
    name: 'nvgre-addresses',
    title: 'NVGRE, addresses alone',
    fields: 'outer addresses',
    read: (outer) => (isTunnel(outer) ? addressesOf(outer) : undefined),
  },
  'nvgre-flow-label': {
    name: 'nvgre-flow-label',
    title: 'NVGRE over IPv6',
    fields: 'outer addresses, flow label',
    read: (outer) =>
      isTunnel(outer) && outer.family === 6 ? concat(addressesOf(outer), flowLabelOf(outer)) : undefined,
  },
  'rewrite-5-tuple': {
    name: 'rewrite-5-tuple',
    title: 'IP Rewrite',
    fields: 'addresses, protocol, ports',
    read: (outer) => (isTunnel(outer) ? undefined : fiveTuple(outer)),
  },
};

function slice({ frame }: Outer, offset: number, length: number): Uint8Array {
  return frame.subarray(offset, offset + length);
}

function addressesOf(outer: Outer): Uint8Array {
  return slice(outer, outer.addresses, outer.addressLength * 2);
}

/** Version and traffic class share the word with the 20 bits, and no router hashes those. */
function flowLabelOf(outer: Outer): Uint8Array {
  const word = Uint8Array.from(slice(outer, ETHERNET, 4));
  word[0] = 0;
  word[1]! &= 0x0f;
  return word;
}

/** Without ports for fragments and for protocols that have none. */
function fiveTuple(outer: Outer): Uint8Array {
  const protocol = Uint8Array.of(outer.protocol);
  const ports = hasPorts(outer) ? slice(outer, outer.payload, 4) : new Uint8Array(0);
  return concat(addressesOf(outer), protocol, ports);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The path that the router takes for these fields. */
export function pathOf(fields: Uint8Array, paths: number): number {
  return Math.floor((crc32(fields) / 2 ** 32) * paths);
}

/** `ecmp.pair.methods` and `ecmp.traffic` of the report. */
export interface Spread {
  readonly method: MethodName;
  readonly title: string;
  readonly fields: string;
  readonly flows: number;
  /** Flows on each path. */
  readonly perPath: readonly number[];
  /** Part of all flows that the fullest path has, 0 to 1; null without flows. */
  readonly largestShare: number | null;
  /** Pearson's, against the same number on every path; null without flows. */
  readonly chiSquare: number | null;
  readonly degreesOfFreedom: number;
}

/** Takes frames on the wire and counts each flow once, by the path of its first frame. */
export class SpreadProbe {
  readonly #paths: number;
  readonly #methods: readonly { readonly method: Method; readonly perPath: number[] }[];
  readonly #seen = new Set<string>();

  constructor(paths: number, methods: readonly MethodName[]) {
    this.#paths = paths;
    this.#methods = methods.map((name) => ({
      method: METHODS[name],
      perPath: new Array<number>(paths).fill(0),
    }));
  }

  /** @param sent what the VM sent: says which flow it is. */
  add(sent: Sent, frame: Uint8Array): void {
    const outer = readOuter(frame);
    if (outer === undefined) return;
    const flow = flowOf(sent);
    if (this.#seen.has(flow)) return;
    this.#seen.add(flow);
    for (const { method, perPath } of this.#methods) {
      const fields = method.read(outer);
      if (fields !== undefined) perPath[pathOf(fields, this.#paths)]!++;
    }
  }

  result(): Spread[] {
    return this.#methods.map(({ method: { name, title, fields }, perPath }) => ({
      method: name,
      title,
      fields,
      ...spreadOf(perPath),
    }));
  }
}

/** Sender and 5-tuple; what is not IP: sender, MACs and EtherType. */
function flowOf({ endpoint, frame }: Sent): string {
  const outer = readOuter(frame);
  const identity = outer === undefined ? frame.subarray(0, 14) : fiveTuple(outer);
  return `${endpoint} ${String.fromCharCode(...identity)}`;
}

export function spreadOf(
  perPath: readonly number[],
): Pick<Spread, 'flows' | 'perPath' | 'largestShare' | 'chiSquare' | 'degreesOfFreedom'> {
  const flows = perPath.reduce((all, one) => all + one, 0);
  const expected = flows / perPath.length;
  const chiSquare = perPath.reduce((all, one) => all + (one - expected) ** 2 / expected, 0);
  return {
    flows,
    perPath,
    largestShare: flows === 0 ? null : Math.max(...perPath) / flows,
    chiSquare: flows === 0 ? null : chiSquare,
    degreesOfFreedom: perPath.length - 1,
  };
}

/** The 99th percentile of the standard normal distribution. */
const NORMAL_99 = 2.3263;

/** What chi-square exceeds in one of a hundred random spreads (Wilson and Hilferty's approximation, 1931). */
export function chiSquareLimit(degreesOfFreedom: number): number {
  const variance = 2 / (9 * degreesOfFreedom);
  return degreesOfFreedom * (1 - variance + NORMAL_99 * Math.sqrt(variance)) ** 3;
}
