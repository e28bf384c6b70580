/** Packets through the real WASM code: the sender's host, the wire, the receivers' hosts. What arrives is compared byte by byte. */

import { FORWARD, ICMP_ERROR, PUNT, REPLY } from '../abi/verdict.ts';
import { decode } from '../observe/decode.ts';
import { VERDICTS } from '../observe/verdicts.ts';
import { formatIp } from '../policy/addresses.ts';
import type { Endpoint, Host } from '../policy/model.ts';
import { type Fabric, nameOf } from './fabric.ts';
import type { CheckName, Failures } from './failures.ts';
import type { Part } from './part.ts';
import type { Arrival, Plane, Planes } from './planes.ts';
import { type Sender, type Trip, arrival } from './trips.ts';

const CHECKS: Record<Trip['kind'], CheckName> = {
  subnet: 'traffic',
  routed: 'routed',
  broadcast: 'broadcast',
  foreign: 'foreign',
};

/** Frames on the wire at most, sent together: a host's dataplane is made once for all of its packets of a round. */
const ROUND = 500_000;

/** Hosts beside the right one that are handed each packet on the wire, as a switch that floods would. */
const STRANGERS = 3;

/** What has become of one trip so far. */
interface Fate {
  readonly trip: Trip;
  /** Who must get it and has not yet. */
  readonly missing: Set<Endpoint>;
  /** Who has got it. */
  readonly reached: Set<Endpoint>;
  /** Why it went no further. */
  reason: string;
  isJudged: boolean;
}

interface Wire {
  readonly fate: Fate;
  readonly frame: Uint8Array;
}

export class Traffic {
  readonly #fabric: Fabric;
  readonly #planes: Planes;
  readonly #failures: Failures;
  readonly #part: Part;
  /** Its hosts, by their place in it. */
  readonly #places: ReadonlyMap<Host, number>;
  #turn = 0;

  /** @param part of the hosts that there are on the wire. */
  constructor(fabric: Fabric, planes: Planes, failures: Failures, part: Part) {
    this.#fabric = fabric;
    this.#planes = planes;
    this.#failures = failures;
    this.#part = part;
    this.#places = new Map(part.hosts.map((host, place) => [host, place]));
  }

  /** Sends them all, together as far as memory allows: dataplanes take longer to make than packets to process. */
  async run(trips: Iterable<Trip>): Promise<Record<Trip['kind'], number>> {
    const counts = { subnet: 0, routed: 0, foreign: 0, broadcast: 0 };
    let round: Fate[] = [];
    let size = 0;
    for (const trip of trips) {
      const missing = new Set(this.#receivers(trip));
      round.push({ trip, missing, reached: new Set(), reason: 'nothing came of it', isJudged: false });
      counts[trip.kind]++;
      size += Math.max(1, missing.size);
      if (size < ROUND) continue;
      await this.#round(round);
      round = [];
      size = 0;
    }
    await this.#round(round);
    return counts;
  }

  #receivers(trip: Trip): Endpoint[] {
    if (trip.kind === 'foreign') return [];
    if (trip.kind !== 'broadcast') return [trip.to.endpoint];
    const { endpoint, vsid } = trip.from;
    return this.#fabric.receivers(endpoint, this.#fabric.subnets.get(vsid)!).filter(this.#part.has);
  }

  async #round(fates: readonly Fate[]): Promise<void> {
    const byHost = new Map<Host, Fate[]>();
    for (const fate of fates) add(byHost, this.#fabric.policy.hosts[fate.trip.from.endpoint.host]!, fate);
    const wires = new Map<Host, Wire[]>();
    for (const [host, own] of byHost) await this.#send(host, own, wires);
    for (const [host, own] of wires) await this.#receive(host, own);
    for (const fate of fates) this.#judgeAbsence(fate);
  }

