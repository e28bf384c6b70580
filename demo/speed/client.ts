/** One measurement after the other, in a worker of its own each. */

import type { Report, Result, Sample, Task } from './messages.ts';

export function run(task: Task, onSample: (sample: Sample) => void, signal: AbortSignal): Promise<Result> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Result>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')));
    worker.onerror = (event) => reject(new Error(event.message || 'the worker failed'));
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      if ('sample' in data) onSample(data.sample);
      else if ('result' in data) resolve(data.result);
      else reject(new Error(data.failure));
    };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

/** What can be compared: operations, sizes of tables, batches, threads. */
export function everything(chosen: Task, mostWorkers: number): Task[] {
  const tasks = [
    ...(['egress', 'ingress', 'rewrite'] as const).map((operation) => ({ ...chosen, operation, workers: 1 })),
    ...[128, 1024, 16_384].map((endpoints) => ({ ...chosen, endpoints, workers: 1 })),
    ...[1, 32, 256].map((batch) => ({ ...chosen, batch, workers: 1 })),
    ...Array.from({ length: mostWorkers }, (_, index) => ({ ...chosen, workers: index + 1 })),
  ];
  const keys = tasks.map((task) => JSON.stringify(task));
  return tasks.filter((_, index) => keys.indexOf(keys[index]!) === index);
}
