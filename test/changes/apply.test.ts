/** V9: what `apply` and `load` change, seen from the packets; what they leave alone; and that they can grow. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  DROP_NO_RECORD,
  DROP_NO_ROUTE,
  DROP_OVER_MTU,
  DROP_PATH_MTU,
  DROP_SOURCE_ADDRESS,
  DROP_TUNNEL_SOURCE,
  FORWARD,
  ICMP_ERROR,
} from '../../src/abi/verdict.ts';
import { Dataplane, PolicyError, validatePolicy } from '../../src/index.ts';
import { ethernet, icmpv4, ipv4, ipv6, nvgre, pattern, udp } from '../packets/index.ts';
import { envelope4, frame4 } from '../rules/case.ts';
import { BLUE, HOSTS, ROUTER_MAC, VMS, policy } from '../rules/fabric.ts';

const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const DOMAIN = '00000000-0000-4000-8000-000000000001';

let dataplane: Dataplane;
beforeEach(async () => {
  dataplane = await Dataplane.create({ policy: policy(), host: 'h1' });
});

/** Verdict, port and frame of the first output, the FlowID put to 0. */
function send(from: string, frame: Uint8Array): { verdict: number; port?: number; frame?: Uint8Array } {
  dataplane.batch.push(frame, from === 'uplink' ? 0 : dataplane.port(from));
  dataplane.process(0);
  for (const { verdict } of dataplane.batch.drops()) return { verdict };
  const [output] = dataplane.batch.outputs();
  const copy = output!.frame.slice();
  if (output!.port === 0 && copy[23] === 47) copy[41] = 0;
  return { verdict: output!.verdict, port: output!.port, frame: copy };
}

