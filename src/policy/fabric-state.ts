/** A policy that changes: the rules of the document, change by change, at the price of the change alone. */

import type { Change, Effect } from './delta.ts';
import { addRoute, addSubnet, removeRoute, removeSubnet } from './domain-changes.ts';
import { checkHostFamilies, lacksFamily } from './endpoint-addresses.ts';
import { type ChangeOf, addEndpoint, findEndpoint, removeEndpoint, setMethod } from './endpoint-changes.ts';
import { findHost } from './endpoints.ts';
import { PolicyError, didYouMean, show } from './errors.ts';
import { addHost, removeHost } from './host-changes.ts';
import { type Applying, FabricIndex, knownHosts } from './fabric-index.ts';
import type { Endpoint, Policy } from './model.ts';
import { toProblems } from './problems.ts';
import { type Moved, Transaction } from './transaction.ts';
import { isPolicy } from './valid.ts';

export class FabricState {
  readonly #index: FabricIndex;
  #last: { readonly transaction: Transaction; readonly built: Policy | undefined } | undefined;

  /**
   * @param policy from `parsePolicy`, `validatePolicy` or another `FabricState`; it stays as it is.
   * @throws TypeError for any other object.
   */
  constructor(policy: Policy) {
    if (!isPolicy(policy)) throw new TypeError('expected a validated policy, got another object');
    this.#index = new FabricIndex(policy);
  }

  /**
   * The policy as the changes left it, built when it is asked for. A host that was removed leaves an entry in `hosts` with
   * an empty name and no addresses, since `Endpoint.host` of the others is a position; a new host never gets its index.
   */
  get policy(): Policy {
    return this.#index.policy;
  }

  /** Name of the customer that a routing domain belongs to. */
  customerOf(domain: string): string {
    return this.#index.customerOf(domain);
  }

