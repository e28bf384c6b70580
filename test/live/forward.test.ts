/** Every backend moves frames as the dataplane decides, byte for byte, and leaves the host's own packets to the host. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Dataplane } from '../../src/index.ts';
import {
  arp,
  ethernet,
  groupMac,
  hex,
  icmpv4Echo,
  ipv4,
  ipv6,
  neighborSolicitation,
  nvgre,
  pattern,
  solicitedNode,
  udp,
  vlan,
} from '../packets/index.ts';
import { type Child, Lab, reasonToSkip } from './lab.ts';
import { POLICY } from './policy.ts';

const HERE = '02:00:00:00:01:0a';
const THERE = '02:00:00:00:01:14';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const vm = (letter: string) => `02:15:5d:00:00:${letter}`;
/** Wire at the far end of each port; a tap is its own. */
const WIRES = { '': 'w0', a: 'v1', b: 'v2', r: 'tapr' };
type Name = keyof typeof WIRES;

const datagram = (length: number, srcPort = 1000) => udp({ srcPort, dstPort: 2000 }, pattern(length));
const fromA = (dst: string, dstMac: string, length: number) =>
  ethernet({ src: vm('0a'), dst: vm(dstMac) }, ipv4({ src: '10.1.1.10', dst }, datagram(length)));

function envelope(vsid: number, frame: Uint8Array): Uint8Array {
  const packet = ipv4({ src: '192.168.1.20', dst: '192.168.1.10', df: true }, nvgre({ vsid }, frame));
  return ethernet({ src: THERE, dst: HERE }, packet);
}

const cToA = (length: number) =>
  ethernet({ src: vm('0c'), dst: vm('0a') }, ipv4({ src: '10.1.1.12', dst: '10.1.1.10' }, datagram(length)));

/** What comes in at which port, in this order. */
const FRAMES: readonly (readonly [Name, Uint8Array])[] = [
  ...[0, 1, 18, 500, 1472].map((length) => ['a', fromA('10.1.1.12', '0c', length)] as const),
  // Local, routed to another subnet, IPv6.
  ['a', fromA('10.1.1.11', '0b', 100)],
  [
    'a',
    ethernet({ src: vm('0a'), dst: vm('0c') }, ipv6({ src: 'fd00:1::a', dst: 'fd00:1::c' }, datagram(60))),
  ],
  // Copies of a broadcast: to b, to r, and to the other host.
  [
    'a',
    ethernet({ src: vm('0a'), dst: BROADCAST }, ipv4({ src: '10.1.1.10', dst: '10.1.1.255' }, datagram(9))),
  ],
  // Answered back out of the port.
  [
    'a',
    ethernet(
      { src: vm('0a'), dst: BROADCAST, type: 0x0806 },
      arp({ operation: 'request', senderMac: vm('0a'), senderIp: '10.1.1.10', targetIp: '10.1.1.12' }),
    ),
  ],
  // A tag, which the kernel takes out of the frame.
  ...[30, 1400].map(
    (length) =>
      [
        'a',
        vlan(
          { vid: 20 },
          ethernet(
            { src: vm('0a'), dst: vm('0e') },
            ipv4({ src: '10.1.1.10', dst: '10.1.2.14' }, datagram(length)),
          ),
        ),
      ] as const,
  ),
  ['', envelope(5001, cToA(1))] as const,
  ['', envelope(5001, cToA(1472))],
  // Not this host's subnet.
  ['', envelope(7777, cToA(40))],
  // IP Rewrite, both ways.
  [
    'r',
    ethernet({ src: vm('1a'), dst: vm('1b') }, ipv4({ src: '10.1.1.20', dst: '10.1.1.21' }, datagram(33))),
  ],
  [
    '',
    ethernet({ src: THERE, dst: HERE }, ipv4({ src: '192.168.1.121', dst: '192.168.1.110' }, datagram(700))),
  ],
  // Who has a rewrite address?
  [
    '',
    ethernet(
      { src: THERE, dst: BROADCAST, type: 0x0806 },
      arp({ operation: 'request', senderMac: THERE, senderIp: '192.168.1.20', targetIp: '192.168.1.110' }),
    ),
  ],
  [
    '',
    ethernet(
      { src: THERE, dst: groupMac(solicitedNode('2001:db8:1::110')) },
      ipv6(
        { src: '2001:db8:1::20', dst: solicitedNode('2001:db8:1::110'), hopLimit: 255 },
        neighborSolicitation('2001:db8:1::110', THERE),
      ),
    ),
  ],
  // Nobody's: left to the host, which has no such address.
  ['', ethernet({ src: THERE, dst: HERE }, ipv4({ src: '192.168.1.20', dst: '192.168.9.9' }, datagram(5)))],
  ['b', pattern(60)],
];

