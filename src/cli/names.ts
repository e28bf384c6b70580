/** Hosts and endpoints that the command line names: a wrong one is answered with those that there are. */

import { Dataplane } from '../engine/dataplane.ts';
import { LONGEST_FRAME, mostCopies } from '../policy/copies.ts';
import { didYouMean } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { hostOf } from '../policy/whereabouts.ts';
import { InputError } from './errors.ts';

/** Copies in one batch: with the longest frames that fit into ordinary slots, it is full before this is. */
const COPY_SLOTS = 4096;
/** A quarter of a gigabyte for the longest frames of captures, flooded; ordinary ones have their room in any case. */
const MOST_COPY_SLOTS = 1 << 17;

/**
 * The dataplane of a host.
 * @throws InputError for a host that the policy does not have.
 */
export async function createDataplane(policy: Policy, host: string): Promise<Dataplane> {
  const names = policy.hosts.map(({ name }) => name);
  const found = policy.hosts.find(({ name }) => name === host);
  if (found !== undefined) {
    const longest = Math.min(mostCopies(policy, found, LONGEST_FRAME), MOST_COPY_SLOTS);
    const copySlots = Math.max(COPY_SLOTS, mostCopies(policy, found), longest);
    return Dataplane.create({ policy, host, capacity: { copySlots } });
  }
  throw new InputError(
    `--host: expected a host of the policy (${shortList(names)}), got "${host}"${didYouMean(host, names)}`,
  );
}

/**
 * The port of an endpoint.
 * @throws InputError for one that is not on this host.
 */
export function findPort({ policy, host, ports }: Dataplane, name: string): number {
  const port = ports.find(({ endpoint }) => endpoint.name === name);
  if (port !== undefined) return port.number;
  const names = ports.map(({ endpoint }) => endpoint.name);
  const elsewhere = hostOf(policy, name);
  const hint = elsewhere === undefined ? didYouMean(name, names) : `, which is on ${elsewhere.name}`;
  const known = names.length === 0 ? 'which has none' : shortList(names);
  throw new InputError(`--port: expected an endpoint on ${host.name} (${known}), got "${name}"${hint}`);
}

const SHOWN = 5;

function shortList(names: readonly string[]): string {
  return names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', …' : '');
}
