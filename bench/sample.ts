/** How rivals are measured: pass by pass in turn, so that what else the machine does meets all of them. */

import { Bench } from 'tinybench';
import { type Rival, SLOTS } from './rivals.ts';

/** One tinybench run of one iteration per pass, so that the rivals take turns. Returns nanoseconds per packet, sorted. */
export function sample(rivals: readonly Rival[], batch: number, passes: number): number[][] {
  const samples = rivals.map(() => [] as number[]);
  const warmUp = Math.ceil(passes / 4);
  for (let pass = 0; pass < passes + warmUp; pass++) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false, retainSamples: true });
    for (const rival of rivals) {
      bench.add(
        rival.name,
        () => {
          rival.pass(batch);
        },
        {
          beforeEach: () => {
            rival.refresh();
          },
        },
      );
    }
    bench.runSync();
    if (pass < warmUp) continue;
    for (const [index, task] of bench.tasks.entries()) {
      const { result } = task;
      if (result.state !== 'completed') throw new Error(`${task.name}: ${result.state}`);
      samples[index]!.push((result.latency.mean * 1e6) / SLOTS);
    }
  }
  return samples.map((values) => values.sort((a, b) => a - b));
}
