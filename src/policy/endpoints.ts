/** Endpoints of a routing domain: addresses in their subnet, on a host that exists, with the provider addresses they need. */

import {
  contains,
  formatIp,
  formatPrefix,
  isLinkLocal,
  parseIp,
  parseMac,
  sameAddress,
} from './addresses.ts';
import { type Collector, Unique } from './collector.ts';
import type { Fabric } from './domains.ts';
import { type Path, didYouMean } from './errors.ts';
import { checkHostPart, checkUsable } from './hosts.ts';
import type { Endpoint, EndpointAddress, IpAddress, Subnet } from './model.ts';
import { type EndpointDocument, endpointSchema } from './schema.ts';

export interface KnownSubnets {
  readonly subnets: readonly Subnet[];
  /** VSIDs of those that have problems of their own. */
  readonly broken: ReadonlySet<unknown>;
}

export function readEndpoints(
  fabric: Fabric,
  { subnets, broken }: KnownSubnets,
  documents: readonly unknown[],
  path: Path,
): Endpoint[] {
  const { collector } = fabric;
  const byVsid = new Map<number, Subnet>();
  for (const subnet of subnets) if (!byVsid.has(subnet.vsid)) byVsid.set(subnet.vsid, subnet);
  const macs = new Unique(collector);
  const addresses = new Unique(collector);
  const endpoints: Endpoint[] = [];
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const parsed = collector.parse(endpointSchema, document, at);
    if (parsed === undefined) continue;
    fabric.endpointNames.claim(parsed.name, [...at, 'name'], `endpoint "${parsed.name}"`);
    const subnet = byVsid.get(parsed.vsid);
    if (subnet === undefined && broken.has(parsed.vsid)) continue;
    if (subnet === undefined) {
      addUnknownVsid(collector, byVsid, parsed.vsid, [...at, 'vsid']);
      continue;
    }
    const endpoint = buildEndpoint(fabric, parsed, subnet, at);
    for (const [vid, vsid] of Object.entries(parsed.vlans)) {
      if (!byVsid.has(vsid) && !broken.has(vsid))
        addUnknownVsid(collector, byVsid, vsid, [...at, 'vlans', vid]);
    }
    macs.claim(
      `${parsed.vsid} ${endpoint.mac}`,
      [...at, 'mac'],
      `MAC ${parsed.mac} in virtual subnet ${parsed.vsid}`,
    );
    for (const [index, { customer }] of endpoint.addresses.entries()) {
      // Link-local addresses mean something on one link only.
      const scope = isLinkLocal(customer) ? parsed.vsid : '';
      addresses.claim(
        `${scope} ${formatIp(customer)}`,
        [...at, 'addresses', index],
        `address ${formatIp(customer)}`,
      );
    }
    endpoints.push(endpoint);
  }
  return endpoints;
}

const KNOWN_SHOWN = 5;

function addUnknownVsid(
  collector: Collector,
  byVsid: ReadonlyMap<number, Subnet>,
  vsid: number,
  path: Path,
): void {
  const known = [...byVsid.keys()].slice(0, KNOWN_SHOWN).join(', ');
  const more = byVsid.size > KNOWN_SHOWN ? ', …' : '';
  collector.add(path, `expected a virtual subnet of the routing domain (${known}${more}), got ${vsid}`);
}

function buildEndpoint(fabric: Fabric, document: EndpointDocument, subnet: Subnet, at: Path): Endpoint {
  const { collector, hosts, routerMac } = fabric;
  const mac = parseMac(document.mac)!;
  if (mac === routerMac)
    collector.add([...at, 'mac'], `expected a MAC of its own, got ${document.mac}, the router’s`);
  const customers = document.addresses.map((text) => parseIp(text)!);
  for (const [index, address] of customers.entries()) {
    checkCustomerAddress(collector, address, subnet, [...at, 'addresses', index]);
  }
  if (customers.length === 0 && !document.forwarding) {
    collector.add(
      [...at, 'addresses'],
      'expected at least one address (only a forwarding endpoint may have none), got none',
    );
  }
  const host = hosts.byName.get(document.host);
  // Where there are no hosts at all, that is the problem, not every endpoint's.
  const hasHosts = hosts.byName.size > 0 || hosts.broken.size > 0;
  if (host === undefined && hasHosts && !hosts.broken.has(document.host)) {
    const suggestion = didYouMean(document.host, hosts.byName.keys());
    collector.add([...at, 'host'], `expected a host of the policy, got "${document.host}"${suggestion}`);
  }
  return {
    name: document.name,
    vsid: document.vsid,
    mac,
    addresses: pairAddresses(fabric, document, customers, at),
    host: host?.index ?? 0,
    method: document.method,
    forwarding: document.forwarding,
    useVmMac: document.useVmMac,
    vlans: readVlans(collector, document, at),
  };
}

