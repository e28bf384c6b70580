/** Can the hosts that have to talk reach each other? The outer destination MAC is known at load or it is an error. */

import { contains, formatIp } from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Host, IpAddress, Policy } from './model.ts';

/** Checks every pair of hosts that share a routing domain. Reports one example per source host and problem. */
export function checkUnderlay(collector: Collector, policy: Policy): void {
  const reported = new Set<string>();
  const checked = new Set<string>();
  for (const { routingDomains } of policy.customers) {
    for (const { endpoints } of routingDomains) {
      const hosts = [...new Set(endpoints.map(({ host }) => policy.hosts[host]!))];
      const providers = rewriteProviders(policy, endpoints);
      for (const from of hosts) {
        for (const to of hosts) {
          if (from === to) continue;
          const key = `${from.index} ${to.index}`;
          if (!checked.has(key)) checkPair(collector, from, to, reported);
          checked.add(key);
          for (const provider of providers.get(to) ?? [])
            checkNextHop(collector, from, to, provider, reported);
        }
      }
    }
  }
}

function rewriteProviders(
  policy: Policy,
  endpoints: Policy['customers'][0]['routingDomains'][0]['endpoints'],
): Map<Host, IpAddress[]> {
  const providers = new Map<Host, IpAddress[]>();
  for (const endpoint of endpoints) {
    const host = policy.hosts[endpoint.host]!;
    for (const { provider } of endpoint.addresses) {
      if (provider === undefined) continue;
      const known = providers.get(host);
      if (known === undefined) providers.set(host, [provider]);
      else known.push(provider);
    }
  }
  return providers;
}

function checkPair(collector: Collector, from: Host, to: Host, reported: Set<string>): void {
  const families = ([4, 6] as const).filter(
    (family) => own(from, family) !== undefined && own(to, family) !== undefined,
  );
  if (families.length === 0) {
    const key = [from.index, to.index].sort((a, b) => a - b).join(' ');
    if (reported.has(key)) return;
    reported.add(key);
    collector.add(
      ['hosts', from.index, 'addresses'],
      `expected an address family in common with "${to.name}" (both have endpoints of one routing domain), got none`,
    );
  }
  for (const family of families) checkNextHop(collector, from, to, own(to, family)!.address, reported);
}

function own(host: Host, family: 4 | 6) {
  return family === 4 ? host.ipv4 : host.ipv6;
}

function checkNextHop(
  collector: Collector,
  from: Host,
  to: Host,
  target: IpAddress,
  reported: Set<string>,
): void {
  const prefix = own(from, target.family);
  if (from.gateway !== undefined || prefix === undefined || contains(prefix, target)) return;
  const key = `gateway ${from.index}`;
  if (reported.has(key)) return;
  reported.add(key);
  collector.add(
    ['hosts', from.index],
    `expected a gateway, because "${to.name}" (${formatIp(target)}) is outside the provider prefix of "${from.name}", got none`,
  );
}
