/**
 * V9 under concurrent processing: workers on the shared memory send all the time while the main thread changes the policy. What
 * leaves is compared with what dataplanes of their own say for every state that there may be: a frame that none of them
 * explains was delivered by a mixture.
 */

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type Change, Dataplane } from '../../src/index.ts';
import { DROP_NO_LOCAL_PORT } from '../../src/abi/verdict.ts';
import { ethernet, ipv4, ipv6, nvgre, pattern, udp } from '../packets/index.ts';

const WORKERS = 2;
const MILLISECONDS = 2000;
const RECEIVERS = 24;
const HOSTS = ['h1', 'h2', 'h3'] as const;
const SENDER = '02:15:5d:00:00:01';
const macOf = (number: number) => `02:15:5d:00:01:${number.toString(16).padStart(2, '0')}`;
const addressOf = (number: number) => `10.0.0.${100 + number}`;
const providerOf = (number: number) => `192.168.0.${100 + number}`;

interface State {
  readonly host: string;
  readonly method: 'nvgre' | 'rewrite';
}

/** All receivers in one state; `generation` changes everything else that shows. */
function document({ host, method }: State, generation = 0, strangers = 0): object {
  const vsid = 5001 + generation;
  const receiver = (number: number) => ({
    name: `r${number}`,
    vsid,
    mac: macOf(number),
    addresses: [addressOf(number)],
    host,
    method,
    ...(method === 'rewrite' ? { providerAddresses: [providerOf(number)] } : {}),
  });
  const sender = {
    name: 'sender',
    vsid,
    mac: SENDER,
    addresses: ['10.0.0.1'],
    host: 'h1',
    method: 'rewrite',
    providerAddresses: ['192.168.0.50'],
  };
  const numbers = Array.from({ length: RECEIVERS }, (_, number) => number);
  return {
    version: 1,
    provider: { dscp: 10 + generation },
    hosts: HOSTS.map((name, index) => ({
      name,
      addresses: [`192.168.0.${index + 1}/24`],
      mac: `02:00:00:00:00:0${index + 1}`,
    })),
    customers: [
      customer('blue', vsid, [sender, ...numbers.map(receiver)]),
      customer('green', 6001, [
        greenAt('h1', 0),
        ...numbers.slice(0, strangers).map((n) => greenAt('h3', n + 1)),
      ]),
    ],
  };
}

function customer(name: string, vsid: number, endpoints: object[]): object {
  const id = `00000000-0000-4000-8000-00000000000${name === 'blue' ? 1 : 2}`;
  const subnets = [{ vsid, prefixes: ['10.0.0.0/16'] }];
  return { name, routingDomains: [{ name, id, subnets, endpoints }] };
}

/** The same customer addresses, another customer. */
const greenAt = (host: string, number: number) => ({
  name: `g${number}`,
  vsid: 6001,
  mac: macOf(number),
  addresses: [`10.0.${number >> 7}.${100 + (number & 127)}`],
  host,
});

const FRAMES = Array.from({ length: RECEIVERS }, (_, number) => ({
  frame: ethernet(
    { src: SENDER, dst: macOf(number) },
    ipv4(
      { src: '10.0.0.1', dst: addressOf(number) },
      udp({ srcPort: 1000 + number, dstPort: 53 }, pattern(30)),
    ),
  ),
  port: 1,
}));

interface Input {
  readonly frame: Uint8Array;
  readonly port: number;
}

/** What a dataplane with this policy does with every frame, as the worker writes it. */
async function outcomes(policy: object, frames: readonly Input[] = FRAMES): Promise<string[][]> {
  const dataplane = await Dataplane.create({ policy, host: 'h1' });
  for (const { frame, port } of frames) dataplane.batch.push(frame, port);
  dataplane.process();
  const texts = frames.map((): string[] => []);
  for (const { input, verdict, port, frame } of dataplane.batch.outputs()) {
    const bytes = Buffer.from(frame);
    if (bytes[23] === 47) bytes[41] = 0;
    texts[input]!.push(`${verdict} ${port} ${bytes.toString('hex')}`);
  }
  for (const { input, verdict } of dataplane.batch.drops()) texts[input]!.push(`drop ${verdict}`);
  return texts.map((one) => [one.join(' + ')]);
}

interface Report {
  readonly batches: number;
  readonly kinds: number;
  readonly faults: readonly string[][];
}

