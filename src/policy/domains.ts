/** Customers and their routing domains: subnets, routes and endpoints, each on its own and against the others. */

import {
  contains,
  formatIp,
  formatPrefix,
  isLinkLocal,
  overlaps,
  parseIp,
  parsePrefix,
  parseRoutingDomainId,
} from './addresses.ts';
import { type Collector, Unique } from './collector.ts';
import { readEndpoints } from './endpoints.ts';
import type { Path } from './errors.ts';
import type { ReadHosts } from './hosts.ts';
import { checkHostPart, checkUsable } from './hosts.ts';
import type {
  Customer,
  Endpoint,
  IpAddress,
  MacAddress,
  Prefix,
  Route,
  RoutingDomain,
  Subnet,
} from './model.ts';
import { customerSchema, domainSchema, routeSchema, subnetSchema } from './schema.ts';

/** What has to be unique in the whole fabric, and what endpoints refer to. */
export interface Fabric {
  readonly collector: Collector;
  readonly hosts: ReadHosts;
  readonly routerMac: MacAddress;
  readonly vsids: Unique;
  readonly domainIds: Unique;
  readonly endpointNames: Unique;
  /** Takes each address on the physical network once. */
  readonly claimProvider: (address: IpAddress, path: Path) => void;
}

export function readCustomers(fabric: Fabric, documents: readonly unknown[], path: Path): Customer[] {
  const names = new Unique(fabric.collector);
  const customers: Customer[] = [];
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const name = readName(document, at, names, 'customer');
    shallow(fabric, customerSchema, document, at, ['routingDomains']);
    const domainNames = new Unique(fabric.collector);
    const routingDomains = listOf(document, 'routingDomains').map((domain, index) =>
      readDomain(fabric, domain, [...at, 'routingDomains', index], domainNames),
    );
    customers.push({ name, routingDomains });
  }
  return customers;
}

/** Checks the fields of an object but for the lists in it, which are read element by element, so that all are seen. */
function shallow(
  { collector }: Fabric,
  schema: typeof customerSchema | typeof domainSchema,
  document: unknown,
  at: Path,
  lists: readonly string[],
): void {
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  const emptied = isObject ? { ...document } : document;
  for (const key of isObject ? lists : []) {
    const value = (document as Record<string, unknown>)[key];
    // A list is judged by its length here: its elements have their turn.
    if (Array.isArray(value) && value.length > 0) (emptied as Record<string, unknown>)[key] = STAND_INS[key];
  }
  collector.parse(schema, emptied, at);
}

/** A valid element for every list, so that `shallow` judges nothing but the object around it. */
const ANY_SUBNET = { vsid: 4096, prefixes: ['10.0.0.0/8'] };
const STAND_INS: Record<string, unknown> = {
  subnets: [ANY_SUBNET],
  routes: [],
  endpoints: [],
  routingDomains: [{ name: 'any', id: '00000000-0000-0000-0000-000000000000', subnets: [ANY_SUBNET] }],
};

function listOf(document: unknown, key: string): readonly unknown[] {
  const value = (document as Record<string, unknown> | null | undefined)?.[key];
  return Array.isArray(value) ? value : [];
}

function readName(document: unknown, at: Path, names: Unique, what: string): string {
  const name = (document as { name?: unknown } | null)?.name;
  if (typeof name !== 'string') return '';
  names.claim(name, [...at, 'name'], `${what} "${name}"`);
  return name;
}

function readDomain(fabric: Fabric, document: unknown, at: Path, names: Unique): RoutingDomain {
  shallow(fabric, domainSchema, document, at, ['subnets', 'routes', 'endpoints']);
  const name = readName(document, at, names, 'routing domain');
  const idText = (document as { id?: unknown } | null)?.id;
  const id = typeof idText === 'string' ? parseRoutingDomainId(idText) : undefined;
  if (id !== undefined) fabric.domainIds.claim(id, [...at, 'id'], `routing domain id ${id}`);
  const subnetDocuments = listOf(document, 'subnets');
  const subnets = readSubnets(fabric, subnetDocuments, [...at, 'subnets']);
  const known = { subnets, broken: brokenVsids(subnets, subnetDocuments) };
  const endpointDocuments = listOf(document, 'endpoints');
  const endpoints = readEndpoints(fabric, known, endpointDocuments, [...at, 'endpoints']);
  // An endpoint with problems may be the one that a route means.
  const candidates = endpoints.length === endpointDocuments.length ? endpoints : undefined;
  const routes = readRoutes(fabric, candidates, listOf(document, 'routes'), [...at, 'routes']);
  return { name, id: id ?? '', subnets, routes, endpoints };
}

