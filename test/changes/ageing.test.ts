/** T4: a path MTU that one worker learns while another one gives back those whose time is over has its ten minutes, no more. */

import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { FORWARD } from '../../src/abi/verdict.ts';
import { Dataplane } from '../../src/index.ts';
import { pattern, udp } from '../packets/index.ts';
import { frame4 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';
import { quote4, report4 } from '../rules/pathmtu.ts';

const ROUNDS = 150;
const LIFETIME = 600_000;
const REPORT = report4(1300, quote4());
const LONG = frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(1380)), { df: true });

it(`in ${ROUNDS} races`, async () => {
  // Many next hops: to look at all of them takes as long as to learn.
  const dataplane = await Dataplane.create({
    policy: policy(),
    host: 'h1',
    build: 'threads',
    workers: 2,
    capacity: { nextHops: 60_000 },
  });
  const [words, time] = [new SharedArrayBuffer(8), new SharedArrayBuffer(8)];
  const [told, times] = [new Int32Array(words), new Float64Array(time)];
  const attachment = dataplane.attachment(1);
  const worker = new Worker(new URL('learning.mjs', import.meta.url), {
    workerData: { attachment, frame: REPORT, words, time, rounds: ROUNDS },
  });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const port = dataplane.port('a');
  const verdictAt = (now: number) => {
    dataplane.batch.push(LONG, port);
    dataplane.process(now);
    return dataplane.batch.verdictAt(0);
  };
  let now = 0;
  let kept = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    dataplane.batch.push(REPORT, 0);
    dataplane.process((now += LIFETIME));
    times[0] = now += LIFETIME;
    Atomics.store(told, 0, round);
    const wait = performance.now() + (round % 40) / 200;
    while (performance.now() < wait);
    dataplane.process(now);
    while (Atomics.load(told, 1) < round);
    if (verdictAt(now) !== FORWARD) kept++;
    expect(verdictAt((now += LIFETIME)), `round ${round}`).toBe(FORWARD);
  }
  expect(kept).toBeGreaterThan(ROUNDS / 2);
  await worker.terminate();
});
