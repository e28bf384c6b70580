/** The same fabric with another mechanism for everybody: what the physical network would learn then is found by running it. */

import { formatIp, formatPrefix, isLinkLocal, networkOf, parseIp } from '../policy/addresses.ts';
import { PolicyError } from '../policy/errors.ts';
import type { Host, IpAddress, Policy, Prefix } from '../policy/model.ts';
import { validatePolicy } from '../policy/parse.ts';
import { type EndpointDocument, type HostDocument, type PolicyDocument, withEndpoints } from './document.ts';
import { membersOf } from './members.ts';
import { type AddressKey, keyOf } from './outer.ts';
import { racksOf } from './racks.ts';

/** A policy, or why there is none, in a few words. */
export type Variant = { readonly policy: Policy } | { readonly reason: string };

/** Every endpoint by NVGRE. */
export function allNvgre(document: PolicyDocument): Variant {
  return validated(toNvgre(document));
}

function toNvgre(document: PolicyDocument): PolicyDocument {
  return withEndpoints(document, ({ providerAddresses: _, ...endpoint }) => ({
    ...endpoint,
    method: 'nvgre',
  }));
}

/**
 * Every endpoint by IP Rewrite: those that are not already get free addresses of their host's provider prefixes. An
 * endpoint on a host without an address of a family that it needs stays as it is.
 */
export function allRewrite(document: PolicyDocument, policy: Policy): Variant {
  const hosts = new Map(policy.hosts.map((host) => [host.name, host]));
  const free = new FreeAddresses(policy);
  let full: string | undefined;
  const changed = withEndpoints(document, (endpoint) => {
    if (endpoint.method === 'rewrite') return endpoint;
    const host = hosts.get(endpoint.host)!;
    const customers = (endpoint.addresses ?? [])
      .map((text) => parseIp(text)!)
      .filter((address) => !isLinkLocal(address));
    if (customers.some(({ family }) => prefixOf(host, family) === undefined)) return endpoint;
    const providers: string[] = [];
    for (const { family } of customers) {
      const address = free.take(prefixOf(host, family)!);
      if (address === undefined) full ??= `${formatPrefix(prefixOf(host, family)!)} has no address left`;
      else providers.push(formatIp(address));
    }
    return { ...endpoint, method: 'rewrite', providerAddresses: providers } satisfies EndpointDocument;
  });
  return full === undefined ? validated(changed) : { reason: full };
}

/** Every endpoint by NVGRE over IPv6; hosts that have none get an address of a prefix of their rack. */
export function allNvgreOverIpv6(document: PolicyDocument, policy: Policy): Variant {
  const added = new Map<string, string>();
  for (const [rack, { hosts }] of racksOf(policy.hosts).entries()) {
    const network = hosts.find(({ ipv6 }) => ipv6 !== undefined)?.ipv6;
    for (const [place, host] of hosts.entries()) {
      if (host.ipv6 !== undefined) continue;
      if (network !== undefined) return { reason: `${host.name} has no IPv6 address, others of its rack do` };
      added.set(host.name, `fdec:${rack.toString(16)}::${(place + 1).toString(16)}/64`);
    }
  }
  const hosts = document.hosts.map((host): HostDocument => {
    const address = added.get(host.name);
    return address === undefined ? host : { ...host, addresses: [...host.addresses, address] };
  });
  return validated({
    ...toNvgre(document),
    provider: { ...document.provider, prefer: 'ipv6' },
    hosts,
  });
}

function validated(document: PolicyDocument): Variant {
  try {
    return { policy: validatePolicy(document) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { reason: error.message.split('\n')[0]! };
  }
}

function prefixOf(host: Host, family: 4 | 6): Prefix | undefined {
  const own = family === 4 ? host.ipv4 : host.ipv6;
  return own === undefined ? undefined : networkOf(own.address, own.length);
}

/** Addresses of provider prefixes that nobody has. */
class FreeAddresses {
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
