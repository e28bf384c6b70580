/** V9: after any changes, hosts do with every packet what they would do had the policy been like that from the start. */

import { describe, expect, it } from 'vitest';
import { type Change, Dataplane } from '../../src/index.ts';
import { ethernet, ipv4, ipv6, nvgre, pattern, udp } from '../packets/index.ts';
import { Random, SEED } from '../properties/random.ts';

const RUNS = 12;
const CHANGES = 24;
const HOSTS = ['h1', 'h2', 'h3'];
const ROUTER_MAC = '02:00:5e:00:00:01';
const VSIDS = [5001, 5002];
const DOMAIN = '00000000-0000-4000-8000-000000000001';
const NUMBERS = [0, 1, 2, 3, 4, 5];
/** Two of each family per endpoint, in a pool that endpoints take them from and give them back to. */
const pool4 = (number: number) => `192.168.0.${100 + number}`;
const pool6 = (number: number) => `2001:db8::${(100 + number).toString(16)}`;
const macOf = (number: number) => `02:15:5d:00:00:0${number}`;
const vsidOf = (number: number) => VSIDS[number % 2]!;
const own4 = (number: number, second: number) => `10.0.${number % 2}.${10 + number * 2 + second}`;
const own6 = (number: number, second: number) =>
  `fd00:0:0:${number % 2}::${(10 + number * 2 + second).toString(16)}`;

