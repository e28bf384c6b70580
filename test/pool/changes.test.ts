/** The policy changes while a pool runs, and grows out of its tables. */

import { afterEach, expect, it } from 'vitest';
import type { Change } from '../../src/index.ts';
import { BLUE, policy } from '../rules/fabric.ts';
import { type Lab, createLab, flowFrame, reordered } from './flows.ts';

const DOMAIN = '00000000-0000-4000-8000-000000000001';
const FRAMES = 12_000;

let lab: Lab;
afterEach(() => lab.pool.close());

const pair = (value: number) => value.toString(16).padStart(2, '0');

function endpoint(number: number) {
  return {
    name: `many${number}`,
    vsid: BLUE,
    mac: `02:15:5d:78:${pair(number >> 8)}:${pair(number & 255)}`,
    addresses: [`fd00::7800:${number.toString(16)}`],
    host: 'h2',
  };
}

function larger(count: number): object {
  const document = policy() as { customers: { routingDomains: { endpoints: object[] }[] }[] };
  document.customers[0]!.routingDomains[0]!.endpoints.push(
    ...Array.from({ length: count }, (_, number) => endpoint(number)),
  );
  return document;
}

/** Sends, and changes something 40 times meanwhile. */
async function sendWhile(change: (round: number) => void): Promise<void> {
  for (let count = 0; count < FRAMES; count++) {
    await lab.send(flowFrame(count % 97, count, 40));
    if (count % (FRAMES / 40) === 50) change(Math.floor(count / (FRAMES / 40)));
  }
  await lab.pool.drained();
}

function expectAllForwarded(): void {
  expect(lab.drops).toEqual([]);
  expect(lab.outputs).toHaveLength(FRAMES);
  expect(reordered(lab.outputs)).toBe(0);
  const { dataplane } = lab.pool;
  expect(dataplane.counters().forwarded).toBe(FRAMES);
  const each = [0, 1, 2, 3].map((worker) => dataplane.counters(worker).forwarded);
  expect(each).toEqual(
    [0, 1, 2, 3].map((worker) => lab.outputs.filter((one) => one.worker === worker).length),
  );
}

it('apply and the growth of tables lose no frame and no count', async () => {
  lab = await createLab({ workers: 3, capacity: { slots: 128 } });
  const { dataplane } = lab.pool;
  const size = dataplane.memorySize;
  await sendWhile((round) => {
    const changes = Array.from({ length: 50 }, (_, index): Change => {
      return { op: 'add-endpoint', domain: DOMAIN, endpoint: endpoint(round * 50 + index) };
    });
    dataplane.apply(changes);
  });
  expectAllForwarded();
  expect(dataplane.memorySize).toBeGreaterThan(size);
  expect(dataplane.policy.customers[0]!.routingDomains[0]!.endpoints.length).toBeGreaterThan(2000);
});

it('loads of larger and smaller policies lose no frame and no count', async () => {
  lab = await createLab({ workers: 3, capacity: { slots: 128 } });
  const { dataplane } = lab.pool;
  await sendWhile((round) => {
    dataplane.load(round % 2 === 0 ? larger(100 * round) : policy());
  });
  expectAllForwarded();
  // Places of old generations are used again.
  expect(dataplane.memorySize).toBeLessThan(64 * 2 ** 20);
});

it('subnets that come and go take their counts with them', async () => {
  lab = await createLab({ workers: 3, capacity: { slots: 128 } });
  const { dataplane } = lab.pool;
  const near = { ...endpoint(1), vsid: 9001, addresses: ['10.9.0.3'], name: 'near', host: 'h1' };
  await sendWhile((round) => {
    if (round % 2 === 0) {
      const subnet = { vsid: 9001 + round, prefixes: ['10.9.0.0/24'] };
      dataplane.apply([
        { op: 'add-subnet', domain: DOMAIN, subnet },
        { op: 'add-endpoint', domain: DOMAIN, endpoint: { ...near, vsid: subnet.vsid } },
      ]);
      lab.pool.push(new Uint8Array(60), dataplane.port('near'));
    } else {
      dataplane.apply([
        { op: 'remove-endpoint', name: 'near' },
        { op: 'remove-subnet', vsid: 9000 + round },
      ]);
    }
  });
  const { drops, forwarded } = dataplane.counters();
  expect(forwarded).toBe(FRAMES);
  expect(Object.values(drops).reduce((sum, count) => sum + count, 0)).toBe(lab.drops.length);
  expect(lab.drops.length).toBeGreaterThan(10);
});
