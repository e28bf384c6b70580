/** What a policy allows but hardly anybody means. */

import { describe, expect, it } from 'vitest';
import { Fabric } from '../../src/verify/fabric.ts';
import { findOddities } from '../../src/verify/findings.ts';
import { type FabricDocument, fabric } from './fabrics.ts';

const findings = (change: (document: FabricDocument) => void) =>
  findOddities(new Fabric(fabric(change))).map(({ kind, message }) => `${kind}: ${message}`);
const blue = ({ customers }: FabricDocument) => customers[0]!.routingDomains[0]!;

describe('routes', () => {
  const route = (via: string) =>
    findings((document) => {
      blue(document).routes = [{ to: '0.0.0.0/0', via }];
    }).filter((line) => line.startsWith('route-via'));

  it('via an endpoint that does not forward', () => {
    expect(route('10.0.0.21')).toEqual([
      'route-via: the route to 0.0.0.0/0 goes via 10.0.0.21, b’s, which is not forwarding',
    ]);
  });

  it('via one that does', () => {
    expect(route('10.0.0.254')).toEqual([]);
  });
});

describe('subnets without a gateway', () => {
  it('that nobody can leave', () => {
    expect(findings(() => undefined)).toContain(
      'no-gateway: virtual subnet 5003 has no IPv4 and IPv6 gateway: nobody can leave it',
    );
  });

  it('not where a VM forwards, nor where there is nowhere to go', () => {
    const text = findings((document) => {
      blue(document).subnets[0]!.gateways = [];
    }).join('\n');
    expect(text).not.toContain('subnet 5001');
    expect(text).not.toContain('subnet 6001');
  });

  it('for the family that has none', () => {
    const message = 'no-gateway: virtual subnet 5002 has no IPv6 gateway: nobody can leave it';
    expect(
      findings((document) => {
        blue(document).subnets[1]!.gateways = ['10.0.1.1'];
      }),
    ).toContain(message);
  });
});

describe('hosts', () => {
  it('without endpoints', () => {
    const idle = { name: 'h9', addresses: ['192.168.1.9/24'], mac: '02:00:00:00:09:09' };
    expect(findings(({ hosts }) => hosts.push(idle))).toContain('idle-host: host h9 has no endpoints');
  });
});

describe('endpoints', () => {
  const lonely = {
    name: 'lonely',
    vsid: 5009,
    mac: '02:15:5d:00:77:77',
    addresses: ['10.0.9.7'],
    host: 'h1',
  };
  const addSubnet = (document: FabricDocument, gateways: string[]) => {
    const subnet = { vsid: 5009, prefixes: ['10.0.9.0/24'], gateways };
    blue(document).subnets.push(subnet);
    blue(document).endpoints.push(lonely);
  };
  const unreachable = (change: (document: FabricDocument) => void) =>
    findings(change).filter((line) => line.startsWith('unreachable'));

  it('alone, and nothing is routed there', () => {
    const message =
      'unreachable: nobody can reach endpoint lonely: it is alone in virtual subnet 5009 and nothing is routed to it';
    expect(
      unreachable((document) => {
        addSubnet(document, []);
      }),
    ).toEqual([message]);
    // A gateway alone does not help where the other subnets have none.
    expect(
      unreachable((document) => {
        for (const subnet of blue(document).subnets) subnet.gateways = [];
        blue(document).endpoints = blue(document).endpoints.filter(
          (one) => (one as { name: string }).name !== 'f',
        );
        addSubnet(document, ['10.0.9.1']);
      }),
    ).toEqual([message]);
  });

  it('alone, but the gateways of both ends route', () => {
    expect(
      unreachable((document) => {
        addSubnet(document, ['10.0.9.1']);
        blue(document).subnets[1]!.gateways = ['10.0.1.1'];
      }),
    ).toEqual([]);
  });
});
