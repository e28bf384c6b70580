/** All hosts of a policy at once: what VMs send goes through their hosts' dataplanes and the network between them. */

import { FIRST_DROP, PUNT } from '../abi/verdict.ts';
import type { Dataplane } from '../engine/dataplane.ts';
import type { Counters } from '../observe/counters.ts';
import type { DropName } from '../observe/verdicts.ts';
import type { Endpoint, Policy } from '../policy/model.ts';
import { copyOf } from './copy.ts';
import { membersOf } from './members.ts';
import { Network } from './network.ts';
import { BATCH, type DataplanePool, type Site } from './pool.ts';

/** A frame that a VM sends. */
export interface Sent {
  readonly endpoint: string;
  readonly frame: Uint8Array;
  /** INPUT_CUT, as in `Batch.push`. */
  readonly flags: number;
}

export interface Member {
  readonly endpoint: Endpoint;
  readonly customer: string;
  /** Identity of its routing domain. */
  readonly domain: string;
  readonly host: string;
  sent: number;
  received: number;
  /** Received, bytes. */
  bytes: number;
}

/** A frame that waits at a host: at a VM's port or at the uplink. */
interface Arrival {
  readonly sent: Sent;
  readonly frame: Uint8Array;
  readonly isUplink: boolean;
  /** Links that it has come. */
  readonly steps: number;
}

interface HostSite extends Site {
  readonly index: number;
  /** Members by port; filled with the first dataplane. */
  ports: Member[];
}

/** What went onto the wire, beside the frame that the VM sent. */
export type OnWire = (sent: Sent, frame: Uint8Array) => void;

/** Hosts whose dataplanes are prepared while another one works. */
const AHEAD = 8;
/** More links than any way through the network has: something goes in circles. */
const MAX_STEPS = 64;

export class Fabric {
  readonly #network: Network;
  readonly #members = new Map<string, Member>();
  readonly #mtu: number;
  readonly #sites: HostSite[];
  readonly #pool: DataplanePool;
  readonly #onWire: OnWire | undefined;
  readonly #steps = new Map<number, number>();
  readonly #drops = new Map<DropName, number>();
  #next = new Map<number, Arrival[]>();
  #isBackwards = false;
  /** The longest frame to a group, bytes. */
  #flooded = 0;
  #punts = 0;
  #replies = 0;
  #strays = 0;