/** Lets workers process while `change` is called again and again. */
async function race(
  dataplane: Dataplane,
  allowed: readonly string[][][],
  isOneState: boolean,
  change: (round: number) => void,
  frames: readonly Input[] = FRAMES,
): Promise<{ rounds: number; reports: Report[] }> {
  const stop = new SharedArrayBuffer(4);
  const workers = Array.from({ length: WORKERS }, (_, index) => {
    const workerData = {
      attachment: dataplane.attachment(index + 1),
      frames,
      allowed,
      isOneState,
      stop,
    };
    return new Worker(new URL('worker.mjs', import.meta.url), { workerData });
  });
  const message = (worker: Worker) =>
    new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await Promise.all(workers.map(message));
  // A worker that has found enough faults reports early.
  const reports = workers.map(message);
  const end = Date.now() + MILLISECONDS;
  let rounds = 0;
  for (; Date.now() < end; rounds++) {
    change(rounds);
    if (rounds % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  Atomics.store(new Int32Array(stop), 0, 1);
  const results = (await Promise.all(reports)) as Report[];
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { rounds, reports: results };
}

const create = (policy: object) =>
  Dataplane.create({ policy, host: 'h1', build: 'threads', workers: WORKERS + 1 });

// —— Two subnets, both families ——

const DOMAIN = '00000000-0000-4000-8000-000000000001';
const ROUTER_MAC = '02:00:5e:00:00:01';
/** Which pair of provider addresses, and whether the VM's MAC stays on the wire; undefined: NVGRE. */
type Mapped = readonly [number, boolean] | undefined;
const pair = (number: number) => [`192.168.0.${100 + number}`, `2001:db8::${number + 1}:0:0:${number + 100}`];
const vmMac = (number: number) => `02:15:5d:00:00:0${number}`;
/** Even numbers are in the other subnet. */
const address4 = (number: number) => `10.0.${number % 2}.${number + 10}`;
const address6 = (number: number) => `fd00:0:0:${number % 2}::${number + 10}`;

const vm = (number: number, host: string, mapped?: Mapped) => ({
  name: `vm${number}`,
  vsid: 5000 + (number % 2),
  mac: vmMac(number),
  addresses: [address4(number), address6(number)],
  host,
  ...(mapped === undefined
    ? {}
    : { method: 'rewrite' as const, providerAddresses: pair(mapped[0]), useVmMac: mapped[1] }),
});

const methodOf = (number: number, mapped: Mapped): Change =>
  mapped === undefined
    ? { op: 'set-method', name: `vm${number}`, method: 'nvgre' }
    : {
        op: 'set-method',
        name: `vm${number}`,
        method: 'rewrite',
        providerAddresses: pair(mapped[0]),
        useVmMac: mapped[1],
      };

const fabric = (endpoints: object[]) => ({
  version: 1,
  provider: { floodLimit: 1_000_000 },
  hosts: HOSTS.map((name, index) => ({
    name,
    addresses: [`192.168.0.${index + 1}/24`, `2001:db8::${index + 1}/64`],
    mac: `02:00:00:00:00:0${index + 1}`,
  })),
  customers: [
    {
      name: 'blue',
      routingDomains: [
        {
          name: 'blue',
          id: DOMAIN,
          subnets: [0, 1].map((number) => ({
            vsid: 5000 + number,
            prefixes: [`10.0.${number}.0/24`, `fd00:0:0:${number}::/64`],
            gateways: [`10.0.${number}.1`, `fd00:0:0:${number}::1`],
          })),
          endpoints,
        },
      ],
    },
  ],
});

const upper = udp({ srcPort: 7, dstPort: 9 }, pattern(20));
const macs = { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:01' };

/** As a VM sends it, or where it comes out of an envelope: to another subnet by the router. */
function packet(from: number, to: number, family: number): Uint8Array {
  const isRouted = from % 2 !== to % 2;
  return ethernet(
    {
      src: isRouted && from === 2 ? ROUTER_MAC : vmMac(from),
      dst: isRouted && from === 1 ? ROUTER_MAC : vmMac(to),
    },
    family === 4
      ? ipv4({ src: address4(from), dst: address4(to) }, upper)
      : ipv6({ src: address6(from), dst: address6(to) }, upper),
  );
}

/** From h2 to h1, into the subnet of odd numbers. */
const envelope = (inner: Uint8Array) =>
  ethernet(macs, ipv4({ src: '192.168.0.2', dst: '192.168.0.1', df: true }, nvgre({ vsid: 5001 }, inner)));

/** Between the provider addresses of two pairs. */
function arriving(from: number, to: number, family: number): Uint8Array {
  const index = family === 4 ? 0 : 1;
  const addresses = { src: pair(from)[index]!, dst: pair(to)[index]! };
  return ethernet(macs, family === 4 ? ipv4(addresses, upper) : ipv6(addresses, upper));
}

describe('V9: changes while workers process', () => {
  it('V9: every packet sees a change of place or method whole, and none is lost', async () => {
    const states: State[] = ['h2', 'h3'].flatMap((host) =>
      (['nvgre', 'rewrite'] as const).map((method) => ({ host, method })),
    );
    const allowed = await Promise.all(states.map((state) => outcomes(document(state))));
    expect(new Set(allowed.map((one) => one.join())).size).toBe(states.length);
    const dataplane = await create(document(states[0]!));
    let changes = 0;
    const { rounds, reports } = await race(dataplane, allowed, false, (round) => {
      const list = Array.from({ length: RECEIVERS }, (_, number): Change => {
        const name = `r${number}`;
        const choice = (Math.imul(round * RECEIVERS + number, 0x9e3779b1) >>> 24) % 4;
        if (choice < 2) return { op: 'move-endpoint', name, host: choice === 0 ? 'h2' : 'h3' };
        if (choice === 2) return { op: 'set-method', name, method: 'nvgre' };
        return { op: 'set-method', name, method: 'rewrite', providerAddresses: [providerOf(number)] };
      });
      dataplane.apply(list);
      changes += list.length;
    });
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { batches, kinds } of reports) {
      expect(batches).toBeGreaterThan(500);
      // All four states of nearly all receivers were met.
      expect(kinds).toBeGreaterThan(RECEIVERS * 3);
    }
    expect(rounds).toBeGreaterThan(50);
    expect(changes).toBeGreaterThan(1000);
  });

  it('V9 V1: entries that come and go take over no room that a packet still looks at', async () => {
    const here = { host: 'h2', method: 'nvgre' } as const;
    const allowed = [await outcomes(document(here))];
    // Receivers that are missing for a moment are dropped for that reason.
    const gone = FRAMES.map(() => ['drop 20']);
    const dataplane = await create(document(here, 0, RECEIVERS));
    const domainOf = (name: 'blue' | 'green') =>
      `00000000-0000-4000-8000-00000000000${name === 'blue' ? 1 : 2}`;
    const { rounds, reports } = await race(dataplane, [...allowed, gone], false, (round) => {
      const number = round % RECEIVERS;
      const receiver = {
        name: `r${number}`,
        vsid: 5001,
        mac: macOf(number),
        addresses: [addressOf(number)],
        host: 'h2',
      };
      // Green's entries come right behind blue's: they would be next to get the room.
      dataplane.apply([{ op: 'remove-endpoint', name: receiver.name }]);
      dataplane.apply([{ op: 'remove-endpoint', name: `g${number + 1}` }]);
      dataplane.apply([
        { op: 'add-endpoint', domain: domainOf('green'), endpoint: greenAt('h3', number + 1) },
      ]);
      dataplane.apply([{ op: 'add-endpoint', domain: domainOf('blue'), endpoint: receiver }]);
    });
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds } of reports) expect(kinds).toBeGreaterThan(RECEIVERS);
    expect(rounds).toBeGreaterThan(100);
  });

  it('V9: a batch sees one policy or the other, never half of each', async () => {
    const here = { host: 'h2', method: 'nvgre' } as const;
    const there = { host: 'h3', method: 'rewrite' } as const;
    const policies = [document(here), document(there, 1)];
    const allowed = await Promise.all(policies.map((policy) => outcomes(policy)));
    const dataplane = await create(policies[0]!);
    const { rounds, reports } = await race(dataplane, allowed, true, (round) => {
      dataplane.load(policies[(round + 1) % 2]!);
    });
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds, batches } of reports) {
      expect(kinds).toBe(2);
      expect(batches).toBeGreaterThan(500);
    }
    expect(rounds).toBeGreaterThan(20);
    // Old generations make room for new ones.
    expect(dataplane.memorySize).toBeLessThan(64 * 2 ** 20);
    const { forwarded, drops } = dataplane.counters();
    expect(forwarded).toBeGreaterThan(0);
    expect(drops).toEqual({});
  });

  it('V9: what arrives for an endpoint that comes and goes is delivered to it or dropped', async () => {
    const document = fabric([vm(1, 'h1'), vm(2, 'h2'), vm(3, 'h1')]);
    // Many of them: what is looked for happens within nanoseconds.
    const few = [1, 3].flatMap((to) =>
      [4, 6].map((family) => ({ frame: envelope(packet(2, to, family)), port: 0 })),
    );
    const frames = Array.from({ length: 100 }, () => few).flat();
    const delivered = await outcomes(document, frames);
    // A worker may still be in a batch that knows the port of the first one: then it comes back with another number.
    const elsewhere = Array.from({ length: 8 }, (_, port) =>
      delivered.map((outputs, frame) =>
        frame % few.length < 2
          ? outputs.map((one) => one.replace(/^(\d+) \d+ /, `$1 ${port + 1} `))
          : outputs,
      ),
    );
    const allowed = [...elsewhere, frames.map(() => [`drop ${DROP_NO_LOCAL_PORT}`])];
    const dataplane = await create(document);
    const { rounds, reports } = await race(
      dataplane,
      allowed,
      false,
      () => {
        dataplane.apply({ op: 'remove-endpoint', name: 'vm1' });
        dataplane.apply({ op: 'add-endpoint', domain: DOMAIN, endpoint: vm(1, 'h1') });
      },
      frames,
    );
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds } of reports) expect(kinds).toBeGreaterThan(frames.length);
    expect(rounds).toBeGreaterThan(100);
  });

  it('V5 V9: a host that joins a subnet takes nobody’s copy of what is flooded', async () => {
    // Many of them: between counting and copying pass nanoseconds.
    const neighbours = Array.from({ length: 200 }, (_, number) => ({
      ...vm(1, 'h1'),
      name: `n${number}`,
      mac: macOf(number),
      addresses: [`10.0.1.${number + 40}`],
    }));
    const others = [vm(1, 'h1'), vm(7, 'h3'), ...neighbours];
    const broadcast = ethernet(
      { src: vmMac(1), dst: 'ff:ff:ff:ff:ff:ff' },
      ipv4({ src: address4(1), dst: '255.255.255.255' }, upper),
    );
    const frames = Array.from({ length: 4 }, () => ({ frame: broadcast, port: 1 }));
    const states = [fabric(others), fabric([...others, vm(5, 'h2')])];
    const allowed = await Promise.all(states.map((state) => outcomes(state, frames)));
    const dataplane = await create(states[1]!);
    const { rounds, reports } = await race(
      dataplane,
      allowed,
      false,
      () => {
        dataplane.apply({ op: 'remove-endpoint', name: 'vm5' });
        dataplane.apply({ op: 'add-endpoint', domain: DOMAIN, endpoint: vm(5, 'h2') });
      },
      frames,
    );
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds } of reports) expect(kinds).toBe(frames.length * 2);
    expect(rounds).toBeGreaterThan(100);
  });

  it('V9: both provider addresses and both MACs of a rewritten packet are of one state', async () => {
    const mine = [undefined, [0, false], [1, true]] as const;
    const theirs = [undefined, [2, true], [3, false], [4, false]] as const;
    const frames = [2, 4].flatMap((to) =>
      [4, 6].map((family) => ({ frame: packet(1, to, family), port: 1 })),
    );
    const states = mine.flatMap((own) =>
      theirs.flatMap((two) =>
        theirs.map((four) =>
          fabric([vm(1, 'h1', own), vm(2, 'h2', two), vm(4, 'h2', four && [four[0] + 3, four[1]])]),
        ),
      ),
    );
    const allowed = await Promise.all(states.map((state) => outcomes(state, frames)));
    const dataplane = await create(states[0]!);
    const { rounds, reports } = await race(
      dataplane,
      allowed,
      false,
      (round) => {
        dataplane.apply(methodOf(1, mine[round % 3]));
        dataplane.apply(methodOf(2, theirs[round % 4]));
        const four = theirs[(round + 1) % 4];
        dataplane.apply(methodOf(4, four && [four[0] + 3, four[1]]));
      },
      frames,
    );
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds } of reports) expect(kinds).toBeGreaterThan(frames.length * 2);
    expect(rounds).toBeGreaterThan(100);
  });

  it('V9: what arrives rewritten becomes the customer address of one state, though its provider addresses change places', async () => {
    const swapped = (...order: number[]) =>
      order.map((number) => pair(number)[0]!).concat(order.map((number) => pair(number)[1]!));
    const twin = (...order: number[]) => ({
      ...vm(1, 'h1'),
      addresses: [address4(1), address4(3), address6(1), address6(3)],
      method: 'rewrite' as const,
      providerAddresses: swapped(...order),
    });
    const frames = [0, 1].flatMap((to) =>
      [4, 6].map((family) => ({ frame: arriving(2, to, family), port: 0 })),
    );
    const states = [
      [0, 1],
      [1, 0],
    ].map((order) => fabric([twin(...order), vm(2, 'h2', [2, false])]));
    const allowed = await Promise.all(states.map((state) => outcomes(state, frames)));
    const dataplane = await create(states[0]!);
    const { rounds, reports } = await race(
      dataplane,
      allowed,
      false,
      (round) => {
        const providerAddresses = round % 2 === 0 ? swapped(1, 0) : swapped(0, 1);
        dataplane.apply({ op: 'set-method', name: 'vm1', method: 'rewrite', providerAddresses });
      },
      frames,
    );
    for (const { faults } of reports) expect(faults).toEqual([]);
    for (const { kinds } of reports) expect(kinds).toBe(frames.length * 2);
    expect(rounds).toBeGreaterThan(100);
  });
});
