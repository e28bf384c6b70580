/** A packet that shows a failure, decision by decision: `explain` on the sender's host, then on the one that it reaches. */

import { decode } from '../observe/decode.ts';
import type { Explanation, Step } from '../observe/explain.ts';
import type { Endpoint, Host } from '../policy/model.ts';
import type { Fabric } from './fabric.ts';
import type { Planes } from './planes.ts';
import type { Trip } from './trips.ts';

export interface Trace {
  readonly host: string;
  /** Name of the endpoint, or `uplink`. */
  readonly port: string;
  readonly steps: readonly Step[];
  /** The frame as it leaves; undefined where it does not. */
  readonly frame: Uint8Array | undefined;
}

export interface Counterexample {
  readonly from: string;
  /** Name of the endpoint, or `everybody`. */
  readonly to: string;
  readonly frame: Uint8Array;
  readonly traces: readonly Trace[];
}

/** @param host where a broadcast went wrong. */
export async function traceTrip(
  fabric: Fabric,
  planes: Planes,
  trip: Trip,
  host?: Host,
): Promise<Counterexample> {
  const { endpoint } = trip.from;
  const sender = fabric.policy.hosts[endpoint.host]!;
  const first = await traceOn(planes, sender, endpoint, trip.frame);
  const onWire = first.explanation?.outputs.filter(({ port }) => port === 'uplink') ?? [];
  const ways = onWire.map(({ frame }) => {
    const address = decode(frame).outer?.dst;
    return { frame, owner: address === undefined ? undefined : fabric.ownerOf(address)?.host };
  });
  const way =
    ways.find(({ owner }) => owner !== undefined && owner === host) ??
    ways.find(({ owner }) => owner !== undefined);
  const traces = [way === undefined ? first.trace : { ...first.trace, frame: way.frame }];
  if (way?.owner !== undefined) traces.push((await traceOn(planes, way.owner, undefined, way.frame)).trace);
  const to = trip.kind === 'broadcast' ? 'everybody' : trip.to.endpoint.name;
  return { from: endpoint.name, to, frame: trip.frame, traces };
}

/** @param from undefined: the uplink. */
async function traceOn(
  planes: Planes,
  host: Host,
  from: Endpoint | undefined,
  frame: Uint8Array,
): Promise<{ trace: Trace; explanation?: Explanation }> {
  const place = { host: host.name, port: from?.name ?? 'uplink' };
  const none = (reason: string) => ({
    trace: { ...place, steps: [{ rule: '–', text: `no trace: ${reason}` }], frame: undefined },
  });
  const plane = await planes.get(host);
  if (plane === undefined) return none(`${host.name} has no dataplane`);
  try {
    const explanation = await plane.explain(from === undefined ? 0 : plane.portOf(from), frame);
    return { trace: { ...place, steps: explanation.steps, frame: explanation.after }, explanation };
  } catch (error) {
    // What is broken may be what the trace would need: that is an answer too.
    if (!(error instanceof Error)) throw error;
    return none(error.message);
  }
}
