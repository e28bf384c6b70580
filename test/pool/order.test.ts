/** Flows: each in its order, all of them over all workers. */

import { afterEach, describe, expect, it } from 'vitest';
import { type Lab, createLab, flowFrame, generator, laterFragment, reordered } from './flows.ts';

let lab: Lab;
afterEach(() => lab.pool.close());

describe('the order of flows', () => {
  it('is kept, with packets of any size, while different flows go to different workers', async () => {
    lab = await createLab({ workers: 3, capacity: { slots: 64 } });
    const random = generator();
    const FLOWS = 120;
    const sequences = new Uint32Array(FLOWS);
    const order: number[] = [];
    for (let count = 0; count < 20_000; count++) {
      const flow = random(FLOWS);
      order.push(flow);
      await lab.send(flowFrame(flow, sequences[flow]!++, 8 + random(1300)));
    }
    await lab.pool.drained();
    expect(lab.outputs).toHaveLength(20_000);
    expect(lab.drops).toEqual([]);
    expect(reordered(lab.outputs)).toBe(0);
    for (const { input, flow } of lab.outputs) expect(order[input]).toBe(flow);
    const workerOf = new Map(lab.outputs.map(({ flow, worker }) => [flow, worker]));
    for (const { flow, worker } of lab.outputs) expect(worker, `flow ${flow}`).toBe(workerOf.get(flow));
    for (const kind of [0, 1, 2, 3]) {
      const workers = lab.outputs.filter(({ flow }) => flow % 4 === kind).map(({ worker }) => worker);
      expect(new Set(workers), `kind ${kind}`).toEqual(new Set([1, 2, 3]));
    }
    // As one flow they would not be in order: workers do not wait for each other, and this test would see it.
    expect(reordered(lab.outputs.map(({ input }) => ({ flow: 0, sequence: input })))).toBeGreaterThan(0);
  });

  it.each([
    ['from a VM', 0],
    ['in envelopes', 3],
  ])('is kept where some packets %s are fragments, which do not say which flow it is', async (_, kind) => {
    lab = await createLab({ workers: 3, capacity: { slots: 64 } });
    const FLOWS = 40;
    let sequence = 0;
    // All between the same two VMs, so a fragment may be of any of them: one order for all.
    const workers = async (count: number, fragmentAfter: number) => {
      const from = lab.outputs.length;
      for (let sent = 0; sent < count; sent++) {
        const flow = (sent % FLOWS) * 4 + kind;
        await lab.send(
          sent < fragmentAfter ? flowFrame(flow, sequence++, 40) : laterFragment(flow, sequence++),
        );
        if (sent >= fragmentAfter) fragmentAfter += 97;
      }
      await lab.pool.drained();
      return lab.outputs.slice(from).map(({ worker }) => worker);
    };
    expect(new Set(await workers(2000, 1900)).size).toBe(3);
    expect(new Set((await workers(2000, 0)).slice(1)).size).toBe(1);
    expect(lab.outputs).toHaveLength(4000);
    expect(reordered(lab.outputs)).toBe(0);
    // From the first fragment on there is one order between the two VMs.
    const since = lab.outputs.filter(({ input }) => input >= 1900);
    expect(reordered(since.map(({ input }) => ({ flow: 0, sequence: input })))).toBe(0);
  });
});
