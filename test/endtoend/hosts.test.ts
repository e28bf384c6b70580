/** Two VMs on two hosts, end to end: everything between their stacks is netvirt and a wire. */

import { describe, expect, it } from 'vitest';
import { canonical } from './parse.ts';
import { pattern } from '../packets/index.ts';
import { GATEWAY, LIMITS, type Lab, MACS, MODES, PLACES, type Pair, ROUTER_MAC, boot, judge } from './lab.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;
type Family = (typeof FAMILIES)[number];
const HEADERS: Record<Family, number> = { ipv4: 20, ipv6: 40 };

/** Time exceeded and port unreachable: type and code. */
const REASONS: Record<Family, Record<'exceeded' | 'refused', readonly number[]>> = {
  ipv4: { exceeded: [11, 0], refused: [3, 3] },
  ipv6: { exceeded: [3, 0], refused: [1, 4] },
};

describe.each(MODES)('%s', (mode) => {
  describe.each(PLACES)('%s', (place) => {
    const isRouted = place === 'between two subnets';
    const limit = LIMITS[mode];
    // The tunnel is what link-local packets take, whatever the method.
    const tunnel = mode === 'NVGRE over IPv6' ? 1438 : 1458;

    it('an address that is free, the router, its prefixes and MTU', async () => {
      const lab = await boot(mode, place);
      const { discovery } = lab.blue.a;
      expect(discovery.router).toEqual({
        from: canonical(GATEWAY.linkLocal),
        lifetime: 1800,
        mtu: tunnel,
      });
      expect(discovery.isOnLink('fd00:0:0:1::77')).toBe(true);
      expect(discovery.isOnLink('fd00:0:0:2::77')).toBe(false);
      lab.blue.a.ping(lab.to.ipv6, pattern(8), 1);
      lab.network.run();
      judge(lab);
    });

    it('ARP, ping and neighbour discovery, ping6', async () => {
      const lab = await boot(mode, place);
      for (const family of FAMILIES) {
        lab.blue.a.ping(lab.to[family], pattern(100, 1), 7);
        lab.green.a.ping(lab.to[family], pattern(100, 2), 7);
        lab.network.run();
      }
      expect(lab.network.carried.length).toBeGreaterThanOrEqual(8);
      expectEchoes(lab, lab.blue, 1, isRouted ? 63 : 64);
      expectEchoes(lab, lab.green, 2, isRouted ? 63 : 64);
      const hop = isRouted ? ROUTER_MAC : MACS.b;
      expect(lab.blue.a.arp.macOf(isRouted ? GATEWAY.ipv4 : lab.to.ipv4)).toBe(hop);
      const neighbor = isRouted ? canonical(GATEWAY.linkLocal) : canonical(lab.to.ipv6);
      expect(lab.blue.a.discovery.neighbors.macOf(neighbor)).toBe(hop);
      judge(lab);
    });

    it('an address that is taken shows as such', async () => {
      const lab = await boot(mode, 'in one subnet');
      const { a } = lab.blue;
      a.askFor(lab.to.ipv4, '0.0.0.0');
      lab.network.run();
      expect(a.arp.macOf(lab.to.ipv4)).toBe(MACS.b);
      const options = { mac: MACS.a, ipv4: '10.0.1.10', gateway: GATEWAY.ipv4, mtu: 1500 };
      const { discovery } = lab.network.attach('blue-a', { ...options, ipv6: lab.to.ipv6 });
      discovery.start();
      lab.network.run();
      expect(discovery.duplicates).toEqual([canonical(lab.to.ipv6)]);
    });

    it('the gateway answers ping and ping6', async () => {
      const lab = await boot(mode, place);
      const gateways = Object.values(GATEWAY).map(canonical);
      for (const [index, gateway] of gateways.entries()) {
        lab.blue.a.ping(gateway, pattern(64, index), index);
        lab.network.run();
      }
      expect(lab.blue.a.echoReplies).toEqual(
        gateways.map((from, index) => ({ from, sequence: index, data: pattern(64, index), ttl: 64 })),
      );
      judge(lab);
    });

    it.each(FAMILIES)('a TCP transfer over %s: the MSS fits, and so does every segment', async (family) => {
      const lab = await boot(mode, place);
      const played = [lab.blue, lab.green].map((pair, index) => transfer(lab, pair, family, index));
      lab.network.run();
      for (const { there, back, client, server } of played) {
        const opposite = server();
        const clamped = limit - HEADERS[family] - 20;
        expect([client.peerMss, opposite.peerMss]).toEqual([clamped, clamped]);
        expectSame(opposite.received, there);
        expectSame(client.received, back);
        const room = (family === 'ipv6' ? Math.min(limit, tunnel) : limit) - HEADERS[family] - 20;
        expect([client.largest, opposite.largest]).toEqual([room, room]);
        expect([client.retransmissions, opposite.retransmissions]).toEqual([0, 0]);
        client.close();
        opposite.close();
      }
      lab.network.run();
      expect(played.map(({ client, server }) => [client.isClosed, server().isClosed])).toEqual([
        [true, true],
        [true, true],
      ]);
      expect([lab.blue, lab.green].flatMap(({ a, b }) => [...a.errors, ...b.errors])).toEqual([]);
      judge(lab);
    });

    it.each([1500, 9000])('4,000 bytes of UDP without DF arrive as they were, vNIC MTU %i', async (mtu) => {
      const lab = await boot(mode, place, { mtu });
      for (const [index, { a, b }] of [lab.blue, lab.green].entries()) {
        b.openPort(5000);
        a.sendTo(lab.to.ipv4, 5000, pattern(4000, index), { noDf: true });
      }
      lab.network.run();
      for (const [index, { b }] of [lab.blue, lab.green].entries())
        expectDatagrams(b, [pattern(4000, index)]);
      expect(lab.blue.a.errors).toEqual([]);
      judge(lab);
    });

    it.each(FAMILIES)(
      '4,000 bytes of UDP over %s with DF: the path MTU is learnt, then it fits',
      async (family) => {
        const lab = await boot(mode, place, { mtu: 9000, acceptRaMtu: false });
        const { a, b } = lab.blue;
        const to = lab.to[family];
        b.openPort(5000);
        a.sendTo(to, 5000, pattern(4000));
        lab.network.run();
        expect(b.datagrams).toEqual([]);
        const [type, code] = family === 'ipv4' ? [3, 4] : [2, 0];
        const from = canonical(GATEWAY[family]);
        expect(a.errors).toEqual([{ from, type, code, mtu: limit, about: canonical(to) }]);
        expect(a.pathMtu(to)).toBe(limit);
        a.sendTo(to, 5000, pattern(4000, 1));
        lab.network.run();
        expectDatagrams(b, [pattern(4000, 1)]);
        expect(a.errors).toHaveLength(1);
        // The largest that fits in one packet does so with DF.
        const largest = pattern(limit - HEADERS[family] - 8, 2);
        a.sendTo(to, 5000, largest);
        lab.network.run();
        expectDatagrams(b, [pattern(4000, 1), largest]);
        expect(b.packets.at(-1)).toMatchObject({ df: true, fragment: undefined });
        judge(lab);
      },
    );

    it('4,000 bytes of UDP over ipv6 fit at once where the advertised MTU is heeded', async () => {
      const lab = await boot(mode, place, { mtu: 9000 });
      lab.blue.b.openPort(5000);
      lab.blue.a.sendTo(lab.to.ipv6, 5000, pattern(4000));
      lab.network.run();
      expectDatagrams(lab.blue.b, [pattern(4000)]);
      expect(lab.blue.a.errors).toEqual([]);
      judge(lab);
    });

    it.each(FAMILIES)('large frames of a VM over %s: TCP finds the path MTU by itself', async (family) => {
      const lab = await boot(mode, place, { mtu: 9000, acceptRaMtu: false });
      const { there, back, client, server } = transfer(lab, lab.blue, family, 3);
      lab.network.run();
      expectSame(server().received, there);
      expectSame(client.received, back);
      // With NVGRE the MSS says it beforehand; IP Rewrite leaves that to path MTU discovery.
      const isClamped = mode !== 'IP Rewrite';
      expect(client.peerMss).toBe((isClamped ? limit : 9000) - HEADERS[family] - 20);
      expect(client.retransmissions > 0).toBe(!isClamped);
      judge(lab);
    });

    it.each(FAMILIES)('the way over %s, hop by hop', async (family) => {
      const lab = await boot(mode, place);
      const { a } = lab.blue;
      const to = lab.to[family];
      for (const ttl of [1, 2]) {
        a.sendTo(to, 33_434, pattern(32), { ttl });
        lab.network.run();
      }
      const about = canonical(to);
      const { exceeded, refused } = REASONS[family];
      const hop = (from: string, [type, code]: readonly number[]) => ({ from, type, code, mtu: 0, about });
      expect(a.errors).toEqual([
        isRouted ? hop(canonical(GATEWAY[family]), exceeded) : hop(about, refused),
        hop(about, refused),
      ]);
      judge(lab);
    });
  });
});

