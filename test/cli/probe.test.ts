/** The frame of `explain --to`: where it is sent from, and to which MAC. */

import { describe, expect, it } from 'vitest';
import { type Probe, type ProbeProtocol, probe } from '../../src/frames/probe.ts';
import { decode } from '../../src/observe/decode.ts';
import { formatIp, formatMac, parseIp, validatePolicy } from '../../src/index.ts';
import { ROUTER_MAC, VMS, policy } from '../rules/fabric.ts';

interface Document {
  customers: { routingDomains: { subnets: { gateways?: string[] }[] }[] }[];
}

/** Blue's first subnet has gateways, the second none. */
const document = policy() as Document;
document.customers[0]!.routingDomains[0]!.subnets[0]!.gateways = ['10.0.0.1', 'fd00::1'];
const fabric = validatePolicy(document);
const [blue] = fabric.customers[0]!.routingDomains;

function send(from: string, to: string, proto: ProbeProtocol = 'udp'): Probe & { src: string; mac: string } {
  const sender = blue!.endpoints.find(({ name }) => name === from)!;
  const result = probe(fabric, sender, parseIp(to)!, proto);
  const { outer } = decode(result.frame);
  return { ...result, src: formatIp(outer!.src!), mac: formatMac(outer!.dstMac) };
}

const EUI64_A = 'fe80::15:5dff:fe00:111';

describe('source address', () => {
  it.each([
    ['10.0.0.21', '10.0.0.13'],
    ['fd00::21', 'fd00::13'],
    ['2001:db8::1', 'fd00::13'],
    ['ff0e::1', 'fd00::13'],
    ['fe80::1', 'fe80::99'],
    ['ff02::1', 'fe80::99'],
  ])('to %s from %s', (to, src) => {
    expect(send('many', to).src).toBe(src);
  });

  it('is EUI-64 where the policy lists no link-local one', () => {
    expect(send('a', 'ff02::2').src).toBe(EUI64_A);
  });

  it('is refused where there is none', () => {
    expect(() => send('f', 'fd00::21')).toThrow('to: f has no IPv6 address to send from');
  });
});

describe('destination MAC', () => {
  it.each([
    ['a neighbour', '10.0.0.21', VMS.b.mac],
    ['a neighbour over IPv6', 'fd00::21', VMS.b.mac],
    ['a link-local address in the policy', 'fe80::99', VMS.many.mac],
    ['a link-local address by EUI-64', EUI64_A, VMS.a.mac],
    ['the gateway', '10.0.0.1', ROUTER_MAC],
    ['the gateway’s link-local address', 'fe80::5eff:fe00:1', ROUTER_MAC],
    ['another subnet', '10.0.1.11', ROUTER_MAC],
    ['outside', '8.8.8.8', ROUTER_MAC],
    ['an IPv4 group', '239.255.1.2', '01:00:5e:7f:01:02'],
    ['an IPv6 group', 'ff02::1:ff00:21', '33:33:ff:00:00:21'],
    ['broadcast', '255.255.255.255', 'ff:ff:ff:ff:ff:ff'],
    ['the subnet’s broadcast', '10.0.0.255', 'ff:ff:ff:ff:ff:ff'],
  ])('of %s', (_what, to, mac) => {
    expect(send('many', to)).toMatchObject({ mac, notes: [] });
  });

  it('of nobody: nobody’s, and it is said', () => {
    expect(send('a', '10.0.0.99')).toMatchObject({
      mac: '02:00:00:00:00:00',
      notes: [expect.stringContaining('nobody in virtual subnet 5001 has 10.0.0.99')],
    });
    expect(send('a', 'fd00::99').notes[0]).toContain('neighbour discovery would get no answer');
  });

  it('outside a subnet without gateway: the router’s, and it is said', () => {
    expect(send('q', '8.8.8.8')).toMatchObject({
      mac: ROUTER_MAC,
      notes: [expect.stringContaining('virtual subnet 5003 has no IPv4 gateway')],
    });
  });
});