  constructor(policy: Policy, pool: DataplanePool, onWire?: OnWire) {
    this.#network = new Network(policy);
    this.#mtu = policy.provider.mtu;
    this.#pool = pool;
    this.#onWire = onWire;
    for (const { customer, domain, endpoint } of membersOf(policy)) {
      const host = policy.hosts[endpoint.host]!.name;
      const counts = { sent: 0, received: 0, bytes: 0 };
      this.#members.set(endpoint.name, { endpoint, customer, domain, host, ...counts });
    }
    this.#sites = policy.hosts.map(({ name, index }) => ({
      policy,
      host: name,
      index,
      ports: [],
      flooded: () => this.#flooded,
      retire: (counters) => {
        this.#retire(counters);
      },
    }));
  }

  /** Sends frames at one moment and follows all that comes of them. */
  async run(frames: readonly Sent[], now: number): Promise<void> {
    for (const sent of frames) {
      const member = this.#members.get(sent.endpoint)!;
      member.sent++;
      if ((sent.frame[0]! & 1) === 1) this.#flooded = Math.max(this.#flooded, sent.frame.length);
      this.#enqueue(member.endpoint.host, { sent, frame: sent.frame, isUplink: false, steps: 1 });
    }
    while (this.#next.size > 0) {
      const waiting = this.#next;
      this.#next = new Map();
      // To and fro, so that the dataplanes that the pool holds are used before others are made in their place.
      const hosts = [...waiting.keys()].sort((a, b) => (this.#isBackwards ? b - a : a - b));
      this.#isBackwards = !this.#isBackwards;
      for (const [position, host] of hosts.entries()) {
        for (const soon of hosts.slice(position + 1, position + 1 + AHEAD))
          this.#pool.prepare(this.#sites[soon]!);
        await this.#arrive(this.#sites[host]!, waiting.get(host)!, now);
      }
    }
  }

  #enqueue(host: number, arrival: Arrival): void {
    const queue = this.#next.get(host);
    if (queue === undefined) this.#next.set(host, [arrival]);
    else queue.push(arrival);
  }

  async #arrive(site: HostSite, arrivals: readonly Arrival[], now: number): Promise<void> {
    const dataplane = await this.#pool.get(site);
    if (site.ports.length === 0) {
      for (const { number, endpoint } of dataplane.ports)
        site.ports[number] = this.#members.get(endpoint.name)!;
    }
    let batch: Arrival[] = [];
    const push = (arrival: Arrival) => {
      const port = arrival.isUplink ? 0 : dataplane.port(arrival.sent.endpoint);
      return dataplane.batch.push(arrival.frame, port, arrival.isUplink ? 0 : arrival.sent.flags);
    };
    for (const arrival of arrivals) {
      const [first] = batch;
      const isAlone = first !== undefined && (this.#multiplies(first) || this.#multiplies(arrival));
      if (batch.length === BATCH || isAlone || !push(arrival)) {
        this.#process(site, dataplane, batch, now);
        batch = [];
        push(arrival);
      }
      batch.push(arrival);
    }
    this.#process(site, dataplane, batch, now);
  }

  /** Copies and pieces take the slots of the batch: such a frame has one of its own. */
  #multiplies({ sent }: Arrival): boolean {
    return (sent.frame[0]! & 1) === 1 || sent.frame.length > this.#mtu;
  }

  #process(site: HostSite, dataplane: Dataplane, arrivals: readonly Arrival[], now: number): void {
    dataplane.process(now);
    const { batch } = dataplane;
    for (let index = 0; index < batch.count; index++) {
      const verdict = batch.verdictAt(index);
      if (verdict >= FIRST_DROP || verdict === PUNT) continue;
      const { sent, steps } = arrivals[batch.inputAt(index)]!;
      const port = batch.portAt(index);
      const frame = batch.frameAt(index);
      if (port > 0) this.#receive(site.ports[port]!, sent, frame, steps + 1);
      else this.#carry(site.index, sent, copyOf(frame), steps);
    }
    batch.clear();
  }

  #carry(from: number, sent: Sent, frame: Uint8Array, steps: number): void {
    if (steps === 1) this.#onWire?.(sent, frame);
    for (const delivery of this.#network.carry(from, frame)) {
      const total = steps + delivery.steps;
      if (total > MAX_STEPS)
        throw new Error('simulate: expected frames to arrive somewhere, got one in circles');
      this.#enqueue(delivery.host, { sent, frame: delivery.frame, isUplink: true, steps: total });
    }
  }

  #receive(member: Member, sent: Sent, frame: Uint8Array, steps: number): void {
    member.received++;
    member.bytes += frame.length;
    if (this.#members.get(sent.endpoint)!.domain !== member.domain) this.#strays++;
    this.#steps.set(steps, (this.#steps.get(steps) ?? 0) + 1);
  }

  #retire(counters: Counters): void {
    this.#punts += counters.punted;
    this.#replies += counters.replies;
    for (const [name, packets] of Object.entries(counters.drops) as [DropName, number][])
      this.#drops.set(name, (this.#drops.get(name) ?? 0) + packets);
  }

  /** Puts all dataplanes away and adds up. */
  finish(): FabricResult {
    for (const site of this.#sites) this.#pool.retire(site);
    const members = [...this.#members.values()];
    return {
      received: members.reduce((all, { received }) => all + received, 0),
      punts: this.#punts,
      replies: this.#replies,
      drops: Object.fromEntries(this.#drops),
      strays: this.#strays,
      steps: new Map([...this.#steps].sort(([a], [b]) => a - b)),
      members,
      network: this.#network,
    };
  }
}

export interface FabricResult {
  /** Frames that VMs received, replies included. */
  readonly received: number;
  readonly punts: number;
  readonly replies: number;
  readonly drops: Partial<Record<DropName, number>>;
  /** Frames that a VM of another routing domain received: isolation has failed. */
  readonly strays: number;
  /** Received frames by links from VM to VM, fewest first. */
  readonly steps: ReadonlyMap<number, number>;
  readonly members: readonly Member[];
  readonly network: Network;
}
