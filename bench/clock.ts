/** The processor time of a thread: what other processes take of the core that they share is not in it. */

import { loadKoffi } from './koffi.ts';

/** `time.h` of Linux. */
const CLOCK_THREAD_CPUTIME_ID = 3;

/** @returns milliseconds that the calling thread has run, or undefined where the system is not asked for them. */
export function threadClock(): (() => number) | undefined {
  const koffi = loadKoffi();
  if (process.platform !== 'linux' || koffi === undefined) return undefined;
  try {
    const clockGettime = koffi.load(null).func('clock_gettime', 'int', ['int', 'void *']);
    // Seconds and nanoseconds, 8 bytes each on 64-bit systems.
    const time = new BigInt64Array(2);
    const now = () => {
      clockGettime(CLOCK_THREAD_CPUTIME_ID, time);
      return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
    };
    return now() > 0 ? now : undefined;
  } catch {
    return undefined;
  }
}
