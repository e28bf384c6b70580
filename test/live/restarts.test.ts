import { expect, it } from 'vitest';
import { Restarts } from '../../src/live/restarts.ts';

it('the next thread begins at once, then later and later, then never', () => {
  const restarts = new Restarts();
  expect([1, 2, 3, 4, 5, 6, 7].map(() => restarts.afterDeath(50))).toEqual([
    0,
    100,
    200,
    400,
    800,
    undefined,
    undefined,
  ]);
});

it('who lived long died of something else', () => {
  const restarts = new Restarts();
  for (let death = 0; death < 4; death++) restarts.afterDeath(9_999);
  expect(restarts.afterDeath(10_000)).toBe(0);
  expect(restarts.afterDeath(0)).toBe(100);
});
