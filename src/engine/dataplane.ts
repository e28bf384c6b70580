/** One host's dataplane: tables filled from the policy, a batch to put frames into, verdicts to read. */

import { OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../abi/layout.ts';
import { type Build, isShared } from '../load-wasm.ts';
import { CounterHistory, type Counters } from '../observe/counters.ts';
import { type Explanation, readExplanation } from '../observe/explain.ts';
import { keptPorts } from '../policy/compile.ts';
import type { Change } from '../policy/delta.ts';
import { didYouMean, show } from '../policy/errors.ts';
import { FabricState } from '../policy/fabric-state.ts';
import type { Endpoint, Host, IpAddress, MacAddress, Policy } from '../policy/model.ts';
import { Neighbors } from '../policy/neighbors.ts';
import { TablesFullError } from '../policy/numbers.ts';
import { applyEffects } from '../policy/update.ts';
import { hostOf } from '../policy/whereabouts.ts';
import type { Attachment } from './attached.ts';
import { checkTime, clock } from './clock.ts';
import { Batch, checkPort } from './batch.ts';
import { CopyRoom, copySlotsForSupers } from './copy-room.ts';
import { type Generation, Generations, roomFor } from './generations.ts';
import { destinationOf, takeHeld } from './held.ts';
import { type Instance, type TableCapacity, createInstance } from './instance.ts';
import { type DataplaneOptions, checkOptions, findHost, refuseOwnHost, toPolicy } from './options.ts';

const ALL_OFFLOADS = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_USO;
const DEFAULT_SLOTS = 512;
const DEFAULT_LARGE_SLOTS = 8;
/** Room for changes when the tables were full once, as a part of what is there. */
const SLACK = 0.5;

/** For the pool and for live I/O, which are this module's friends. */
export let instanceOf: (dataplane: Dataplane) => Instance;
/** For live I/O: that many bytes of the memory, whole pages of the system, that nothing else will use. */
export let reserveOf: (dataplane: Dataplane, size: number) => number;

export class Dataplane {
  static {
    instanceOf = (dataplane) => dataplane.#instance;
    reserveOf = (dataplane, size) => {
      const address = dataplane.#generations.reserve(size);
      dataplane.batch.refresh();
      return address;
    };
  }

  /** Frames in, frames out. */
  readonly batch: Batch;
  readonly #instance: Instance;
  readonly #generations: Generations;
  readonly #options: DataplaneOptions;
  readonly #history: CounterHistory;
  readonly #copies: CopyRoom;
  readonly #neighbors: Neighbors;
  #host: Host;
  #policy: Policy | undefined;
  #state: FabricState | undefined;
  #current: Generation;

  private constructor(
    instance: Instance,
    generations: Generations,
    history: CounterHistory,
    copies: CopyRoom,
    neighbors: Neighbors,
    current: Generation,
    policy: Policy,
    host: Host,
    options: DataplaneOptions,
  ) {
    this.batch = new Batch(instance);
    this.#instance = instance;
    this.#generations = generations;
    this.#current = current;
    this.#policy = policy;
    this.#host = host;
    this.#options = options;
    this.#history = history;
    this.#copies = copies;
    this.#neighbors = neighbors;
  }

  /**
   * Validates and compiles the policy, carves the memory and fills the tables.
   * @throws PolicyError with every problem of the policy.
   * @throws RangeError for a host that the policy does not have, or a capacity that cannot be.
   * @throws TypeError where `policy` or `host` is missing, or an option is not one of these.
   */
  static async create(options: DataplaneOptions): Promise<Dataplane> {
    checkOptions(options);
    return Dataplane.#create(options, options.build ?? 'release');
  }

  static async #create(options: DataplaneOptions, build: Build): Promise<Dataplane> {
    const { workers = 1, capacity = {} } = options;
    if (workers > 1 && !isShared(build))
      throw new RangeError(
        `workers: expected 1 with build "${build}", which has a memory of its own, got ${workers}`,
      );
    const policy = toPolicy(options.policy);
    const host = findHost(policy, options.host);
    const tables = roomFor(policy, host, capacity, 0);
    const largeSlots = capacity.largeSlots ?? DEFAULT_LARGE_SLOTS;
    const instance = await createInstance(
      build,
      {
        slots: capacity.slots ?? DEFAULT_SLOTS,
        largeSlots,
        copySlots: capacity.copySlots ?? copySlotsForSupers(policy, host, build === 'live' ? largeSlots : 0),
      },
      workers,
      options.staging,
    );
    const seed = options.seed ?? crypto.getRandomValues(new Uint8Array(16));
    const history = new CounterHistory(instance);
    const copies = new CopyRoom(instance, capacity.copySlots !== undefined);
    const neighbors = new Neighbors();
    const generations = new Generations(instance, seed, history, copies, neighbors);
    const current = generations.build(policy, host, tables);
    generations.publish(current, undefined);
    return new Dataplane(instance, generations, history, copies, neighbors, current, policy, host, options);
  }

  get host(): Host {
    return this.#host;
  }

  /** The policy that is in force. */
  get policy(): Policy {
    return (this.#policy ??= this.#state!.policy);
  }

  /** The memory of the WASM side: slots, rings, tables. */
  get memory(): WebAssembly.Memory {
    return this.#instance.memory;
  }

  /** Bytes of that memory. */
  get memorySize(): number {
    return this.#instance.memory.buffer.byteLength;
  }

  /** How many copies of flooded frames, pieces of fragmented ones and ICMP errors one batch may have. */
  get copySlots(): number {
    return this.#copies.count;
  }

  /** Local endpoints with their port numbers, from 1 on. A number stays its endpoint's as long as that is on this host. */
  get ports(): readonly { readonly number: number; readonly endpoint: Endpoint }[] {
    return [...this.#current.plan.ports.values()];
  }

  /**
   * The port of a local endpoint.
   * @throws RangeError for a name that no endpoint on this host has.
   */
  port(endpoint: string): number {
    const { portOf } = this.#current.plan;
    const number = portOf.get(endpoint);
    if (number !== undefined) return number;
    if (typeof endpoint !== 'string')
      throw new TypeError(`port: expected the name of an endpoint, got ${show(endpoint)}`);
    const elsewhere = hostOf(this.policy, endpoint);
    const hint =
      elsewhere === undefined ? didYouMean(endpoint, portOf.keys()) : `, which is on ${elsewhere.name}`;
    throw new RangeError(`port: expected an endpoint on ${this.host.name}, got "${endpoint}"${hint}`);
  }

  /**
   * Gives every frame of the batch its verdict, in one crossing into WASM.
   * @param now milliseconds that never go back: what rate limits and learnt path MTUs follow.
   * @returns the number of output descriptors, drops included; at least one for every frame.
   * @throws TypeError, RangeError for a time that cannot be; the batch is then still to be processed.
   */
  process(now: number = clock()): number {
    checkTime(now);
    const count = this.#instance.process(0, this.batch.take(), now);
    this.batch.finish(count);
    return count;
  }

  /**
   * What a port takes of what senders left to be done (build `live`); until it is told, nothing: checksums are completed and
   * super-segments cut. It outlives changes of the policy and holds for all workers.
   * @param port 0 = the uplink.
   * @param offloads OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6 and OFFLOAD_USO, added up; the last three only with the first.
   * @throws TypeError, RangeError for a port that cannot be, other offloads, or another build.
   */
  setOffloads(port: number, offloads: number): void {
    checkPort(port);
    const { setOffloads } = this.#instance;
    if (setOffloads === undefined) throw new TypeError('setOffloads: expected build "live"');
    if (!Number.isInteger(offloads) || (offloads & ~ALL_OFFLOADS) !== 0)
      throw new RangeError(`offloads: expected a sum of OFFLOAD_…, got ${offloads}`);
    if (offloads !== 0 && (offloads & OFFLOAD_CHECKSUM) === 0)
      throw new RangeError('offloads: expected OFFLOAD_CHECKSUM beside segmentation');
    setOffloads(port, offloads);
  }

  /**
   * Changes the policy while packets are processed, record by record: packets see each change whole or not at all.
   * @throws PolicyError with every problem, also where the host goes whose dataplane this is; RangeError when the tables would
   *   have to be larger than the memory can be. Then nothing has changed.
   */
  apply(changes: Change | readonly Change[]): void {
    const list = Array.isArray(changes) ? (changes as readonly Change[]) : [changes as Change];
    refuseOwnHost(list, this.#options.host);
    const state = (this.#state ??= new FabricState(this.policy));
    const effects = state.apply(list);
    this.#policy = undefined;
    try {
      applyEffects(this.#current.plan, state, effects);
      this.#generations.endEpoch();
      this.batch.refresh();
    } catch (error) {
      if (error instanceof TablesFullError) this.#grow(state);
      else this.#takeBack(state, error);
    }
  }

  /** Larger tables. Where there is no memory for them, those that are half changed are built as they were. */
  #grow(state: FabricState): void {
    try {
      try {
        this.#replace(state.policy, SLACK);
      } catch {
        this.#replace(state.policy, 0);
      }
    } catch (error) {
      this.#takeBack(state, error);
    }
  }

  #takeBack(state: FabricState, cause: unknown): never {
    state.takeBack();
    try {
      this.#replace(state.policy, 0);
    } catch {
      throw new Error('apply: neither the new tables nor the old ones fit into the memory: load a policy', {
        cause,
      });
    }
    throw cause;
  }

  /**
   * Puts another policy in force, as a whole: a batch sees the old one or the new one.
   * @throws PolicyError, RangeError as `create`; then the old one stays.
   */
  load(policy: Policy | string | object): void {
    this.#replace(toPolicy(policy), 0);
    this.#state = undefined;
  }

  /** Peers' own provider addresses that packets go to and whose MACs the policy leaves to be learnt: `setNeighbor` tells them. */
  get learntAddresses(): readonly IpAddress[] {
    return this.#current.plan.learntAddresses;
  }

  /**
   * Says which MAC leads to a peer, while packets are processed: each sees the one or the other. It stays what it is when the
   * policy changes. Packets to peers whose MAC is not known are dropped as `DROP_UNRESOLVED` (build `live`).
   * @param address one of `learntAddresses`; others are remembered.
   * @param mac of the peer's interface, or of the router that leads there; undefined: not known any more.
   */
  setNeighbor(address: IpAddress, mac: MacAddress | undefined): void {
    if (this.#neighbors.set(address, mac)) this.#current.plan.applyNeighbor(address);
  }

  /**
   * The frames that were kept back since the last call (build `live`), each as it would leave but for its destination MAC.
   * @param onFrame `held`: virtio-net header and frame, valid until it returns; `macOf`: the MAC, once it is known.
   */
  takeHeld(onFrame: (held: Uint8Array, macOf: () => MacAddress | undefined) => void): void {
    takeHeld(this.#instance, (held, hop, generation) => {
      const destination = destinationOf(held);
      onFrame(held, () =>
        this.#current.address === generation && destination !== undefined
          ? this.#current.plan.outerMac(hop, destination)
          : undefined,
      );
    });
  }

  #replace(policy: Policy, slack: number): void {
    const host = findHost(policy, this.#options.host);
    const before = this.#current.plan.portOf;
    const room = roomFor(policy, host, {}, slack);
    for (const name of Object.keys(room) as (keyof TableCapacity)[])
      room[name] = Math.max(room[name], this.#options.capacity?.[name] ?? 0);
    for (const { number } of keptPorts(policy, host, before)) room.ports = Math.max(room.ports, number);
    const next = this.#generations.build(policy, host, room, before);
    this.batch.refresh();
    this.#generations.publish(next, this.#current);
    this.#current = next;
    this.#policy = policy;
    this.#host = host;
  }

  /**
   * Packets and bytes since creation, by verdict and by virtual subnet.
   * @param worker whose: 0 is this instance; default all together.
   * @throws RangeError for a worker that there is not.
   */
  counters(worker?: number): Counters {
    const { workers } = this.#instance;
    if (worker !== undefined && !(Number.isInteger(worker) && worker >= 0 && worker < workers))
      throw new RangeError(`worker: expected an integer from 0 to ${workers - 1}, got ${worker}`);
    return this.#history.read(this.#current, worker);
  }

  /**
   * What another thread needs to process frames on this memory (`AttachedDataplane.attach`); it can be posted to a worker.
   * @param worker from 1 to `workers` − 1; 0 is this instance.
   */
  attachment(worker: number): Attachment {
    const { module, memory, workers } = this.#instance;
    if (workers === 1)
      throw new RangeError(
        "attachment: expected a dataplane that was created with build: 'threads' and workers: 2 or more, got one that works alone",
      );
    if (!Number.isInteger(worker) || worker < 1 || worker >= workers)
      throw new RangeError(`worker: expected an integer from 1 to ${workers - 1}, got ${worker}`);
    return { module, memory, worker };
  }

  /**
   * Runs one frame through the same code, built with tracing, and reports every decision. Counters and the batch of this
   * dataplane are not touched.
   */
  async explain(port: number, frame: Uint8Array): Promise<Explanation> {
    checkPort(port);
    const capacity = { slots: this.#instance.capacity.slots, largeSlots: 1, copySlots: this.copySlots };
    const options = { host: this.#options.host, policy: this.policy, capacity };
    const traced = await Dataplane.#create(options, 'trace');
    const name = this.#current.plan.ports.get(port)?.endpoint.name;
    const tracedPort = name === undefined ? port : traced.port(name);
    traced.batch.push(frame, tracedPort);
    traced.process();
    return readExplanation(traced.#instance, traced.batch, traced.#current.plan, tracedPort, frame);
  }
}
