/** What the dataplanes of a policy say to the frames of a capture: each goes to the host that would have it. */

import { Dataplane, INPUT_CUT, type IpAddress, type Policy, isDrop } from 'netvirt/core';
import { type Identity, Senders } from 'netvirt/inspect';
import { NOBODY } from './columns.ts';

/** More dataplanes than that would take too much memory for a page. */
const MOST_HOSTS = 256;
/** Longer frames may become pieces, which share slots. */
const MOST_WHOLE = 1514;

interface Site {
  readonly dataplane: Dataplane;
  /** Packet numbers of the batch. */
  readonly packets: number[];
  now: number;
}

/** Where a frame goes in. */
interface Entry {
  readonly site: Site;
  /** 0 is the uplink. */
  readonly port: number;
}

export class Judge {
  readonly #sites: readonly Site[];
  readonly #verdicts: Uint8Array;
  readonly #batch: number;
  /** The uplink of the host that a provider address leads to. */
  readonly #uplinks = new Map<IpAddress['value'], Entry>();
  readonly #senders: Senders<Entry>;

  private constructor(policy: Policy, sites: readonly Site[], verdicts: Uint8Array, batch: number) {
    this.#sites = sites;
    this.#verdicts = verdicts;
    this.#batch = batch;
    const uplinks = sites.map((site) => ({ site, port: 0 }));
    for (const { index, ipv4, ipv6 } of policy.hosts)
      for (const own of [ipv4, ipv6])
        if (own !== undefined) this.#uplinks.set(own.address.value, uplinks[index]!);
    const endpoints = policy.customers.flatMap(({ routingDomains }) =>
      routingDomains.flatMap((domain) => domain.endpoints),
    );
    for (const { host, addresses } of endpoints)
      for (const { provider } of addresses)
        if (provider !== undefined) this.#uplinks.set(provider.value, uplinks[host]!);
    const senders = endpoints.map((endpoint) => {
      const site = sites[endpoint.host]!;
      return [endpoint, { site, port: site.dataplane.port(endpoint.name) }] as const;
    });
    this.#senders = new Senders(senders, { where: 'of the policy', advice: 'name the interface' });
  }

  /**
   * @param verdicts by packet number: where they are written.
   * @param batch frames that go to a dataplane at once.
   */
  static async create(policy: Policy, verdicts: Uint8Array, batch: number): Promise<Judge> {
    if (policy.hosts.length > MOST_HOSTS)
      throw new RangeError(`the policy has ${policy.hosts.length} hosts: up to ${MOST_HOSTS} run in a page`);
    const dataplanes = policy.hosts.map(({ name: host }) =>
      Dataplane.create({ policy, host, capacity: { slots: batch, largeSlots: 4 } }),
    );
    const sites = (await Promise.all(dataplanes)).map((dataplane) => ({ dataplane, packets: [], now: 0 }));
    return new Judge(policy, sites, verdicts, batch);
  }

  /**
   * @param original length on the wire.
   * @param name of the interface.
   * @param now milliseconds of the capture.
   */
  add(
    packet: number,
    frame: Uint8Array,
    original: number,
    identity: Identity,
    name: string | undefined,
    now: number,
  ): void {
    this.#verdicts[packet] = NOBODY;
    const entry = this.#entryOf(frame, identity, name);
    if (entry === undefined) return;
    const { site, port } = entry;
    // Copies of a broadcast and pieces share slots: alone, such a frame has enough.
    const isAlone = (frame[0]! & 1) === 1 || frame.length > MOST_WHOLE;
    if (isAlone || site.packets.length === this.#batch) this.#process(site);
    site.dataplane.batch.push(frame, port, frame.length < original ? INPUT_CUT : 0);
    site.packets.push(packet);
    site.now = Math.max(site.now, now);
    if (isAlone) this.#process(site);
  }

  #entryOf(frame: Uint8Array, { tunnel, decoded }: Identity, name: string | undefined): Entry | undefined {
    if (tunnel !== 'NVGRE' && tunnel !== 'IP Rewrite') return this.#senderOf(frame, name);
    const destination = decoded.outer?.dst;
    return destination === undefined ? undefined : this.#uplinks.get(destination.value);
  }

  #senderOf(frame: Uint8Array, name: string | undefined): Entry | undefined {
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
    const { count } = batch;
    // Backwards: what a frame counts as is its first descriptor, unless one says that it was dropped.
    for (let index = count - 1; index >= 0; index--)
      this.#verdicts[packets[batch.inputAt(index)]!] = batch.verdictAt(index);
    for (let index = 0; index < count; index++) {
      const verdict = batch.verdictAt(index);
      if (isDrop(verdict)) this.#verdicts[packets[batch.inputAt(index)]!] = verdict;
    }
    packets.length = 0;
  }

  /** Judges what still waits. */
  flush(): void {
    for (const site of this.#sites) this.#process(site);
  }
}