  /**
   * Applies all changes, each judged with those before it in effect, or none.
   * @returns one effect for each change, in order.
   * @throws PolicyError with every problem, paths like `[3].endpoint.mac`; the state is as it was.
   */
  apply(changes: readonly Change[]): Effect[] {
    const { built } = this.#index;
    for (const domain of this.#last?.transaction.thinned ?? []) domain.compact();
    this.#last = undefined;
    const transaction = new Transaction(this.#moveBack);
    const applying: Applying = { index: this.#index, transaction };
    const effects: Effect[] = [];
    for (let position = 0; position < changes.length; position++) {
      const change = changes[position]!;
      const effect = isMove(change)
        ? this.#move(change, position, applying)
        : applyChange(applying, change, position);
      if (effect !== undefined) effects.push(effect);
    }
    const { found } = transaction.collector;
    if (found.length > 0) {
      transaction.undoTo(0);
      this.#index.built = built;
      throw new PolicyError(toProblems(found, 'delta', undefined));
    }
    this.#last = { transaction, built };
    return effects;
  }

  /** Takes back the last list of changes that was applied, once. */
  takeBack(): void {
    if (this.#last === undefined) return;
    this.#last.transaction.undoTo(0);
    this.#index.built = this.#last.built;
    this.#last = undefined;
  }

  /** Apart from the other changes, because VMs move by the thousand: Map lookups, one endpoint and one effect. */
  #move(change: ChangeOf<'move-endpoint'>, position: number, applying: Applying): Effect | undefined {
    const index = this.#index;
    checkKeys(applying, change, position);
    const slot = index.endpoints.get(change.name);
    const host = index.hostsByName.get(change.host);
    if (slot?.endpoint === undefined || host === undefined) {
      refuseMove(applying, change, position);
      return undefined;
    }
    const { domain, endpoint: before } = slot;
    const { addresses } = before;
    if (before.method === 'rewrite' && (lacksFamily(host, addresses, 4) || lacksFamily(host, addresses, 6))) {
      checkHostFamilies(applying.transaction.collector, host, addresses, [position, 'host']);
      return undefined;
    }
    const after = withHost(before, host.index);
    if (before.host !== after.host) {
      domain.reach.add(after);
      domain.reach.remove(before);
      if (!domain.reach.isWhole) {
        for (const fault of domain.reach.faults(after))
          applying.transaction.collector.add([position, 'host'], fault);
        domain.reach.add(before);
        domain.reach.remove(after);
        return undefined;
      }
      index.hosts[before.host]!.endpoints--;
      index.hosts[after.host]!.endpoints++;
    }
    slot.endpoint = after;
    domain.touch();
    index.touch();
    const effect: Moved = { kind: 'endpoint-changed', domain, before, after };
    applying.transaction.onUndo(effect);
    return effect;
  }

  readonly #moveBack = ({ before, after }: Moved): void => {
    const index = this.#index;
    const slot = index.endpoints.get(before.name)!;
    const { domain } = slot;
    if (before.host !== after.host) {
      domain.reach.add(before);
      domain.reach.remove(after);
      index.hosts[after.host]!.endpoints--;
      index.hosts[before.host]!.endpoints++;
    }
    slot.endpoint = before;
    domain.touch();
  };
}

/** Whatever a program without types passes. */
function isMove(change: Change | null | undefined): change is ChangeOf<'move-endpoint'> {
  return change?.op === 'move-endpoint';
}

/** Field by field: a copy by spread takes several times as long. */
function withHost(endpoint: Endpoint, host: number): Endpoint {
  return {
    name: endpoint.name,
    vsid: endpoint.vsid,
    mac: endpoint.mac,
    addresses: endpoint.addresses,
    host,
    method: endpoint.method,
    forwarding: endpoint.forwarding,
    useVmMac: endpoint.useVmMac,
    vlans: endpoint.vlans,
  };
}

function refuseMove(applying: Applying, change: ChangeOf<'move-endpoint'>, position: number): void {
  const { collector } = applying.transaction;
  findEndpoint(applying, change.name, [position, 'name']);
  findHost({ collector, hosts: knownHosts(applying) }, change.host, [position, 'host']);
}

/** The keys that each has. */
const KEYS: Readonly<Record<Change['op'], readonly string[]>> = {
  'add-endpoint': ['op', 'domain', 'endpoint'],
  'remove-endpoint': ['op', 'name'],
  'move-endpoint': ['op', 'name', 'host'],
  'set-method': ['op', 'name', 'method', 'providerAddresses', 'useVmMac'],
  'add-subnet': ['op', 'domain', 'subnet'],
  'remove-subnet': ['op', 'vsid'],
  'add-route': ['op', 'domain', 'route'],
  'remove-route': ['op', 'domain', 'to', 'metric'],
  'add-host': ['op', 'host'],
  'remove-host': ['op', 'name'],
};
const OPERATIONS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(KEYS));

/** An unknown key may be meant for one that is missing, or for one that would change what happens. */
function checkKeys({ transaction }: Applying, change: Change, position: number): void {
  const known = OPERATIONS.get(change.op) ?? [];
  for (const key in change) {
    if (!known.includes(key))
      transaction.collector.add([position, key], `unknown key "${key}"${didYouMean(key, known)}`);
  }
}

function applyChange(applying: Applying, change: Change, position: number): Effect | undefined {
  const { collector } = applying.transaction;
  const at = [position];
  // Whatever a program without types passes.
  if (typeof change !== 'object' || (change as Change | null) === null) {
    collector.add(at, `expected a change, got ${show(change)}`);
    return undefined;
  }
  if (OPERATIONS.has(change.op)) checkKeys(applying, change, position);
  switch (change.op) {
    case 'add-endpoint':
      return addEndpoint(applying, change, at);
    case 'remove-endpoint':
      return removeEndpoint(applying, change, at);
    case 'set-method':
      return setMethod(applying, change, at);
    case 'add-subnet':
      return addSubnet(applying, change, at);
    case 'remove-subnet':
      return removeSubnet(applying, change, at);
    case 'add-route':
      return addRoute(applying, change, at);
    case 'remove-route':
      return removeRoute(applying, change, at);
    case 'add-host':
      return addHost(applying, change, at);
    case 'remove-host':
      return removeHost(applying, change, at);
    default: {
      const { op } = change as { op?: unknown };
      const names = [...OPERATIONS.keys()];
      collector.add(
        [position, 'op'],
        `expected one of ${names.join(', ')}, got ${show(op)}${typeof op === 'string' ? didYouMean(op, names) : ''}`,
      );
      return undefined;
    }
  }
}
