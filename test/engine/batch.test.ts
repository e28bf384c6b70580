/** The batch: what fits, what is refused, and that nothing is processed twice. */

import { beforeEach, describe, expect, it } from 'vitest';
import { Dataplane, type DataplaneOptions, LARGE_SLOT_FRAME, SLOT_FRAME } from '../../src/index.ts';
import { padded, pattern, udp } from '../packets/index.ts';
import { envelope4, frame4, frame6 } from '../rules/case.ts';
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
  });

  it('refuses port numbers that cannot be, and counts those that nobody has', () => {
    expect(() => dataplane.batch.push(frame, -1)).toThrow('port: expected a number from 0 to 65535, got -1');
    dataplane.batch.push(frame, 999);
    dataplane.process();
    expect(dataplane.counters().unknown.drops).toEqual({ DROP_UNKNOWN_PORT: 1 });
    expect(() => dataplane.port('aa')).toThrow(
      /^port: expected an endpoint on h1, got "aa", did you mean "a2?"\?$/,
    );
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

describe('Dataplane.explain', () => {
  it('names the rules of every decision and leaves counters alone', async () => {
    const sent = frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(10)));
    const { verdict, steps, before, after, port: out } = await dataplane.explain(port, sent);
    expect(verdict.name).toBe('FORWARD');
    expect(out).toBe('uplink');
    expect(before).toEqual(sent);
    expect(after!.length).toBe(sent.length + 42);
    expect(steps.map(({ rule }) => rule)).toEqual([
      'V6',
      'V1',
      'V6',
      'V6',
      'V3',
      'T1',
      'N1',
      'DSCP',
      'N3',
      'V3',
    ]);
    expect(steps.map(({ text }) => text).join('\n')).toContain('destination 10.0.0.21: an endpoint on h2');
    expect(dataplane.counters().forwarded).toBe(0);
  });

  it('shows IPv6 addresses whole', async () => {
    const from = dataplane.port('ra');
    const sent = frame6('ra', 'rb', udp({ srcPort: 1, dstPort: 2 }, pattern(10)));
    const text = (await dataplane.explain(from, sent)).steps.map((step) => step.text).join('\n');
    expect(text).toContain('destination fd00::121\nits record leads to an endpoint on h2');
    expect(text).toContain('source 2001:db8:1::111\nand destination 2001:db8:1::121');
  });

  it('ends in the reason of a drop', async () => {
    const { steps, after } = await dataplane.explain(
      port,
      frame4('a2', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(10))),
    );
    expect(after).toBeUndefined();
    expect(steps.at(-1)!.text).toMatch(/^DROP_SOURCE_MAC: /);
    expect(steps.at(-2)!.text).toBe('source MAC 02:15:5d:00:01:12, but the port’s is 02:15:5d:00:01:11');
  });
});