function expectEchoes({ to }: Lab, { a, b }: Pair, seed: number, ttl: number): void {
  const data = pattern(100, seed);
  expect(a.echoReplies).toEqual(
    FAMILIES.map((one) => ({ from: canonical(to[one]), sequence: 7, data, ttl })),
  );
  // b's own question for a's MAC is answered with hop limit 255.
  const requests = b.packets.filter(({ src, ttl: left }) => !src.startsWith('fe80:') && left < 255);
  expect(requests.map((packet) => packet.ttl)).toEqual([ttl, ttl]);
}

function expectDatagrams(stack: Pair['b'], expected: readonly Uint8Array[]): void {
  expect(stack.datagrams).toHaveLength(expected.length);
  for (const [index, { data }] of stack.datagrams.entries()) expectSame(data, expected[index]!);
}

/** `toEqual` takes its time over 100,000 numbers. */
function expectSame(received: Uint8Array, expected: Uint8Array): void {
  expect(received.length).toBe(expected.length);
  expect(Buffer.compare(received, expected), 'the same bytes').toBe(0);
}

/** 100 kB there, 30 kB back, on the same ports for every customer. */
function transfer(lab: Lab, { a, b }: Pair, family: Family, seed: number) {
  const [there, back] = [pattern(100_000, seed), pattern(30_000, seed + 1)];
  b.listen(80);
  const client = a.connect(lab.to[family], 80, 50_000);
  client.write(there);
  lab.network.run();
  const server = () => [...b.connections.values()][0]!;
  server().write(back);
  return { there, back, client, server };
}
