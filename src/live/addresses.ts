/** Which provider addresses are this host's: a BPF map, which programs on interfaces ask. It follows the policy. */

import type { Dataplane } from '../engine/dataplane.ts';
import type { IpAddress } from '../policy/model.ts';
import { createMap, deleteFromMap, updateMap } from './bpf.ts';
import { BPF_MAP_TYPE_HASH } from './linux.ts';
import { KEY_SIZE, TAKE_ALL, TAKE_TUNNELS } from './programs.ts';
import { type System, words } from './system.ts';

/** Provider addresses that one host may have. */
const MOST_ADDRESSES = 65536;

export class HostAddresses {
  readonly #system: System;
  readonly #dataplane: Dataplane;
  #fd: number | undefined;
  /** What is in the map, by key in hexadecimal. */
  #known = new Map<string, number>();

  constructor(system: System, dataplane: Dataplane) {
    this.#system = system;
    this.#dataplane = dataplane;
  }

  /** The map, made when it is first asked for. @throws LiveError */
  get fd(): number {
    if (this.#fd === undefined) {
      this.#fd = createMap(this.#system, BPF_MAP_TYPE_HASH, KEY_SIZE, 4, MOST_ADDRESSES);
      this.refresh();
    }
    return this.#fd;
  }

  /** After the policy changed. */
  refresh(): void {
    if (this.#fd === undefined) return;
    const wanted = addressesOf(this.#dataplane);
    for (const [key, value] of wanted)
      if (this.#known.get(key) !== value)
        updateMap(this.#system, this.#fd, Buffer.from(key, 'hex'), words(value));
    for (const key of this.#known.keys())
      if (!wanted.has(key)) deleteFromMap(this.#system, this.#fd, Buffer.from(key, 'hex'));
    this.#known = wanted;
  }

  close(): void {
    if (this.#fd !== undefined) this.#system.close(this.#fd);
    this.#fd = undefined;
  }
}

function addressesOf({ policy, host }: Dataplane): Map<string, number> {
  const addresses = new Map<string, number>();
  for (const own of [host.ipv4, host.ipv6])
    if (own !== undefined) addresses.set(keyOf(own.address), TAKE_TUNNELS);
  for (const customer of policy.customers)
    for (const domain of customer.routingDomains)
      for (const endpoint of domain.endpoints) {
        if (endpoint.host !== host.index) continue;
        for (const { provider } of endpoint.addresses)
          if (provider !== undefined) addresses.set(keyOf(provider), TAKE_ALL);
      }
  return addresses;
}

function keyOf(address: IpAddress): string {
  if (address.family === 6) return address.value.toString(16).padStart(32, '0');
  return `${'0'.repeat(20)}ffff${address.value.toString(16).padStart(8, '0')}`;
}
