/** A port while live I/O runs: opens its interface by the best backend, and follows what becomes of it. */

import { OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../abi/layout.ts';
import type { Dataplane } from '../engine/dataplane.ts';
import type { HostAddresses } from './addresses.ts';
import type { Opened } from './channel.ts';
import { IS_DOWN, LANE_COUNTS } from './counts.ts';
import { type Interfaces, lockInterface } from './interfaces.ts';
import { openMmsg } from './mmsg.ts';
import { openPacket } from './packet.ts';
import type { PortContext } from './port-context.ts';
import type { Regions } from './regions.ts';
import { type Shield, raiseShield } from './shield.ts';
import type { System } from './system.ts';
import { createTap, openTap } from './tap.ts';
import type { IoThread } from './threads.ts';
import { type Backend, type IoChoice, LiveError, type LiveEvent, type LivePort } from './types.ts';
import { type Umem, openXdp } from './xdp.ts';

/** What all ports of a run share. */
export interface Run {
  readonly system: System;
  readonly dataplane: Dataplane;
  readonly regions: Regions;
  readonly interfaces: Interfaces;
  readonly addresses: HostAddresses;
  readonly umems: readonly Umem[];
  readonly threads: readonly IoThread[];
  readonly io: IoChoice;
  /** Bytes of a packet ring. */
  readonly ringSize: number;
  readonly onEvent: (event: LiveEvent) => void;
}

let lastId = 0;

export class Port {
  readonly lane: number;
  /** Its number may be another one when it comes back. */
  live: LivePort;
  /** Else it is closed, and stays so. */
  isWanted = true;
  #state: 'up' | 'down' | 'gone' = 'gone';
  /** Of sockets that were closed. */
  #dropsBefore = 0;
  readonly #run: Run;
  #opened: Opened | undefined;
  #shield: Shield | undefined;
  #lock: number | undefined;
  #ifindex = 0;
  #ids: number[][] = [];
  #lastProblem = '';

  constructor(run: Run, live: LivePort, lane: number) {
    this.#run = run;
    this.live = live;
    this.lane = lane;
  }

  get state(): 'up' | 'down' | 'gone' {
    return this.#state;
  }

  #become(state: 'up' | 'down' | 'gone'): void {
    this.#state = state;
    for (const { counts } of this.#run.threads)
      counts[this.lane * LANE_COUNTS + IS_DOWN] = state === 'up' ? 0 : 1;
  }

  get backend(): Backend | undefined {
    return this.#opened?.backend;
  }

  /** Frames that the kernel had no room for. */
  drops(): number {
    this.#dropsBefore += this.#opened?.takeDrops() ?? 0;
    return this.#dropsBefore;
  }

  /** @throws LiveError, with nothing left open. */
  open(): void {
    const { name, kind, port } = this.live;
    try {
      const note = kind === 'tap' ? this.#openTap() : this.#openInterface();
      this.#run.dataplane.setOffloads(port, this.#opened!.offloads);
      const state = this.#look();
      this.#become(state);
      this.#hand();
      this.#say('backend', `${name}: ${this.#opened!.backend}${note}`, this.#opened!.backend);
      if (state !== 'up') this.#say('port-down', `${name}: it is down`);
      this.#lastProblem = '';
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #openTap(): string {
    const { system, interfaces, threads } = this.#run;
    const { name, port } = this.live;
    const { fd, uso } = createTap(system, interfaces, name);
    this.#opened = openTap(system, fd, uso, port, this.lane, threads.length);
    const { index } = interfaces.require(name);
    this.#ifindex = index;
    this.#lock = lockInterface(system, name, index);
    return '';
  }

  #openInterface(): string {
    const { system, interfaces } = this.#run;
    const { name } = this.live;
    const { index } = interfaces.require(name);
    this.#ifindex = index;
    this.#lock = lockInterface(system, name, index);
    const context = this.#context(index);
    const refusals: string[] = [];
    const choices = this.#choices();
    for (const choice of choices) {
      try {
        this.#opened = this.#openBy(choice, context);
        break;
      } catch (error) {
        const isLast = choice === choices.at(-1);
        if (!(error instanceof LiveError) || isLast || error.kind === 'missing') throw error;
        refusals.push(`${choice} is not possible: ${error.message}`);
      }
    }
    if (this.#opened!.backend !== 'xdp') {
      this.#shield = raiseShield(system, name, index, this.live.port !== 0, () => this.#run.addresses.fd);
      if (this.#shield.gap !== undefined) refusals.push(this.#shield.gap);
    }
    return refusals.length === 0 ? '' : ` (${refusals.join('; ')})`;
  }

  #choices(): Exclude<IoChoice, 'auto'>[] {
    const { io } = this.#run;
    if (io !== 'auto') return [io];
    return ['packet', 'mmsg'];
  }

  #openBy(choice: Exclude<IoChoice, 'auto'>, context: PortContext): Opened {
    if (choice === 'packet') return openPacket(context);
    if (choice === 'mmsg') return openMmsg(context);
    return openXdp(context, this.#run.io === 'xdp');
  }

  #context(ifindex: number): PortContext {
    const { system, regions, interfaces, threads, ringSize, umems, addresses } = this.#run;
    const { name, port } = this.live;
    return {
      system,
      regions,
      port,
      name,
      ifindex,
      lane: this.lane,
      threads: threads.length,
      mtu: interfaces.mtu(name) ?? 1500,
      queues: interfaces.queues(name),
      hasVnet: true,
      offloads: offloadsOfKernel(),
      ringSize,
      umems,
      addresses: () => addresses.fd,
    };
  }

  /** Gives the threads their channels. */
  #hand(): void {
    this.#ids = this.#opened!.channels.map((own, thread) => {
      const channels = own.map((channel) => ({ id: ++lastId, ...channel }));
      this.#run.threads[thread]!.open(channels);
      return channels.map(({ id }) => id);
    });
  }

  /** A thread that has died has none of its channels any more. */
  forget(dead: IoThread): void {
    this.#run.threads.forEach((thread, index) => {
      if (thread !== dead) return;
      void thread.close(this.#ids[index] ?? []);
      this.#ids[index] = [];
    });
  }

  /** Other sockets in place of those that there are. */
  async renew(): Promise<void> {
    await this.close();
    this.#reopen();
    if (this.#opened === undefined) this.#become('gone');
  }

  /** Resolves when the threads have let go of it and everything is closed. */
  async close(): Promise<void> {
    const { threads } = this.#run;
    await Promise.all(this.#ids.map((ids, thread) => threads[thread]!.close(ids)));
    this.#ids = [];
    this.#release();
  }

  #release(): void {
    this.drops();
    this.#opened?.close();
    this.#opened?.owners?.forEach((owners, thread) => {
      this.#run.threads[thread]!.reclaim(owners);
    });
    this.#opened = undefined;
    this.#shield?.close();
    this.#shield = undefined;
    if (this.#lock !== undefined) this.#run.system.close(this.#lock);
    this.#lock = undefined;
  }

  /** Closes it until `enter`. */
  async leave(): Promise<void> {
    this.isWanted = false;
    this.#become('gone');
    await this.close();
  }

  /** Has it opened again by the next `follow`. */
  enter(live: LivePort): void {
    this.live = live;
    this.isWanted = true;
  }

  /** Looks whether the interface is up, down, gone, or there again; what has changed is told. */
  async follow(): Promise<void> {
    const { name, kind } = this.live;
    if (this.#opened === undefined) {
      if (kind === 'tap' || this.#run.interfaces.state(name) !== undefined) this.#reopen();
      return;
    }
    const state = this.#look();
    if (state === this.#state) return;
    this.#become(state);
    if (state === 'up') this.#say('port-up', `${name}: it is up`);
    else if (state === 'down') this.#say('port-down', `${name}: it is down`);
    else {
      this.#say('port-gone', `${name}: the interface is gone`);
      await this.close();
    }
  }

  /** An interface that was made again is another one. */
  #look(): 'up' | 'down' | 'gone' {
    if (this.#opened?.state !== undefined) return this.#opened.state();
    const now = this.#run.interfaces.state(this.live.name);
    if (now?.index !== this.#ifindex) return 'gone';
    return now.isRunning ? 'up' : 'down';
  }

  #reopen(): void {
    const { name } = this.live;
    try {
      this.open();
      if (this.state === 'up') this.#say('port-up', `${name}: it is there again`);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      // Once, and again when it is another one.
      if (problem !== this.#lastProblem) this.#say('error', problem);
      this.#lastProblem = problem;
    }
  }

  #say(type: LiveEvent['type'], message: string, backend?: Backend): void {
    const { port, name } = this.live;
    this.#run.onEvent({ type, port, name, message, ...(backend === undefined ? {} : { backend }) });
  }
}

/** Packet sockets take UDP super-segments since Linux 6.2. */
function offloadsOfKernel(): number {
  const { release } = process.getBuiltinModule('node:os');
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const uso = major > 6 || (major === 6 && minor >= 2) ? OFFLOAD_USO : 0;
  return OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | uso;
}
