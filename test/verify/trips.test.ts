/** Packets that verification sends, how they must arrive, and how one is shown. */

import { describe, expect, it } from 'vitest';
import { decode } from '../../src/observe/decode.ts';
import { formatIp, formatMac, parseIp, parseMac } from '../../src/index.ts';
import { traceTrip } from '../../src/verify/counterexample.ts';
import { Fabric } from '../../src/verify/fabric.ts';
import { Failures } from '../../src/verify/failures.ts';
import { Planes, createWasmPlane } from '../../src/verify/planes.ts';
import {
  type Place,
  arrival,
  broadcastTrip,
  foreignTrip,
  routedTrip,
  subnetTrip,
} from '../../src/verify/trips.ts';
import { ETHER_TYPE, ethernet, ipv4, ipv6, udp, vlan } from '../packets/index.ts';
import { ROUTER_MAC, VMS } from '../rules/fabric.ts';
import { fabric } from './fabrics.ts';

const policy = fabric();
const endpoints = policy.customers.flatMap(({ routingDomains }) =>
  routingDomains.flatMap((domain) => domain.endpoints),
);
const place = (name: string, text: string): Place => {
  const address = parseIp(text)!;
  const endpoint = endpoints.find((one) => one.name === name)!;
  const own = endpoint.addresses.find(({ customer }) => customer.value === address.value);
  return { endpoint, vsid: own?.vsid ?? endpoint.vsid, address };
};
const routerMac = parseMac(ROUTER_MAC)!;
const payload = new TextEncoder().encode('netvirt verify 5');
const datagram = udp({ srcPort: 49157, dstPort: 7 }, payload);

it('within a virtual subnet: the frame as it was sent', () => {
  const trip = subnetTrip(place('a', '10.0.0.11'), place('b', '10.0.0.21'), 5);
  const packet = ipv4({ src: '10.0.0.11', dst: '10.0.0.21', ttl: 64, id: 0, df: true }, datagram);
  expect(trip.frame).toEqual(ethernet({ src: VMS.a.mac, dst: VMS.b.mac }, packet));
  expect(arrival(trip, trip.to.endpoint, routerMac)).toEqual(trip.frame);
});

describe('between virtual subnets: as a router passes it on', () => {
  it('IPv4', () => {
    const trip = routedTrip(place('a', '10.0.0.11'), place('s', '10.0.1.11'), routerMac, 5);
    const sent = ipv4({ src: '10.0.0.11', dst: '10.0.1.11', ttl: 64, id: 0, df: true }, datagram);
    expect(trip.frame).toEqual(ethernet({ src: VMS.a.mac, dst: ROUTER_MAC }, sent));
    const routed = ipv4({ src: '10.0.0.11', dst: '10.0.1.11', ttl: 63, id: 0, df: true }, datagram);
    expect(arrival(trip, trip.to.endpoint, routerMac)).toEqual(
      ethernet({ src: ROUTER_MAC, dst: VMS.s.mac }, routed),
    );
  });

  it('IPv6', () => {
    const trip = routedTrip(place('a', 'fd00::11'), place('b', 'fd00::21'), routerMac, 5);
    const packet = (hopLimit: number) => ipv6({ src: 'fd00::11', dst: 'fd00::21', hopLimit }, datagram);
    expect(trip.frame).toEqual(ethernet({ src: VMS.a.mac, dst: ROUTER_MAC }, packet(64)));
    expect(arrival(trip, trip.to.endpoint, routerMac)).toEqual(
      ethernet({ src: ROUTER_MAC, dst: VMS.b.mac }, packet(63)),
    );
  });
});

