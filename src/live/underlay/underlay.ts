/**
 * Keeps a dataplane told which MACs lead to its peers: the next hop by the kernel's routes, its MAC by the kernel's neighbour
 * table, both followed as they change. The kernel does the asking (ARP, RFC 826; neighbour discovery, RFC 4861), and its own
 * entries are used, so that the host and its tunnels always agree.
 */

import { formatIp, formatMac } from '../../policy/addresses.ts';
import type { IpAddress, MacAddress } from '../../policy/model.ts';
import type { Kernel } from './kernel.ts';
import type { KernelNeighbor } from './netlink.ts';

/** The part of a dataplane that this is about. */
export interface Learner {
  readonly learntAddresses: readonly IpAddress[];
  setNeighbor(address: IpAddress, mac: MacAddress | undefined): void;
}

export type UnderlayLog = (level: 'info' | 'warn', message: string) => void;

/** Where packets to a peer leave. */
interface Way {
  readonly peer: IpAddress;
  /** The peer itself, or the router that leads there; undefined: no way by the uplink. */
  readonly nextHop: IpAddress | undefined;
  mac: MacAddress | undefined;
}

/** Peers that are not resolved are asked for again, and stale entries confirmed, milliseconds. */
const RETRY = 1000;
const CONFIRM = 15_000;

export class Underlay {
  readonly #kernel: Kernel;
  readonly #dataplane: Learner;
  readonly #log: UnderlayLog;
  #link: number;
  #ways: Way[] = [];
  #wasSaid = new Map<string, string>();
  #lastConfirmed = 0;

  /** @param link index of the uplink; it may be another one when that comes back. */
  constructor(kernel: Kernel, link: number, dataplane: Learner, log: UnderlayLog) {
    this.#kernel = kernel;
    this.#link = link;
    this.#dataplane = dataplane;
    this.#log = log;
  }

  /** Peers whose MAC is not known now. */
  get unresolved(): readonly IpAddress[] {
    return this.#ways.filter(({ mac }) => mac === undefined).map(({ peer }) => peer);
  }

  /** The uplink vanished and is there again. */
  moveTo(link: number): void {
    this.#link = link;
    this.refresh();
  }

  /** To be called at the start, when the policy has changed, and when routes have: finds the way to every peer anew. */
  refresh(): void {
    const known = new Map(this.#ways.map(({ peer, mac }) => [peer.value, mac]));
    this.#ways = this.#dataplane.learntAddresses.map((peer) => ({
      peer,
      nextHop: this.#nextHopTo(peer),
      mac: known.get(peer.value),
    }));
    const table = new Map<number | bigint, KernelNeighbor>();
    for (const neighbor of this.#kernel.neighbors())
      if (neighbor.interface === this.#link) table.set(neighbor.address.value, neighbor);
    for (const way of this.#ways) {
      const neighbor = way.nextHop === undefined ? undefined : table.get(way.nextHop.value);
      if (neighbor === undefined || way.nextHop === undefined) this.#set(way, undefined);
      else this.#take(way, neighbor);
    }
    this.#ask(this.#ways.filter(({ mac }) => mac === undefined));
  }

  /** The kernel has news (`Kernel.changes`). @returns whether more than neighbours may have changed. */
  readChanges(): boolean {
    let others = 0;
    const isWhole = this.#kernel.readChanges(
      (neighbor) => {
        if (neighbor.interface !== this.#link) return;
        for (const way of this.#ways)
          if (way.nextHop?.value === neighbor.address.value) this.#take(way, neighbor);
      },
      () => {
        others++;
      },
    );
    if (others === 0 && isWhole) return false;
    this.refresh();
    return true;
  }

  /** To be called about once a second. @param now milliseconds. */
  tick(now: number): void {
    const unknown = this.#ways.filter(({ mac }) => mac === undefined);
    for (const { peer, nextHop } of unknown) {
      if (nextHop === undefined) continue;
      const whose = formatIp(peer) + (nextHop.value === peer.value ? '' : ` by ${formatIp(nextHop)}`);
      this.#say(peer, 'warn', `the MAC that leads to ${whose} is not known: nobody answers`);
    }
    this.#ask(unknown);
    if (now - this.#lastConfirmed < CONFIRM) return;
    this.#lastConfirmed = now;
    this.#ask(this.#ways);
  }

  static readonly interval = RETRY;

  /** Once for each next hop. */
  #ask(ways: readonly Way[]): void {
    const asked = new Set<number | bigint>();
    for (const { nextHop } of ways) {
      if (nextHop === undefined || asked.has(nextHop.value)) continue;
      asked.add(nextHop.value);
      this.#kernel.resolve(this.#link, nextHop);
    }
  }

  #nextHopTo(peer: IpAddress): IpAddress | undefined {
    const route = this.#kernel.route(peer);
    if (route?.isUnicast !== true) {
      this.#say(
        peer,
        'warn',
        `there is no way to ${formatIp(peer)}: the kernel has no route to it by the uplink`,
      );
      return undefined;
    }
    if (route.interface !== this.#link) {
      this.#say(
        peer,
        'warn',
        `there is no way to ${formatIp(peer)}: the kernel’s route to it leaves by another interface`,
      );
      return undefined;
    }
    return route.gateway ?? peer;
  }

  /** An entry that is being asked for again keeps its MAC until it has failed. */
  #take(way: Way, { mac, hasFailed }: KernelNeighbor): void {
    if (mac !== undefined || hasFailed) this.#set(way, mac);
  }

  #set(way: Way, mac: MacAddress | undefined): void {
    way.mac = mac;
    this.#dataplane.setNeighbor(way.peer, mac);
    const { peer, nextHop } = way;
    if (nextHop === undefined) return;
    const by = nextHop.value === peer.value ? '' : `by ${formatIp(nextHop)} `;
    if (mac !== undefined) this.#say(peer, 'info', `${formatIp(peer)} is reached ${by}at ${formatMac(mac)}`);
  }

  /** What is so is said once, until it is otherwise. */
  #say({ value }: IpAddress, level: 'info' | 'warn', message: string): void {
    if (this.#wasSaid.get(String(value)) === message) return;
    this.#wasSaid.set(String(value), message);
    this.#log(level, message);
  }
}
