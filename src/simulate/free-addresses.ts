/** Provider addresses for endpoints that change to IP Rewrite. */

import { formatPrefix, networkOf } from '../policy/addresses.ts';
import type { Host, IpAddress, Policy, Prefix } from '../policy/model.ts';
import { membersOf } from './members.ts';
import { type AddressKey, keyOf } from './outer.ts';

/** The provider prefix of a host that addresses of a family come from. */
export function prefixOf(host: Host, family: 4 | 6): Prefix | undefined {
  const own = family === 4 ? host.ipv4 : host.ipv6;
  return own === undefined ? undefined : networkOf(own.address, own.length);
}

/** Addresses of provider prefixes that nobody has. */
export class FreeAddresses {
  readonly #used = new Set<AddressKey>();
  /** By prefix: how far it was given away. */
  readonly #offsets = new Map<string, number>();

  constructor(policy: Policy) {
    for (const { ipv4, ipv6, gateway } of policy.hosts) {
      if (ipv4 !== undefined) this.#used.add(keyOf(ipv4.address));
      if (ipv6 !== undefined) this.#used.add(keyOf(ipv6.address));
      for (const address of gateway?.addresses ?? []) this.#used.add(keyOf(address));
    }
    for (const { endpoint } of membersOf(policy)) {
      for (const { provider } of endpoint.addresses)
        if (provider !== undefined) this.#used.add(keyOf(provider));
    }
  }

  take(prefix: Prefix): IpAddress | undefined {
    const key = formatPrefix(prefix);
    const width = prefix.address.family === 4 ? 32 : 128;
    // The first and the last address of an IPv4 network are the network's own, but for /31 and /32.
    const isPointToPoint = prefix.length >= width - 1;
    const size = 2 ** (width - prefix.length) - (isPointToPoint || width === 128 ? 0 : 1);
    let offset = this.#offsets.get(key) ?? (isPointToPoint ? 0 : 1);
    let address = addressAt(prefix, offset);
    while (offset < size && this.#used.has(keyOf(address))) address = addressAt(prefix, ++offset);
    this.#offsets.set(key, offset);
    if (offset >= size) return undefined;
    this.#used.add(keyOf(address));
    return address;
  }
}

function addressAt({ address }: Prefix, offset: number): IpAddress {
  if (address.family === 4) return { family: 4, value: address.value + offset };
  return { family: 6, value: address.value + BigInt(offset) };
}
