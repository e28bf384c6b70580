/** V5, T2: a port's rates hold for all workers together, whatever their clocks say. */

import { describe, expect, it } from 'vitest';
import { FORWARD, ICMP_ERROR } from '../../src/abi/verdict.ts';
import { AttachedDataplane, Dataplane } from '../../src/index.ts';
import { ethernet, ipv4, pattern, udp } from '../packets/index.ts';
import { VMS, policy } from '../rules/fabric.ts';
import { toRouter4 } from '../rules/gateway.ts';

const ports = { srcPort: 1, dstPort: 2 };
const LIMIT = 100;
const FRAMES = {
  flooded: ethernet(
    { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' },
    ipv4({ src: VMS.a.ipv4, dst: '255.255.255.255' }, udp(ports, pattern(10))),
  ),
  answered: toRouter4('a', VMS.st.ipv4, udp(ports, pattern(10)), { ttl: 1 }),
};

async function workers() {
  const dataplane = await Dataplane.create({
    policy: policy({ floodLimit: LIMIT, icmpLimit: LIMIT }),
    host: 'h1',
    build: 'threads',
    workers: 3,
  });
  const others = [1, 2].map((worker) => AttachedDataplane.attach(dataplane.attachment(worker)));
  return { dataplane, all: [dataplane, ...others] };
}

type Worker = Dataplane | AttachedDataplane;

/** Whether the frame was flooded, or its sender told. */
function passes(worker: Worker, port: number, kind: keyof typeof FRAMES, now: number): boolean {
  worker.batch.push(FRAMES[kind], port);
  worker.process(now);
  const wanted = kind === 'flooded' ? FORWARD : ICMP_ERROR;
  return [...worker.batch.outputs()].some(({ verdict }) => verdict === wanted);
}

describe.each(['flooded', 'answered'] as const)('%s', (kind) => {
  it('in turns by workers whose batches began at different times', async () => {
    const { dataplane, all } = await workers();
    const port = dataplane.port('a');
    let passed = 0;
    // Their clocks are 20 ms apart and stand still: nothing is refilled.
    for (let turn = 0; turn < 2000; turn++)
      if (passes(all[turn % 3]!, port, kind, 10_000 + (turn % 3) * 20)) passed++;
    expect(passed).toBeGreaterThanOrEqual(LIMIT);
    expect(passed).toBeLessThanOrEqual(LIMIT + 0.04 * LIMIT);
  });

  it('a worker whose clock is late is not shut out', async () => {
    const { dataplane, all } = await workers();
    const port = dataplane.port('a');
    let [early, late] = [0, 0];
    for (let turn = 0; turn < 4000; turn++) {
      const now = 100_000 + turn;
      if (passes(all[1]!, port, kind, now)) early++;
      if (passes(all[2]!, port, kind, now - 50_000)) late++;
    }
    expect(early + late).toBeGreaterThanOrEqual(LIMIT * 5 - 2);
    expect(early + late).toBeLessThanOrEqual(LIMIT * 5);
    // What was there in the beginning they took in turns; what came later took who came first.
    expect(late).toBeGreaterThanOrEqual(LIMIT / 2 - 2);
  });

  it('the clock of whoever is late tells nothing to the others', async () => {
    const { dataplane, all } = await workers();
    const port = dataplane.port('a');
    while (passes(all[1]!, port, kind, 100_000));
    expect(passes(all[2]!, port, kind, 50_000)).toBe(false);
    expect(passes(all[1]!, port, kind, 100_000)).toBe(false);
    expect(passes(all[2]!, port, kind, 50_000)).toBe(false);
    // A second later by the clock that is ahead.
    expect(passes(all[1]!, port, kind, 101_000)).toBe(true);
    expect(passes(all[2]!, port, kind, 50_000)).toBe(true);
  });
});
