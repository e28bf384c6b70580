/** The addresses of an endpoint: each in one of its subnets, and for IP Rewrite with a provider address. */

import { contains, formatIp, formatPrefix, isLinkLocal, parseIp, sameAddress } from './addresses.ts';
import type { Collector } from './collector.ts';
import type { Path } from './errors.ts';
import { type ClaimProvider, checkHostPart, checkUsable } from './hosts.ts';
import type { Endpoint, EndpointAddress, Host, IpAddress, Prefix } from './model.ts';
import type { ReadSubnet } from './subnets.ts';

/** Its provider address is told later. */
export type PlacedAddress = EndpointAddress & { readonly provider: undefined };

export interface EndpointSubnets {
  /** Its own and those of its VLANs; undefined for one that does not exist or cannot be read. */
  readonly known: readonly (ReadSubnet | undefined)[];
  /** It is in no others. */
  readonly hasAll: boolean;
  /** Its own. */
  readonly vsid: number;
}

/** @returns undefined for texts that are undefined. */
export function placeAddresses(
  collector: Collector,
  texts: readonly (string | undefined)[],
  subnets: EndpointSubnets,
  path: Path,
): (PlacedAddress | undefined)[] {
  return texts.map((text, index) => {
    if (text === undefined) return undefined;
    const customer = parseIp(text)!;
    const vsid = findSubnet(collector, customer, subnets, collector.within(path, index));
    return { customer, vsid, provider: undefined };
  });
}

const NETWORKS_SHOWN = 8;

/** The VSID of the subnet that an address is in: no two have a prefix in common. */
function findSubnet(
  collector: Collector,
  address: IpAddress,
  { known, hasAll, vsid }: EndpointSubnets,
  path: Path,
): number {
  checkUsable(collector, address, path, 'a customer address');
  if (isLinkLocal(address)) return vsid;
  const found = holderOf(known, address);
  if (found === undefined) {
    if (!hasAll || known.some((candidate) => candidate?.hasAllPrefixes !== true)) return vsid;
    const networks = known.flatMap((candidate) => candidate!.subnet.prefixes.map(formatPrefix));
    if (networks.length > NETWORKS_SHOWN) networks.splice(NETWORKS_SHOWN, Infinity, '…');
    collector.add(path, `expected an address in ${networks.join(' or ')}, got ${formatIp(address)}`);
    return vsid;
  }
  const { read, prefix } = found;
  checkHostPart(collector, { address, length: prefix.length }, path);
  if (read.subnet.gateways.some((gateway) => sameAddress(gateway, address))) {
    collector.add(
      path,
      `expected an address of its own, got ${formatIp(address)}, the gateway of virtual subnet ${read.vsid}`,
    );
  }
  return read.subnet.vsid;
}

/** The subnet that has an address, and which of its prefixes. */
function holderOf(
  known: EndpointSubnets['known'],
  address: IpAddress,
): { read: ReadSubnet; prefix: Prefix } | undefined {
  for (const read of known) {
    if (read === undefined) continue;
    for (const prefix of read.subnet.prefixes) if (contains(prefix, address)) return { read, prefix };
  }
  return undefined;
}

export interface AddressContext {
  readonly collector: Collector;
  readonly claimProvider: ClaimProvider;
}

/**
 * W1: the n-th provider address of a family belongs to the n-th customer address of that family.
 * @param placed undefined for an address that cannot be read: then the pairs cannot be told.
 */
export function pairAddresses(
  { collector, claimProvider }: AddressContext,
  fields: {
    readonly method: Endpoint['method'] | undefined;
    readonly providers: readonly (string | undefined)[] | undefined;
  },
  placed: readonly (PlacedAddress | undefined)[],
  at: Path,
): readonly EndpointAddress[] {
  const unpaired = placed.includes(undefined)
    ? placed.filter((one) => one !== undefined)
    : (placed as PlacedAddress[]);
  // Nearly every endpoint.
  if (fields.method === 'nvgre' && fields.providers?.length === 0) return unpaired;
  const place = [...at, 'providerAddresses'];
  const providers = (fields.providers ?? []).map((text, index) => {
    if (text === undefined) return undefined;
    const provider = parseIp(text)!;
    const isUsable = checkUsable(collector, provider, [...place, index], 'a provider address');
    return { provider, isFree: claimProvider(provider, [...place, index]) && isUsable };
  });
  if (fields.method === 'nvgre' && providers.length > 0)
    collector.add(place, 'expected none with method nvgre (its host’s address is used), got some');
  const isReadable =
    fields.providers !== undefined && !placed.includes(undefined) && !providers.includes(undefined);
  if (fields.method !== 'rewrite' || !isReadable) return unpaired;

  const queues = {
    4: providers.filter((one) => one!.provider.family === 4),
    6: providers.filter((one) => one!.provider.family === 6),
  };
  const pairs = unpaired.map(({ customer, vsid }) => {
    if (isLinkLocal(customer)) return { customer, vsid, provider: undefined };
    const next = queues[customer.family].shift();
    if (next === undefined) {
      collector.add(
        place,
        `expected an IPv${customer.family} provider address for ${formatIp(customer)}, got none`,
      );
    }
    return { customer, vsid, provider: next?.isFree === true ? next.provider : undefined };
  });
  for (const left of [...queues[4], ...queues[6]]) {
    collector.add(
      place,
      `expected a customer address of the same family for each, got ${formatIp(left!.provider)} without one`,
    );
  }
  return pairs;
}

/** A rewritten packet leaves by the host's own interface: that needs an address of the family. */
export function checkHostFamilies(
  collector: Collector,
  host: Host,
  pairs: readonly EndpointAddress[],
  path: Path,
): void {
  for (const family of [4, 6] as const) {
    if (!lacksFamily(host, pairs, family)) continue;
    collector.add(
      path,
      `expected a host with an IPv${family} address for IP Rewrite over IPv${family}, got "${host.name}"`,
    );
  }
}

/** The host has no address of a family that provider addresses have. */
export function lacksFamily(host: Host, pairs: readonly EndpointAddress[], family: 4 | 6): boolean {
  if ((family === 4 ? host.ipv4 : host.ipv6) !== undefined) return false;
  for (const { provider } of pairs) if (provider?.family === family) return true;
  return false;
}
