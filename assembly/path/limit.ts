// Rate limits per port: token buckets that are one second deep (V5, T2). Workers that share a port take no lock: of tokens that two of
// them take in the same nanoseconds one may not be missed, so that a limit is exact for one worker and nearly so for several.

import { HOST_FLOOD_LIMIT, HOST_ICMP_LIMIT, generation } from '../memory';
import { Port } from '../tables/ports';
import { now } from './emit';

/** One more frame may be flooded. */
export function mayFlood(port: Port): bool {
  return take(
    changetype<usize>(port) + offsetof<Port>('floodTokens'),
    load<f64>(generation, HOST_FLOOD_LIMIT),
  );
}

/** One more ICMP error may be sent. */
export function maySendError(port: Port): bool {
  return take(
    changetype<usize>(port) + offsetof<Port>('errorTokens'),
    load<f64>(generation, HOST_ICMP_LIMIT),
  );
}

/** `bucket`: the tokens and the time of the last look, two f64. `limit`: tokens per second, and at most. */
function take(bucket: usize, limit: f64): bool {
  const elapsed = max<f64>(now - load<f64>(bucket, 8), 0);
  const tokens = min<f64>(load<f64>(bucket) + (elapsed * limit) / 1000, limit);
  const isEnough = tokens >= 1;
  store<f64>(bucket, isEnough ? tokens - 1 : tokens);
  store<f64>(bucket, now, 8);
  return isEnough;
}
