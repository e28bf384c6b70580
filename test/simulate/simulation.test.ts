/** Small fabrics whose outcome is worked out by hand. */

import { describe, expect, it } from 'vitest';
import { withEndpoints } from '../../src/simulate/document.ts';
import { concat, ethernet, ipv4, mac, pattern, u16, udp } from '../packets/index.ts';
import { VMS, document, sent, simulateFrames } from './fabric.ts';

describe('who gets what', () => {
  it('on one host, in one rack, by the router, and nobody of another customer', async () => {
    const report = await simulateFrames(document(), [
      sent('a', 'a2'),
      sent('a', 'b'),
      sent('a', 'c'),
      sent('ra', 'rc'),
      sent('green', 'green2'),
    ]);
    expect(report.fabric).toEqual({ hosts: 3, switches: 2, customers: 2, endpoints: 8 });
    expect(report).toMatchObject({
      inputs: 5,
      received: 5,
      replies: 0,
      punts: 0,
      drops: {},
      losses: {},
      strays: 0,
    });
    expect(report.endpoints.filter(({ sent }) => sent > 0).map(({ name, sent }) => [name, sent])).toEqual([
      ['a', 3],
      ['ra', 1],
      ['green', 1],
    ]);
    expect(
      report.endpoints
        .filter(({ received }) => received > 0)
        .map(({ name, received, bytes }) => [name, received, bytes]),
    ).toEqual([
      ['a2', 1, 62],
      ['b', 1, 62],
      ['c', 1, 62],
      ['rc', 1, 62],
      ['green2', 1, 62],
    ]);
    // a2: VM → host → VM. b and green2: VM → host → switch → host → VM. c and rc: two switches and the router between.
    expect(report.steps).toEqual({ min: 2, median: 4, max: 6, counts: { 2: 1, 4: 2, 6: 2 } });
  });

  it('drops by reason, frames of nobody among them', async () => {
    const forged = sent('a', 'b');
    forged.frame.set(mac(VMS.c.mac), 6);
    const toNobody = ethernet(
      { src: VMS.a.mac, dst: '02:15:5d:ff:ff:ff' },
      ipv4({ src: VMS.a.address, dst: '10.0.0.99' }, udp({ srcPort: 1, dstPort: 2 }, pattern(4))),
    );
    const frames = [forged, { endpoint: 'a', frame: toNobody, flags: 0 }, sent('a', 'b')];
    const report = await simulateFrames(document(), frames, 2);
    expect(report).toMatchObject({ inputs: 5, received: 1 });
    expect(report.drops).toEqual({ DROP_SOURCE_MAC: 1, DROP_NO_RECORD: 1, DROP_UNKNOWN_PORT: 2 });
  });

  it('frames that are too long, too short or too many for a batch', async () => {
    const long = { endpoint: 'a', frame: new Uint8Array(70_000), flags: 0 };
    const empty = { endpoint: 'a', frame: new Uint8Array(0), flags: 0 };
    const many = Array.from({ length: 200 }, (_, port) => sent('a', 'c', port + 1));
    const report = await simulateFrames(document(), [long, empty, ...many]);
    expect(report.drops).toEqual({ DROP_FRAME_TOO_LONG: 1, DROP_FRAME_TRUNCATED: 1 });
    expect(report.received).toBe(200);
  });

  it('nothing at all', async () => {
    const report = await simulateFrames(document(), []);
    expect(report).toMatchObject({ inputs: 0, received: 0, steps: null });
    expect(report.learned).toMatchObject({ perVm: 0, perHost: 0, factor: null });
    expect(report.ecmp.traffic.methods.map(({ chiSquare }) => chiSquare)).toEqual([null, null, null, null]);
  });
});

describe('what the physical network learns', () => {
  const everywhere = [
    sent('a', 'c'),
    sent('a2', 'b'),
    sent('ra', 'rc'),
    sent('b', 'a'),
    sent('green', 'green2'),
  ];

  it('as the policy is: two hosts’ addresses and one VM’s', async () => {
    const { learned, switches } = await simulateFrames(document(), everywhere);
    // h1 for a, a2 and green; h2 for b; 192.168.1.110 for ra.
    expect(learned.asIs).toMatchObject({ frames: 5, addresses: 3, macs: 2, received: 5, drops: {} });
    expect(switches.map(({ name, hosts, addresses }) => [name, hosts, addresses])).toEqual([
      ['192.168.1.0/24', 2, 3],
      ['192.168.3.0/24', 1, 0],
      ['router', 0, 2],
    ]);
  });

  it('an address per VM against one per host', async () => {
    const { learned } = await simulateFrames(document(), everywhere);
    expect(learned).toMatchObject({ perVm: 5, perHost: 2, factor: 2.5 });
    expect(learned.rewrite).toMatchObject({ frames: 5, received: 5, drops: {} });
    expect(learned.nvgre).toMatchObject({ frames: 5, received: 5, drops: {} });
  });

  it('MACs of VMs that keep theirs are learnt too', async () => {
    const keeping = withEndpoints(document(), (endpoint) => ({ ...endpoint, useVmMac: true }));
    const { learned } = await simulateFrames(keeping, everywhere);
    // a and green have the same MAC, as customers may: five VMs, four MACs.
    expect(learned.rewrite).toMatchObject({ addresses: 5, macs: 4, frames: 5 });
    expect(learned.nvgre).toMatchObject({ addresses: 2, macs: 2, received: 5 });
  });

  it('a prefix without room for all VMs: no number rather than a made up one', async () => {
    const small = document();
    small.hosts = small.hosts.map((host) => ({
      ...host,
      addresses: host.addresses.map((text) => text.replace('/24', '/30')),
    }));
    small.hosts[2]!.addresses = ['192.168.3.130/24'];
    const nvgre = withEndpoints(small, ({ providerAddresses: _, ...rest }) => ({ ...rest, method: 'nvgre' }));
    const { learned } = await simulateFrames(nvgre, everywhere);
    expect(learned).toMatchObject({ perVm: null, perHost: 2, factor: null });
    expect(learned.rewrite.reason).toBe('192.168.1.0/30 has no address left');
  });
});

describe('the physical network', () => {
  it('a TTL that does not last', async () => {
    const short = { ...document(), provider: { ttl: 1 } };
    const report = await simulateFrames(short, [sent('a', 'b'), sent('a', 'c')]);
    expect(report).toMatchObject({ received: 1, losses: { OUTER_TTL: 1 } });
  });

  it('what is not IP crosses it in envelopes', async () => {
    const frame = concat(mac(VMS.b.mac), mac(VMS.a.mac), u16(0x88b5), pattern(46));
    const report = await simulateFrames(document(), [{ endpoint: 'a', frame, flags: 0 }]);
    expect(report).toMatchObject({ received: 1, drops: {} });
    // Between two VMs by IP Rewrite there is no way for it (W8).
    expect(report.learned.rewrite).toMatchObject({
      frames: 0,
      addresses: 0,
      drops: { DROP_REWRITE_NON_IP: 1 },
    });
  });

  it('floods until it has learnt where a MAC is', async () => {
    const { switches } = await simulateFrames(document(), [sent('a', 'b'), sent('b', 'a'), sent('a', 'b')]);
    // Both frames of h1 before h2 has said anything; the answer is known to go to h1.
    expect(switches[0]).toMatchObject({ flooded: 2, macs: 2 });
  });
});
