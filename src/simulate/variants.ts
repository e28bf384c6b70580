/** The same fabric with another mechanism for everybody: what the physical network would learn then is found by running it. */

import { formatIp, formatPrefix, isLinkLocal, parseIp } from '../policy/addresses.ts';
import { PolicyError } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { validatePolicy } from '../policy/validate.ts';
import { type EndpointDocument, type HostDocument, type PolicyDocument, withEndpoints } from './document.ts';
import { FreeAddresses, prefixOf } from './free-addresses.ts';
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
