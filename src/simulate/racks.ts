/** Which hosts hang on one top-of-rack switch: those that reach each other without a router. */

import { contains, formatPrefix, networkOf } from '../policy/addresses.ts';
import type { Host, Prefix } from '../policy/model.ts';

export interface Rack {
  /** The first of its provider prefixes. */
  readonly name: string;
  readonly hosts: readonly Host[];
}

/** One rack per provider prefix; prefixes that lie in one another, or that one host has both, are one rack. */
export function racksOf(hosts: readonly Host[]): Rack[] {
  const prefixes = new Map<string, Prefix>();
  const groups = new Groups();
  for (const host of hosts) {
    const own = prefixesOf(host);
    for (const prefix of own) {
      prefixes.set(formatPrefix(prefix), prefix);
      groups.join(formatPrefix(own[0]!), formatPrefix(prefix));
    }
  }
  // Sorted, every prefix comes behind the ones that hold it, and the last that nobody holds is the one to ask.
  let holder: Prefix | undefined;
  for (const prefix of [...prefixes.values()].sort(byAddress)) {
    if (holder !== undefined && contains(holder, prefix.address))
      groups.join(formatPrefix(holder), formatPrefix(prefix));
    else holder = prefix;
  }
  const racks = new Map<string, { name: string; hosts: Host[] }>();
  for (const host of hosts) {
    const name = formatPrefix(prefixesOf(host)[0]!);
    const group = groups.of(name);
    const rack = racks.get(group);
    if (rack === undefined) racks.set(group, { name, hosts: [host] });
    else rack.hosts.push(host);
  }
  return [...racks.values()];
}

function prefixesOf({ ipv4, ipv6 }: Host): Prefix[] {
  return [ipv4, ipv6].flatMap((own) => (own === undefined ? [] : [networkOf(own.address, own.length)]));
}

function byAddress(a: Prefix, b: Prefix): number {
  if (a.address.family !== b.address.family) return a.address.family - b.address.family;
  if (a.address.value === b.address.value) return a.length - b.length;
  return a.address.value < b.address.value ? -1 : 1;
}

/** Names that were joined belong together (union-find). */
class Groups {
  readonly #parent = new Map<string, string>();

  of(name: string): string {
    let root = name;
    for (let parent = this.#parent.get(root); parent !== undefined; parent = this.#parent.get(root))
      root = parent;
    return root;
  }

  join(one: string, other: string): void {
    const [root, joined] = [this.of(one), this.of(other)];
    if (root !== joined) this.#parent.set(joined, root);
  }
}
