/** Changes of hosts. */

import { formatIp } from './addresses.ts';
import type { Effect } from './delta.ts';
import { type ChangeOf, claimProviderFor } from './endpoint-changes.ts';
import { findHost } from './endpoints.ts';
import { type Path, show } from './errors.ts';
import { type Applying, knownHosts, tombstone } from './fabric-index.ts';
import { readHost } from './hosts.ts';
import type { Owner } from './transaction.ts';

export function addHost(
  applying: Applying,
  { host: document }: ChangeOf<'add-host'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector, failed } = transaction;
  const before = collector.found.length;
  const written = (document as { name?: unknown } | null | undefined)?.name;
  const owner: Owner = { title: `host ${show(written)}` };
  const claimProvider = claimProviderFor(applying, owner);
  const { host } = readHost(
    {
      collector,
      names: transaction.registry(index.hostNames, owner),
      macs: transaction.registry(index.hostMacs, owner),
      claimProvider,
      isLearnable: false,
      claimGateway: (address, path) => {
        const had = index.providers.get(address.value);
        if (had !== undefined) {
          transaction.refuse(had, path, `provider address ${formatIp(address)}`);
          return;
        }
        index.countGateway(address.value, 1);
        transaction.onUndo(() => {
          index.countGateway(address.value, -1);
        });
      },
    },
    document,
    index.hosts.length,
    [...at, 'host'],
  );
  if (collector.found.length > before) {
    failed.add(`host ${typeof written === 'string' ? written : ''}`);
    return undefined;
  }
  index.hosts.push(index.hostState(host));
  index.hostsByName.set(host.name, host);
  transaction.onUndo(() => {
    index.hosts.pop();
    index.hostsByName.delete(host.name);
  });
  index.touch();
  return { kind: 'host-added', host };
}

export function removeHost(
  applying: Applying,
  { name }: ChangeOf<'remove-host'>,
  at: Path,
): Effect | undefined {
  const { index, transaction } = applying;
  const { collector } = transaction;
  const path = [...at, 'name'];
  const host = findHost({ collector, hosts: knownHosts(applying) }, name, path);
  if (host === undefined) return undefined;
  const state = index.hosts[host.index]!;
  if (state.endpoints > 0) {
    collector.add(path, `expected a host without endpoints, got "${name}" with ${state.endpoints}`);
    return undefined;
  }
  if (index.hostsByName.size === 1) {
    collector.add(path, `expected one of several hosts, got "${name}", the last`);
    return undefined;
  }
  index.releaseHost(state);
  index.hostsByName.delete(name);
  index.hosts[host.index] = index.hostState(tombstone(host.index));
  transaction.onUndo(() => {
    index.claimHost(state);
    index.hostsByName.set(name, host);
    index.hosts[host.index] = state;
  });
  index.touch();
  return { kind: 'host-removed', host };
}