describe('apply', () => {
  it('V9: a VM that moves: to another host, to this one, and away', () => {
    const frame = frame4('a', 'b', datagram);
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h2', BLUE, frame));
    dataplane.apply({ op: 'move-endpoint', name: 'b', host: 'h3' });
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h3', BLUE, frame));
    dataplane.apply({ op: 'move-endpoint', name: 'b', host: 'h1' });
    expect(send('a', frame)).toEqual({ verdict: FORWARD, port: dataplane.port('b'), frame });
    expect(send('b', frame4('b', 'a', datagram)).port).toBe(dataplane.port('a'));
    dataplane.apply({ op: 'move-endpoint', name: 'b', host: 'h2' });
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h2', BLUE, frame));
    expect(() => dataplane.port('b')).toThrow('port: expected an endpoint on h1, got "b"');
  });

  it('V9: a list that contradicts the policy is refused whole, and nothing has changed', () => {
    const before = dataplane.policy;
    const frame = frame4('a', 'b', datagram);
    const attempt = () => {
      dataplane.apply([
        { op: 'move-endpoint', name: 'b', host: 'h3' },
        { op: 'remove-endpoint', name: 'a2' },
        { op: 'add-endpoint', domain: DOMAIN, endpoint: { ...newVm(1), addresses: [VMS.a.ipv4] } },
      ]);
    };
    expect(attempt).toThrow(PolicyError);
    expect(attempt).toThrow(/delta: \[2\]\.endpoint\.addresses\[0\]: /);
    expect(dataplane.policy).toEqual(before);
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h2', BLUE, frame));
    expect(send('a2', frame4('a2', 'a', datagram)).port).toBe(dataplane.port('a'));
  });

  it('V9: an endpoint that comes and goes', () => {
    const vm = newVm(7);
    const frame = ethernet(
      { src: VMS.a.mac, dst: vm.mac },
      ipv4({ src: VMS.a.ipv4, dst: vm.addresses[0]! }, datagram),
    );
    expect(send('a', frame)).toEqual({ verdict: DROP_NO_RECORD });
    dataplane.apply({ op: 'add-endpoint', domain: DOMAIN, endpoint: vm });
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h2', BLUE, frame));
    dataplane.apply({ op: 'remove-endpoint', name: vm.name });
    expect(send('a', frame)).toEqual({ verdict: DROP_NO_RECORD });
  });

  it('V9: routes and subnets', () => {
    const far = ethernet(
      { src: VMS.a.mac, dst: ROUTER_MAC },
      ipv4({ src: VMS.a.ipv4, dst: '203.0.113.9' }, datagram),
    );
    expect(send('a', far).verdict).toBe(FORWARD);
    dataplane.apply({ op: 'remove-route', domain: DOMAIN, to: '0.0.0.0/0' });
    expect(send('a', far).verdict).toBe(DROP_NO_ROUTE);
    dataplane.apply({
      op: 'add-route',
      domain: DOMAIN,
      route: { to: '203.0.113.0/24', via: VMS.gate1.ipv4 },
    });
    expect(send('a', far).port).toBe(dataplane.port('gate1'));
    dataplane.apply([
      {
        op: 'add-subnet',
        domain: DOMAIN,
        subnet: { vsid: 9001, prefixes: ['10.9.0.0/24'], gateways: ['10.9.0.1'] },
      },
      {
        op: 'add-endpoint',
        domain: DOMAIN,
        endpoint: { ...newVm(3), vsid: 9001, addresses: ['10.9.0.3'], host: 'h1' },
      },
    ]);
    const near = ethernet(
      { src: VMS.a.mac, dst: ROUTER_MAC },
      ipv4({ src: VMS.a.ipv4, dst: '10.9.0.3' }, datagram),
    );
    expect(send('a', near).port).toBe(dataplane.port('new3'));
    dataplane.apply([
      { op: 'remove-endpoint', name: 'new3' },
      { op: 'remove-subnet', vsid: 9001 },
    ]);
    expect(send('a', near).verdict).toBe(DROP_NO_ROUTE);
  });

  it('V9 V6: another method for an endpoint here', () => {
    const addresses = { op: 'set-method', name: 'a', method: 'rewrite' } as const;
    dataplane.apply({ ...addresses, providerAddresses: ['192.168.1.77', '2001:db8:1::77'] });
    const rewritten = send('a', frame4('a', 'rb', datagram)).frame!;
    expect([...rewritten.subarray(26, 30)]).toEqual([192, 168, 1, 77]);
    dataplane.apply({ op: 'set-method', name: 'a', method: 'nvgre' });
    const frame = frame4('a', 'rb', datagram);
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h2', BLUE, frame));
  });

  it('V7: a local endpoint inherits nothing of a removed host', async () => {
    const small = await smallFabric();
    small.apply({ op: 'remove-endpoint', name: 'vm3' });
    small.apply({ op: 'remove-host', name: 'h3' });
    small.apply({ op: 'add-endpoint', domain: DOMAIN, endpoint: smallVm(4, 'h1') });
    const inner = ethernet(
      { src: smallVm(4, 'h1').mac, dst: smallVm(1, 'h1').mac },
      ipv4({ src: '10.0.0.4', dst: '10.0.0.1' }, datagram),
    );
    const forged = ethernet(
      { src: '02:00:00:00:00:03', dst: '02:00:00:00:00:01' },
      ipv4({ src: '192.168.0.3', dst: '192.168.0.1', df: true }, nvgre({ vsid: BLUE }, inner)),
    );
    small.batch.push(forged, 0);
    small.process(0);
    expect([...small.batch.drops()].map(({ verdict }) => verdict)).toEqual([DROP_TUNNEL_SOURCE]);
  });

  it('V9: provider addresses that change places', () => {
    const swap = (...providerAddresses: string[]) => {
      dataplane.apply({ op: 'set-method', name: 'two', method: 'rewrite', providerAddresses });
    };
    dataplane.apply({
      op: 'add-endpoint',
      domain: DOMAIN,
      endpoint: { ...newVm(5), name: 'two', addresses: ['10.0.0.205', '10.0.0.206'], host: 'h1' },
    });
    swap('192.168.1.205', '192.168.1.206');
    const arrives = (dst: string) => {
      const packet = ipv4({ src: VMS.rb.provider4, dst }, datagram);
      return send('uplink', ethernet({ src: HOSTS.h2.mac, dst: HOSTS.h1.mac }, packet)).frame!.subarray(
        30,
        34,
      );
    };
    expect([...arrives('192.168.1.205')]).toEqual([10, 0, 0, 205]);
    swap('192.168.1.206', '192.168.1.205');
    expect([...arrives('192.168.1.205')]).toEqual([10, 0, 0, 206]);
    expect([...arrives('192.168.1.206')]).toEqual([10, 0, 0, 205]);
  });

  it('T4: a new way to a peer has the path MTU that was learnt', async () => {
    const small = await smallFabric();
    const fate = (frame: Uint8Array, port: number): number[] => {
      small.batch.push(frame, port);
      small.process(0);
      return [...small.batch.drops()].map(({ verdict }) => verdict);
    };
    const quoted = ipv4(
      { src: '192.168.0.1', dst: '192.168.0.2', df: true },
      nvgre({ vsid: BLUE }, pattern(20)),
    );
    const report = ethernet(
      { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:01' },
      ipv4({ src: '192.168.77.1', dst: '192.168.0.1' }, icmpv4({ type: 3, code: 4, rest: 1400 }, quoted)),
    );
    expect(fate(report, 0)).toEqual([DROP_PATH_MTU]);
    // Rewritten packets need a next hop that nobody needed before.
    for (const number of [1, 2]) {
      const providerAddresses = [`192.168.0.${100 + number}`];
      small.apply({ op: 'set-method', name: `vm${number}`, method: 'rewrite', providerAddresses });
    }
    const sized = (length: number) =>
      ethernet(
        { src: smallVm(1, 'h1').mac, dst: smallVm(2, 'h2').mac },
        ipv4(
          { src: '10.0.0.1', dst: '10.0.0.2', df: true },
          udp({ srcPort: 1, dstPort: 2 }, pattern(length - 28)),
        ),
      );
    expect(fate(sized(1400), small.port('vm1'))).toEqual([]);
    expect(fate(sized(1401), small.port('vm1'))).toEqual([DROP_OVER_MTU]);
  });

  it('T2: an error that finds no slot takes nothing from the limit', async () => {
    const tight = await Dataplane.create({
      policy: policy({ icmpLimit: 2 }),
      host: 'h1',
      capacity: { copySlots: 1 },
    });
    const dying = ethernet(
      { src: VMS.a.mac, dst: ROUTER_MAC },
      ipv4({ src: VMS.a.ipv4, dst: VMS.st.ipv4, ttl: 1 }, datagram),
    );
    const errors = () => [...tight.batch.outputs()].filter(({ verdict }) => verdict === ICMP_ERROR).length;
    for (let count = 0; count < 5; count++) tight.batch.push(dying, tight.port('a'));
    tight.process(0);
    expect(errors()).toBe(1);
    tight.batch.push(dying, tight.port('a'));
    tight.process(0);
    expect(errors()).toBe(1);
  });

  it('V9: tables that are full are replaced by larger ones; ports keep their numbers', () => {
    const ports = new Map(dataplane.ports.map(({ endpoint, number }) => [endpoint.name, number]));
    for (let first = 0; first < 2000; first += 100) {
      dataplane.apply(
        Array.from({ length: 100 }, (_, index) => ({
          op: 'add-endpoint' as const,
          domain: DOMAIN,
          endpoint: manyVm(first + index),
        })),
      );
    }
    for (const [name, number] of ports) expect(dataplane.port(name)).toBe(number);
    const last = manyVm(1999);
    const frame = ethernet(
      { src: VMS.a.mac, dst: last.mac },
      ipv6({ src: VMS.a.ipv6, dst: last.addresses[0]! }, datagram),
    );
    expect(send('a', frame).frame).toEqual(envelope4('h1', 'h3', BLUE, frame));
    // As if it had been the policy from the start.
    expect(dataplane.policy).toEqual(validatePolicy(documentOf(2000)));
  });
});

describe('load', () => {
  it('V9: another policy; ports and counters of what stays go on', () => {
    const frame = frame4('a', 'b', datagram);
    send('a', frame);
    const port = dataplane.port('many');
    const other = JSON.parse(JSON.stringify(policy())) as {
      customers: { routingDomains: { endpoints: { name: string; host: string }[] }[] }[];
    };
    const { endpoints } = other.customers[0]!.routingDomains[0]!;
    for (const endpoint of endpoints) if (endpoint.name === 'a2') endpoint.host = 'h3';
    dataplane.load(other);
    expect(dataplane.port('many')).toBe(port);
    expect(() => dataplane.port('a2')).toThrow(RangeError);
    send('a', frame);
    send('a', frame4('a2', 'b', datagram).slice());
    expect(dataplane.counters().forwarded).toBe(2);
    expect(dataplane.counters().subnets.find(({ vsid }) => vsid === BLUE)!.forwarded).toBe(2);
  });

  it('V9: a policy with problems leaves the old one in force', () => {
    const before = dataplane.policy;
    expect(() => {
      dataplane.load({ version: 1, hosts: [], customers: [] });
    }).toThrow(PolicyError);
    expect(() => {
      dataplane.load({
        version: 1,
        hosts: [{ name: 'other', addresses: ['10.0.0.1/24'], mac: '02:00:00:00:00:01' }],
        customers: [],
      });
    }).toThrow('host: expected a host of the policy, got "h1"');
    expect(dataplane.policy).toBe(before);
    const spoofed = ethernet(
      { src: VMS.a.mac, dst: VMS.b.mac },
      ipv4({ src: VMS.a2.ipv4, dst: VMS.b.ipv4 }, datagram),
    );
    expect(send('a', spoofed)).toEqual({ verdict: DROP_SOURCE_ADDRESS });
  });
});

/** Three hosts with an endpoint each, in tables with some room. */
async function smallFabric(): Promise<Dataplane> {
  const hosts = ['h1', 'h2', 'h3'].map((name, index) => ({
    name,
    addresses: [`192.168.0.${index + 1}/24`],
    mac: `02:00:00:00:00:0${index + 1}`,
  }));
  const subnets = [{ vsid: BLUE, prefixes: ['10.0.0.0/24'] }];
  const endpoints = [smallVm(1, 'h1'), smallVm(2, 'h2'), smallVm(3, 'h3')];
  const routingDomains = [{ name: 'd', id: DOMAIN, subnets, endpoints }];
  return Dataplane.create({
    policy: { version: 1, hosts, customers: [{ name: 'c', routingDomains }] },
    host: 'h1',
    capacity: { ports: 9, nextHops: 9, members: 9, addresses4: 9, macs: 9, providers4: 9 },
  });
}

function smallVm(number: number, host: string) {
  return {
    name: `vm${number}`,
    vsid: BLUE,
    mac: `02:15:5d:00:00:0${number}`,
    addresses: [`10.0.0.${number}`],
    host,
  };
}

function newVm(number: number) {
  return {
    name: `new${number}`,
    vsid: BLUE,
    mac: `02:15:5d:77:00:0${number}`,
    addresses: [`10.0.0.20${number}`],
    host: 'h2',
  };
}

/** In a subnet of their own, which the fabric's has no room for. */
function manyVm(number: number) {
  const pair = (value: number) => value.toString(16).padStart(2, '0');
  return {
    name: `many${number}`,
    vsid: BLUE,
    mac: `02:15:5d:78:${pair(number >> 8)}:${pair(number & 255)}`,
    addresses: [`fd00::7800:${number.toString(16)}`],
    host: number % 2 === 0 ? 'h2' : 'h3',
  };
}

function documentOf(count: number): object {
  const document = policy() as { customers: { routingDomains: { endpoints: object[] }[] }[] };
  document.customers[0]!.routingDomains[0]!.endpoints.push(
    ...Array.from({ length: count }, (_, number) => manyVm(number)),
  );
  return document;
}
