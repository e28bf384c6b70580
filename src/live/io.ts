/** Live packet I/O on Linux: interfaces as ports of a dataplane, read and written by threads of its own. */

import { HostAddresses } from './addresses.ts';
import { DOWN, ERRORS, LANE_COUNTS, RECEIVED, RECEIVED_BYTES, SENT, SENT_BYTES } from './counts.ts';
import { Interfaces } from './interfaces.ts';
import { checkOptions } from './options.ts';
import { ringBytes } from './packet.ts';
import { Port, type Run } from './ports.ts';
import { Regions } from './regions.ts';
import { loadSystem } from './system.ts';
import { IoThread } from './threads.ts';
import type { LiveOptions, LivePort, PortCounters } from './types.ts';
import { type Umem, largestXdpMtu, makeUmem } from './xdp.ts';

/** How often interfaces are looked at, milliseconds. */
const WATCH = 200;
/** Ports that get memory for AF_XDP. */
const MOST_XDP_SOCKETS = 16;

/** What became of I/O threads that ended by themselves. */
export interface ThreadCounters {
  /** How often another one took the place of one. */
  readonly restarts: number;
  /** Frames that they were at: received, and none of what the dataplane counts. */
  readonly lost: number;
}

export class LiveIo {
  readonly #run: Run;
  /** Those that were closed too: what they counted stays. */
  #ports: readonly Port[];
  readonly #threads: readonly IoThread[];
  readonly #interfaces: Interfaces;
  readonly #addresses: HostAddresses;
  /** Threads that have died, and when the next one begins. */
  readonly #dead = new Map<IoThread, number>();
  #restarts = 0;
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
        const onDeath = (error: Error, lived: number) => {
          live.#bury(threads[thread]!, error, lived);
        };
        threads.push(new IoThread(system, dataplane, regions, thread + 1, umems[thread], onDeath));
      }
      await Promise.all(threads.map((thread) => thread.start()));
      for (const port of ports) port.open();
    } catch (error) {
      await live.stop();
      throw error;
    }
    live.#watch();
    return live;
  }

  #watch(delay = WATCH): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#inTurn(() => this.#follow()).catch((error: unknown) => {
        const message = `interfaces cannot be followed any more: ${error instanceof Error ? error.message : String(error)}`;
        this.#run.onEvent({ type: 'failed', port: undefined, name: '', message });
      });
    }, delay);
  }

  /** What opens and closes ports waits for each other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#following.then(work);
    this.#following = result.catch(() => undefined);
    return result;
  }

  async #follow(): Promise<void> {
    for (const [thread, due] of this.#dead) {
      if (this.#stopping !== undefined) return;
      if (due <= performance.now()) await this.#restart(thread);
    }
    for (const port of this.#ports) {
      if (this.#stopping !== undefined) return;
      if (port.isWanted) await port.follow();
    }
    if (this.#stopping === undefined) this.#watch();
  }

  /** A thread has ended though nobody stopped it. What came for it waits in its sockets. */
  #bury(thread: IoThread, error: Error, lived: number): void {
    const delay = thread.restarts.afterDeath(lived);
    const what = `I/O thread ${thread.number} has died: ${error.message}`;
    const say = (type: 'thread' | 'failed', next: string) => {
      this.#run.onEvent({ type, port: undefined, name: '', message: `${what}; ${next}` });
    };
    if (delay === undefined) {
      this.#dead.delete(thread);
      say('failed', 'so did those that took its place: it is given up, and its flows are lost');
      return;
    }
    this.#dead.set(thread, performance.now() + delay);
    say('thread', delay === 0 ? 'another one takes its place' : `another one takes its place in ${delay} ms`);
    if (this.#timer !== undefined) this.#watch(Math.min(delay, WATCH));
  }

  async #restart(thread: IoThread): Promise<void> {
    this.#dead.delete(thread);
    // Which chunks of its UMEM are where, only the dead one knew: with new sockets all of them are free. The old ones stay until
    // then, because with them goes the program that keeps the host's stack away from VMs' frames.
    const xdpPorts = this.#ports.filter(({ backend }) => backend === 'xdp');
    for (const port of xdpPorts) port.forget(thread);
    try {
      await thread.start();
      this.#restarts++;
    } catch (error) {
      this.#bury(thread, error as Error, 0);
      return;
    }
    for (const port of xdpPorts) await port.renew();
  }

  /**
   * Other ports from now on: those that are not among them are closed, new ones are opened as soon as they can be. A port that stays
   * keeps its number. When this resolves, no frame comes in or leaves by a port that is closed.
   */
  async setPorts(lives: readonly LivePort[]): Promise<void> {
    if (this.#stopping !== undefined) return;
    await this.#inTurn(() => this.#setPorts(lives));
  }

  async #setPorts(lives: readonly LivePort[]): Promise<void> {
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
    await this.#follow();
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

  threads(): ThreadCounters {
    return {
      restarts: this.#restarts,
      lost: this.#threads.reduce((total, { lost }) => total + lost, 0),
    };
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
