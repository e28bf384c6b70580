/** V5: as many copies as a policy can need from one frame, also when it needs more than it did. */

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { DROP_NO_SLOT } from '../../src/abi/verdict.ts';
import { AttachedDataplane, type Change, Dataplane, parsePolicy } from '../../src/index.ts';
import { Fabric } from '../../src/simulate/fabric.ts';
import { DataplanePool } from '../../src/simulate/pool.ts';
import { mostCopies } from '../../src/policy/copies.ts';
import { type Upper, ethernet, ipv4, pattern, udp } from '../packets/index.ts';
import { verify } from '../../src/verify/index.ts';

const DOMAIN = '00000000-0000-4000-8000-000000000001';
const pair = (number: number) =>
  [number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
const host = (number: number) => ({
  name: `h${number}`,
  addresses: [`10.200.${number >> 8}.${number & 255}/16`],
  mac: `02:00:00:00:${pair(number)}`,
});
const endpoint = (number: number) => ({
  name: `e${number}`,
  vsid: 5001,
  mac: `02:15:5d:00:${pair(number)}`,
  addresses: [`fd00::${number.toString(16)}`],
  host: `h${number}`,
});
const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** One VM on each of the hosts. */
const documentOf = (hosts: number) => ({
  version: 1,
  hosts: numbers(1, hosts).map(host),
  customers: [
    {
      name: 'c',
      routingDomains: [
        {
          name: 'd',
          id: DOMAIN,
          subnets: [{ vsid: 5001, prefixes: ['10.0.0.0/24', 'fd00::/64'] }],
          endpoints: numbers(1, hosts).map(endpoint),
        },
      ],
    },
  ],
});

const more = (first: number, last: number): Change[] =>
  numbers(first, last).flatMap((number) => [
    { op: 'add-host', host: host(number) },
    { op: 'add-endpoint', domain: DOMAIN, endpoint: endpoint(number) },
  ]);

const broadcast = (upper: Upper) =>
  ethernet(
    { src: endpoint(1).mac, dst: 'ff:ff:ff:ff:ff:ff' },
    ipv4({ src: '0.0.0.0', dst: '255.255.255.255' }, upper),
  );
const FRAME = broadcast(udp({ srcPort: 68, dstPort: 67 }, pattern(30)));

let now = 0;
/** Lengths of what became of a broadcast. */
function flood(dataplane: Dataplane | AttachedDataplane): number[] {
  dataplane.batch.push(FRAME, 1);
  dataplane.process((now += 1000));
  return [...dataplane.batch.outputs()].map(({ frame }) => frame.slice().length);
}

const copies = (hosts: number) => Array.from({ length: hosts - 1 }, () => FRAME.length + 42);

describe('room for copies', () => {
  it('is there for every host of a policy, whoever asks', async () => {
    const document = documentOf(260);
    const dataplane = await Dataplane.create({ policy: document, host: 'h1' });
    expect(flood(dataplane)).toEqual(copies(260));
    expect((await dataplane.explain(1, FRAME)).verdict.name).toBe('FORWARD');
    const policy = parsePolicy(JSON.stringify(document));
    const fabric = new Fabric(policy, new DataplanePool());
    await fabric.run([{ endpoint: 'e1', frame: FRAME, flags: 0 }], 0);
    expect(fabric.finish()).toMatchObject({ received: 259 });
    const { failures } = await verify(policy, { pairs: 1 });
    expect(failures).toEqual([]);
  });

  it.each(['release', 'threads'] as const)('grows with the policy (%s)', async (build) => {
    const dataplane = await Dataplane.create({
      policy: documentOf(10),
      host: 'h1',
      build,
      workers: build === 'threads' ? 2 : 1,
    });
    expect(dataplane.copySlots).toBe(256);
    const users = [
      dataplane,
      ...(build === 'threads' ? [AttachedDataplane.attach(dataplane.attachment(1))] : []),
    ];
    for (const user of users) expect(flood(user)).toEqual(copies(10));
    dataplane.apply(more(11, 400));
    for (const user of users) expect(flood(user)).toEqual(copies(400));
    dataplane.load(documentOf(1100));
    for (const user of users) expect(flood(user)).toEqual(copies(1100));
    expect(dataplane.copySlots).toBeGreaterThanOrEqual(1099);
    if (build === 'threads')
      expect(flood(AttachedDataplane.attach(dataplane.attachment(1)))).toEqual(copies(1100));
    expect(dataplane.counters().drops).toEqual({});
  });

  it('is there for what becomes of the longest frames, where they are expected', async () => {
    const policy = parsePolicy(JSON.stringify(documentOf(5)));
    const [first] = policy.hosts;
    // 65,535 bytes of IP by the least path MTU there can be: 472 bytes in a piece.
    const frame = broadcast(udp({ srcPort: 68, dstPort: 67 }, pattern(65_507)));
    const copySlots = mostCopies(policy, first!, frame.length);
    expect(copySlots).toBeGreaterThanOrEqual(4 * Math.ceil(65_515 / 512));
    const document = { ...documentOf(5), provider: { mtu: 576 } };
    const dataplane = await Dataplane.create({ policy: document, host: 'h1', capacity: { copySlots } });
    dataplane.batch.push(frame, 1);
    dataplane.process((now += 1000));
    expect([...dataplane.batch.drops()]).toEqual([]);
    expect(dataplane.batch.count).toBe(4 * Math.ceil(65_515 / 512));
    // Somebody who knows nothing of them has room for what fits into an ordinary slot.
    const ordinary = await Dataplane.create({
      policy: { ...documentOf(60), provider: { mtu: 576 } },
      host: 'h1',
    });
    const longest = broadcast(udp({ srcPort: 68, dstPort: 67 }, pattern(1920 - 42)));
    ordinary.batch.push(longest, 1);
    ordinary.process((now += 1000));
    expect(ordinary.batch.count).toBe(59 * Math.ceil(1886 / 512));
    ordinary.batch.push(frame, 1);
    ordinary.process((now += 1000));
    expect([...ordinary.batch.drops()]).toEqual([{ verdict: DROP_NO_SLOT, input: 0 }]);
  });

  it('is there in a fabric, whatever captures hold', async () => {
    const policy = parsePolicy(JSON.stringify(documentOf(40)));
    const fabric = new Fabric(policy, new DataplanePool());
    await fabric.run([{ endpoint: 'e1', frame: FRAME, flags: 0 }], 0);
    const frame = broadcast(udp({ srcPort: 68, dstPort: 67 }, pattern(60_000)));
    await fabric.run([{ endpoint: 'e1', frame, flags: 0 }], 1000);
    const pieces = Math.ceil(60_008 / 1432);
    expect(fabric.finish()).toMatchObject({ received: 39 + 39 * pieces, drops: {} });
  });

  it('stays where a number was given', async () => {
    const dataplane = await Dataplane.create({
      policy: documentOf(10),
      host: 'h1',
      capacity: { copySlots: 20 },
    });
    dataplane.apply(more(11, 30));
    expect(flood(dataplane)).toEqual([]);
    expect([...dataplane.batch.drops()]).toEqual([{ verdict: DROP_NO_SLOT, input: 0 }]);
    expect((await dataplane.explain(1, FRAME)).verdict.name).toBe('DROP_NO_SLOT');
  });

  it('grows under workers that flood', async () => {
    const dataplane = await Dataplane.create({
      policy: documentOf(10),
      host: 'h1',
      build: 'threads',
      workers: 2,
    });
    const stop = new SharedArrayBuffer(4);
    const workerData = { attachment: dataplane.attachment(1), frame: FRAME, port: 1, stop };
    const worker = new Worker(new URL('flooding.mjs', import.meta.url), { workerData });
    const message = () =>
      new Promise<unknown>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
    await message();
    const report = message();
    for (let hosts = 10; hosts < 600; hosts += 10) {
      dataplane.apply(more(hosts + 1, hosts + 10));
      await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    expect(await report).toEqual({ lengths: copies(600), drops: [] });
    await worker.terminate();
  });
});
