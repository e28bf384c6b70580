/** The hosts that packets are sent between: all of them, where making their dataplanes does not take minutes. */

import type { Endpoint, Host } from '../policy/model.ts';
import type { Fabric } from './fabric.ts';
import type { HostRecords } from './host-check.ts';

/** Records in all dataplanes together; a dataplane with a million of them takes seconds to make. */
export const DEFAULT_RECORDS = 5_000_000;

export interface Part {
  readonly hosts: readonly Host[];
  readonly has: (endpoint: Endpoint) => boolean;
}

/** Hosts spread over the policy whose dataplanes have `limit` records at most; two at least. */
export function partOf({ policy }: Fabric, rows: readonly HostRecords[], limit: number): Part {
  const recordsOn = new Map(rows.map((row) => [row.host, recordsOf(row)]));
  const total = rows.reduce((all, row) => all + recordsOf(row), 0);
  const hosts: Host[] = [];
  // The part of the records that may be there so far, and what is there.
  let allowed = 0;
  let taken = 0;
  for (const host of policy.hosts) {
    const records = recordsOn.get(host.name) ?? 0;
    allowed += total <= limit ? records : (records * limit) / total;
    if (taken + records > allowed && hosts.length >= 2) continue;
    taken += records;
    hosts.push(host);
  }
  const indexes = new Set(hosts.map(({ index }) => index));
  return { hosts, has: ({ host }) => indexes.has(host) };
}

function recordsOf({ macs, addresses, rewrite, gateways, members, routes }: HostRecords): number {
  return macs + addresses + rewrite + gateways + members + routes;
}
