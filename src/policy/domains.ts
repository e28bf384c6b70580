/** Customers and their routing domains: subnets, routes and endpoints, each on its own and against the others. */

import { isLinkLocal, parseRoutingDomainId } from './addresses.ts';
import type { Collector } from './collector.ts';
import { derivedId } from './derived-id.ts';
import { type EndpointContext, readEndpoint } from './endpoints.ts';
import type { Path } from './errors.ts';
import type { ClaimProvider, ReadHosts } from './hosts.ts';
import type { Customer, Endpoint, IpAddress, MacAddress, RoutingDomain } from './model.ts';
import type { Readable } from './readable.ts';
import { readRoutes } from './routes.ts';
import { type Registry, UniquePer } from './registry.ts';
import { type CustomerDocument, type DomainDocument, customerSchema, domainSchema } from './schema.ts';
import { readSubnets } from './subnets.ts';

/** What has to be unique in the whole fabric, and what endpoints refer to. */
export interface Fabric {
  readonly collector: Collector;
  readonly hosts: ReadHosts;
  readonly routerMac: MacAddress | undefined;
  readonly vsids: Registry<number>;
  readonly domainIds: Registry<string>;
  readonly endpointNames: Registry<string>;
  readonly claimProvider: ClaimProvider;
}

export function readCustomers(fabric: Fabric, documents: readonly unknown[], path: Path): Customer[] {
  const { collector } = fabric;
  const names = collector.unique<string>();
  return documents.map((document, position) => {
    const at = [...path, position];
    const fields = collector.read(customerSchema, shallow(document, ['routingDomains']), at) as OwnFields;
    const name = claimName(names, fields.name, at, 'customer');
    const domainNames = collector.unique<string>();
    const routingDomains = (listOf(document, 'routingDomains', fields) ?? []).map((domain, index) =>
      readDomain(fabric, domain, [...at, 'routingDomains', index], { customer: name, names: domainNames }),
    );
    return { name: fields.name ?? '', routingDomains };
  });
}

type OwnFields = Readable<CustomerDocument & DomainDocument>;

/** The fields of an object but for the lists in it, which are read element by element, so that all are seen. */
function shallow(document: unknown, lists: readonly (keyof typeof STAND_INS)[]): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const emptied: Record<string, unknown> = { ...document };
  // A list is judged by its length here: its elements have their turn.
  for (const key of lists) {
    const value = emptied[key];
    if (Array.isArray(value) && value.length > 0) emptied[key] = STAND_INS[key];
  }
  return emptied;
}

/** A valid element for every list, so that `shallow` leaves nothing but the object around it. */
const ANY_SUBNET = { vsid: 4096, prefixes: ['10.0.0.0/8'] };
const STAND_INS = {
  subnets: [ANY_SUBNET],
  routes: [],
  endpoints: [],
  routingDomains: [{ name: 'any', subnets: [ANY_SUBNET] }],
};

/** @returns undefined where it cannot be told what the list is. */
function listOf(
  document: unknown,
  key: keyof typeof STAND_INS,
  fields: OwnFields,
): readonly unknown[] | undefined {
  if (fields[key] === undefined) return undefined;
  const value = (document as Record<string, unknown>)[key];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** @returns the name if it is the first of that name. */
function claimName(
  names: Registry<string>,
  name: string | undefined,
  at: Path,
  what: string,
): string | undefined {
  if (name === undefined) return undefined;
  return names.claim(name, [...at, 'name'], () => `${what} "${name}"`) ? name : undefined;
}

function readDomain(
  fabric: Fabric,
  document: unknown,
  at: Path,
  { customer, names }: { customer: string | undefined; names: Registry<string> },
): RoutingDomain {
  const { collector } = fabric;
  const stripped = shallow(document, ['subnets', 'routes', 'endpoints']);
  const fields = collector.read(domainSchema, stripped, at) as OwnFields;
  const name = claimName(names, fields.name, at, 'routing domain');
  const id = readId(document, fields, { customer, name });
  if (id !== undefined) fabric.domainIds.claim(id, [...at, 'id'], () => `routing domain id ${id}`);

  const subnets = readSubnets(fabric, listOf(document, 'subnets', fields), [...at, 'subnets']);
  const linkLocals = new UniquePer<number | bigint>(collector);
  const macs = new UniquePer<number>(collector);
  const context: EndpointContext = {
    collector,
    routerMac: fabric.routerMac,
    hosts: fabric.hosts,
    names: fabric.endpointNames,
    subnets,
    macsIn: (vsid) => macs.of(vsid),
    addresses: collector.unique(),
    linkLocalsIn: (vsid) => linkLocals.of(vsid),
    claimProvider: fabric.claimProvider,
  };
  const endpoints = readEndpoints(context, listOf(document, 'endpoints', fields), [...at, 'endpoints']);
  const routes = readRoutes(
    collector,
    subnets.subnets,
    ownerTest(endpoints),
    listOf(document, 'routes', fields) ?? [],
    [...at, 'routes'],
  );
  return {
    name: fields.name ?? '',
    id: id ?? '',
    subnets: subnets.subnets,
    routes,
    endpoints: endpoints.endpoints,
  };
}

interface ReadEndpoints {
  readonly endpoints: readonly Endpoint[];
  /** There is no other address that a route could mean. */
  readonly hasAllAddresses: boolean;
}

/** @param documents undefined where the list itself cannot be told. */
function readEndpoints(
  context: EndpointContext,
  documents: readonly unknown[] | undefined,
  path: Path,
): ReadEndpoints {
  let hasAllAddresses = documents !== undefined;
  const endpoints = (documents ?? []).map((document, index) => {
    const read = readEndpoint(context, document, context.collector.within(path, index));
    hasAllAddresses &&= read.hasAllAddresses;
    return read.endpoint;
  });
  return { endpoints, hasAllAddresses };
}

/** A name that stands twice would make its id stand twice too: that is no other problem. */
function readId(
  document: unknown,
  fields: OwnFields,
  { customer, name }: { customer: string | undefined; name: string | undefined },
): string | undefined {
  if (fields.id !== undefined) return parseRoutingDomainId(fields.id);
  const isLeftOut = (document as { id?: unknown } | null)?.id === undefined;
  return isLeftOut && customer !== undefined && name !== undefined ? derivedId(customer, name) : undefined;
}

/** By value: an IPv4 address is a number, an IPv6 address a bigint. Only routes need the set, so it is built late. */
function ownerTest({ endpoints, hasAllAddresses }: ReadEndpoints): (address: IpAddress) => boolean {
  let known: Set<number | bigint> | undefined;
  return (address) => {
    if (!hasAllAddresses) return true;
    known ??= new Set(
      endpoints.flatMap(({ addresses }) =>
        addresses
          .map(({ customer }) => customer)
          .filter((own) => !isLinkLocal(own))
          .map(({ value }) => value),
      ),
    );
    return known.has(address.value);
  };
}
