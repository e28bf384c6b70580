/** A small policy, and changes of it in short. */

import { type Change, FabricState, PolicyError, parsePolicy } from '../../src/index.ts';

export const D1 = '00000000-0000-4000-8000-000000000001';
export const D2 = '00000000-0000-4000-8000-000000000002';

export const TEXT = `version: 1
hosts:
  - { name: h1, addresses: [192.168.1.1/24], mac: 02:00:00:00:01:01, gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe } }
  - { name: h2, addresses: [192.168.2.1/24], mac: 02:00:00:00:02:01, gateway: { address: 192.168.2.254, mac: 02:00:00:00:02:fe } }
  - { name: six, addresses: ["2001:db8::6/64"], mac: 02:00:00:00:06:01 }
  - { name: bare, addresses: [192.168.2.2/24], mac: 02:00:00:00:02:02 }
customers:
  - name: c1
    routingDomains:
      - name: d1
        id: ${D1}
        subnets:
          - { vsid: 5001, prefixes: [10.0.0.0/24, "fd00::/64"], gateways: [10.0.0.1] }
          - { vsid: 5002, prefixes: [10.0.1.0/24] }
          - { vsid: 5003, prefixes: [10.0.2.0/24] }
        routes:
          - { to: 0.0.0.0/0, via: 10.0.0.11, metric: 5 }
        endpoints:
          - { name: a, vsid: 5001, mac: 02:00:00:00:aa:01, addresses: [10.0.0.11], host: h1 }
          - { name: b, vsid: 5001, mac: 02:00:00:00:aa:02, addresses: [10.0.0.12, 10.0.1.12], host: h2, vlans: { 7: 5002 } }
          - { name: r, vsid: 5002, mac: 02:00:00:00:aa:03, addresses: [10.0.1.13], host: h2, method: rewrite, providerAddresses: [192.168.2.13] }
      - name: d2
        id: ${D2}
        subnets:
          - { vsid: 6001, prefixes: [10.0.0.0/24] }
        endpoints:
          - { name: z, vsid: 6001, mac: 02:00:00:00:aa:01, addresses: [10.0.0.11], host: h1 }
`;

export const state = () => new FabricState(parsePolicy(TEXT));
export const domains = ({ policy }: FabricState) => policy.customers[0]!.routingDomains;

export function problemsOf(fabric: FabricState, changes: readonly Change[]): string[] {
  try {
    fabric.apply(changes);
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const endpoint = (fields: object = {}) => ({
  name: 'n',
  vsid: 5001,
  mac: '02:00:00:00:aa:0a',
  addresses: ['10.0.0.20'],
  host: 'h1',
  ...fields,
});
export const addEndpoint = (fields: object = {}, domain = D1): Change => ({
  op: 'add-endpoint',
  domain,
  endpoint: endpoint(fields),
});
export const addRoute = (to: string, via: string, metric?: number): Change => ({
  op: 'add-route',
  domain: D1,
  route: { to, via, metric },
});
export const addSubnet = (vsid: number, ...prefixes: string[]): Change => ({
  op: 'add-subnet',
  domain: D1,
  subnet: { vsid, prefixes },
});
export const addHost = (fields: object = {}): Change => ({
  op: 'add-host',
  host: { name: 'h9', addresses: ['192.168.9.1/24'], mac: '02:00:00:00:09:01', ...fields },
});
export const move = (name: string, host: string): Change => ({ op: 'move-endpoint', name, host });
