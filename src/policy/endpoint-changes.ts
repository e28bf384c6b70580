/** Changes of endpoints but for moves: added, removed, another method. */

import { formatIp, formatPrefix } from './addresses.ts';
import type { Change, Effect } from './delta.ts';
import { type DomainState, Slot, type SubnetState } from './domain-state.ts';
import { checkHostFamilies, pairAddresses } from './endpoint-addresses.ts';
import { type EndpointContext, readEndpoint } from './endpoints.ts';
import { type Path, didYouMean, show } from './errors.ts';
import { type Applying, knownHosts } from './fabric-index.ts';
import type { ClaimProvider } from './hosts.ts';
import type { Endpoint } from './model.ts';
import { endpointSchema, setMethodSchema } from './schema.ts';
import type { Owner } from './transaction.ts';

export type ChangeOf<Op extends Change['op']> = Extract<Change, { op: Op }>;

/** Takes addresses on the physical network for `owner`. */
export function claimProviderFor({ index, transaction }: Applying, owner: Owner): ClaimProvider {
  const registry = transaction.registry(index.providers, owner);
  return (address, path) => {
    const what = () => `provider address ${formatIp(address)}`;
    if (!index.gateways.has(address.value)) return registry.claim(address.value, path, what);
    return transaction.refuse({ title: 'a host’s gateway' }, path, what());
  };
}

/** @returns undefined for one that does not exist, which is noted. */
export function findDomain(
  { index, transaction }: Applying,
  id: unknown,
  path: Path,
): DomainState | undefined {
  const domain = typeof id === 'string' ? index.domains.get(id.toLowerCase()) : undefined;
  if (domain === undefined)
    transaction.collector.add(
      path,
      `expected the id of a routing domain of the policy, got ${show(id)}${idsOf(id, index.domains)}`,
    );
  return domain;
}

/** Of the routing domains that have this name, which is unique in its customer only. */
function idsOf(name: unknown, domains: ReadonlyMap<string, DomainState>): string {
  const ids = [...domains.values()].filter((domain) => domain.name === name).map(({ id }) => `"${id}"`);
  if (ids.length === 0) return '';
  const more = ids.length > IDS_SHOWN ? ', …' : '';
  return `, a name: its id is ${ids.slice(0, IDS_SHOWN).join(' or ')}${more}`;
}

const IDS_SHOWN = 3;

/** Beyond this, looking for the name that was meant takes longer than the changes. */
const NAMES_COMPARED = 10_000;

/** @returns undefined for one that does not exist, which is noted unless it could not be added. */
export function findEndpoint(
  { index, transaction }: Applying,
  name: unknown,
  path: Path,
): (Slot & { endpoint: Endpoint }) | undefined {
  const slot = typeof name === 'string' ? index.endpoints.get(name) : undefined;
  if (slot?.endpoint !== undefined) return slot as Slot & { endpoint: Endpoint };
  if (slot !== undefined || (typeof name === 'string' && transaction.failed.has(`endpoint ${name}`)))
    return undefined;
  const isComparable = typeof name === 'string' && index.endpoints.size <= NAMES_COMPARED;
  const suggestion = isComparable ? didYouMean(name, index.endpoints.keys()) : '';
  transaction.collector.add(path, `expected an endpoint of the policy, got ${show(name)}${suggestion}`);
  return undefined;
}

export function addEndpoint(
  applying: Applying,
  { domain: id, endpoint: document }: ChangeOf<'add-endpoint'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector, failed } = transaction;
  const place = [...at, 'endpoint'];
  const written = (document as { name?: unknown } | null | undefined)?.name;
  const name = typeof written === 'string' ? written : '';
  const before = collector.found.length;
  const domain = findDomain(applying, id, [...at, 'domain']);
  let added: Effect | undefined;
  if (domain === undefined) {
    collector.read(endpointSchema, document, place);
  } else {
    const slot = new Slot(name, domain);
    const { endpoint } = readEndpoint(contextOf(applying, slot), document, place);
    if (collector.found.length === before) added = insert(applying, slot, endpoint, [...place, 'host']);
  }
  if (added === undefined) failed.add(`endpoint ${name}`);
  else index.touch();
  return added;
}

