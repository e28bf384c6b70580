/** Can the hosts that have to talk reach each other? The outer destination MAC is known at load or it is an error. */

import { contains, formatIp, formatPrefix, networkOf } from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Endpoint, Host, InterfaceAddress, IpAddress, Policy, Provider } from './model.ts';

/** RFC 8200 §5: what every link that carries IPv6 takes. */
export const IPV6_MIN_MTU = 1280;

/** An address on the physical network that others send to. */
interface Target {
  readonly host: Host;
  readonly address: IpAddress;
}

/**
 * Checks the hosts of every routing domain against each other. Reports one example per source host and problem. Pairs are
 * never enumerated: a large fabric has a thousand hosts in each of a thousand routing domains.
 * @param unsound hosts that are incomplete: nothing is said about them.
 * @param isLearnable the kernel may know a next hop where the policy has no gateway.
 */
export function checkUnderlay(
  collector: Collector,
  policy: Policy,
  unsound: ReadonlySet<Host>,
  isLearnable: boolean,
): void {
  const reported = new Set<string>();
  for (const { routingDomains } of policy.customers) {
    for (const { endpoints } of routingDomains) {
      // An endpoint with problems may be on no host.
      const used = new Set<Host | undefined>();
      for (const { host } of endpoints) used.add(policy.hosts[host]);
      const hosts = [...used].filter((host) => host !== undefined && !unsound.has(host)) as Host[];
      if (hosts.length < 2) continue;
      checkFamilies(collector, hosts, reported);
      checkMtu(collector, policy, hosts);
      if (!isLearnable) checkNextHops(collector, hosts, endpoints, policy, reported);
    }
  }
}

function own(host: Host, family: 4 | 6): InterfaceAddress | undefined {
  return family === 4 ? host.ipv4 : host.ipv6;
}

/** Two hosts have no family in common exactly when one has only IPv4 and the other only IPv6. */
function checkFamilies(collector: Collector, hosts: readonly Host[], reported: Set<string>): void {
  const only4 = hosts.filter(({ ipv6 }) => ipv6 === undefined);
  const only6 = hosts.filter(({ ipv4 }) => ipv4 === undefined);
  if (only4.length === 0 || only6.length === 0) return;
  const first = (some: readonly Host[]) => Math.min(...some.map(({ index }) => index));
  const [earlier, later] = first(only4) < first(only6) ? [only4, only6] : [only6, only4];
  for (const { index } of earlier) {
    const key = `family ${index}`;
    if (reported.has(key)) continue;
    reported.add(key);
    collector.add(
      ['hosts', index, 'addresses'],
      `expected an address family in common with "${later[0]!.name}" (both have endpoints of one routing domain), got none`,
    );
  }
}

function checkMtu(collector: Collector, { provider }: Policy, hosts: readonly Host[]): void {
  const over6 = hosts.filter(({ ipv6 }) => ipv6 !== undefined);
  const only6 = over6.filter(({ ipv4 }) => ipv4 === undefined);
  if (!isMtuTooSmall(provider, over6.length, only6.length)) return;
  collector.add(
    ['provider', 'mtu'],
    `expected at least ${IPV6_MIN_MTU}, because hosts talk over IPv6 (RFC 8200 §5), got ${provider.mtu}`,
  );
}

/**
 * Two hosts of one routing domain talk over IPv6 on links that are too small for it.
 * @param with6 hosts with an IPv6 address.
 * @param only6 those that have nothing else.
 */
export function isMtuTooSmall({ mtu, prefer }: Provider, with6: number, only6: number): boolean {
  return mtu < IPV6_MIN_MTU && with6 >= 2 && (prefer === 'ipv6' || only6 > 0);
}

/** Hosts with the same provider prefix see the same addresses outside it, so each prefix looks at the addresses once. */
function checkNextHops(
  collector: Collector,
  hosts: readonly Host[],
  endpoints: readonly Endpoint[],
  policy: Policy,
  reported: Set<string>,
): void {
  const sources = hosts.filter(
    ({ gateway, index }) => gateway === undefined && !reported.has(`gateway ${index}`),
  );
  if (sources.length === 0) return;
  const targets = targetsOf(hosts, endpoints, policy);
  const outside = new Map<string, Target[]>();
  for (const from of sources) {
    for (const family of [4, 6] as const) {
      const prefix = own(from, family);
      if (prefix === undefined || reported.has(`gateway ${from.index}`)) continue;
      const key = formatPrefix(networkOf(prefix.address, prefix.length));
      let examples = outside.get(key);
      if (examples === undefined) outside.set(key, (examples = examplesOutside(prefix, targets)));
      const example = examples.find(({ host }) => host !== from);
      if (example === undefined) continue;
      reported.add(`gateway ${from.index}`);
      collector.add(
        ['hosts', from.index],
        `expected a gateway, because "${example.host.name}" (${formatIp(example.address)}) is outside the provider prefix of "${from.name}", got none`,
      );
    }
  }
}

/** Hosts' own addresses first: they are the better examples. */
function targetsOf(hosts: readonly Host[], endpoints: readonly Endpoint[], policy: Policy): Target[] {
  const targets: Target[] = [];
  for (const host of hosts) {
    if (host.ipv4 !== undefined) targets.push({ host, address: host.ipv4.address });
    if (host.ipv6 !== undefined) targets.push({ host, address: host.ipv6.address });
  }
  const isSound = new Set(hosts);
  for (const endpoint of endpoints) {
    const host = policy.hosts[endpoint.host];
    if (host === undefined || !isSound.has(host)) continue;
    for (const { provider } of endpoint.addresses) if (provider) targets.push({ host, address: provider });
  }
  return targets;
}

/** Addresses of the prefix's family outside it: one for each of two hosts, so that every host finds one that is not its own. */
function examplesOutside(prefix: InterfaceAddress, targets: readonly Target[]): Target[] {
  const examples: Target[] = [];
  for (const target of targets) {
    if (target.address.family !== prefix.address.family || contains(prefix, target.address)) continue;
    if (examples[0]?.host === target.host) continue;
    examples.push(target);
    if (examples.length === 2) break;
  }
  return examples;
}
