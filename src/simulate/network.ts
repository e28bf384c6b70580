/**
 * The physical network between the hosts: a learning switch per rack (IEEE 802.1D) and one router that joins them, the
 * spine. Switches and router note which provider addresses they hear: that is what a network has to learn for its hosts.
 */

import type { Host, MacAddress, Policy } from '../policy/model.ts';
import { type AddressKey, destinationOf, dstMac, readOuter, sourceOf, srcMac } from './outer.ts';
import { type Rack, racksOf } from './racks.ts';
import { Router } from './router.ts';

/** Why a frame was lost between hosts; a policy that passes its checks should see none of these. */
export const LOSSES = {
  UNKNOWN_MAC: 'nobody on the switch has the outer destination MAC',
  UNKNOWN_ADDRESS: 'the router knows no host with the outer destination address',
  OUTER_TTL: 'the outer TTL or hop limit did not last to the other rack',
} as const;
export type Loss = keyof typeof LOSSES;

/** A frame at a host's uplink. */
export interface Delivery {
  readonly host: number;
  readonly frame: Uint8Array;
  /** Links from the sending host to this one. */
  readonly steps: number;
}

export interface SwitchReport {
  readonly name: string;
  readonly hosts: number;
  /** MACs that it learnt, the router's included. */
  readonly macs: number;
  /** Provider addresses heard from its hosts. */
  readonly addresses: number;
  /** Frames sent to every port, because their destination was not learnt yet. */
  readonly flooded: number;
}

/** The port of a switch that leads to the router; others are numbers of hosts. */
const UPLINK = -1;

class Switch {
  readonly rack: Rack;
  /** Who takes frames for a MAC. Two VMs that keep their MACs may have the same one. */
  readonly stations = new Map<MacAddress, Set<number>>();
  readonly macs = new Map<MacAddress, number>();
  readonly addresses = new Set<AddressKey>();
  flooded = 0;

  constructor(rack: Rack) {
    this.rack = rack;
    for (const host of rack.hosts) {
      this.attach(host.mac, host.index);
      if (host.gateway !== undefined) this.attach(host.gateway.mac, UPLINK);
    }
  }

  attach(mac: MacAddress, port: number): void {
    const ports = this.stations.get(mac);
    if (ports === undefined) this.stations.set(mac, new Set([port]));
    else ports.add(port);
  }

  /** Learns the source and says which ports take the frame. */
  forward(frame: Uint8Array, from: number): number[] {
    this.macs.set(srcMac(frame), from);
    const destination = dstMac(frame);
    const learnt = this.macs.get(destination);
    if (learnt === undefined) this.flooded++;
    const takers = [...(this.stations.get(destination) ?? [])];
    return takers.filter((port) => port !== from && (learnt === undefined || learnt === port));
  }
}

export class Network {
  readonly #switches: readonly Switch[];
  /** By number of the host. */
  readonly #switchOf: Switch[] = [];
  readonly #hosts: readonly Host[];
  readonly #router: Router;
  readonly #losses = new Map<Loss, number>();
  #frames = 0;

  constructor(policy: Policy) {
    this.#hosts = policy.hosts;
    this.#switches = racksOf(policy.hosts).map((rack) => new Switch(rack));
    for (const one of this.#switches) for (const host of one.rack.hosts) this.#switchOf[host.index] = one;
    this.#router = new Router(policy);
    for (const { host, mac } of this.#router.vmMacs) this.#switchOf[host]!.attach(mac, host);
  }

  /** Name of the switch that a host hangs on. */
  switchOf(host: Host): string {
    return this.#switchOf[host.index]!.rack.name;
  }

  /** Takes a frame from a host's uplink to the hosts that it reaches. */
  carry(from: number, frame: Uint8Array): Delivery[] {
    this.#frames++;
    const first = this.#switchOf[from]!;
    const outer = readOuter(frame);
    if (outer !== undefined) first.addresses.add(sourceOf(outer));
    const ports = first.forward(frame, from);
    if (ports.length === 0) this.#lose('UNKNOWN_MAC');
    return ports.flatMap((port) =>
      port === UPLINK ? this.#route(frame) : [{ host: port, frame, steps: 2 }],
    );
  }

  #route(frame: Uint8Array): Delivery[] {
    const outer = readOuter(frame);
    if (outer !== undefined) this.#router.addresses.add(sourceOf(outer));
    const owner = outer === undefined ? undefined : this.#router.ownerOf(destinationOf(outer));
    if (outer === undefined || owner === undefined) return this.#lose('UNKNOWN_ADDRESS');
    const gateway = this.#hosts[owner.host]!.gateway?.mac ?? srcMac(frame);
    const routed = this.#router.route(outer, owner.mac, gateway);
    if (routed === undefined) return this.#lose('OUTER_TTL');
    const ports = this.#switchOf[owner.host]!.forward(routed, UPLINK);
    if (ports.length === 0) this.#lose('UNKNOWN_MAC');
    return ports.map((host) => ({ host, frame: routed, steps: 4 }));
  }

  #lose(loss: Loss): [] {
    this.#losses.set(loss, (this.#losses.get(loss) ?? 0) + 1);
    return [];
  }

  /** Frames that hosts sent. */
  get frames(): number {
    return this.#frames;
  }

  get losses(): Partial<Record<Loss, number>> {
    return Object.fromEntries(this.#losses);
  }

  /** How many different provider addresses and host or VM MACs the switches learnt, all together. */
  learnt(): { addresses: number; macs: number } {
    const addresses = new Set(this.#router.addresses);
    const macs = new Set<MacAddress>();
    for (const one of this.#switches) {
      for (const address of one.addresses) addresses.add(address);
      for (const [mac, port] of one.macs) if (port !== UPLINK) macs.add(mac);
    }
    return { addresses: addresses.size, macs: macs.size };
  }

  /** Of every switch; the router's line is the last one. */
  report(): SwitchReport[] {
    const switches = this.#switches.map(({ rack, macs, addresses, flooded }) => ({
      name: rack.name,
      hosts: rack.hosts.length,
      macs: macs.size,
      addresses: addresses.size,
      flooded,
    }));
    const router = { name: 'router', hosts: 0, macs: 0, addresses: this.#router.addresses.size, flooded: 0 };
    return [...switches, router];
  }
}
