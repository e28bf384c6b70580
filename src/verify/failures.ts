/** What did not hold, counted by check; the first of each check are kept with what shows them. */

import type { Host } from '../policy/model.ts';
import type { Trip } from './trips.ts';

export type CheckName =
  'identifiers' | 'isolation' | 'reachability' | 'traffic' | 'routed' | 'broadcast' | 'foreign';

export interface Failed {
  readonly check: CheckName;
  readonly message: string;
  /** A packet that shows it, where there is one. */
  readonly trip: Trip | undefined;
  /** Where it was seen, which a packet to many hosts does not say. */
  readonly host: Host | undefined;
}

/** A broken compiler breaks millions of records in the same way. */
const KEPT = 20;

export class Failures {
  readonly kept: Failed[] = [];
  readonly #counts = new Map<CheckName, number>();

  add(check: CheckName, message: string, trip?: () => Trip | undefined, host?: Host): void {
    const count = this.count(check) + 1;
    this.#counts.set(check, count);
    if (count <= KEPT) this.kept.push({ check, message, trip: trip?.(), host });
  }

  count(check: CheckName): number {
    return this.#counts.get(check) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((all, count) => all + count, 0);
  }
}
