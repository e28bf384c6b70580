/** Takes the times: pass by pass in turns, so that whatever else the machine does slows both alike. */

import { plainPass, wasmPass } from './engines.ts';
import type { Result, Sample, Task } from './messages.ts';
import { workload } from './workload.ts';

/** Milliseconds before what is measured counts: compilers have to get warm. */
const WARM = 250;
const LASTS = 1200;

export async function measure(
  task: Task,
  onSample: (sample: Sample) => void,
  lasts = LASTS,
): Promise<Result> {
  const load = await workload(task.operation, task.endpoints);
  const passes = { wasm: await wasmPass(load, task.batch), plain: plainPass(load, task.batch) };
  const times = { wasm: [] as number[], plain: [] as number[] };
  const begun = performance.now();
  let shown = begun;
  for (let now = begun; now < begun + WARM + lasts; now = performance.now()) {
    for (const name of ['wasm', 'plain'] as const) {
      const start = performance.now();
      passes[name]();
      const end = performance.now();
      if (start > begun + WARM || times[name].length === 0) times[name].push(end - start);
    }
    if (now - shown < 60) continue;
    shown = now;
    onSample({ wasm: rate(load.inputs.length, times.wasm), plain: rate(load.inputs.length, times.plain) });
    // So that the message goes out.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const [wasm, plain] = [rate(load.inputs.length, times.wasm), rate(load.inputs.length, times.plain)];
  return { ...task, wasm, plain };
}

/** Million packets per second of the median pass. */
function rate(frames: number, milliseconds: readonly number[]): number {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return frames / sorted[sorted.length >> 1]! / 1000;
}
