/** The hosts' dataplanes, made when they are needed: a thousand at once would not fit into memory. */

import { FIRST_DROP } from '../abi/verdict.ts';
import { Dataplane } from '../engine/dataplane.ts';
import type { Explanation } from '../observe/explain.ts';
import { mostCopies } from '../policy/copies.ts';
import type { Endpoint, Host, Policy } from '../policy/model.ts';
import type { Fabric } from './fabric.ts';
import type { Failures } from './failures.ts';

export interface Arrival {
  /** 0 is the uplink. */
  readonly port: number;
  readonly frame: Uint8Array;
}

export interface Input extends Arrival {
  /** It goes to many: it needs the room for copies for itself, and its turn with the rate limit. */
  readonly isBroadcast: boolean;
}

/** What verification needs of one host's dataplane. */
export interface Plane {
  /** Bytes. */
  readonly memorySize: number;
  portOf(endpoint: Endpoint): number;
  endpointAt(port: number): Endpoint | undefined;
  /**
   * What becomes of one frame after the other. One frame may have several outputs, and a drop beside what was answered to
   * its sender; outputs are valid during the call only.
   */
  run(
    frames: readonly Input[],
    visit: (input: number, verdict: number, output: Arrival | undefined) => void,
  ): void;
  explain(port: number, frame: Uint8Array): Promise<Explanation>;
}

/** @param copies that one frame may need. */
export type CreatePlane = (policy: Policy, host: Host, copies: number) => Promise<Plane>;

const SLOTS = 64;

/** Seeds by host, so that a run can be repeated. */
export async function createWasmPlane(policy: Policy, host: Host, copies: number): Promise<Plane> {
  const seed = Uint8Array.from({ length: 16 }, (_, byte) => host.index * 31 + byte * 59);
  const capacity = { slots: SLOTS, largeSlots: 0, copySlots: copies };
  return new WasmPlane(await Dataplane.create({ policy, host: host.name, capacity, seed }));
}

/** A rate limit is one second deep: after one it allows as much as it ever does. */
const SECOND = 1000;

class WasmPlane implements Plane {
  readonly #dataplane: Dataplane;
  readonly #endpoints: ReadonlyMap<number, Endpoint>;
  #now = 0;

  constructor(dataplane: Dataplane) {
    this.#dataplane = dataplane;
    this.#endpoints = new Map(dataplane.ports.map(({ endpoint, number }) => [number, endpoint]));
  }

  get memorySize(): number {
    return this.#dataplane.memorySize;
  }

  portOf(endpoint: Endpoint): number {
    return this.#dataplane.port(endpoint.name);
  }

  endpointAt(port: number): Endpoint | undefined {
    return this.#endpoints.get(port);
  }

  run(frames: readonly Input[], visit: Parameters<Plane['run']>[1]): void {
    const { batch } = this.#dataplane;
    let first = 0;
    const flush = (next: number) => {
      if (next === first) return;
      this.#dataplane.process((this.#now += SECOND));
      for (let index = 0; index < batch.count; index++) {
        const verdict = batch.verdictAt(index);
        const output =
          verdict >= FIRST_DROP ? undefined : { port: batch.portAt(index), frame: batch.frameAt(index) };
        visit(first + batch.inputAt(index), verdict, output);
      }
      first = next;
    };
    for (const [index, { frame, port, isBroadcast }] of frames.entries()) {
      if (isBroadcast) flush(index);
      if (!batch.push(frame, port)) {
        flush(index);
        batch.push(frame, port);
      }
      if (isBroadcast) flush(index + 1);
    }
    flush(frames.length);
  }

  explain(port: number, frame: Uint8Array): Promise<Explanation> {
    return this.#dataplane.explain(port, frame);
  }
}

/** Bytes of WASM memory that may stay while others are made. */
const KEPT = 512 << 20;

export class Planes {
  readonly #fabric: Fabric;
  readonly #create: CreatePlane;
  readonly #failures: Failures;
  readonly #kept = new Map<Host, Plane>();
  readonly #broken = new Set<Host>();
  #size = 0;

  constructor(fabric: Fabric, create: CreatePlane, failures: Failures) {
    this.#fabric = fabric;
    this.#create = create;
    this.#failures = failures;
  }

  /** Undefined where it cannot be made, which is a failure of its own. */
  async get(host: Host): Promise<Plane | undefined> {
    const known = this.#kept.get(host);
    if (known !== undefined || this.#broken.has(host)) return known;
    try {
      const plane = await this.#create(this.#fabric.policy, host, mostCopies(this.#fabric.policy, host));
      this.#size += plane.memorySize;
      if (this.#size <= KEPT) this.#kept.set(host, plane);
      return plane;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#broken.add(host);
      this.#failures.add('reachability', `${host.name}: no dataplane can be made: ${error.message}`);
      return undefined;
    }
  }
}
