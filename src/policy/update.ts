/** Changes of the fabric in the tables of one host. It knows the routing domains that have an endpoint on it, and no others. */

import type { Plan } from './compile.ts';
import type { Effect } from './delta.ts';
import type { DomainTables } from './domain-tables.ts';
import type { FabricState } from './fabric-state.ts';
import type { Host, RoutingDomain } from './model.ts';

/**
 * @param state after all of the changes.
 * @throws TablesFullError when the tables need to be larger; they are then to be built anew.
 */
export function applyEffects(plan: Plan, state: FabricState, effects: readonly Effect[]): void {
  // A domain comes and goes as a whole, in the state after the last change.
  const arriving = new Set<RoutingDomain>();
  const leaving = new Set<RoutingDomain>();
  for (const effect of effects) {
    if ('host' in effect) {
      if (effect.kind === 'host-added') plan.addHost(effect.host);
      else plan.removeHost(effect.host);
      continue;
    }
    const tables = plan.domains.get(effect.domain.id);
    if (tables === undefined) {
      if (bringsEndpoint(effect, plan.host)) arriving.add(effect.domain);
      continue;
    }
    applyToDomain(tables, effect);
    if (tables.locals === 0) leaving.add(effect.domain);
  }
  for (const { id, endpoints } of leaving) {
    if (plan.domains.get(id)!.locals === 0) plan.removeDomain(id, endpoints);
  }
  for (const domain of arriving) {
    const isKnown = domain.endpoints.some(({ host }) => host === plan.host.index);
    if (isKnown) plan.addDomain(state.customerOf(domain.id), domain, domain.endpoints);
  }
  plan.sink.writer.flush();
}

type DomainEffect = Exclude<Effect, { readonly host: Host }>;

function bringsEndpoint(effect: DomainEffect, { index }: Host): boolean {
  if (effect.kind === 'endpoint-added') return effect.endpoint.host === index;
  return effect.kind === 'endpoint-changed' && effect.after.host === index;
}

function applyToDomain(tables: DomainTables, effect: DomainEffect): void {
  switch (effect.kind) {
    case 'endpoint-added':
      tables.addEndpoint(effect.endpoint);
      break;
    case 'endpoint-removed':
      tables.removeEndpoint(effect.endpoint);
      break;
    case 'endpoint-changed':
      tables.changeEndpoint(effect.before, effect.after);
      break;
    case 'subnet-added':
      tables.addSubnet(effect.subnet);
      break;
    case 'subnet-removed':
      tables.removeSubnet(effect.subnet);
      break;
    case 'routes-changed':
      tables.setRoutes(effect.routes);
      break;
  }
}
