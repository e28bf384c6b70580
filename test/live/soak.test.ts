/** A minute of traffic at full rate; ten minutes by `npm run soak`. */

import { expect, it } from 'vitest';
import { soak } from './soak.ts';
import { NO_IPERF, NO_NAMESPACES } from './tools.ts';

/** KiB: garbage comes and goes, a leak of a byte per packet would be more. */
const MOST_GROWTH = 24 * 1024;

it.skipIf((NO_NAMESPACES ?? NO_IPERF) !== undefined)(
  'memory stays flat',
  async () => {
    const { before, after, bitsPerSecond, frames } = await soak(60, 'packet', 'nvgre');
    console.log(
      `${Math.round(bitsPerSecond / 1e6)} Mbit/s, ${frames} frames, ${before} KiB before, ${after} KiB after`,
    );
    expect(frames).toBeGreaterThan(100_000);
    expect(after - before).toBeLessThan(MOST_GROWTH);
  },
  240_000,
);