/** What the dataplane makes of them, without any interface. */
async function expectation(): Promise<Record<string, string[]>> {
  const dataplane = await Dataplane.create({ policy: POLICY, host: 'here', build: 'live' });
  const wires: Record<string, string[]> = { w0: [], v1: [], v2: [], tapr: [] };
  const names = new Map<number, Name>([[0, '']]);
  for (const name of ['a', 'b', 'r'] as const) names.set(dataplane.port(name), name);
  for (const [name, frame] of FRAMES) {
    dataplane.batch.push(frame, name === '' ? 0 : dataplane.port(name));
    dataplane.process();
    for (const output of dataplane.batch.outputs())
      if (output.verdict !== 1) wires[WIRES[names.get(output.port)!]]!.push(hex(output.frame));
  }
  return wires;
}

const skip = reasonToSkip();

describe.skipIf(skip !== undefined)(
  `frames through interfaces${skip === undefined ? '' : `: ${skip}`}`,
  () => {
    let lab: Lab;
    let expected: Record<string, string[]>;

    beforeAll(async () => {
      lab = new Lab();
      lab.pair('up0', 'w0', 1600);
      lab.pair('t1', 'v1');
      lab.pair('t2', 'v2');
      expected = await expectation();
    });

    afterEach(() => lab.endChildren());
    afterAll(() => lab.close());

    const start = async (io: string, workers = 1): Promise<Child> => {
      const child = await lab.child();
      const attach = { '': 'up0', a: 't1', b: 't2' };
      const started = await child.call('start', {
        policy: POLICY,
        host: 'here',
        io,
        workers,
        attach,
        taps: { r: 'tapr' },
      });
      expect(started).not.toHaveProperty('error');
      await child.call('listen', Object.values(WIRES));
      return child;
    };

    test.each([
      ['packet', 1],
      ['mmsg', 1],
      ['xdp', 1],
      ['auto', 1],
      ['packet', 2],
      ['mmsg', 2],
      ['xdp', 2],
    ])('%s, %d threads: byte for byte', async (io, workers) => {
      const child = await start(io, workers);
      const send = FRAMES.map(([name, frame]) => [WIRES[name], hex(frame)]);
      const { received } = (await child.call('exchange', { send })) as { received: Record<string, string[]> };
      // Every flow keeps its order; between ports there is none.
      const inOrder = (wires: Record<string, string[]>) =>
        Object.entries(wires).map(([name, frames]) => [name, [...frames].sort()]);
      const flow = expected['w0']!.slice(0, 5);
      expect(received['w0']!.filter((frame) => flow.includes(frame))).toEqual(flow);
      expect(inOrder(received)).toEqual(inOrder(expected));
      const counters = (await child.call('counters')) as { ports: { received: number; errors: number }[] };
      expect(counters.ports.map(({ errors }) => errors)).toEqual([0, 0, 0, 0]);
      await child.call('stop');
      expect(lab.ip('-d', 'link')).not.toMatch(/xdp|tapr|promiscuity [1-9]/);
    });

    test.each(['packet', 'mmsg', 'xdp'])(
      '%s: the host answers for itself, and not for tunnels',
      async (io) => {
        lab.ip('addr', 'replace', '192.168.1.10/24', 'dev', 'up0');
        lab.ip('neigh', 'replace', '192.168.1.20', 'lladdr', THERE, 'dev', 'up0');
        const hostMac = /link\/ether (\S+)/.exec(lab.ip('link', 'show', 'up0'))![1]!;
        const child = await start(io);
        const toHost = { src: THERE, dst: hostMac };
        const addresses = { src: '192.168.1.20', dst: '192.168.1.10' };
        const ping = ethernet(toHost, ipv4(addresses, icmpv4Echo(pattern(20))));
        const question = ethernet(
          { src: THERE, dst: BROADCAST, type: 0x0806 },
          arp({ operation: 'request', senderMac: THERE, senderIp: '192.168.1.20', targetIp: '192.168.1.10' }),
        );
        // A tunnel whose subnet nobody knows: it is dropped, and nobody says "protocol unreachable".
        const tunnel = ethernet(toHost, ipv4(addresses, nvgre({ vsid: 7777 }, cToA(40))));
        // Nor does the host answer VMs that ask for its address.
        const fromVm = ethernet(
          { src: vm('0a'), dst: BROADCAST, type: 0x0806 },
          arp({ operation: 'request', senderMac: vm('0a'), senderIp: '10.1.1.10', targetIp: '192.168.1.10' }),
        );
        const send = [tunnel, ping, question].map((frame) => ['w0', hex(frame)]);
        const { received } = (await child.call('exchange', { send: [...send, ['v1', hex(fromVm)]] })) as {
          received: Record<string, string[]>;
        };
        const kinds = received['w0']!.map((frame) => frame.slice(24, 28));
        expect(kinds).toEqual(['0800', '0806']);
        expect(received['w0']![0]!.slice(68, 70)).toBe('00');
        expect(received['v1']).toEqual([]);
        await child.call('stop');
        await child.kill();
        lab.ip('addr', 'flush', 'dev', 'up0');
      },
    );
  },
);
