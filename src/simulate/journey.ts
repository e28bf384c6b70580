/** Where a frame went: every place that it passed, with the bytes that left there. */

import { type Verdict, verdictOf } from '../observe/verdicts.ts';
import { decode } from '../observe/decode.ts';
import { FORWARD, REPLY } from '../abi/verdict.ts';
import { LOSSES, type Loss } from './network.ts';

export type Place = 'vm' | 'host' | 'switch' | 'router';

/** What was done there. */
export type Deed =
  | 'sent'
  | 'encapsulated'
  | 'rewritten'
  | 'decapsulated'
  | 'restored'
  /** On one host: it never saw the wire. */
  | 'handed over'
  | 'answered'
  | 'switched'
  | 'routed'
  | 'received'
  /** `verdict` says why. */
  | 'dropped'
  | 'punted'
  /** By the physical network: `loss` says why. */
  | 'lost';

export interface Stop {
  /** Position in `Journey.stops` of the stop before; undefined for the first one. */
  readonly from: number | undefined;
  readonly place: Place;
  /** Of the endpoint, host, switch (its provider prefix), or `router`. */
  readonly name: string;
  readonly deed: Deed;
  /** As it left; where it ends, as it came. */
  readonly frame: Uint8Array;
  /** Of a host's dataplane. */
  readonly verdict: Verdict | undefined;
  /** Why the physical network lost it. */
  readonly loss: string | undefined;
}

export interface Journey {
  /** Each behind the one that it comes from. Copies and pieces make it a tree. */
  readonly stops: readonly Stop[];
  /** Endpoints that received something, in order; the sender, where it got an answer or an error. */
  readonly receivers: readonly string[];
  /** What decided: the first drop or loss, else the verdict of the first host. */
  readonly outcome: { readonly isDelivered: boolean; readonly name: string; readonly sentence: string };
}

/** A network that was cut is no fault of it. */
export const CUT = {
  name: 'HOST_CUT',
  sentence: 'the host’s uplink is cut: nothing gets in or out',
} as const;

export class JourneyLog {
  readonly #stops: Stop[] = [];
  #failure: { name: string; sentence: string } | undefined;

  add(
    stop: Pick<Stop, 'from' | 'place' | 'name' | 'deed' | 'frame'> & Partial<Pick<Stop, 'verdict' | 'loss'>>,
  ): number {
    const { verdict, loss } = stop;
    if (stop.deed === 'dropped' && verdict !== undefined) this.#failure ??= verdict;
    this.#stops.push({ ...stop, verdict, loss, frame: stop.frame.slice() });
    return this.#stops.length - 1;
  }

  lose(from: number, place: Place, name: string, frame: Uint8Array, loss: Loss | typeof CUT): void {
    const failure = typeof loss === 'string' ? { name: loss, sentence: LOSSES[loss] } : loss;
    this.#failure ??= failure;
    this.add({ from, place, name, deed: 'lost', frame, loss: failure.sentence });
  }

  finish(): Journey {
    const stops = this.#stops;
    const receivers = stops.filter(({ deed }) => deed === 'received').map(({ name }) => name);
    const first = stops.find(({ verdict }) => verdict !== undefined)?.verdict ?? verdictOf(FORWARD);
    const { name, sentence } = this.#failure ?? first;
    return { stops, receivers, outcome: { isDelivered: this.#failure === undefined, name, sentence } };
  }
}

/** What a host made of a frame, seen from outside. */
export function deedOf(
  before: Uint8Array,
  after: Uint8Array,
  verdict: number,
  fromUplink: boolean,
  toUplink: boolean,
): Deed {
  if (verdict === REPLY) return 'answered';
  if (verdict !== FORWARD) return fromUplink ? 'punted' : 'answered';
  if (fromUplink) return decode(before).tunnel === 'NVGRE' ? 'decapsulated' : 'restored';
  if (!toUplink) return 'handed over';
  return decode(after).tunnel === 'NVGRE' ? 'encapsulated' : 'rewritten';
}