function contextOf(applying: Applying, slot: Slot): EndpointContext {
  const { index, transaction } = applying;
  const { domain } = slot;
  const { failed } = transaction;
  const subnet = (vsid: number): SubnetState => domain.byVsid.get(vsid)!;
  return {
    collector: transaction.collector,
    routerMac: index.provider.routerMac,
    hosts: knownHosts(applying),
    names: transaction.registry(index.endpoints, slot),
    subnets: { byVsid: domain.byVsid, isDoubtful: (vsid) => failed.has(`subnet ${vsid}`) },
    macsIn: (vsid) => transaction.registry(subnet(vsid).macs, slot),
    addresses: transaction.registry(domain.addresses, slot),
    linkLocalsIn: (vsid) => transaction.registry(subnet(vsid).linkLocals, slot),
    claimProvider: claimProviderFor(applying, slot),
  };
}

function insert(
  { index, transaction }: Applying,
  slot: Slot,
  endpoint: Endpoint,
  path: Path,
): Effect | undefined {
  const { domain } = slot;
  // A reference to a host or subnet that could not be added is nobody's problem, but there is no endpoint without.
  if (endpoint.host < 0 || !domain.byVsid.has(endpoint.vsid)) return undefined;
  slot.endpoint = endpoint;
  const host = index.hosts[endpoint.host]!;
  const take = () => {
    domain.remove(slot);
    slot.endpoint = undefined;
    host.endpoints--;
  };
  domain.insert(slot);
  host.endpoints++;
  if (!domain.reach.isWhole) {
    for (const fault of domain.reach.faults(endpoint)) transaction.collector.add(path, fault);
    take();
    return undefined;
  }
  transaction.onUndo(take);
  return { kind: 'endpoint-added', domain, endpoint };
}

export function removeEndpoint(
  applying: Applying,
  { name }: ChangeOf<'remove-endpoint'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const slot = findEndpoint(applying, name, [...at, 'name']);
  if (slot === undefined) return undefined;
  const { domain, endpoint } = slot;
  const needed = endpoint.addresses.find(({ customer }) => domain.vias.has(customer.value));
  if (needed !== undefined) {
    const route = domain.routes.find(({ via }) => via.value === needed.customer.value)!;
    transaction.collector.add(
      [...at, 'name'],
      `expected an endpoint that no route needs, got "${name}": ${formatPrefix(route.to)} via ${formatIp(route.via)}`,
    );
    return undefined;
  }
  const host = index.hosts[endpoint.host]!;
  index.releaseEndpoint(slot);
  domain.remove(slot);
  host.endpoints--;
  transaction.onUndo(() => {
    index.claimEndpoint(slot);
    domain.insert(slot);
    host.endpoints++;
  });
  transaction.thinned.add(domain);
  index.touch();
  return { kind: 'endpoint-removed', domain, endpoint };
}

export function setMethod(applying: Applying, change: ChangeOf<'set-method'>, at: Path): Effect | undefined {
  const { index, transaction } = applying;
  const { collector } = transaction;
  const before = collector.found.length;
  const { method, providerAddresses, useVmMac } = collector.read(setMethodSchema, change, at);
  const slot = findEndpoint(applying, change.name, [...at, 'name']);
  if (slot === undefined) return undefined;
  const { mark } = transaction;
  const { domain, endpoint: old } = slot;
  // Its own addresses are free for it.
  index.releaseProviders(slot);
  transaction.onUndo(() => {
    index.claimProviders(slot);
  });
  const addresses = pairAddresses(
    { collector, claimProvider: claimProviderFor(applying, slot) },
    { method, providers: providerAddresses },
    old.addresses.map(({ customer, vsid }) => ({ customer, vsid, provider: undefined })),
    at,
  );
  checkHostFamilies(collector, index.hosts[old.host]!.host, addresses, [...at, 'method']);
  if (collector.found.length === before) {
    const after: Endpoint = { ...old, addresses, method: method!, useVmMac: useVmMac! };
    domain.reach.add(after);
    domain.reach.remove(old);
    if (domain.reach.isWhole) {
      slot.endpoint = after;
      domain.touch();
      index.touch();
      transaction.onUndo(() => {
        domain.reach.add(old);
        domain.reach.remove(after);
        slot.endpoint = old;
        domain.touch();
      });
      return { kind: 'endpoint-changed', domain, before: old, after };
    }
    for (const fault of domain.reach.faults(after)) collector.add([...at, 'providerAddresses'], fault);
    domain.reach.add(old);
    domain.reach.remove(after);
  }
  transaction.undoTo(mark);
  return undefined;
}
