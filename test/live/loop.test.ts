/** The loop of an I/O thread, with sources and a kernel that a test plays. */

import { expect, it } from 'vitest';
import { AREA_SIZE } from '../../src/abi/live.ts';
import type { Receiver, ThreadContext } from '../../src/live/channel.ts';
import { COUNTS_SIZE, countsOf } from '../../src/live/counts.ts';
import { Loop } from '../../src/live/loop.ts';

const memory = { buffer: new SharedArrayBuffer(2 * AREA_SIZE) };
const context = {
  instance: { memory, process: () => 0 },
  calls: { inputBytes: () => 0 },
  system: { prctl: () => 0, poll: () => 0 },
  base: 0,
  area: 0,
} as unknown as ThreadContext;

/** A source that describes one batch after the other, of what it fetched at once. */
function source(name: string, batches: number, told: string[]): Receiver {
  let left = batches;
  return {
    fd: 1,
    isRing: false,
    get isPending() {
      return left > 0 && left < batches;
    },
    receive: () => {
      if (left === 0) return 0;
      left--;
      told.push(name);
      return 1;
    },
    release: () => undefined,
  };
}

it('what one source has fetched is processed as its own before another one uses the buffers', () => {
  const told: string[] = [];
  const poll = { address: AREA_SIZE, size: Loop.pollSize(4) };
  const loop = new Loop(context, countsOf(new SharedArrayBuffer(COUNTS_SIZE)), poll, 0);
  loop.setPorts(
    [
      { receiver: source('a', 3, told), lane: 1 },
      { receiver: source('b', 2, told), lane: 2 },
    ],
    [],
  );
  loop.turn();
  expect(told).toEqual(['a', 'a', 'a', 'b', 'b']);
});
