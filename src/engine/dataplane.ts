/** One host's dataplane: tables filled from the policy, a batch to put frames into, verdicts to read. */

import { INSTALL_FULL, RECORD_SIZE, STAGING_RECORDS } from '../abi/layout.ts';
import type { Build } from '../load-wasm.ts';
import { type Counters, readCounters } from '../observe/counters.ts';
import { type Explanation, readExplanation } from '../observe/explain.ts';
import { type Plan, plan, writeRecords } from '../policy/compile.ts';
import { didYouMean } from '../policy/errors.ts';
import type { Endpoint, Host, Policy } from '../policy/model.ts';
import { isPolicy, parsePolicy, validatePolicy } from '../policy/parse.ts';
import { Batch } from './batch.ts';
import { type Capacity, type Instance, createInstance, memorySize } from './instance.ts';

export interface DataplaneOptions {
  /** What `parsePolicy` returned, or the text of a policy (YAML or JSON), or the document as an object. */
  policy: Policy | string | object;
  /** Name of the host whose dataplane this is. */
  host: string;
  /** Room beyond what the policy needs; default 512 slots, 8 large slots, no room to grow. */
  capacity?: Partial<Capacity>;
  /** `release` (default): own memory. `threads`: shared memory. */
  build?: Exclude<Build, 'trace'>;
  /** 16 bytes that seed the hash tables; default random. Results do not depend on it. */
  seed?: Uint8Array;
}

const DEFAULT_SLOTS = 512;
const DEFAULT_LARGE_SLOTS = 8;

export class Dataplane {
  readonly host: Host;
  /** Frames in, frames out. */
  readonly batch: Batch;
  readonly #instance: Instance;
  readonly #plan: Plan;
  readonly #options: DataplaneOptions;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(instance: Instance, planned: Plan, batch: Batch, options: DataplaneOptions) {
    this.host = planned.host;
    this.batch = batch;
    this.#instance = instance;
    this.#plan = planned;
    this.#options = options;
    this.#ports = new Map(planned.ports.map(({ endpoint, number }) => [endpoint.name, number]));
  }

  /**
   * Validates and compiles the policy, carves the memory and fills the tables.
   * @throws PolicyError with every problem of the policy.
   * @throws RangeError for a host that the policy does not have, or a capacity that cannot be.
   */
  static async create(options: DataplaneOptions): Promise<Dataplane> {
    return Dataplane.#create(options, options.build ?? 'release');
  }

  static async #create(options: DataplaneOptions, build: Build): Promise<Dataplane> {
    const policy = toPolicy(options.policy);
    const planned = plan(policy, findHost(policy, options.host));
    const capacity = capacityFor(planned, options.capacity ?? {});
    const seed = options.seed ?? crypto.getRandomValues(new Uint8Array(16));
    const instance = await createInstance(build, capacity, seed);
    installRecords(instance, planned);
    return new Dataplane(instance, planned, new Batch(instance, capacity), options);
  }

  /** The policy that is in force. */
  get policy(): Policy {
    return this.#plan.policy;
  }

  /** The memory of the WASM side: slots, rings, tables. */
  get memory(): WebAssembly.Memory {
    return this.#instance.memory;
  }

  /** Bytes of that memory. */
  get memorySize(): number {
    return memorySize(this.#instance);
  }

  /** Local endpoints with their port numbers, from 1 on. */
  get ports(): readonly { readonly number: number; readonly endpoint: Endpoint }[] {
    return this.#plan.ports;
  }

  /**
   * The port of a local endpoint.
   * @throws RangeError for a name that no endpoint on this host has.
   */
  port(endpoint: string): number {
    const number = this.#ports.get(endpoint);
    if (number !== undefined) return number;
    throw new RangeError(
      `port: expected an endpoint on ${this.host.name}, got "${endpoint}"${didYouMean(endpoint, this.#ports.keys())}`,
    );
  }

  /**
   * Gives every frame of the batch its verdict, in one crossing into WASM.
   * @returns the number of output descriptors, drops included.
   */
  process(): number {
    const count = this.#instance.process(0, this.batch.take());
    this.batch.finish(count);
    return count;
  }

  /** Packets and bytes since creation, by verdict and by virtual subnet. */
  counters(): Counters {
    return readCounters(this.#instance, this.#plan.subnets);
  }

  /**
   * Runs one frame through the same code, built with tracing, and reports every decision. Counters and the batch of this
   * dataplane are not touched.
   */
  async explain(port: number, frame: Uint8Array): Promise<Explanation> {
    const capacity = { ...this.#options.capacity, slots: 1, largeSlots: 1 };
    const traced = await Dataplane.#create({ ...this.#options, policy: this.policy, capacity }, 'trace');
    traced.batch.push(frame, port);
    traced.process();
    return readExplanation(traced.#instance, traced.batch, traced.#plan, port, frame);
  }
}

function toPolicy(policy: Policy | string | object): Policy {
  if (typeof policy === 'string') return parsePolicy(policy);
  return isPolicy(policy) ? policy : validatePolicy(policy);
}

function findHost(policy: Policy, name: string): Host {
  const host = policy.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const names = policy.hosts.map((candidate) => candidate.name);
  throw new RangeError(`host: expected a host of the policy, got "${name}"${didYouMean(name, names)}`);
}

function capacityFor(planned: Plan, wanted: Partial<Capacity>): Capacity {
  const capacity: Capacity = { slots: DEFAULT_SLOTS, largeSlots: DEFAULT_LARGE_SLOTS, ...planned.capacity };
  for (const [name, value] of Object.entries(wanted) as [keyof Capacity, number][]) {
    const needed = name === 'slots' || name === 'largeSlots' ? 0 : planned.capacity[name];
    if (value < needed)
      throw new RangeError(`capacity.${name}: expected at least ${needed} for this policy, got ${value}`);
    capacity[name] = value;
  }
  return capacity;
}

function installRecords(instance: Instance, planned: Plan): void {
  const view = new DataView(instance.memory.buffer, instance.staging, STAGING_RECORDS * RECORD_SIZE);
  writeRecords(planned, view, (count) => {
    const taken = instance.install(count);
    if (taken === count) return;
    const reason = instance.installError() === INSTALL_FULL ? 'a table is full' : 'a record is invalid';
    throw new RangeError(`capacity: ${reason} at record ${taken} of ${count}`);
  });
}
