/** Next hops whose MAC is learnt: what the policy may leave out, what a running dataplane is told, what happens meanwhile. */

import { describe, expect, it } from 'vitest';
import { Keeper, PATIENCE } from '../../src/live/keeper.ts';
import {
  Dataplane,
  type MacAddress,
  PolicyError,
  formatIp,
  parseIp,
  parseMac,
  parsePolicy,
  verdictOf,
} from '../../src/index.ts';
import { ethernet, hex, ipv4, udp } from '../packets/index.ts';

/** `peer`: the host of the other endpoint; `own`: fields of the first host. */
function policyText(
  peer = 'addresses: [192.0.2.2/24]',
  own = 'addresses: [192.0.2.1/24]',
  more = '',
): string {
  return `
version: 1
hosts:
  - { name: h1, ${own} }
  - { name: h2, ${peer} }
customers:
  - name: acme
    routingDomains:
      - name: net
        subnets: [{ vsid: 5001, prefixes: [10.0.0.0/24] }]
        endpoints:
          - { name: a, vsid: 5001, mac: '02:15:5d:00:00:0a', addresses: [10.0.0.10], host: h1 ${more && `, method: rewrite, providerAddresses: [192.0.2.110]`} }
          - { name: b, vsid: 5001, mac: '02:15:5d:00:00:0b', addresses: [10.0.0.11], host: h2 ${more} }
`;
}
const REWRITE = ', method: rewrite, providerAddresses: [192.0.2.111]';
const OWN = "addresses: [192.0.2.1/24], mac: '02:00:00:00:00:01'";
const PEER = parseIp('192.0.2.2')!;
const MAC = parseMac('02:00:00:00:00:02')!;

const packet = () =>
  ethernet(
    { src: '02:15:5d:00:00:0a', dst: '02:15:5d:00:00:0b', type: 0x0800 },
    ipv4(
      { src: '10.0.0.10', dst: '10.0.0.11', protocol: 17 },
      udp({ srcPort: 1, dstPort: 2 }, new Uint8Array(8)),
    ),
  );

function dataplane(text: string): Promise<Dataplane> {
  return Dataplane.create({ policy: parsePolicy(text, { learnable: true }), host: 'h1', build: 'live' });
}

/** Sends one packet of a's. @returns its verdict, and the outer destination MAC where it leaves. */
function send(one: Dataplane): [string, MacAddress?] {
  one.batch.push(packet(), one.port('a'));
  one.process();
  const verdict = verdictOf(one.batch.verdictAt(0)).name;
  const frame = verdict === 'FORWARD' ? one.batch.frameAt(0) : undefined;
  const mac = frame === undefined ? undefined : macOf(frame);
  one.batch.clear();
  return mac === undefined ? [verdict] : [verdict, mac];
}

function macOf(frame: Uint8Array): MacAddress {
  return frame.subarray(0, 6).reduce((mac, byte) => mac * 256 + byte, 0);
}

describe('a policy without MACs', () => {
  it('is refused where nobody can learn them', () => {
    expect(() => parsePolicy(policyText())).toThrow(PolicyError);
    expect(() => parsePolicy(policyText())).toThrow(
      'policy:4:5: hosts[0].mac: expected a unicast MAC like 02:00:00:00:00:01, got nothing',
    );
    const gateway = "addresses: [192.0.2.1/24], mac: '02:00:00:00:00:01', gateway: { address: 192.0.2.9 }";
    expect(() =>
      parsePolicy(policyText(`addresses: [192.0.2.2/24], mac: '02:00:00:00:00:02'`, gateway)),
    ).toThrow('hosts[0].gateway.mac: expected a unicast MAC');
  });

  it('is taken where they are learnt, and says whose', async () => {
    const one = await dataplane(policyText());
    expect(one.learntAddresses.map(formatIp)).toEqual(['192.0.2.2']);
  });

  it('needs no gateway where the kernel knows one', async () => {
    const one = await dataplane(policyText('addresses: [198.51.100.2/24]'));
    expect(one.learntAddresses.map(formatIp)).toEqual(['198.51.100.2']);
  });

  it('asks for nothing that the policy gives', async () => {
    const one = await dataplane(policyText("addresses: [192.0.2.2/24], mac: '02:00:00:00:00:02'", OWN));
    expect(one.learntAddresses).toEqual([]);
    expect(send(one)).toEqual(['FORWARD', MAC]);
  });
});

