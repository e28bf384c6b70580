/** Endpoints of a routing domain: in subnets of it, on a host that exists, with MACs and addresses of their own. */

import { formatIp, isLinkLocal, parseMac } from './addresses.ts';
import type { Collector } from './collector.ts';
import {
  type AddressContext,
  checkHostFamilies,
  pairAddresses,
  placeAddresses,
} from './endpoint-addresses.ts';
import { type Path, didYouMean, show } from './errors.ts';
import type { KnownHosts } from './hosts.ts';
import type { Endpoint, Host, MacAddress } from './model.ts';
import { plainEndpoint } from './plain-endpoint.ts';
import type { Registry } from './registry.ts';
import { MAX_VLANS, endpointSchema } from './schema.ts';
import type { ReadSubnet, ReadSubnets } from './subnets.ts';

/** What an endpoint is read against. */
export interface EndpointContext extends AddressContext {
  readonly collector: Collector;
  readonly routerMac: MacAddress | undefined;
  readonly hosts: KnownHosts;
  readonly names: Registry<string>;
  readonly subnets: ReadSubnets;
  readonly macsIn: (vsid: number) => Registry<number>;
  /** Customer addresses of the routing domain. */
  readonly addresses: Registry<number | bigint>;
  /** Link-local addresses mean something on one link only. */
  readonly linkLocalsIn: (vsid: number) => Registry<number | bigint>;
}

export interface ReadEndpoint {
  /** As far as it can be read. */
  readonly endpoint: Endpoint;
  /** There is no other address that a route could mean. */
  readonly hasAllAddresses: boolean;
}

export function readEndpoint(context: EndpointContext, document: unknown, at: Path): ReadEndpoint {
  const { collector, names } = context;
  const fields = plainEndpoint(document) ?? collector.read(endpointSchema, document, at);
  const { name, vsid, method, forwarding } = fields;
  if (name !== undefined) names.claim(name, collector.within(at, 'name'), () => `endpoint "${name}"`);
  const host =
    fields.host === undefined ? undefined : findHost(context, fields.host, collector.within(at, 'host'));
  const own = vsid === undefined ? undefined : findSubnet(context, vsid, collector.within(at, 'vsid'));
  const vlans = readVlans(collector, fields.vlans ?? {}, vsid, collector.within(at, 'vlans'));
  const subnets = [own, ...vlans.map(([vid, mapped]) => findSubnet(context, mapped, [...at, 'vlans', vid]))];
  const mac = readMac(context, fields.mac, subnets, at);

  const hasSubnets = fields.vlans !== undefined && vlans.length === Object.keys(fields.vlans).length;
  const place = collector.within(at, 'addresses');
  const placed = placeAddresses(
    collector,
    fields.addresses ?? [],
    { known: subnets, hasAll: vsid !== undefined && hasSubnets, vsid: vsid ?? -1 },
    place,
  );
  for (let index = 0; index < placed.length; index++) {
    const customer = placed[index]?.customer;
    if (customer === undefined) continue;
    const registry = isLinkLocal(customer) ? own && context.linkLocalsIn(vsid!) : context.addresses;
    registry?.claim(customer.value, collector.within(place, index), () => `address ${formatIp(customer)}`);
  }
  if (fields.addresses?.length === 0 && forwarding === false) {
    collector.add(
      place,
      'expected at least one address (only a forwarding endpoint may have none), got none',
    );
  }
  const hasAllAddresses = fields.addresses !== undefined && !placed.includes(undefined);
  const paired = pairAddresses(context, { method, providers: fields.providerAddresses }, placed, at);
  if (host !== undefined && !context.hosts.unsound.has(host)) {
    checkHostFamilies(collector, host, paired, collector.within(at, 'host'));
  }
  const endpoint: Endpoint = {
    name: name ?? '',
    vsid: vsid ?? -1,
    mac: mac ?? 0,
    addresses: paired,
    host: host?.index ?? -1,
    method: method ?? 'nvgre',
    forwarding: forwarding ?? false,
    useVmMac: fields.useVmMac ?? false,
    vlans: vlans.length === 0 ? NO_VLANS : new Map(vlans.map(([vid, mapped]) => [Number(vid), mapped])),
  };
  return { endpoint, hasAllAddresses };
}

