/** Workers that die under load: what was lost is told, everything else comes out, and tables and counters stay. */

import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { DROP_NO_RECORD } from '../../src/abi/verdict.ts';
import { type Counters, WorkerPool } from '../../src/index.ts';
import { policy } from '../rules/fabric.ts';
import { type Lab, createLab, flowFrame, generator, reordered } from './flows.ts';

let lab: Lab;
afterEach(() => lab.pool.close());

const total = ({ forwarded, punted, replies, drops }: Counters) =>
  Object.values(drops).reduce((sum, count) => sum + count, forwarded + punted + replies);

/** Every push came out, was dropped, or was reported as lost; the counters say the same. */
function expectAllAccounted(): void {
  const { pool, outputs, drops, crashes } = lab;
  const fates = [...outputs, ...drops].map(({ input }) => input);
  const lost = crashes.flatMap((crash) => crash.lost);
  expect(pool.lost).toBe(lost.length);
  expect([...fates, ...lost].sort((a, b) => a - b)).toEqual(
    Array.from({ length: pool.pushes }, (_, index) => index),
  );
  const counted = crashes.reduce((sum, crash) => sum + crash.counted, 0);
  expect(total(pool.dataplane.counters())).toBe(fates.length + counted);
  for (const crash of crashes) expect(crash.counted).toBeLessThanOrEqual(crash.lost.length);
  const perWorker = [0, 1, 2, 3]
    .slice(0, pool.workers + 1)
    .map((worker) => total(pool.dataplane.counters(worker)));
  expect(perWorker.reduce((sum, count) => sum + count, 0)).toBe(total(pool.dataplane.counters()));
}

/** A thread whose clock, which is read once for a batch, throws the n-th time. */
function throwing(after: number): Worker {
  const worker = new URL('../../dist/worker.js', import.meta.url).href;
  const code = `
    const now = performance.now.bind(performance);
    let calls = 0;
    performance.now = () => {
      if (++calls > ${after}) throw new Error('on purpose');
      return now();
    };
    import(${JSON.stringify(worker)});`;
  return new Worker(code, { eval: true });
}

describe('a worker that dies', () => {
  it('is replaced in the middle of load, and everything is accounted for', async () => {
    lab = await createLab({ workers: 3, capacity: { slots: 256 } });
    const random = generator();
    const FLOWS = 60;
    const sequences = new Uint32Array(FLOWS);
    for (let count = 0; count < 24_000; count++) {
      const flow = random(FLOWS);
      await lab.send(flowFrame(flow, sequences[flow]!++, 8 + random(300)));
      if (count % 3000 === 1500) {
        // The threads of the moment are among the last; one that has ended already does not mind.
        void lab.threads[lab.threads.length - 1 - random(3)]!.terminate();
      }
      if (count === 12_000) lab.pool.dataplane.apply({ op: 'move-endpoint', name: 'b', host: 'h3' });
    }
    await lab.pool.drained();
    expect(lab.crashes.length).toBeGreaterThan(3);
    for (const { error, worker } of lab.crashes) {
      expect(error.message).toContain('the thread was ended, exit code 1');
      expect([1, 2, 3]).toContain(worker);
    }
    expect(reordered(lab.outputs)).toBe(0);
    expectAllAccounted();
    // At most a batch each.
    for (const { lost } of lab.crashes) expect(lost.length).toBeLessThanOrEqual(64);
  });

  it('loses the batch that it was at and no other, and flows of other workers do not notice', async () => {
    let started = 0;
    lab = await createLab({
      workers: 2,
      batch: 8,
      // The first one throws at its 21st batch; the successor works.
      createWorker: () =>
        ++started === 1 ? throwing(20) : new Worker(new URL('../../dist/worker.js', import.meta.url)),
    });
    for (let count = 0; count < 4000; count++) await lab.send(flowFrame(count % 40, count, 20));
    await lab.pool.drained();
    const [crash] = lab.crashes;
    expect(lab.crashes).toHaveLength(1);
    expect(crash).toMatchObject({ worker: 1, error: new Error('on purpose'), counted: 0 });
    expect(crash!.lost.length).toBeGreaterThan(0);
    expect(crash!.lost.length).toBeLessThanOrEqual(8);
    const before = lab.outputs.filter(({ worker, input }) => worker === 1 && input < crash!.lost[0]!);
    expect(before.length).toBeGreaterThan(19);
    expect(reordered(lab.outputs)).toBe(0);
    expectAllAccounted();
    expect(started).toBe(3);
  });

  it('holds back no change: the room that it could see is used again', async () => {
    lab = await createLab({ workers: 2 });
    const { dataplane } = lab.pool;
    for (let count = 0; count < 2000; count++) {
      lab.trySend(flowFrame(count, count, 20));
      if (count === 1000) await Promise.all(lab.threads.map((thread) => thread.terminate()));
    }
    await lab.pool.drained();
    dataplane.load(policy());
    const size = dataplane.memorySize;
    for (let count = 0; count < 30; count++) dataplane.load(policy());
    expect(dataplane.memorySize).toBeLessThan(size + 2 ** 20);
    // The tables are there, and change for the successors too.
    dataplane.apply({ op: 'remove-endpoint', name: 'a2' });
    await lab.send(flowFrame(4, 0, 20));
    await lab.pool.drained();
    expect(lab.drops.map(({ verdict }) => verdict)).toEqual([DROP_NO_RECORD]);
    expectAllAccounted();
  });

  it('is started again and again where it cannot be; its frames wait', async () => {
    let started = 0;
    lab = await createLab({
      workers: 1,
      createWorker: () => {
        started++;
        if (started === 2) return new Worker('throw new Error("no start")', { eval: true });
        return started === 1 ? throwing(3) : new Worker(new URL('../../dist/worker.js', import.meta.url));
      },
    });
    for (let count = 0; count < 500; count++) {
      await lab.send(flowFrame(0, count, 20));
      if (count % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await lab.pool.drained();
    expect(lab.crashes.map(({ error }) => error.message)).toEqual(['on purpose', 'no start']);
    expectAllAccounted();
  });

  it('does not keep close from ending, even where no successor can be started', async () => {
    let started = 0;
    lab = await createLab({
      workers: 1,
      createWorker: () =>
        ++started === 1 ? throwing(0) : new Worker('throw new Error("no start")', { eval: true }),
    });
    for (let count = 0; count < 200; count++) await lab.send(flowFrame(0, count, 20));
    await lab.pool.close();
    expect(lab.pool.lost).toBe(200);
    expect(lab.outputs).toEqual([]);
    expectAllAccounted();
  });
});

it('a pool whose threads do not start is none', async () => {
  const create = WorkerPool.create({
    policy: policy(),
    host: 'h1',
    workers: 2,
    onOutput: () => undefined,
    createWorker: () => new Worker('throw new Error("no start")', { eval: true }),
  });
  await expect(create).rejects.toThrow('no start');
});
