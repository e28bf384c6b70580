// Rates per port (V5, T2), of all workers together, without a lock. What may be sent is counted in tokens: so many have come since time 0,
// and a port knows the last one that it has taken. It may take those that came within a second.

import { replace64, acquire64 } from '../epoch';
import { HOST_FLOOD_LIMIT, HOST_ICMP_LIMIT, LATEST, generation } from '../memory';
import { Port } from '../tables/ports';
import { now } from './emit';

/** One more frame may be flooded. */
export function mayFlood(port: Port): bool {
  return take(
    changetype<usize>(port) + offsetof<Port>('floodTaken'),
    load<f64>(generation, HOST_FLOOD_LIMIT),
  );
}

/** One more ICMP error may be sent. */
export function maySendError(port: Port): bool {
  return take(changetype<usize>(port) + offsetof<Port>('errorTaken'), load<f64>(generation, HOST_ICMP_LIMIT));
}

/** `taken`: where the last token stands that was taken. `limit`: tokens that come in a second. */
function take(taken: usize, limit: f64): bool {
  const come = <u64>((latest() * limit) / 1000);
  let last: u64;
  let next: u64;
  do {
    last = acquire64(taken);
    next = max(last, come) + 1;
    if (next > come + <u64>limit) return false;
  } while (!replace64(taken, last, next));
  return true;
}

/** The latest time that any worker has seen: a batch that began earlier, or a clock that is late, must not turn it back. */
function latest(): f64 {
  // Times are not negative, so their bits have their order; -0 is none of them.
  const mine = reinterpret<u64>(max<f64>(now, 0));
  let known: u64;
  do {
    known = acquire64(LATEST);
    if (known >= mine) return reinterpret<f64>(known);
  } while (!replace64(LATEST, known, mine));
  return now;
}
