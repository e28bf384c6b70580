/** Every named packet with an offload header, through the build that knows them (W7). */

import { describe, expect, it } from 'vitest';
import * as verdicts from '../../src/abi/verdict.ts';
import { Dataplane, OFFLOAD_CHECKSUM } from '../../src/index.ts';
import { PROTOCOL, leftPartial, partial, pattern, tcp, udp } from '../packets/index.ts';
import { frame4 } from '../rules/case.ts';
import { runCase, wasmEngine } from '../rules/engine.ts';
import { BLUE, policy } from '../rules/fabric.ts';
import { OFFLOAD_CASES } from '../rules/index.ts';

describe('live', () => {
  const engine = wasmEngine('live');
  for (const one of OFFLOAD_CASES) {
    it(`${one.rules.join(' ')}: ${one.name}`, async () => {
      await runCase(engine, one);
    });
  }
});

/** From `a`, to be cut into three for an envelope. */
const WHOLE = OFFLOAD_CASES.find(({ name }) => name === 'three TCP segments')!;
const create = (copySlots: number) =>
  Dataplane.create({
    policy: policy(),
    host: 'h1',
    build: 'live',
    capacity: { slots: 4, largeSlots: 4, copySlots },
  });

describe('super-segments in a batch', () => {
  it('W7: where slots do not suffice no part leaves, and the next that fits does', async () => {
    const dataplane = await create(5);
    const port = dataplane.port('a');
    for (let index = 0; index < 3; index++) dataplane.batch.push(WHOLE.frame, port, 0, WHOLE.vnet);
    dataplane.batch.push(frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(1500))), port);
    dataplane.process(0);
    expect([...dataplane.batch.outputs()].map(({ input }) => input)).toEqual([0, 0, 0, 3, 3]);
    expect([...dataplane.batch.drops()]).toEqual([
      { input: 1, verdict: verdicts.DROP_NO_SLOT },
      { input: 2, verdict: verdicts.DROP_NO_SLOT },
    ]);
  });

  it('W7: a whole counts as one packet, its bytes as they came in', async () => {
    const dataplane = await create(64);
    dataplane.batch.push(WHOLE.frame, dataplane.port('a'), 0, WHOLE.vnet);
    dataplane.process(0);
    const { forwarded, subnets } = dataplane.counters();
    expect(forwarded).toBe(1);
    expect(subnets.find(({ vsid }) => vsid === BLUE)!.bytes).toBe(WHOLE.frame.length);
  });

  it('W7: by default eight at once find slots, as Linux sends them', async () => {
    const dataplane = await Dataplane.create({ policy: policy(), host: 'h1', build: 'live' });
    const largest = OFFLOAD_CASES.find(({ name }) => name === 'the largest whole that there is')!;
    for (let index = 0; index < 8; index++)
      dataplane.batch.push(largest.frame, dataplane.port('a'), 0, largest.vnet);
    expect(dataplane.process(0)).toBe(8 * 47);
    expect([...dataplane.batch.drops()]).toEqual([]);
  });
});

describe('what ports take', () => {
  it('W7: outlives a new policy', async () => {
    const dataplane = await create(64);
    dataplane.setOffloads(dataplane.port('a2'), OFFLOAD_CHECKSUM);
    dataplane.load(policy({ ttl: 9 }));
    const segment = partial(tcp({ srcPort: 1, dstPort: 2 }, pattern(9)));
    const left = leftPartial(34, PROTOCOL.tcp);
    dataplane.batch.push(frame4('a', 'a2', segment), dataplane.port('a'), 0, left);
    dataplane.process(0);
    expect([...dataplane.batch.outputs()].map(({ vnet }) => vnet)).toEqual([left]);
  });

  it.each([
    [0x10000, 1, 'port: expected an integer from 0 to 65535, got 65536'],
    [0, 16, 'offloads: expected a sum of OFFLOAD_…, got 16'],
    [0, 1.5, 'offloads: expected a sum of OFFLOAD_…, got 1.5'],
    [0, 2, 'offloads: expected OFFLOAD_CHECKSUM beside segmentation'],
  ])('port %d, %d is refused', async (port, offloads, message) => {
    const dataplane = await create(64);
    expect(() => {
      dataplane.setOffloads(port, offloads);
    }).toThrow(new RangeError(message));
  });

  it('other builds know nothing of it', async () => {
    const dataplane = await Dataplane.create({ policy: policy(), host: 'h1' });
    const message = 'vnet: expected none, only build "live" knows offload headers';
    expect(() => dataplane.batch.push(WHOLE.frame, 1, 0, WHOLE.vnet)).toThrow(new TypeError(message));
    expect(() => {
      dataplane.setOffloads(0, 0);
    }).toThrow(new TypeError('setOffloads: expected build "live"'));
    expect(dataplane.batch.length).toBe(0);
  });

  it('a header has 10 bytes', async () => {
    const dataplane = await create(64);
    const push = (vnet: unknown) => () => dataplane.batch.push(WHOLE.frame, 1, 0, vnet as Uint8Array);
    expect(push(new Uint8Array(12))).toThrow(new RangeError('vnet: expected 10 bytes, got 12'));
    expect(push({ flags: 1 })).toThrow(new TypeError('vnet: expected a Uint8Array, got object'));
    expect(dataplane.batch.length).toBe(0);
  });
});
