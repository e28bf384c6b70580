/** Several threads on one shared memory, each with its own slots: how much they process together. */

import { type Attachment, Dataplane } from 'netvirt/core';
import type { Result, Sample, Task } from './messages.ts';
import { type Input, workload } from './workload.ts';

export interface Order {
  readonly attachment: Attachment;
  readonly inputs: readonly Input[];
  readonly batch: number;
}

const WARM = 400;
const LASTS = 1200;

export async function measureSeveral(task: Task, onSample: (sample: Sample) => void): Promise<Result> {
  const { policy, host, inputs } = await workload(task.operation, task.endpoints);
  const { workers, batch } = task;
  // This thread is number 0 and processes nothing.
  const capacity = { slots: batch };
  const dataplane = await Dataplane.create({
    policy,
    host,
    capacity,
    build: 'threads',
    workers: workers + 1,
  });
  const counts = new Float64Array(workers);
  const lanes = Array.from({ length: workers }, (_, lane) => {
    const worker = new Worker(new URL('./lane.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<number>) => (counts[lane] = data);
    worker.postMessage({ attachment: dataplane.attachment(lane + 1), inputs, batch } satisfies Order);
    return worker;
  });
  const total = () => counts.reduce((all, count) => all + count, 0);
  try {
    const limit = performance.now() + 10_000;
    while (counts.some((count) => count === 0)) {
      if (performance.now() > limit) throw new Error('a worker did not start within ten seconds');
      await sleep(20);
    }
    await sleep(WARM);
    const [begun, before] = [performance.now(), total()];
    let wasm = 0;
    while (performance.now() < begun + LASTS) {
      await sleep(80);
      wasm = (total() - before) / (performance.now() - begun) / 1000;
      onSample({ wasm, plain: undefined });
    }
    return { ...task, wasm, plain: undefined };
  } finally {
    for (const lane of lanes) lane.terminate();
  }
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