describe.each([
  ['NVGRE', ''],
  ['IP Rewrite', REWRITE],
])('T5: %s', (_, more) => {
  it('a packet is kept back until the MAC is known, and the next ones leave with it', async () => {
    const one = await dataplane(policyText(undefined, OWN, more));
    expect(send(one)).toEqual(['DROP_UNRESOLVED']);
    expect(one.counters()).toMatchObject({ held: 1, forwarded: 0, drops: {} });
    one.setNeighbor(PEER, MAC);
    expect(send(one)).toEqual(['FORWARD', MAC]);
  });

  it('another MAC takes effect at once, and none holds back again', async () => {
    const one = await dataplane(policyText(undefined, OWN, more));
    one.setNeighbor(PEER, MAC);
    one.setNeighbor(PEER, MAC + 1);
    expect(send(one)).toEqual(['FORWARD', MAC + 1]);
    one.setNeighbor(PEER, undefined);
    expect(send(one)).toEqual(['DROP_UNRESOLVED']);
  });

  it('what was learnt outlives the policy', async () => {
    const one = await dataplane(policyText(undefined, OWN, more));
    one.setNeighbor(PEER, MAC);
    one.load(parsePolicy(policyText(undefined, OWN, more), { learnable: true }));
    expect(send(one)).toEqual(['FORWARD', MAC]);
  });

  it('what was kept back is sent as it would have left', async () => {
    const one = await dataplane(policyText(undefined, OWN, more));
    const sent: Uint8Array[] = [];
    const keeper = new Keeper(one, (bytes) => sent.push(bytes) > 0);
    send(one);
    keeper.look(0);
    keeper.look(PATIENCE - 1);
    expect(sent).toEqual([]);
    one.setNeighbor(PEER, MAC);
    keeper.look(PATIENCE - 1);
    one.batch.push(packet(), one.port('a'));
    one.process();
    expect(sent.map((bytes) => hex(bytes.subarray(10)))).toEqual([hex(one.batch.frameAt(0))]);
    expect(keeper.counters()).toEqual({ sent: 1, dropped: 0 });
  });

  it('what waits for too long is dropped', async () => {
    const one = await dataplane(policyText(undefined, OWN, more));
    const keeper = new Keeper(one, () => true);
    send(one);
    keeper.look(0);
    keeper.look(PATIENCE);
    one.setNeighbor(PEER, MAC);
    keeper.look(PATIENCE + 1);
    expect(keeper.counters()).toEqual({ sent: 0, dropped: 1 });
  });
});

it('T5: more than there is room for is dropped and counted, nothing is lost from the counters', async () => {
  const one = await dataplane(policyText(undefined, OWN));
  for (let number = 0; number < 100; number++) send(one);
  const { held, drops } = one.counters();
  expect([held, drops]).toEqual([32, { DROP_UNRESOLVED: 68 }]);
});

it('T5: frames that are kept back do not keep others from leaving', async () => {
  const three = policyText(undefined, OWN).replace(
    'customers:',
    "  - { name: h3, addresses: [192.0.2.3/24], mac: '02:00:00:00:00:03' }\ncustomers:",
  );
  const text = `${three}          - { name: c, vsid: 5001, mac: '02:15:5d:00:00:0c', addresses: [10.0.0.12], host: h3 }\n`;
  const one = await dataplane(text);
  const toC = ethernet(
    { src: '02:15:5d:00:00:0a', dst: '02:15:5d:00:00:0c', type: 0x0800 },
    ipv4(
      { src: '10.0.0.10', dst: '10.0.0.12', protocol: 17 },
      udp({ srcPort: 1, dstPort: 2 }, new Uint8Array(8)),
    ),
  );
  one.batch.push(packet(), one.port('a'));
  one.batch.push(toC, one.port('a'));
  one.process();
  const verdicts = Array.from(
    { length: one.batch.count },
    (_, index) => verdictOf(one.batch.verdictAt(index)).name,
  );
  expect(verdicts).toEqual(['DROP_UNRESOLVED', 'FORWARD']);
});
