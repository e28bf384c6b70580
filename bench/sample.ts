/** How rivals are measured: pass by pass in turn, so that what else the machine does meets all of them. */

import { Bench } from 'tinybench';
import { threadClock } from './clock.ts';
import { SLOTS, type Timed } from './rivals.ts';

/**
 * One tinybench run of one iteration per pass, so that the rivals take turns.
 * @param passes that count.
 * @param warmUp passes before those.
 * @returns nanoseconds per packet for each rival, ascending.
 */
export function sample(rivals: readonly Timed[], batch: number, passes: number, warmUp: number): number[][] {
  const samples = rivals.map(() => [] as number[]);
  const now = threadClock() ?? performance.now.bind(performance);
  for (let pass = 0; pass < passes + warmUp; pass++) {
    const bench = new Bench({ now, iterations: 1, time: 0, warmup: false, retainSamples: true });
    for (const [index, rival] of rivals.entries()) {
      const beforeEach = () => {
        rival.refresh();
      };
      bench.add(
        String(index),
        () => {
          rival.pass(batch);
        },
        { beforeEach },
      );
    }
    bench.runSync();
    if (pass < warmUp) continue;
    for (const [index, task] of bench.tasks.entries()) {
      const { result } = task;
      if (result.state !== 'completed')
        throw result.state === 'errored' ? result.error : new Error(result.state);
      samples[index]!.push((result.latency.mean * 1e6) / SLOTS);
    }
  }
  return samples.map((values) => values.sort((a, b) => a - b));
}