/** Subnets with problems of their own: endpoints in them are not another problem. */
function brokenVsids(subnets: readonly Subnet[], documents: readonly unknown[]): ReadonlySet<unknown> {
  const broken = new Set(
    documents.map((document) => vsidMeant((document as { vsid?: unknown } | null)?.vsid)),
  );
  for (const { vsid } of subnets) broken.delete(vsid);
  return broken;
}

/** `"5001"` is not an integer, but it says which one was meant. */
function vsidMeant(vsid: unknown): unknown {
  return typeof vsid === 'string' ? Number(vsid) : vsid;
}

const RESERVED_BELOW = 0x1000;
const RESERVED_LAST = 0xff_ffff;

function readSubnets(fabric: Fabric, documents: readonly unknown[], path: Path): Subnet[] {
  const { collector } = fabric;
  const subnets: Subnet[] = [];
  const taken: { prefix: Prefix; path: Path }[] = [];
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const parsed = collector.parse(subnetSchema, document, at);
    if (parsed === undefined) continue;
    const { vsid, flood } = parsed;
    if (vsid < RESERVED_BELOW || vsid === RESERVED_LAST) {
      const rest = vsid === RESERVED_LAST ? '16777215 is reserved' : '0 to 4095 are reserved';
      collector.add(
        [...at, 'vsid'],
        `expected a virtual subnet id from 4096 to 16777214 (RFC 7637: ${rest}), got ${vsid}`,
      );
    }
    fabric.vsids.claim(vsid, [...at, 'vsid'], `virtual subnet ${vsid}`);
    const prefixes = parsed.prefixes.map((text) => parsePrefix(text)!);
    for (const [index, prefix] of prefixes.entries()) {
      const place = [...at, 'prefixes', index];
      const other = taken.find((known) => overlaps(known.prefix, prefix));
      if (other !== undefined) {
        collector.add(
          place,
          `expected networks that do not overlap, got ${formatPrefix(prefix)} beside ${formatPrefix(other.prefix)}`,
        );
      }
      taken.push({ prefix, path: place });
    }
    const gateways = parsed.gateways.map((text) => parseIp(text)!);
    checkGateways(collector, gateways, prefixes, [...at, 'gateways']);
    subnets.push({ vsid, prefixes, gateways, flood });
  }
  return subnets;
}

function checkGateways(
  collector: Collector,
  gateways: readonly IpAddress[],
  prefixes: readonly Prefix[],
  path: Path,
): void {
  const unique = new Unique(collector);
  for (const [index, gateway] of gateways.entries()) {
    const place = [...path, index];
    const text = formatIp(gateway);
    unique.claim(text, place, `gateway ${text}`);
    checkUsable(collector, gateway, place, 'a gateway’s address');
    if (isLinkLocal(gateway)) continue;
    const prefix = prefixes.find((candidate) => contains(candidate, gateway));
    if (prefix !== undefined) {
      checkHostPart(collector, { address: gateway, length: prefix.length }, text, place);
    } else {
      const networks = prefixes.map(formatPrefix).join(' or ');
      collector.add(place, `expected an address in ${networks}, got ${text}`);
    }
  }
}

function readRoutes(
  fabric: Fabric,
  endpoints: readonly Endpoint[] | undefined,
  documents: readonly unknown[],
  path: Path,
): Route[] {
  const { collector } = fabric;
  const routes: Route[] = [];
  const unique = new Unique(collector);
  // Only routes need the set, and most routing domains have none.
  const known = documents.length === 0 || endpoints === undefined ? undefined : addressesOf(endpoints);
  for (const [position, document] of documents.entries()) {
    const at = [...path, position];
    const parsed = collector.parse(routeSchema, document, at);
    if (parsed === undefined) continue;
    const to = parsePrefix(parsed.to)!;
    const via = parseIp(parsed.via)!;
    unique.claim(
      `${formatPrefix(to)} ${parsed.metric}`,
      at,
      `route to ${formatPrefix(to)} with metric ${parsed.metric}`,
    );
    if (to.address.family !== via.family) {
      collector.add([...at, 'via'], `expected an IPv${to.address.family} address, got ${formatIp(via)}`);
    } else if (known !== undefined && !known.has(via.value)) {
      collector.add(
        [...at, 'via'],
        `expected an address of an endpoint in the routing domain, got ${formatIp(via)}`,
      );
    }
    routes.push({ to, via, metric: parsed.metric });
  }
  return routes;
}

/** By value: an IPv4 address is a number, an IPv6 address a bigint. */
function addressesOf(endpoints: readonly Endpoint[]): ReadonlySet<number | bigint> {
  return new Set(endpoints.flatMap(({ addresses }) => addresses.map(({ customer }) => customer.value)));
}
