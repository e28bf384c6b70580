/** The quotients that are asked for, each with what it should be at least, or at most. */

import { quantile, round } from '../statistics.ts';
import type { Sample } from './forwarding.ts';
import type { LatencySample } from './latency.ts';
import type { MalformedSample } from './malformed.ts';
import { SYSTEMS, type SystemName } from './systems.ts';
import type { TcpSample } from './tcp.ts';

export interface Ratio {
  readonly what: string;
  readonly frameBytes?: number;
  readonly bound: 'at least' | 'at most';
  readonly floor: number;
  /** Median of the rounds' quotients; null: one of the two could not be measured. */
  readonly ratio: number | null;
  /** Quartiles of the rounds' quotients. */
  readonly spread: readonly [number, number] | null;
  readonly holds: boolean | null;
}

/** Of all that was measured. */
export interface Measured {
  readonly frames: readonly Sample[];
  readonly tcp: readonly TcpSample[];
  readonly latency: readonly LatencySample[];
  readonly malformed: readonly MalformedSample[];
}

const FORWARDING: readonly (readonly [own: SystemName, other: SystemName, floor: number])[] = [
  ['packet', 'ovs', 2.5],
  ['xdp', 'afxdp', 1.05],
  ['xdp', 'vxlan', 1.5],
  ['packet', 'forwarder', 1],
];

export function ratiosOf({ frames, tcp, latency, malformed }: Measured, lengths: readonly number[]): Ratio[] {
  const forwarding = FORWARDING.flatMap(([own, other, floor]) =>
    lengths.map((frameBytes) => {
      const of = (name: SystemName) =>
        frames.filter((one) => one.name === name && one.frameBytes === frameBytes).map(({ kpps }) => kpps);
      const what = `frames: ${SYSTEMS[own]} by ${SYSTEMS[other]}`;
      return ratio({ what, frameBytes, bound: 'at least', floor }, of(own), of(other));
    }),
  );
  const gbps = (name: TcpSample['name']) => tcp.filter((one) => one.name === name).map((one) => one.gbps);
  const p50 = (name: LatencySample['name']) =>
    latency.filter((one) => one.name === name).map((one) => one.p50);
  return [
    ...forwarding,
    ratio({ what: 'TCP: IP Rewrite by NVGRE', bound: 'at least', floor: 2 }, gbps('rewrite'), gbps('nvgre')),
    ratio(
      { what: 'round trip, p50: NVGRE by kernel VXLAN', bound: 'at most', floor: 3 },
      p50('nvgre'),
      p50('vxlan'),
    ),
    ratio(
      {
        what: 'frames of a VM while another sends malformed ones, by those without',
        bound: 'at least',
        floor: 0.9,
      },
      malformed.map((one) => one.with),
      malformed.map((one) => one.without),
    ),
  ];
}

type Question = Pick<Ratio, 'what' | 'frameBytes' | 'bound' | 'floor'>;

/** Quotients of what was measured in the same round. */
function ratio(question: Question, own: readonly number[], other: readonly number[]): Ratio {
  const sorted = own.flatMap((value, index) => (other[index] === undefined ? [] : [value / other[index]]));
  sorted.sort((a, b) => a - b);
  if (sorted.length === 0) return { ...question, ratio: null, spread: null, holds: null };
  const median = quantile(sorted, 0.5);
  return {
    ...question,
    ratio: round(median, 3),
    spread: [round(quantile(sorted, 0.25), 3), round(quantile(sorted, 0.75), 3)],
    holds: question.bound === 'at least' ? median >= question.floor : median <= question.floor,
  };
}
