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
import { ethernet, groupMac, ipv4, ipv6, pattern, udp } from '../packets/index.ts';
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
/** Two pieces to each of four hosts, and one for everybody on this host. */
const floodedLong = ethernet(
  { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' },
  ipv4({ src: VMS.a.ipv4, dst: '255.255.255.255' }, udp({ srcPort: 1, dstPort: 2 }, pattern(1800))),
);
const HOSTS = COPIED.filter(({ port }) => port === 'uplink').length;
/** The same that may not be cut, in slots in a row where the paths carry it. */
const floodedWhole = ethernet(
  { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' },
  ipv4({ src: VMS.a.ipv4, dst: '255.255.255.255', df: true }, udp({ srcPort: 1, dstPort: 2 }, pattern(5000))),
);
const multicast6 = ethernet(
  { src: VMS.a.mac, dst: groupMac('ff02::fb') },
  ipv6({ src: VMS.a.ipv6, dst: 'ff02::fb' }, udp({ srcPort: 1, dstPort: 2 }, pattern(1400))),
);

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

  it('V5 T1: pieces for all hosts, or nothing', async () => {
    const [enough, short] = [await create(HOSTS * 2), await create(HOSTS * 2 - 1)];
    expect(run(enough, [floodedLong, unicast])).toEqual([forwarded(COPIES + HOSTS), [FORWARD]]);
    expect(run(short, [floodedLong, unicast])).toEqual([[DROP_NO_SLOT], [FORWARD]]);
    expect(short.counters()).toMatchObject({ forwarded: 1, lostCopies: 0, drops: { DROP_NO_SLOT: 1 } });
    expect(enough.counters()).toMatchObject({ forwarded: 2, lostCopies: 0, drops: {} });
  });

  it('V5: copies longer than a slot take slots in a row, or there are none', async () => {
    const [enough, short] = [
      await create(HOSTS * 3, { mtu: 9000 }),
      await create(HOSTS * 3 - 1, { mtu: 9000 }),
    ];
    expect(run(enough, [floodedWhole, unicast])).toEqual([forwarded(COPIES), [FORWARD]]);
    expect(run(short, [floodedWhole, unicast])).toEqual([[DROP_NO_SLOT], [FORWARD]]);
  });

  it('V5 T1: copies that are left out are counted, the frame once', async () => {
    const dataplane = await create(64);
    expect(run(dataplane, [floodedWhole])).toEqual([forwarded(COPIES - HOSTS)]);
    expect(dataplane.counters()).toMatchObject({ forwarded: 1, lostCopies: HOSTS, errors: 0, drops: {} });
  });

  it('V5 T2: an error that finds no slot is kept back, the copies are made', async () => {
    const [enough, short] = [await create(HOSTS), await create(HOSTS - 1)];
    expect(run(enough, [multicast6])).toEqual([[...forwarded(COPIES - 1), ICMP_ERROR]]);
    expect(enough.counters()).toMatchObject({ forwarded: 1, lostCopies: 1, errors: 1, suppressedErrors: 0 });
    expect(run(short, [multicast6])).toEqual([forwarded(COPIES - 1)]);
    expect(short.counters()).toMatchObject({ forwarded: 1, lostCopies: 1, errors: 0, suppressedErrors: 1 });
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