  /** On the sender's host; what leaves by the uplink is put into `wires`. */
  async #send(host: Host, fates: readonly Fate[], wires: Map<Host, Wire[]>): Promise<void> {
    const plane = await this.#planes.get(host);
    if (plane === undefined) {
      for (const fate of fates) fate.reason = `${host.name} has no dataplane`;
      return;
    }
    const frames = fates.map(({ trip }) => ({
      port: plane.portOf(trip.from.endpoint),
      frame: trip.frame,
      isBroadcast: trip.kind === 'broadcast',
    }));
    plane.run(frames, (input, verdict, output) => {
      const fate = fates[input]!;
      if (output === undefined || verdict === PUNT) fate.reason = `${verdictName(verdict)} on ${host.name}`;
      else if (isAnswer(verdict)) this.#judgeAnswer(fate, verdict, host, plane, output);
      else if (output.port === 0) this.#wire(host, { fate, frame: output.frame.slice() }, wires);
      else this.#judge(fate, verdict, host, plane, output);
    });
  }

  /** The physical network: by the outer destination address, and to some hosts that it is not for. */
  #wire(from: Host, wire: Wire, wires: Map<Host, Wire[]>): void {
    const { hosts } = this.#part;
    const { fate } = wire;
    const destination = decode(wire.frame).outer?.dst;
    const owner = destination === undefined ? undefined : this.#fabric.ownerOf(destination);
    if (owner === undefined) {
      const address = destination === undefined ? 'no IP address' : formatIp(destination);
      fate.reason = `left ${from.name} to ${address}, which no host has`;
      return;
    }
    const place = this.#places.get(owner.host);
    if (place === undefined) {
      fate.reason = `left ${from.name} to ${owner.host.name}, where it was not followed`;
      return;
    }
    fate.reason = `lost between ${from.name} and ${owner.host.name}`;
    // A broadcast has a packet for every host that may have it.
    const strangers = fate.trip.kind === 'broadcast' ? 0 : Math.min(STRANGERS, hosts.length - 1);
    const turn = this.#turn++;
    for (let step = 0; step < strangers; step++) {
      const away = 1 + ((turn + step) % (hosts.length - 1));
      add(wires, hosts[(place + away) % hosts.length]!, wire);
    }
    add(wires, owner.host, wire);
  }

  async #receive(host: Host, wires: readonly Wire[]): Promise<void> {
    const plane = await this.#planes.get(host);
    if (plane === undefined) return;
    const frames = wires.map(({ frame, fate }) => ({
      port: 0,
      frame,
      isBroadcast: fate.trip.kind === 'broadcast',
    }));
    plane.run(frames, (input, verdict, output) => {
      const { fate } = wires[input]!;
      if (output !== undefined && verdict !== PUNT) {
        this.#judge(fate, verdict, host, plane, output);
        return;
      }
      const isMeant = fate.trip.kind === 'broadcast' || fate.trip.to.endpoint.host === host.index;
      if (isMeant && fate.missing.size > 0) fate.reason = `${verdictName(verdict)} on ${host.name}`;
    });
  }

  /** Only the sender may be told something. */
  #judgeAnswer(fate: Fate, verdict: number, host: Host, plane: Plane, { port }: Arrival): void {
    const endpoint = plane.endpointAt(port);
    if (endpoint !== fate.trip.from.endpoint)
      this.#fail(fate, `was answered by ${verdictName(verdict)} to ${placeName(host, port, endpoint)}`, host);
    // What was dropped has its own reason.
    if (verdict === REPLY) fate.reason = `${verdictName(verdict)} on ${host.name}`;
  }

  /** A frame left by a port. */
  #judge(fate: Fate, verdict: number, host: Host, plane: Plane, { port, frame }: Arrival): void {
    const { trip, missing, reached } = fate;
    const endpoint = plane.endpointAt(port);
    const place = placeName(host, port, endpoint);
    const domain = endpoint === undefined ? undefined : this.#fabric.domainOf.get(endpoint);
    const isOwn = domain !== undefined && domain === this.#fabric.domainOf.get(trip.from.endpoint);
    const where = isOwn || domain === undefined ? place : `${place} of ${nameOf(domain)}`;
    if (verdict !== FORWARD) {
      this.#fail(fate, `was answered by ${verdictName(verdict)} to ${where}`, host);
    } else if (trip.kind === 'foreign') {
      if (!isOwn) this.#fail(fate, `was delivered to ${where}`, host);
    } else if (endpoint === undefined || !(missing.has(endpoint) || reached.has(endpoint))) {
      this.#fail(fate, `was delivered to ${where}`, host);
    } else if (!missing.delete(endpoint)) {
      this.#fail(fate, `arrived more than once${trip.kind === 'broadcast' ? ` at ${place}` : ''}`, host);
    } else {
      reached.add(endpoint);
      if (!sameBytes(frame, arrival(trip, endpoint, this.#fabric.policy.provider.routerMac)))
        this.#fail(
          fate,
          `arrived${trip.kind === 'broadcast' ? ` at ${place}` : ''} with other bytes than it should have`,
          host,
        );
    }
  }

  #judgeAbsence(fate: Fate): void {
    const { missing, trip, reason } = fate;
    const [first] = missing;
    if (first === undefined) return;
    const others = missing.size === 1 ? '' : ` and ${missing.size - 1} more`;
    const whom = trip.kind === 'broadcast' ? ` at ${first.name}${others}` : '';
    this.#fail(fate, `did not arrive${whom}: ${reason}`, this.#fabric.policy.hosts[first.host]);
  }

  /** One failure for one packet. */
  #fail(fate: Fate, what: string, host: Host | undefined): void {
    if (fate.isJudged) return;
    fate.isJudged = true;
    const { trip } = fate;
    const whither =
      trip.kind === 'broadcast' ? `everybody in virtual subnet ${trip.from.vsid}` : senderName(trip.to);
    this.#failures.add(CHECKS[trip.kind], `${senderName(trip.from)} → ${whither} ${what}`, () => trip, host);
  }
}

function add<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function isAnswer(verdict: number): boolean {
  return verdict === REPLY || verdict === ICMP_ERROR;
}

function senderName({ endpoint, address }: Sender): string {
  return address === undefined ? endpoint.name : `${endpoint.name} (${formatIp(address)})`;
}

function placeName(host: Host, port: number, endpoint: Endpoint | undefined): string {
  if (port === 0) return `the uplink of ${host.name}`;
  return endpoint?.name ?? `port ${port} of ${host.name}`;
}

function verdictName(verdict: number): string {
  return VERDICTS.get(verdict)?.name ?? `verdict ${verdict}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
