/** Slots for copies and pieces (V5, T1): all that a frame needs, or none; and free again with the next batch. */

import { describe, expect, it } from 'vitest';
import {
  DROP_FLOOD_RATE,
  DROP_NO_SLOT,
  DROP_TTL_EXCEEDED,
  FORWARD,
  ICMP_ERROR,
} from '../../src/abi/verdict.ts';
import { Dataplane } from '../../src/index.ts';
import { ethernet, ipv4, pattern, udp } from '../packets/index.ts';
import { frame4 } from '../rules/case.ts';
import { VMS, policy } from '../rules/fabric.ts';
import { flooded } from '../rules/flooding.ts';
import { toRouter4 } from '../rules/gateway.ts';

const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const broadcast = ethernet(
  { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' },
  ipv4({ src: VMS.a.ipv4, dst: '255.255.255.255' }, datagram),
);
const { outputs: COPIED } = flooded('a', broadcast);
const COPIES = COPIED.length;
/** Local ports without a tag get the frame itself. */
const SLOTS = COPIED.filter(
  ({ port, frame }) => port === 'uplink' || frame.length !== broadcast.length,
).length;
const unicast = frame4('a', 'a2', datagram);
/** Seven pieces. */
const long = frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(9000)));
const PIECES = 7;

describe.each(['release', 'threads'] as const)('%s', (build) => {
  const create = (copySlots: number, provider = {}) =>
    Dataplane.create({
      policy: policy(provider),
      host: 'h1',
      build,
      capacity: { slots: 8, largeSlots: 8, copySlots },
    });

  /** What became of every frame of one batch: the verdicts of its outputs, then of its drop. */
  function run(dataplane: Dataplane, frames: readonly Uint8Array[], now = 0): number[][] {
    const { batch } = dataplane;
    for (const frame of frames) expect(batch.push(frame, dataplane.port('a'))).toBe(true);
    dataplane.process(now);
    const fates = frames.map((): number[] => []);
    for (const { input, verdict } of [...batch.outputs(), ...batch.drops()]) fates[input]!.push(verdict);
    return fates;
  }

  const forwarded = (count: number) => Array.from({ length: count }, () => FORWARD);

  it('V5: a flooded frame that needs more slots than there are is dropped as a whole', async () => {
    const dataplane = await create(SLOTS - 1);
    expect(run(dataplane, [broadcast, unicast])).toEqual([[DROP_NO_SLOT], [FORWARD]]);
  });

  it('V5: what an earlier frame of the batch took is missing, what it could not take is not', async () => {
    const dataplane = await create(SLOTS * 2 - 1);
    expect(run(dataplane, [broadcast, broadcast, unicast])).toEqual([
      forwarded(COPIES),
      [DROP_NO_SLOT],
      [FORWARD],
    ]);
  });

  it('V5: the next batch has all slots again', async () => {
    const dataplane = await create(SLOTS);
    for (let round = 0; round < 5; round++) {
      expect(run(dataplane, [broadcast]), `round ${round}`).toEqual([forwarded(COPIES)]);
    }
  });

  it('V5: copies of several frames of one batch stand side by side', async () => {
    const dataplane = await create(SLOTS * 3);
    expect(run(dataplane, [broadcast, unicast, broadcast, broadcast])).toEqual([
      forwarded(COPIES),
      [FORWARD],
      forwarded(COPIES),
      forwarded(COPIES),
    ]);
  });

  it('T1: a packet in more pieces than there are slots is dropped as a whole', async () => {
    const dataplane = await create(4);
    expect(run(dataplane, [long, unicast])).toEqual([[DROP_NO_SLOT], [FORWARD]]);
  });

  it('T1: the next batch has all slots again for pieces', async () => {
    const dataplane = await create(PIECES + 2);
    for (let round = 0; round < 5; round++) {
      expect(run(dataplane, [long, long]), `round ${round}`).toEqual([forwarded(PIECES), [DROP_NO_SLOT]]);
    }
  });

  it('T2: an error stands beside the drop of its own packet in a batch', async () => {
    const dataplane = await create(64);
    const dying = toRouter4('a', VMS.st.ipv4, datagram, { ttl: 1 });
    expect(run(dataplane, [unicast, dying, unicast, dying])).toEqual([
      [FORWARD],
      [ICMP_ERROR, DROP_TTL_EXCEEDED],
      [FORWARD],
      [ICMP_ERROR, DROP_TTL_EXCEEDED],
    ]);
  });

  it('V5: the rate is a rate: a thousand a second when a batch comes every millisecond', async () => {
    const dataplane = await create(64, { floodLimit: 1000 });
    let passed = 0;
    for (let now = 0; now < 3000; now++) {
      for (const [verdict] of run(dataplane, [broadcast, broadcast], now)) {
        if (verdict === FORWARD) passed++;
        else expect(verdict).toBe(DROP_FLOOD_RATE);
      }
    }
    // The bucket that was full, and what came in three seconds.
    expect(passed).toBeGreaterThanOrEqual(3990);
    expect(passed).toBeLessThanOrEqual(4000);
  });
});
