/** The batch: what fits, what is refused, and that nothing is processed twice. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  AttachedDataplane,
  Dataplane,
  type DataplaneOptions,
  LARGE_SLOT_FRAME,
  SLOT_FRAME,
} from '../../src/index.ts';
import { padded, pattern, udp } from '../packets/index.ts';
import { envelope4, frame4 } from '../rules/case.ts';
import { BLUE, policy } from '../rules/fabric.ts';

const frame = frame4('a', 'a2', udp({ srcPort: 1, dstPort: 2 }, pattern(10)));

let dataplane: Dataplane;
let port: number;
beforeEach(async () => {
  dataplane = await Dataplane.create({ policy: policy(), host: 'h1', capacity: { slots: 2, largeSlots: 1 } });
  port = dataplane.port('a');
});

describe('Dataplane.create', () => {
  it('names an unknown host, and the one that was meant', async () => {
    await expect(Dataplane.create({ policy: policy(), host: 'h11' })).rejects.toThrow(
      'host: expected a host of the policy, got "h11", did you mean "h1"?',
    );
  });

  it('names the option that is missing', async () => {
    const create = (options: object) => Dataplane.create(options as DataplaneOptions);
    await expect(create({ policy: policy() })).rejects.toThrow(
      new TypeError('host: expected the name of a host of the policy, got nothing'),
    );
    await expect(create({ host: 'h1' })).rejects.toThrow(
      new TypeError('policy: expected a policy, its text or its document, got nothing'),
    );
  });

  it.each([
    [undefined, 'options: expected an object, got nothing'],
    [{ polcy: '' }, 'polcy: unknown key "polcy", did you mean "policy"?'],
    [{ capacity: { slot: 1 } }, 'capacity.slot: unknown key "slot", did you mean "slots"?'],
    [{ capacity: { toString: 1 } }, 'capacity.toString: unknown key "toString"'],
    [{ capacity: 5 }, 'capacity: expected an object, got 5'],
    [{ seed: 'x' }, 'seed: expected a Uint8Array of 16 bytes, got "x"'],
    [{ build: 'fast' }, 'build: expected "release", "threads" or "live", got "fast"'],
  ])('refuses options that do not exist: %j', async (options, message) => {
    const given = options === undefined ? undefined : { policy: policy(), host: 'h1', ...options };
    const failed = Dataplane.create(given as DataplaneOptions);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(message.startsWith('build') ? RangeError : TypeError);
  });

  it('says what workers need', () => {
    expect(() => dataplane.attachment(1)).toThrow(
      "attachment: expected a dataplane that was created with build: 'threads' and workers: 2 or more",
    );
  });

  it('refuses capacities that cannot be', async () => {
    const create = (capacity: object) => Dataplane.create({ policy: policy(), host: 'h1', capacity });
    await expect(create({ slots: 0 })).rejects.toThrow(
      'capacity.slots: expected an integer from 1 to 1048576, got 0',
    );
    await expect(create({ slots: 1.5 })).rejects.toThrow(RangeError);
    await expect(create({ macs: 3 })).rejects.toThrow(
      /^capacity.macs: expected at least \d+ for this policy, got 3$/,
    );
  });

  it('two builds and any seed give the same frames', async () => {
    const sent = frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(10)));
    for (const build of ['release', 'threads'] as const) {
      const other = await Dataplane.create({
        policy: policy(),
        host: 'h1',
        build,
        seed: new Uint8Array(16).fill(build.length),
      });
      other.batch.push(sent, port);
      other.process();
      const [output] = other.batch.outputs();
      expect(output!.frame.slice(0, 41)).toEqual(envelope4('h1', 'h2', BLUE, sent).slice(0, 41));
    }
  });
});

describe('Batch', () => {
  it('is full when its slots are', () => {
    expect([1, 2, 3, 4].map(() => dataplane.batch.push(frame, port))).toEqual([true, true, true, false]);
    expect(dataplane.process()).toBe(3);
    expect(dataplane.batch.push(frame, port)).toBe(true);
    expect(dataplane.batch.length).toBe(1);
  });

  it('takes bytes and nothing else', () => {
    expect(() => dataplane.batch.push('x' as unknown as Uint8Array, 1)).toThrow(
      new TypeError('frame: expected a Uint8Array, got string'),
    );
    expect(dataplane.batch.push(Buffer.from(frame), port)).toBe(true);
  });

  it('is processed once', () => {
    dataplane.batch.push(frame, port);
    expect(dataplane.process()).toBe(1);
    expect(dataplane.process()).toBe(0);
    expect([...dataplane.batch.outputs()]).toEqual([]);
    expect(dataplane.counters().forwarded).toBe(1);
  });

  it('keeps inputs and outputs apart by number', () => {
    dataplane.batch.push(frame.slice(0, 5), port);
    dataplane.batch.push(frame, port);
    dataplane.process();
    expect([...dataplane.batch.drops()]).toEqual([{ verdict: 9, input: 0 }]);
    expect([...dataplane.batch.outputs()].map(({ input, verdict }) => [input, verdict])).toEqual([[1, 0]]);
  });

  it('takes long frames into large slots and counts those that fit nowhere', () => {
    const long = padded(frame, SLOT_FRAME + 1);
    const longest = padded(frame, LARGE_SLOT_FRAME);
    for (const one of [long, longest]) {
      dataplane.batch.push(one, port);
      dataplane.process();
      expect([...dataplane.batch.outputs()].map((output) => output.frame.length)).toEqual([one.length]);
    }
    dataplane.batch.push(padded(frame, LARGE_SLOT_FRAME + 1), port);
    dataplane.process();
    expect(dataplane.counters().drops).toEqual({ DROP_FRAME_TOO_LONG: 1 });
  });

  it('can be filled in place', () => {
    const slot = dataplane.batch.reserve(frame.length)!;
    slot.set(frame);
    dataplane.batch.commit(frame.length, port);
    dataplane.process();
    expect([...dataplane.batch.outputs()].map((output) => output.frame.slice())).toEqual([frame]);
    expect(() => dataplane.batch.reserve(LARGE_SLOT_FRAME + 1)).toThrow(
      /^length: expected at most 69504 bytes, got 69505$/,
    );
    expect(() => {
      dataplane.batch.commit(1, port);
    }).toThrow('commit: expected a slot from reserve before');
    expect(() => dataplane.batch.reserve(-1)).toThrow('length: expected an integer from 0 to 69504, got -1');
    dataplane.batch.reserve(20);
    expect(() => {
      dataplane.batch.commit(21, port);
    }).toThrow('length: expected an integer from 0 to 20, got 21');
  });

  it('refuses port numbers that cannot be, and counts those that nobody has', () => {
    expect(() => dataplane.batch.push(frame, -1)).toThrow(
      'port: expected an integer from 0 to 65535, got -1',
    );
    expect(() => dataplane.batch.push(frame, 1.5)).toThrow(
      new RangeError('port: expected an integer from 0 to 65535, got 1.5'),
    );
    expect(() => dataplane.batch.push(frame, 'a' as unknown as number)).toThrow(
      new TypeError('port: expected a number from 0 to 65535, got "a": dataplane.port("a") is an endpoint’s'),
    );
    // None of them took a slot.
    expect(dataplane.batch.length).toBe(0);
    dataplane.batch.push(frame, 999);
    dataplane.process();
    expect(dataplane.counters().unknown.drops).toEqual({ DROP_UNKNOWN_PORT: 1 });
    expect(() => dataplane.port('aa')).toThrow(
      /^port: expected an endpoint on h1, got "aa", did you mean "a2?"\?$/,
    );
    expect(() => dataplane.port('b')).toThrow('port: expected an endpoint on h1, got "b", which is on h2');
    expect(() => dataplane.port(1 as unknown as string)).toThrow(
      new TypeError('port: expected the name of an endpoint, got 1'),
    );
  });
});

describe('the time of a batch', () => {
  it.each([
    [NaN, new RangeError('now: expected milliseconds from 0 on, got NaN')],
    [Infinity, new RangeError('now: expected milliseconds from 0 on, got Infinity')],
    [-1, new RangeError('now: expected milliseconds from 0 on, got -1')],
    [1.8e18, new RangeError('now: expected milliseconds from 0 on, got 1800000000000000000')],
    ['5', new TypeError('now: expected milliseconds, got string')],
    [null, new TypeError('now: expected milliseconds, got object')],
  ])('%s is refused, and nothing is lost', async (now, error) => {
    const worker = await Dataplane.create({ policy: policy(), host: 'h1', build: 'threads', workers: 2 });
    for (const one of [dataplane, AttachedDataplane.attach(worker.attachment(1))]) {
      // A broadcast: its port's bucket of tokens would take over the time.
      const broadcast = frame.slice();
      broadcast.fill(0xff, 0, 6);
      one.batch.push(broadcast, port);
      expect(() => one.process(now as number)).toThrow(error);
      expect(one.process(1)).toBeGreaterThan(0);
      expect([...one.batch.drops()]).toEqual([]);
    }
  });
});

describe('Dataplane.counters', () => {
  it('says whose packets they were', () => {
    dataplane.batch.push(frame, port);
    dataplane.batch.push(
      frame4('ga', 'gb', udp({ srcPort: 1, dstPort: 2 }, pattern(10))),
      dataplane.port('ga'),
    );
    dataplane.batch.push(frame, dataplane.port('ga'));
    dataplane.process();
    const { subnets } = dataplane.counters();
    expect(
      subnets.map(({ customer, vsid, forwarded, bytes, drops }) => [customer, vsid, forwarded, bytes, drops]),
    ).toEqual([
      ['blue', 5001, 1, frame.length, {}],
      ['blue', 5002, 0, 0, {}],
      ['blue', 5003, 0, 0, {}],
      ['blue', 5004, 0, 0, {}],
      ['green', 6001, 1, frame.length, { DROP_NO_RECORD: 1 }],
    ]);
  });
});
