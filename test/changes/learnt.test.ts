/** What a dataplane learnt from packets, and what was asked of it, outlive generations; what it refuses, it refuses whole. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DROP_FLOOD_RATE, FORWARD, ICMP_ERROR } from '../../src/abi/verdict.ts';
import { type Change, Dataplane, PolicyError } from '../../src/index.ts';
import { ethernet, icmpv4, ipv4, pattern, udp } from '../packets/index.ts';

const DOMAIN = '00000000-0000-4000-8000-000000000001';
const host = (number: number) => ({
  name: `h${number}`,
  addresses: [`192.168.0.${number}/24`],
  mac: `02:00:00:00:00:0${number}`,
});
const pair = (number: number) => number.toString(16).padStart(2, '0');
const vm = (number: number, on: string) => ({
  name: `vm${number}`,
  vsid: 5001,
  mac: `02:15:5d:00:${pair(number >> 8)}:${pair(number & 255)}`,
  addresses: [`10.0.${number >> 8}.${number & 255}`],
  host: on,
});
const policyWith = (...further: object[]) => ({
  version: 1,
  provider: { floodLimit: 5, icmpLimit: 3 },
  hosts: [1, 2, 3].map(host),
  customers: [
    {
      name: 'c',
      routingDomains: [
        {
          name: 'd',
          id: DOMAIN,
          subnets: [{ vsid: 5001, prefixes: ['10.0.0.0/16'] }],
          endpoints: [vm(1, 'h1'), vm(2, 'h2'), ...further],
        },
      ],
    },
  ],
});
const many = (count: number): Change[] =>
  Array.from({ length: count }, (_, index) => ({
    op: 'add-endpoint',
    domain: DOMAIN,
    endpoint: vm(100 + index, 'h2'),
  }));

const frame = (bytes: number) =>
  ethernet(
    { src: vm(1, 'h1').mac, dst: vm(2, 'h2').mac },
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2', df: true }, udp({ srcPort: 1, dstPort: 2 }, pattern(bytes))),
  );
const LONG = frame(1300);
const BROADCAST = ethernet(
  { src: vm(1, 'h1').mac, dst: 'ff:ff:ff:ff:ff:ff' },
  ipv4({ src: '10.0.0.1', dst: '255.255.255.255' }, udp({ srcPort: 1, dstPort: 2 }, pattern(10))),
);
const MINUTE = 60_000;

let dataplane: Dataplane;
beforeEach(async () => {
  dataplane = await Dataplane.create({ policy: policyWith(), host: 'h1' });
});

/** The first verdict of what becomes of a frame. */
function verdictOf(sent: Uint8Array, now: number, port = dataplane.port('vm1')): number {
  dataplane.batch.push(sent, port);
  dataplane.process(now);
  for (const { verdict } of dataplane.batch.outputs()) return verdict;
  for (const { verdict } of dataplane.batch.drops()) return verdict;
  return -1;
}

/** A router says that the path to h2 carries 1,200 bytes. */
function learn(now: number): void {
  dataplane.batch.push(frame(100), dataplane.port('vm1'));
  dataplane.process(now);
  const [sent] = [...dataplane.batch.outputs()].map((output) => output.frame.slice(14, 74));
  const message = ethernet(
    { src: host(2).mac, dst: host(1).mac },
    ipv4({ src: '192.168.0.200', dst: '192.168.0.1' }, icmpv4({ type: 3, code: 4, rest: 1200 }, sent!)),
  );
  verdictOf(message, now, 0);
}

const changes: [string, () => void][] = [
  [
    'load',
    () => {
      dataplane.load(policyWith(vm(9, 'h3')));
    },
  ],
  [
    'an apply that outgrows the tables',
    () => {
      dataplane.apply(many(300));
    },
  ],
];

describe.each(changes)('after %s', (_, change) => {
  it('T4: what the path told is kept, for ten minutes and no longer', () => {
    expect(verdictOf(LONG, 0)).toBe(FORWARD);
    learn(0);
    expect(verdictOf(LONG, 1000)).toBe(ICMP_ERROR);
    change();
    expect(verdictOf(LONG, 5 * MINUTE)).toBe(ICMP_ERROR);
    expect(verdictOf(LONG, 10 * MINUTE)).toBe(FORWARD);
  });

  it('V5 T2: no port has more of its rates left than before', () => {
    for (let count = 0; count < 5; count++) expect(verdictOf(BROADCAST, 0)).toBe(FORWARD);
    learn(0);
    for (let count = 0; count < 3; count++) expect(verdictOf(LONG, 0)).toBe(ICMP_ERROR);
    change();
    expect(verdictOf(BROADCAST, 0)).toBe(DROP_FLOOD_RATE);
    expect(verdictOf(LONG, 0)).not.toBe(ICMP_ERROR);
    expect(verdictOf(BROADCAST, 1000)).toBe(FORWARD);
  });
});

describe('load', () => {
  it('keeps the room that was asked for', async () => {
    const capacity = { addresses4: 5000, macs: 5000 };
    dataplane = await Dataplane.create({ policy: policyWith(), host: 'h1', capacity });
    dataplane.load(policyWith(vm(9, 'h2')));
    const size = dataplane.memorySize;
    dataplane.apply(many(4000));
    expect(dataplane.memorySize).toBe(size);
    expect(verdictOf(LONG, 0)).toBe(FORWARD);
  });
});

describe('apply', () => {
  it('V9: does not take away the host whose dataplane it is', () => {
    const before = dataplane.policy;
    const attempt = () => {
      dataplane.apply([
        { op: 'remove-endpoint', name: 'vm1' },
        { op: 'remove-host', name: 'h1' },
        { op: 'add-host', host: { ...host(1), addresses: ['192.168.0.77/24'] } },
      ]);
    };
    expect(attempt).toThrow(PolicyError);
    expect(attempt).toThrow('delta: [1].name: expected another host, got "h1", whose dataplane this is');
    expect(dataplane.policy).toBe(before);
    dataplane.apply({ op: 'remove-host', name: 'h3' });
    expect(verdictOf(LONG, 0)).toBe(FORWARD);
  });

  it('V9: where the tables cannot grow, nothing has changed', () => {
    const before = structuredClone(dataplane.policy);
    const { memory } = dataplane;
    const grow = memory.grow.bind(memory);
    const size = memory.buffer.byteLength;
    let refusals = 0;
    vi.spyOn(memory, 'grow').mockImplementation((pages) => {
      // Room for the tables of before, not for larger ones.
      if (memory.buffer.byteLength + pages * 65_536 <= size + 262_144) return grow(pages);
      refusals++;
      throw new RangeError('no memory');
    });
    expect(() => {
      dataplane.apply([{ op: 'move-endpoint', name: 'vm2', host: 'h3' }, ...many(20_000)]);
    }).toThrow('capacity: more memory than this system gives to WebAssembly');
    // With room for more of the same, and without.
    expect(refusals).toBe(2);
    expect(structuredClone(dataplane.policy)).toEqual(before);
    expect(verdictOf(LONG, 0)).toBe(FORWARD);
    const [output] = dataplane.batch.outputs();
    expect([...output!.frame.subarray(30, 34)]).toEqual([192, 168, 0, 2]);
    vi.restoreAllMocks();
    dataplane.apply([{ op: 'move-endpoint', name: 'vm2', host: 'h3' }, ...many(20_000)]);
    expect(verdictOf(LONG, 0)).toBe(FORWARD);
    expect([...[...dataplane.batch.outputs()][0]!.frame.subarray(30, 34)]).toEqual([192, 168, 0, 3]);
  });
});