function checkCustomerAddress(collector: Collector, address: IpAddress, subnet: Subnet, path: Path): void {
  checkUsable(collector, address, path, 'a customer address');
  if (isLinkLocal(address)) return;
  const text = formatIp(address);
  const prefix = subnet.prefixes.find((candidate) => contains(candidate, address));
  if (prefix === undefined) {
    const networks = subnet.prefixes.map(formatPrefix).join(' or ');
    collector.add(path, `expected an address in ${networks}, got ${text}`);
    return;
  }
  checkHostPart(collector, { address, length: prefix.length }, text, path);
  if (subnet.gateways.some((gateway) => sameAddress(gateway, address))) {
    collector.add(
      path,
      `expected an address of its own, got ${text}, the gateway of virtual subnet ${subnet.vsid}`,
    );
  }
}

/** W1: the n-th provider address of a family belongs to the n-th customer address of that family. */
function pairAddresses(
  fabric: Fabric,
  document: EndpointDocument,
  customers: readonly IpAddress[],
  at: Path,
): EndpointAddress[] {
  const { collector, claimProvider } = fabric;
  const providers = document.providerAddresses.map((text) => parseIp(text)!);
  const place = [...at, 'providerAddresses'];
  for (const [index, provider] of providers.entries()) {
    checkUsable(collector, provider, [...place, index], 'a provider address');
    claimProvider(provider, [...place, index]);
  }
  if (document.method === 'nvgre') {
    if (providers.length > 0)
      collector.add(place, 'expected none with method nvgre (its host’s address is used), got some');
    return customers.map((customer) => ({ customer, provider: undefined }));
  }
  const queues = {
    4: providers.filter(({ family }) => family === 4),
    6: providers.filter(({ family }) => family === 6),
  };
  const pairs = customers.map((customer) => ({
    customer,
    provider: isLinkLocal(customer) ? undefined : queues[customer.family].shift(),
  }));
  for (const { customer, provider } of pairs) {
    if (provider !== undefined || isLinkLocal(customer)) continue;
    collector.add(
      place,
      `expected an IPv${customer.family} provider address for ${formatIp(customer)}, got none`,
    );
  }
  for (const provider of [...queues[4], ...queues[6]]) {
    collector.add(
      place,
      `expected a customer address of the same family for each, got ${formatIp(provider)} without one`,
    );
  }
  checkHostFamilies(fabric, document, pairs, at);
  return pairs;
}

/** A rewritten packet leaves by the host's own interface: that needs an address of the family. */
function checkHostFamilies(
  { collector, hosts }: Fabric,
  document: EndpointDocument,
  pairs: readonly EndpointAddress[],
  at: Path,
): void {
  const host = hosts.byName.get(document.host);
  if (host === undefined) return;
  for (const family of [4, 6] as const) {
    const isNeeded = pairs.some(({ provider }) => provider?.family === family);
    if (!isNeeded || (family === 4 ? host.ipv4 : host.ipv6) !== undefined) continue;
    collector.add(
      [...at, 'host'],
      `expected a host with an IPv${family} address for IP Rewrite over IPv${family}, got "${host.name}"`,
    );
  }
}

function readVlans(collector: Collector, document: EndpointDocument, at: Path): ReadonlyMap<number, number> {
  const vlans = new Map<number, number>();
  for (const [text, vsid] of Object.entries(document.vlans)) {
    const vid = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0;
    if (vid < 1 || vid > 4094)
      collector.add([...at, 'vlans', text], `expected a VLAN id from 1 to 4094, got ${text}`);
    vlans.set(vid, vsid);
  }
  return vlans;
}
