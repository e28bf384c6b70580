/** The spine: knows which host has which provider address, and sends frames there with one TTL less. */

import type { MacAddress, Policy } from '../policy/model.ts';
import { copyOf } from './copy.ts';
import { type AddressKey, ETHERNET, type Outer, keyOf, putMac, u16 } from './outer.ts';

export interface Owner {
  /** Position in `Policy.hosts`. */
  readonly host: number;
  /** What ARP would answer for the address. */
  readonly mac: MacAddress;
}

export class Router {
  /** Sources of what came by. */
  readonly addresses = new Set<AddressKey>();
  /** VMs whose MACs are on the physical network (W9). */
  readonly vmMacs: readonly Owner[];
  readonly #owners = new Map<AddressKey, Owner>();

  constructor({ hosts, customers }: Policy) {
    for (const { index, mac, ipv4, ipv6 } of hosts) {
      if (ipv4 !== undefined) this.#owners.set(keyOf(ipv4.address), { host: index, mac });
      if (ipv6 !== undefined) this.#owners.set(keyOf(ipv6.address), { host: index, mac });
    }
    const vmMacs: Owner[] = [];
    const endpoints = customers.flatMap(({ routingDomains }) =>
      routingDomains.flatMap((domain) => domain.endpoints),
    );
    for (const { host, mac, useVmMac, method, addresses } of endpoints) {
      const owner = { host, mac: useVmMac ? mac : hosts[host]!.mac };
      if (useVmMac && method === 'rewrite') vmMacs.push(owner);
      for (const { provider } of addresses)
        if (provider !== undefined) this.#owners.set(keyOf(provider), owner);
    }
    this.vmMacs = vmMacs;
  }

  ownerOf(address: AddressKey): Owner | undefined {
    return this.#owners.get(address);
  }

  /** A copy with one TTL less and new MACs; undefined when the TTL does not allow it. */
  route({ frame, family }: Outer, dst: MacAddress, src: MacAddress): Uint8Array | undefined {
    const ttlAt = ETHERNET + (family === 4 ? 8 : 7);
    const ttl = frame[ttlAt]!;
    if (ttl <= 1) return undefined;
    const routed = copyOf(frame);
    putMac(routed, 0, dst);
    putMac(routed, 6, src);
    routed[ttlAt] = ttl - 1;
    if (family === 4) {
      // RFC 1141: the TTL is the upper byte of its word, and one less of it is 0x100 more in the checksum.
      const sum = u16(frame, ETHERNET + 10) + 0x100;
      const folded = (sum & 0xffff) + (sum >>> 16);
      routed[ETHERNET + 10] = folded >>> 8;
      routed[ETHERNET + 11] = folded;
    }
    return routed;
  }
}