/** Of nearly every endpoint: a map of its own for each would be most of what a large policy takes. */
const NO_VLANS: ReadonlyMap<number, number> = new Map();

/** @returns undefined where there is no such host, which is noted, or none can be told. */
export function findHost(
  { collector, hosts }: Pick<EndpointContext, 'collector' | 'hosts'>,
  name: unknown,
  path: Path,
): Host | undefined {
  const text = typeof name === 'string' ? name : '';
  const host = hosts.byName.get(text);
  if (host !== undefined || hosts.isDoubtful(text)) return host;
  const suggestion = text === '' ? '' : didYouMean(text, hosts.byName.keys());
  collector.add(path, `expected a host of the policy, got ${show(name)}${suggestion}`);
  return undefined;
}

const KNOWN_SHOWN = 5;

function findSubnet(
  { collector, subnets }: EndpointContext,
  vsid: number,
  path: Path,
): ReadSubnet | undefined {
  const subnet = subnets.byVsid.get(vsid);
  if (subnet !== undefined || subnets.isDoubtful(vsid)) return subnet;
  const known: number[] = [];
  for (const other of subnets.byVsid.keys()) if (known.push(other) === KNOWN_SHOWN) break;
  const more = subnets.byVsid.size > KNOWN_SHOWN ? ', …' : '';
  collector.add(
    path,
    `expected a virtual subnet of the routing domain (${known.join(', ')}${more}), got ${vsid}`,
  );
  return undefined;
}

/** A MAC means something in every subnet that the endpoint is in. */
function readMac(
  { collector, routerMac, macsIn }: EndpointContext,
  text: string | undefined,
  subnets: readonly (ReadSubnet | undefined)[],
  at: Path,
): MacAddress | undefined {
  if (text === undefined) return undefined;
  const mac = parseMac(text)!;
  const path = collector.within(at, 'mac');
  if (mac === routerMac) collector.add(path, `expected a MAC of its own, got ${text}, the router’s`);
  // One, of nearly every endpoint.
  for (const subnet of subnets.length > 1 ? new Set(subnets) : subnets) {
    const vsid = subnet?.vsid;
    if (vsid !== undefined) macsIn(vsid).claim(mac, path, () => `MAC ${text} in virtual subnet ${vsid}`);
  }
  return mac;
}

/** @returns VLAN ids, as written, with their VSIDs where these can be read. */
function readVlans(
  collector: Collector,
  vlans: Readonly<Record<string, number | undefined>>,
  own: number | undefined,
  path: Path,
): (readonly [vid: string, vsid: number])[] {
  const entries = Object.entries(vlans);
  if (entries.length === 0) return [];
  const read: (readonly [string, number])[] = [];
  const unique = collector.unique<number>();
  if (entries.length > MAX_VLANS)
    collector.add(path, `expected at most ${MAX_VLANS} VLAN ids, got ${entries.length}`);
  for (const [vid, vsid] of entries) {
    const place = [...path, vid];
    if (!/^[1-9]\d{0,3}$/.test(vid) || Number(vid) > 4094)
      collector.add(place, `expected a VLAN id from 1 to 4094, got ${vid}`);
    if (vsid === undefined) continue;
    // Which tag would a frame to the endpoint get?
    if (vsid === own)
      collector.add(place, `expected another virtual subnet than the endpoint’s own, got ${vsid}`);
    else unique.claim(vsid, place, () => `virtual subnet ${vsid}`);
    read.push([vid, vsid]);
  }
  return read;
}
