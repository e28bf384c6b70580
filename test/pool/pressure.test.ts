/** A full pool refuses, loses nothing, and stops in an orderly way. */

import { afterEach, describe, expect, it } from 'vitest';
import { ethernet, ipv4, padded, pattern, udp } from '../packets/index.ts';
import { VMS, policy } from '../rules/fabric.ts';
import { flooded } from '../rules/flooding.ts';
import { type Lab, createLab, flowFrame, markOf, reordered } from './flows.ts';
import { concat, u32 } from '../packets/bytes.ts';

let lab: Lab;
afterEach(() => lab.pool.close());

describe('back-pressure', () => {
  it('refuses a frame when the slots of its worker are taken, and takes those of other workers', async () => {
    lab = await createLab({ workers: 2, capacity: { slots: 32, largeSlots: 4 } });
    const { pool } = lab;
    const size = pool.dataplane.memorySize;
    pool.pause();
    /** How many frames of a flow are taken. */
    const fill = (flow: number) => {
      let count = 0;
      while (lab.trySend(flowFrame(flow, count, 20))) count++;
      return count;
    };
    expect(fill(0)).toBe(36);
    // The first flow that is not the full worker's.
    const taken = Array.from({ length: 30 }, (_, index) => fill(4 * (index + 1))).filter(
      (count) => count > 0,
    );
    expect(taken).toEqual([36]);
    expect(pool.inFlight).toBe(72);
    let isReady = false;
    const ready = pool.ready().then(() => (isReady = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect({ isReady, outputs: lab.outputs.length }).toEqual({ isReady: false, outputs: 0 });
    pool.resume();
    await ready;
    await pool.drained();
    expect(lab.outputs).toHaveLength(72);
    expect(reordered(lab.outputs)).toBe(0);
    expect(pool.dataplane.memorySize).toBe(size);
  });

  it('lets a producer that is faster than the consumer wait: bounded, and nothing is lost', async () => {
    let most = 0;
    const numbers: number[] = [];
    lab = await createLab({
      workers: 2,
      capacity: { slots: 16, largeSlots: 2 },
      onOutput: ({ input }) => {
        numbers.push(input);
        const until = performance.now() + 0.02;
        while (performance.now() < until);
      },
    });
    for (let count = 0; count < 10_000; count++) {
      await lab.send(flowFrame(count % 64, count, 20));
      most = Math.max(most, lab.pool.inFlight);
    }
    await lab.pool.drained();
    expect(new Set(numbers).size).toBe(10_000);
    expect(numbers).toHaveLength(10_000);
    expect(most).toBeGreaterThan(16);
    expect(most).toBeLessThanOrEqual(36);
  });

  it('keeps large frames apart, and counts those that fit nowhere', async () => {
    lab = await createLab({ workers: 1, capacity: { slots: 4, largeSlots: 1 } });
    const { frame } = flowFrame(0, 0, 20);
    for (const length of [1920, 1921, 69_504, 69_505]) {
      await lab.send({ from: 'a', frame: padded(frame, length) });
    }
    await lab.pool.drained();
    expect(lab.outputs.map(({ input }) => input)).toEqual([0, 1, 2]);
    expect(lab.pool.dataplane.counters().drops).toEqual({ DROP_FRAME_TOO_LONG: 1 });
  });

  it('keeps copies until they have been read', async () => {
    const broadcast = (number: number) =>
      ethernet(
        { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' },
        ipv4(
          { src: VMS.a.ipv4, dst: '255.255.255.255' },
          udp({ srcPort: number, dstPort: 67 }, concat(pattern(20), u32(number), u32(number))),
        ),
      );
    const each = flooded('a', broadcast(0)).outputs.length;
    const marks = new Map<number, number>();
    lab = await createLab({
      workers: 2,
      policy: policy({ floodLimit: 1_000_000 }),
      // Room for the copies of one batch, as a dataplane has it.
      batch: 8,
      capacity: { slots: 64, copySlots: 64 },
      onOutput: ({ frame, input }) => {
        expect(markOf(frame).flow).toBe(input);
        marks.set(input, (marks.get(input) ?? 0) + 1);
      },
    });
    for (let number = 0; number < 3000; number++) {
      await lab.send({ from: 'a', frame: broadcast(number) });
      if (number % 500 !== 0) continue;
      lab.pool.pause();
      setTimeout(() => {
        lab.pool.resume();
      }, 10);
    }
    await lab.pool.drained();
    expect(lab.drops).toEqual([]);
    expect(new Set(marks.values())).toEqual(new Set([each]));
    expect(marks.size).toBe(3000);
  });
});

describe('close', () => {
  it('resolves when all that was in flight came out, takes no more, and can be called again', async () => {
    lab = await createLab({ workers: 3 });
    const { pool } = lab;
    pool.pause();
    for (let count = 0; count < 600; count++) await lab.send(flowFrame(count, count, 20));
    expect(pool.inFlight).toBe(600);
    const closed = pool.close();
    expect(() => lab.trySend(flowFrame(1, 1, 20))).toThrow('push: expected a pool that is open');
    await Promise.all([closed, pool.close()]);
    expect(lab.outputs).toHaveLength(600);
    expect(pool.inFlight).toBe(0);
    expect(pool.dataplane.counters().forwarded).toBe(600);
    await pool.close();
    expect(lab.threads.every(({ threadId }) => threadId === -1)).toBe(true);
    expect(lab.crashes).toEqual([]);
  });

  it('goes on where a callback threw', async () => {
    const seen: number[] = [];
    const errors: unknown[] = [];
    const listener = (error: unknown) => errors.push(error);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', listener);
    lab = await createLab({
      workers: 1,
      onOutput: ({ input }) => {
        seen.push(input);
        if (input % 10 === 3) throw new Error(`output ${input}`);
      },
    });
    for (let count = 0; count < 50; count++) await lab.send(flowFrame(count, count, 20));
    await lab.pool.close();
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(errors.map(String)).toEqual([3, 13, 23, 33, 43].map((input) => `Error: output ${input}`));
  });
});
