/** A process of its own that measures a group, pinned to one core: V8 has compiled nothing for other tables, and the memory is empty. */

import { threadClock } from './clock.ts';
import { DifferenceError } from './identity.ts';
import { type Group, measureGroup } from './measure.ts';
import { pinToOneCore } from './pin.ts';
import type { Row } from './rows.ts';

/** What the platform allowed. */
export interface Conditions {
  /** One core had the thread. */
  readonly isPinned: boolean;
  /** Times are the thread's own, else they are the clock's. */
  readonly isThreadTime: boolean;
}

export interface GroupResult {
  readonly rows?: readonly Row[];
  /** What differs between rivals. */
  readonly difference?: string;
  /** Anything else that went wrong, with its stack. */
  readonly failure?: string;
  readonly conditions?: Conditions;
}

// Whoever wanted to know is gone.
process.once('disconnect', () => {
  process.exit();
});
process.once('message', (group: Group) => {
  void measure(group).then((result) => {
    process.send!(result, () => {
      process.disconnect();
    });
  });
});

async function measure(group: Group): Promise<GroupResult> {
  const conditions = { isPinned: pinToOneCore() !== undefined, isThreadTime: threadClock() !== undefined };
  try {
    return { rows: await measureGroup(group), conditions };
  } catch (error) {
    if (error instanceof DifferenceError) return { difference: error.message };
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
