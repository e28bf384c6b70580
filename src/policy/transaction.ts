/** One list of changes on its way into a state: what is wrong with it, and how to take it back. */

import { Collector } from './collector.ts';
import type { Effect } from './delta.ts';
import type { DomainState } from './domain-state.ts';
import type { Path } from './errors.ts';
import type { Registry } from './registry.ts';

/** Somebody who has what can exist once. */
export interface Owner {
  /** For messages, `endpoint "a"`. */
  readonly title: string;
}

/** Moves come by the thousand, and their effects say how to take them back: no closure needed. */
export type Moved = Extract<Effect, { kind: 'endpoint-changed' }>;

export class Transaction {
  readonly collector = new Collector();
  /** `endpoint NAME`, `host NAME`, `subnet VSID` of what could not be added: to refer to it is not another problem. */
  readonly failed = new Set<string>();
  /** Routing domains that lost endpoints. */
  readonly thinned = new Set<DomainState>();
  readonly #undo: ((() => void) | Moved)[] = [];
  readonly #moveBack: (moved: Moved) => void;

  constructor(moveBack: (moved: Moved) => void) {
    this.#moveBack = moveBack;
  }

  /** Notes how to take back what was just done. */
  onUndo(step: (() => void) | Moved): void {
    this.#undo.push(step);
  }

  /** For `undoTo`. */
  get mark(): number {
    return this.#undo.length;
  }

  undoTo(mark: number): void {
    while (this.#undo.length > mark) {
      const step = this.#undo.pop()!;
      if (typeof step === 'function') step();
      else this.#moveBack(step);
    }
  }

  /** A registry that lasts: what `owner` claims stays claimed, unless that is undone. */
  registry<Key, Kind extends Owner>(map: Map<Key, Kind>, owner: Kind): Registry<Key> {
    return {
      claim: (key, path, what) => {
        const had = map.get(key);
        if (had !== undefined) return this.refuse(had, path, what());
        map.set(key, owner);
        this.onUndo(() => map.delete(key));
        return true;
      },
    };
  }

  /** Notes that somebody has it already. */
  refuse({ title }: Owner, path: Path, what: string): false {
    this.collector.add(path, `expected it once, got ${what} again (${title} has it)`);
    return false;
  }
}