describe('on a VLAN of the port', () => {
  const tagged = (frame: Uint8Array) => vlan({ vid: 100 }, frame);
  const sent = ipv4({ src: '10.0.1.41', dst: '10.0.1.11', ttl: 64, id: 0, df: true }, datagram);

  it('with a tag from the sender, and to the receiver', () => {
    const trunk = place('trunk', '10.0.1.41');
    const away = subnetTrip(trunk, place('s', '10.0.1.11'), 5);
    const frame = ethernet({ src: VMS.trunk.mac, dst: VMS.s.mac }, sent);
    expect(away.frame).toEqual(tagged(frame));
    expect(arrival(away, away.to.endpoint, routerMac)).toEqual(frame);
    const back = subnetTrip(place('s', '10.0.1.11'), trunk, 5);
    expect(arrival(back, trunk.endpoint, routerMac)).toEqual(tagged(back.frame));
  });
});

describe('to everybody', () => {
  it.each([
    ['IPv4', '10.0.0.11', 'ff:ff:ff:ff:ff:ff', '255.255.255.255'],
    ['IPv6', 'fd00::11', '33:33:00:00:00:01', 'ff02::1'],
  ])('%s', (_family, source, mac, group) => {
    const { frame } = broadcastTrip(place('a', source), 5);
    const { outer, fault } = decode(frame);
    expect(fault).toBeUndefined();
    expect([formatIp(outer!.dst!), formatMac(outer!.dstMac)]).toEqual([group, mac]);
  });

  it('without an address', () => {
    const { frame } = broadcastTrip({ ...place('a', '10.0.0.11'), address: undefined }, 5);
    const expected = { src: VMS.a.mac, dst: 'ff:ff:ff:ff:ff:ff' };
    expect(frame).toEqual(ethernet({ ...expected, type: ETHER_TYPE.experiment }, payload));
  });
});

it('every packet is another one', () => {
  const frames = Array.from({ length: 100 }, (_, number) =>
    Buffer.from(foreignTrip(place('a', '10.0.0.11'), place('gb', '10.0.0.21'), 1, number).frame).toString(
      'hex',
    ),
  );
  expect(new Set(frames).size).toBe(100);
  expect(decode(Buffer.from(frames[0]!, 'hex')).fault).toBeUndefined();
});

describe('a trace', () => {
  const whole = new Fabric(policy);
  const planes = new Planes(whole, createWasmPlane, new Failures());

  it('goes over both hosts', async () => {
    const trip = subnetTrip(place('a', '10.0.0.11'), place('b', '10.0.0.21'), 5);
    const { from, to, traces } = await traceTrip(whole, planes, trip);
    expect([from, to]).toEqual(['a', 'b']);
    expect(traces.map(({ host, port, steps }) => [host, port, steps.at(-1)!.text])).toEqual([
      ['h1', 'a', 'FORWARD: sent out of a port (uplink)'],
      ['h2', 'uplink', 'FORWARD: sent out of a port (b)'],
    ]);
    expect(traces[1]!.frame).toEqual(trip.frame);
  });

  it('of a broadcast goes to the host where it went wrong', async () => {
    const trip = broadcastTrip(place('a', '10.0.0.11'), 5);
    const { from, to, traces } = await traceTrip(whole, planes, trip, policy.hosts[2]);
    expect([from, to]).toEqual(['a', 'everybody']);
    expect(traces.map(({ host, port }) => [host, port])).toEqual([
      ['h1', 'a'],
      ['h3', 'uplink'],
    ]);
    expect(traces[1]!.steps.map(({ text }) => text)).toContain('FORWARD: sent out of a port (vc)');
  });

  it('says why there is none', async () => {
    const stranger = { ...place('a', '10.0.0.11').endpoint, name: 'nobody' };
    const from = { ...place('a', '10.0.0.11'), endpoint: stranger };
    const { traces } = await traceTrip(whole, planes, subnetTrip(from, place('b', '10.0.0.21'), 5));
    expect(traces).toHaveLength(1);
    expect(traces[0]!.steps[0]!.text).toMatch(/^no trace: port: expected an endpoint on h1, got "nobody"/);
  });
});
