// Decisions for `explain`. In the two builds that carry traffic `trace` is empty and disappears.

import { TRACE_CAPACITY, TRACE_HEADER, TRACE_SIZE } from '../src/abi/layout';
import { traces } from './memory';

/** Notes a decision and its two values, see `src/abi/trace.ts`. Only the trace build keeps it. */
export function trace(event: u32, a: u64 = 0, b: u64 = 0): void {
  if (isDefined(NETVIRT_TRACE)) {
    const count = load<u32>(traces);
    if (count == TRACE_CAPACITY) return;
    const record = traces + TRACE_HEADER + <usize>count * TRACE_SIZE;
    store<u32>(record, event);
    store<u64>(record, a, 8);
    store<u64>(record, b, 16);
    store<u32>(traces, count + 1);
  }
}
