/** `Dataplane.explain`: the decisions about one frame, in their order. */

import { beforeEach, describe, expect, it } from 'vitest';
import { probe } from '../../src/frames/probe.ts';
import { Dataplane, parseIp, verdictOf } from '../../src/index.ts';
import { pattern, udp } from '../packets/index.ts';
import { frame4, frame6 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';

const frame = frame4('a', 'a2', udp({ srcPort: 1, dstPort: 2 }, pattern(10)));

const B2 = '10.0.2.10';
const ROUTED = `
version: 1
hosts:
  - { name: h1, addresses: [192.0.2.1/24], mac: 02:00:00:00:00:01 }
  - { name: h2, addresses: [192.0.2.2/24], mac: 02:00:00:00:00:02 }
customers:
  - name: acme
    routingDomains:
      - name: net
        subnets:
          - { vsid: 5001, prefixes: [10.0.1.0/24, 'fd00:1::/64'], gateways: [10.0.1.1, 'fd00:1::1'] }
          - { vsid: 5002, prefixes: [10.0.2.0/24, 'fd00:2::/64'], gateways: [10.0.2.1, 'fd00:2::1'] }
          - { vsid: 5003, prefixes: [10.0.3.0/24] }
        endpoints:
          - { name: web, vsid: 5001, mac: 02:15:5d:00:01:01, addresses: [10.0.1.10, 'fd00:1::10'], host: h1 }
          - { name: web2, vsid: 5001, mac: 02:15:5d:00:01:02, addresses: [10.0.1.11], host: h1 }
          - { name: app, vsid: 5001, mac: 02:15:5d:00:01:03, addresses: [10.0.1.12], host: h2 }
          - { name: db, vsid: 5002, mac: 02:15:5d:00:02:01, addresses: [${B2}, 'fd00:2::10'], host: h2 }
          - { name: x, vsid: 5003, mac: 02:15:5d:00:03:01, addresses: [10.0.3.10], host: h2 }
`;

let dataplane: Dataplane;
let router: Dataplane;
let port: number;
beforeEach(async () => {
  dataplane = await Dataplane.create({ policy: policy(), host: 'h1' });
  router = await Dataplane.create({ policy: ROUTED, host: 'h1' });
  port = dataplane.port('a');
});

/** From `web`, 59 bytes and more; IPv4 to a neighbour subnet has padding behind it. */
function routed(to: string): Uint8Array {
  const { endpoint } = router.ports[0]!;
  const { frame: packet } = probe(router.policy, endpoint, parseIp(to)!, 'icmp');
  if (to !== B2) return packet;
  const padded = new Uint8Array(packet.length + 10);
  padded.set(packet);
  return padded;
}

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

  it('wants the number of a port', async () => {
    await expect(dataplane.explain('a' as unknown as number, frame)).rejects.toThrow(
      'port: expected a number from 0 to 65535, got "a"',
    );
    expect(() => verdictOf(9999)).toThrow(
      new RangeError('verdict: expected one of the numbers in VERDICTS, got 9999'),
    );
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

  it('says once how a routed packet is held against the path’s limit, padded as a VM does', async () => {
    for (const to of [B2, 'fd00:2::10']) {
      const packet = routed(to);
      const { verdict, steps } = await router.explain(router.port('web'), packet);
      expect(verdict.name).toBe('FORWARD');
      expect(steps.filter(({ rule }) => rule === 'T1')).toHaveLength(1);
    }
  });

  it('says where there is no way, then why it was dropped, then who was told', async () => {
    const endOf = async (to: string) =>
      (await router.explain(router.port('web'), routed(to))).steps.slice(-3).map(({ text }) => text);
    const refused = [
      expect.stringMatching(/^DROP_NO_ROUTE: /) as unknown,
      expect.stringMatching(/^ICMP_ERROR: .* \(web\)$/) as unknown,
    ];
    expect(await endOf('8.8.8.8')).toEqual(['no route to 8.8.8.8', ...refused]);
    expect(await endOf('fd09::9')).toEqual(['no route to fd09::9', ...refused]);
    for (const to of ['10.0.3.10', '10.0.3.11'])
      expect(await endOf(to)).toEqual([
        'that virtual subnet has no gateway: nothing is routed into it',
        ...refused,
      ]);
  });

  it('has every frame that leaves', async () => {
    const { outputs } = await router.explain(router.port('web'), routed('255.255.255.255'));
    expect(outputs.map(({ port: to, frame: left }) => [to, left.length])).toEqual([
      ['uplink', 59 + 42],
      ['web2', 59],
    ]);
  });
});
