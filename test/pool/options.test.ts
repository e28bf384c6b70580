/** What a pool refuses to be. */

import { afterEach, expect, it, vi } from 'vitest';
import { WorkerPool } from '../../src/index.ts';
import { policy } from '../rules/fabric.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const create = (options: object) =>
  WorkerPool.create({
    policy: policy(),
    host: 'h1',
    workers: 2,
    onOutput: () => undefined,
    ...options,
  });

it.each([
  [{ workers: 0 }, 'workers: expected an integer from 1 to 63, got 0'],
  [{ workers: 1e9 }, 'workers: expected an integer from 1 to 63, got 1000000000'],
  [{ workers: 1.5 }, 'workers: expected an integer from 1 to 63, got 1.5'],
  [{ workers: undefined }, 'workers: expected an integer from 1 to 63, got nothing'],
  [{ workers: '2' }, 'workers: expected an integer from 1 to 63, got "2"'],
  [{ batch: 0 }, 'batch: expected an integer from 1 to 4096, got 0'],
  [{ capacity: { slots: 0 } }, 'capacity.slots: expected an integer from 1 to 1048576, got 0'],
  [
    { capacity: { copySlots: 2 ** 20 } },
    'capacity.copySlots: expected an integer from 0 to 524288, got 1048576',
  ],
  [{ build: 'release' }, 'build: expected "threads", the one with shared memory, got "release"'],
])('refuses %o', async (options, message) => {
  await expect(create(options)).rejects.toThrow(new RangeError(message));
});

it('refuses to run without somebody who takes what leaves', async () => {
  await expect(create({ onOutput: undefined })).rejects.toThrow(
    new TypeError('onOutput: expected a function that takes what leaves, got nothing'),
  );
});

it('says what a page lacks that has no shared memory', async () => {
  vi.stubGlobal('SharedArrayBuffer', undefined);
  await expect(create({})).rejects.toThrow(/memory that can be shared.*Cross-Origin-Embedder-Policy/);
});

it('refuses what is no frame and no port', async () => {
  const pool = await create({});
  expect(() => pool.push('x' as unknown as Uint8Array, 1)).toThrow(
    new TypeError('frame: expected a Uint8Array, got string'),
  );
  expect(() => pool.push(new Uint8Array(60), -1)).toThrow(
    new RangeError('port: expected an integer from 0 to 65535, got -1'),
  );
  expect(() => pool.push(new Uint8Array(60), 1.5)).toThrow(
    new RangeError('port: expected an integer from 0 to 65535, got 1.5'),
  );
  expect(() => pool.dataplane.counters(3)).toThrow(
    new RangeError('worker: expected an integer from 0 to 2, got 3'),
  );
  expect(pool.inFlight).toBe(0);
  await pool.close();
});