/** A model that knows enough to make changes which are mostly allowed. */
class Model {
  readonly #random: Random;
  readonly #present = new Set(NUMBERS);
  readonly #taken = new Map<number, number[]>();

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Change[] {
    const number = this.#random.pick(NUMBERS);
    const name = `vm${number}`;
    if (!this.#present.has(number)) {
      this.#present.add(number);
      return [{ op: 'add-endpoint', domain: DOMAIN, endpoint: endpoint(number, this.#random.pick(HOSTS)) }];
    }
    const choice = this.#random.below(8);
    if (choice === 0) {
      this.#present.delete(number);
      this.#taken.delete(number);
      return [{ op: 'remove-endpoint', name }];
    }
    if (choice < 3) return [{ op: 'move-endpoint', name, host: this.#random.pick(HOSTS) }];
    if (choice === 3) {
      this.#taken.delete(number);
      return [{ op: 'set-method', name, method: 'nvgre' }];
    }
    const used = new Set([...this.#taken].filter(([other]) => other !== number).flatMap(([, all]) => all));
    const free = Array.from({ length: 14 }, (_, index) => index).filter((index) => !used.has(index));
    const first = this.#random.pick(free);
    const second = this.#random.pick(free.filter((index) => index !== first));
    this.#taken.set(number, [first, second]);
    return [
      {
        op: 'set-method',
        name,
        method: 'rewrite',
        providerAddresses: [pool4(first), pool4(second), pool6(second), pool6(first)],
        useVmMac: this.#random.below(2) === 0,
      },
    ];
  }
}

function endpoint(number: number, host: string) {
  return {
    name: `vm${number}`,
    vsid: vsidOf(number),
    mac: macOf(number),
    addresses: [own4(number, 0), own4(number, 1), own6(number, 0), own6(number, 1)],
    host,
  };
}

const POLICY = {
  version: 1,
  hosts: HOSTS.map((name, index) => ({
    name,
    addresses: [`192.168.0.${index + 1}/24`, `2001:db8::${index + 1}/64`],
    mac: `02:00:00:00:00:0${index + 1}`,
  })),
  customers: [
    {
      name: 'c',
      routingDomains: [
        {
          name: 'd',
          id: DOMAIN,
          subnets: VSIDS.map((vsid, index) => ({
            vsid,
            prefixes: [`10.0.${index}.0/24`, `fd00:0:0:${index}::/64`],
            gateways: [`10.0.${index}.1`, `fd00:0:0:${index}::1`],
          })),
          endpoints: NUMBERS.map((number) => endpoint(number, HOSTS[number % 3]!)),
        },
      ],
    },
  ],
};

const datagram = udp({ srcPort: 7, dstPort: 9 }, pattern(20));

/** A VM's packet to another one, in its subnet or by the router. */
function packetOf(from: number, to: number, second: number, family: number): Uint8Array {
  const dst = vsidOf(from) === vsidOf(to) ? macOf(to) : ROUTER_MAC;
  const packet =
    family === 4
      ? ipv4({ src: own4(from, second), dst: own4(to, 1 - second) }, datagram)
      : ipv6({ src: own6(from, second), dst: own6(to, 1 - second) }, datagram);
  return ethernet({ src: macOf(from), dst }, packet);
}

interface Sample {
  /** undefined: the uplink. */
  readonly from: string | undefined;
  readonly frame: Uint8Array;
}

function samplesFor(host: number): Sample[] {
  const samples: Sample[] = [];
  const outer = { src: `02:00:00:00:00:0${((host + 1) % 3) + 1}`, dst: `02:00:00:00:00:0${host + 1}` };
  for (const from of NUMBERS) {
    for (const to of NUMBERS) {
      for (const family of [4, 6]) {
        if (from === to) continue;
        const frame = packetOf(from, to, from % 2, family);
        samples.push({ from: `vm${from}`, frame });
        for (const peer of [1, 2, 3])
          samples.push({
            from: undefined,
            frame: ethernet(
              outer,
              ipv4(
                { src: `192.168.0.${peer}`, dst: `192.168.0.${host + 1}`, df: true },
                nvgre({ vsid: vsidOf(to) }, routed(frame, from, to)),
              ),
            ),
          });
      }
    }
    samples.push({
      from: `vm${from}`,
      frame: ethernet(
        { src: macOf(from), dst: 'ff:ff:ff:ff:ff:ff' },
        ipv4({ src: own4(from, 0), dst: '255.255.255.255' }, datagram),
      ),
    });
  }
  for (let src = 0; src < 14; src++)
    for (let dst = 0; dst < 14; dst++) {
      samples.push({
        from: undefined,
        frame: ethernet(outer, ipv4({ src: pool4(src), dst: pool4(dst) }, datagram)),
      });
      samples.push({
        from: undefined,
        frame: ethernet(outer, ipv6({ src: pool6(src), dst: pool6(dst) }, datagram)),
      });
    }
  return samples;
}

/** As it arrives: from another subnet, the router's MAC is its source. */
function routed(frame: Uint8Array, from: number, to: number): Uint8Array {
  if (vsidOf(from) === vsidOf(to)) return frame;
  return ethernet({ src: ROUTER_MAC, dst: macOf(to) }, frame.slice(14));
}

/** What becomes of every sample, the ports by the names of who is there. */
function fates(dataplane: Dataplane, samples: readonly Sample[]): string[] {
  const names = new Map(dataplane.ports.map(({ number, endpoint: { name } }) => [number, name]));
  const numbers = new Map([...names].map(([number, name]) => [name, number]));
  return samples.map(({ from, frame }) => {
    const port = from === undefined ? 0 : numbers.get(from);
    if (port === undefined) return 'not here';
    dataplane.batch.push(frame, port);
    dataplane.process(0);
    const fate = [...dataplane.batch.drops()].map(({ verdict }) => `drop ${verdict}`);
    for (const output of dataplane.batch.outputs()) {
      const place = output.port === 0 ? 'uplink' : names.get(output.port);
      fate.push(`${output.verdict} ${place} ${Buffer.from(output.frame).toString('hex')}`);
    }
    return fate.sort().join('\n');
  });
}

describe('changes', () => {
  it('V9: a changed dataplane is like one that was made with its policy', { timeout: 120_000 }, async () => {
    for (let run = 0; run < RUNS; run++) {
      const random = new Random(SEED + run);
      const planes = await Promise.all(HOSTS.map((host) => Dataplane.create({ policy: POLICY, host })));
      const model = new Model(random);
      const done: Change[] = [];
      while (done.length < CHANGES) {
        const list = [...model.next(), ...model.next()];
        for (const plane of planes) plane.apply(list);
        done.push(...list);
      }
      for (const [index, plane] of planes.entries()) {
        const fresh = await Dataplane.create({ policy: plane.policy, host: plane.host.name });
        const samples = samplesFor(index);
        expect(
          fates(plane, samples),
          `seed ${SEED + run}: ${plane.host.name} after ${JSON.stringify(done)}`,
        ).toEqual(fates(fresh, samples));
      }
    }
  });
});
