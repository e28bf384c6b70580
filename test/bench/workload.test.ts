/** What the benchmark sends: who talks to whom how often, and that it is the same in every run. */

import { describe, expect, it } from 'vitest';
import { fabricOf } from '../../bench/fabric.ts';
import { DESTINATIONS, OPERATIONS, generator, methodFor, workOn, zipf } from '../../bench/workload.ts';

const DRAWS = 200_000;

describe('Zipf', () => {
  it('gives the n-th rank about 1/n of what the first one gets', () => {
    const random = generator();
    const counts = new Uint32Array(1000);
    for (let draw = 0; draw < DRAWS; draw++) counts[zipf(random, counts.length)]!++;
    // The n-th of N gets ln((n + 1) / n) / ln(N + 1).
    for (const rank of [1, 2, 3, 10, 50]) {
      const share = Math.log((rank + 1) / rank) / Math.log(counts.length + 1);
      expect(counts[rank - 1]! / DRAWS).toBeGreaterThan(share * 0.9);
      expect(counts[rank - 1]! / DRAWS).toBeLessThan(share * 1.1);
    }
    expect(counts.at(-1)).toBeLessThan(DRAWS / 1000);
  });

  it('stays within the ranks', () => {
    const least = () => 0;
    const most = (below: number) => below - 1;
    for (const count of [1, 2, 62_500])
      expect([zipf(least, count), zipf(most, count)]).toEqual([0, count - 1]);
  });
});

/** How many different packets there are: addresses and MACs decide, ports differ always. */
function addressesOf(frames: readonly Uint8Array[], from: number, to: number): number {
  return new Set(frames.map((frame) => Buffer.from(frame.subarray(from, to)).toString('hex'))).size;
}

describe('frames', () => {
  const fabrics = { nvgre: fabricOf(64_000, 'nvgre'), rewrite: fabricOf(64_000, 'rewrite') };

  for (const operation of OPERATIONS) {
    it(`are the same in every run and of one length: ${operation}`, () => {
      const [one, other] = [0, 1].map(() =>
        workOn(fabrics[methodFor(operation)], operation, 'zipf', 256, 64),
      );
      expect(one!.inputs).toEqual(other!.inputs);
      expect(new Set(one!.inputs.map(({ frame }) => frame.length)).size).toBe(1);
    });
  }

  it('go to more endpoints where destinations are uniform', () => {
    const [uniform, some] = DESTINATIONS.map((destination) =>
      addressesOf(
        workOn(fabrics.nvgre, 'egress', destination, 4096, 64).inputs.map(({ frame }) => frame),
        30,
        34,
      ),
    );
    expect(uniform).toBeGreaterThan(3900);
    expect(some).toBeLessThan(uniform! * 0.8);
  });

  it('arrive from senders all over the fabric', () => {
    const { inputs, host } = workOn(fabrics.nvgre, 'ingress', 'uniform', 4096, 64);
    expect(host.index).toBe(1);
    const frames = inputs.map(({ frame }) => frame);
    // The outer source is a host's, the inner one its VM's.
    expect(addressesOf(frames, 26, 30)).toBeGreaterThan(50);
    expect(addressesOf(frames, 42 + 26, 42 + 30)).toBeGreaterThan(3900);
  });
});
