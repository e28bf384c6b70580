/** Live packet I/O on Linux: interfaces as ports of a dataplane, read and written by threads of its own. */

import { MOST_LANES } from '../abi/live.ts';
import { instanceOf } from '../engine/dataplane.ts';
import { HostAddresses } from './addresses.ts';
import { DOWN, ERRORS, LANE_COUNTS, RECEIVED, RECEIVED_BYTES, SENT, SENT_BYTES } from './counts.ts';
import { Interfaces, checkName } from './interfaces.ts';
import { ringBytes } from './packet.ts';
import { Port, type Run } from './ports.ts';
import { Regions } from './regions.ts';
import { loadSystem } from './system.ts';
import { IoThread } from './threads.ts';
import { LiveError, type LiveEvent, type LiveOptions, type LivePort, type PortCounters } from './types.ts';
import { type Umem, largestXdpMtu, makeUmem } from './xdp.ts';

/** How often interfaces are looked at, milliseconds. */
const WATCH = 200;
/** Ports that get memory for AF_XDP. */
const MOST_XDP_SOCKETS = 16;

export class LiveIo {
  readonly #run: Run;
  /** Those that were closed too: what they counted stays. */
  #ports: readonly Port[];
  readonly #threads: readonly IoThread[];
  readonly #interfaces: Interfaces;
  readonly #addresses: HostAddresses;
  #timer: NodeJS.Timeout | undefined;
  #following: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  private constructor(
    run: Run,
    ports: readonly Port[],
    threads: readonly IoThread[],
    interfaces: Interfaces,
    addresses: HostAddresses,
  ) {
    this.#run = run;
    this.#ports = ports;
    this.#threads = threads;
    this.#interfaces = interfaces;
    this.#addresses = addresses;
  }

  /**
   * Opens every port and begins to move frames.
   * @throws LiveError, whose message is one line that says what is missing; then nothing is left open.
   * @throws RangeError, TypeError for options that cannot be.
   */
  static async start(options: LiveOptions): Promise<LiveIo> {
    const {
      dataplane,
      ports: lives,
      most = 0,
      io = 'auto',
      workers = 1,
      onEvent = () => undefined,
    } = options;
    const many = Math.max(lives.length, most);
    checkOptions(options, workers);
    const system = await loadSystem();
    const interfaces = new Interfaces(system);
    const regions = new Regions(system, dataplane);
    const addresses = new HostAddresses(system, dataplane);
    const umems: Umem[] = [];
    const threads: IoThread[] = [];
    const ringSize = ringBytes(many * workers);
    const run: Run = {
      system,
      dataplane,
      regions,
      interfaces,
      addresses,
      umems,
      threads,
      io,
      ringSize,
      onEvent,
    };
    const ports = lives.map((live, index) => new Port(run, live, index + 1));
    const live = new LiveIo(run, ports, threads, interfaces, addresses);
    try {
      for (const { kind, name } of lives) if (kind === 'interface') interfaces.require(name);
      const sockets = io === 'xdp' ? Math.min(many, MOST_XDP_SOCKETS) : 1;
      const mtu = Math.max(...lives.map(({ name }) => interfaces.mtu(name) ?? 0));
      for (let thread = 0; thread < workers; thread++) {
        if (io === 'xdp' || io === 'auto')
          umems.push(makeUmem(regions, sockets, Math.min(mtu, largestXdpMtu)));
        const ended = endOf(thread, onEvent);
        threads.push(new IoThread(system, dataplane, regions, thread + 1, umems[thread], ended));
      }
      await Promise.all(threads.map((thread) => thread.ready()));
      for (const port of ports) port.open();
    } catch (error) {
      await live.stop();
      throw error;
    }
    live.#watch();
    return live;
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.#following = this.#follow();
    }, WATCH);
  }

  async #follow(): Promise<void> {
    for (const port of this.#ports) {
      if (this.#stopping !== undefined) return;
      if (port.isWanted) await port.follow();
    }
    if (this.#stopping === undefined) this.#watch();
  }

  /**
   * Other ports from now on: those that are not among them are closed, new ones are opened as soon as they can be. A port that stays
   * keeps its number. When this resolves, no frame comes in or leaves by a port that is closed.
   */
  async setPorts(lives: readonly LivePort[]): Promise<void> {
    if (this.#stopping !== undefined) return;
    clearTimeout(this.#timer);
    await this.#following;
    clearTimeout(this.#timer);
    const wanted = new Map(lives.map((live) => [live.name, live]));
    for (const port of this.#ports) {
      if (port.isWanted && wanted.get(port.live.name)?.port !== port.live.port) await port.leave();
    }
    const known = new Map(this.#ports.map((port) => [port.live.name, port]));
    for (const live of lives) {
      const port = known.get(live.name);
      if (port === undefined)
        this.#ports = [...this.#ports, new Port(this.#run, live, this.#ports.length + 1)];
      else if (!port.isWanted) port.enter(live);
    }
    this.#following = this.#follow();
    await this.#following;
  }

  /** Per port, in the order of the options. */
  counters(): PortCounters[] {
    return this.#ports.map((port) => {
      const sum = (field: number) =>
        this.#threads.reduce((total, { counts }) => total + counts[port.lane * LANE_COUNTS + field]!, 0);
      return {
        port: port.live.port,
        name: port.live.name,
        backend: port.backend,
        state: port.state,
        received: sum(RECEIVED),
        receivedBytes: sum(RECEIVED_BYTES),
        sent: sum(SENT),
        sentBytes: sum(SENT_BYTES),
        kernelDrops: port.drops(),
        errors: sum(ERRORS),
        down: sum(DOWN),
      };
    });
  }

  /**
   * To be called after the policy changed (`Dataplane.apply`, `load`): which provider addresses are this host's, so that the
   * host's own stack does not answer for them.
   */
  refresh(): void {
    this.#addresses.refresh();
  }

  /** Ends the threads, closes everything and restores what was changed on interfaces. Can be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer);
    // Nothing is closed that a thread may still use.
    await Promise.resolve();
    await this.#following;
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    await Promise.all(this.#ports.map((port) => port.close()));
    this.#addresses.close();
    this.#interfaces.close();
  }
}

function endOf(thread: number, onEvent: (event: LiveEvent) => void): (error: Error) => void {
  return (error) => {
    const message = `I/O thread ${thread} has ended, and with it the ports that it served: ${error.message}`;
    onEvent({ type: 'error', port: undefined, name: '', message });
  };
}

function checkOptions({ dataplane, ports, io }: LiveOptions, workers: number): void {
  if (io !== undefined && !['packet', 'xdp', 'mmsg', 'auto'].includes(io))
    throw new RangeError(`io: expected packet, xdp, mmsg or auto, got ${JSON.stringify(io)}`);
  const { workers: instances, exports } = instanceOf(dataplane);
  if (!('openArea' in exports)) throw new RangeError("dataplane: expected one with build: 'live'");
  if (!Number.isInteger(workers) || workers < 1 || workers >= instances)
    throw new RangeError(
      `workers: expected an integer from 1 to ${instances - 1}, one less than the dataplane has, got ${workers}`,
    );
  if (ports.length === 0 || ports.length >= MOST_LANES)
    throw new RangeError(`ports: expected 1 to ${MOST_LANES - 1}, got ${ports.length}`);
  for (const key of ['port', 'name'] as const) {
    const values = ports.map((port) => port[key]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new LiveError('busy', `${twice}: it is named twice among the ports`);
  }
  for (const { name } of ports) checkName(name);
}
