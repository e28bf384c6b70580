/**
 * The proof over records: for every host, the tables that it would be given are compared with what the policy means.
 * Records and not pairs are looked at, so a fabric of 30,000 endpoints takes seconds; docs/verify.md says why that is enough.
 */

import type { Fabric } from './fabric.ts';
import type { Failures } from './failures.ts';
import { HostCheck, type HostRecords } from './host-check.ts';
import { type Compile, Records, compile } from './records.ts';
import { Routing } from './routing.ts';

export interface Structure {
  readonly hosts: readonly HostRecords[];
  /** Records and ranges of routes that were looked at. */
  readonly records: number;
  /** Records that had to be there. */
  readonly required: number;
}

/** Compares the records of every host with the policy. */
export function checkStructure(fabric: Fabric, failures: Failures, from: Compile = compile): Structure {
  const { policy } = fabric;
  const shared = {
    fabric,
    failures,
    records: new Records(),
    routing: new Routing(fabric.subnets),
    seen: new Uint32Array(fabric.items.length),
  };
  const hosts: HostRecords[] = [];
  let records = 0;
  let required = 0;
  for (const host of policy.hosts) {
    try {
      const planned = shared.records.read(policy, host, from);
      const checked = new HostCheck(shared, host, planned).run();
      hosts.push(checked.row);
      records += checked.records;
      required += checked.required;
    } catch (error) {
      // A policy that the validator should have refused may have no tables at all.
      if (!(error instanceof Error)) throw error;
      failures.add('reachability', `${host.name}: its tables cannot be made: ${error.message}`);
    }
  }
  return { hosts, records, required };
}
