/** What the dataplanes of a policy say to the frames of a capture: each goes to the host that would have it. */

import { Dataplane, INPUT_CUT, type IpAddress, type Policy } from 'netvirt/core';
import { type Identity, Senders } from 'netvirt/inspect';
import { type Columns, NOBODY } from './columns.ts';

/** Frames of one batch. */
const BATCH = 256;
/** More dataplanes than that would take too much memory for a page. */
const MOST_HOSTS = 256;

interface Site {
  readonly dataplane: Dataplane;
  /** Packet numbers of the batch. */
  readonly packets: number[];
  now: number;
}

export class Judge {
  readonly #sites: readonly Site[];
  readonly #columns: Columns;
  /** The host that a provider address leads to. */
  readonly #owners = new Map<IpAddress['value'], number>();
  readonly #senders: Senders<{ readonly host: number; readonly name: string }>;

  private constructor(policy: Policy, sites: readonly Site[], columns: Columns) {
    this.#sites = sites;
    this.#columns = columns;
    for (const { index, ipv4, ipv6 } of policy.hosts)
      for (const own of [ipv4, ipv6]) if (own !== undefined) this.#owners.set(own.address.value, index);
    const endpoints = policy.customers.flatMap(({ routingDomains }) =>
      routingDomains.flatMap((domain) => domain.endpoints),
    );
    for (const { host, addresses } of endpoints)
      for (const { provider } of addresses)
        if (provider !== undefined) this.#owners.set(provider.value, host);
    const senders = endpoints.map(
      (endpoint) => [endpoint, { host: endpoint.host, name: endpoint.name }] as const,
    );
    this.#senders = new Senders(senders, { where: 'of the policy', advice: 'name the interface' });
  }

  static async create(policy: Policy, columns: Columns): Promise<Judge> {
    if (policy.hosts.length > MOST_HOSTS)
      throw new RangeError(`the policy has ${policy.hosts.length} hosts: up to ${MOST_HOSTS} run in a page`);
    const dataplanes = policy.hosts.map(({ name: host }) =>
      Dataplane.create({ policy, host, capacity: { slots: BATCH, largeSlots: 4 } }),
    );
    const sites = (await Promise.all(dataplanes)).map((dataplane) => ({ dataplane, packets: [], now: 0 }));
    return new Judge(policy, sites, columns);
  }

  /** @param now milliseconds of the capture. */
  add(packet: number, frame: Uint8Array, identity: Identity, name: string | undefined, now: number): void {
    const place = this.#placeOf(frame, identity, name);
    this.#columns.verdict[packet] = NOBODY;
    if (place === undefined) return;
    const { site, port } = place;
    const isCut = frame.length < this.#columns.original[packet]!;
    // Copies of a broadcast and pieces share slots: alone, such a frame has enough.
    const isAlone = (frame[0]! & 1) === 1 || frame.length > 1514;
    if (isAlone || site.packets.length === BATCH) this.#process(site);
    site.dataplane.batch.push(frame, port, isCut ? INPUT_CUT : 0);
    site.packets.push(packet);
    site.now = Math.max(site.now, now);
    if (isAlone) this.#process(site);
  }

  #placeOf(
    frame: Uint8Array,
    { tunnel, decoded }: Identity,
    name: string | undefined,
  ): { site: Site; port: number } | undefined {
    const isOnWire = tunnel === 'NVGRE' || tunnel === 'IP Rewrite';
    const destination = decoded.outer?.dst;
    const owner = isOnWire && destination !== undefined ? this.#owners.get(destination.value) : undefined;
    if (owner !== undefined) return { site: this.#sites[owner]!, port: 0 };
    if (isOnWire) return undefined;
    const sender = this.#senderOf(frame, name);
    if (sender === undefined) return undefined;
    const site = this.#sites[sender.host]!;
    return { site, port: site.dataplane.port(sender.name) };
  }

  #senderOf(frame: Uint8Array, name: string | undefined) {
    try {
      return this.#senders.of(frame, name);
    } catch {
      // Two endpoints have the MAC: nobody can tell whose it is.
      return undefined;
    }
  }

  #process(site: Site): void {
    const { dataplane, packets } = site;
    if (packets.length === 0) return;
    dataplane.process(site.now);
    const { batch } = dataplane;
    // Backwards: what a frame counts as is its first descriptor.
    for (let index = batch.count - 1; index >= 0; index--)
      this.#columns.verdict[packets[batch.inputAt(index)]!] = batch.verdictAt(index);
    for (const { input, verdict } of batch.drops()) this.#columns.verdict[packets[input]!] = verdict;
    packets.length = 0;
  }

  /** Judges what still waits. */
  finish(): void {
    for (const site of this.#sites) this.#process(site);
  }
}
