/** What breaks each rule that a change must keep. */

import type { Change } from '../../src/index.ts';
import { D1, D2, addEndpoint, addHost, addRoute, addSubnet, move } from './changes.ts';

export interface Refused {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly lines: readonly string[];
}

export const set = (name: string, ...providerAddresses: string[]): Change => ({
  op: 'set-method',
  name,
  method: 'rewrite',
  providerAddresses,
});

export const REFUSED: readonly Refused[] = [
  {
    name: 'an endpoint with everything wrong',
    changes: [
      addEndpoint({
        name: 'a',
        vsid: 6001,
        mac: '02:00:00:00:aa:zz',
        addresses: ['10.0.0.11', '10.0.0.300'],
        host: 'h3',
      }),
    ],
    lines: [
      '[0].endpoint.mac: expected a unicast MAC like 02:00:00:00:00:01, got "02:00:00:00:aa:zz"',
      '[0].endpoint.addresses[1]: expected an IPv4 or IPv6 address, got "10.0.0.300"',
      '[0].endpoint.name: expected it once, got endpoint "a" again (endpoint "a" has it)',
      '[0].endpoint.host: expected a host of the policy, got "h3", did you mean "h1"?',
      '[0].endpoint.vsid: expected a virtual subnet of the routing domain (5001, 5002, 5003), got 6001',
      '[0].endpoint.addresses[0]: expected it once, got address 10.0.0.11 again (endpoint "a" has it)',
    ],
  },
  {
    name: 'an endpoint with a MAC of its VLAN’s subnet',
    changes: [addEndpoint({ mac: '02:00:00:00:aa:03', vlans: { 3: 5002 } })],
    lines: [
      '[0].endpoint.mac: expected it once, got MAC 02:00:00:00:aa:03 in virtual subnet 5002 again (endpoint "r" has it)',
    ],
  },
  {
    name: 'an endpoint with the router’s MAC and the gateway’s address',
    changes: [addEndpoint({ mac: '02:00:5e:00:00:01', addresses: ['10.0.0.1'] })],
    lines: [
      '[0].endpoint.mac: expected a MAC of its own, got 02:00:5e:00:00:01, the router’s',
      '[0].endpoint.addresses[0]: expected an address of its own, got 10.0.0.1, the gateway of virtual subnet 5001',
    ],
  },
  {
    name: 'an endpoint of no routing domain',
    changes: [addEndpoint({ mac: 'x' }, 'd1')],
    lines: [
      '[0].domain: expected the id of a routing domain of the policy, got "d1", a name: its id is "00000000-0000-4000-8000-000000000001"',
      '[0].endpoint.mac: expected a unicast MAC like 02:00:00:00:00:01, got "x"',
    ],
  },
  {
    name: 'keys that it does not have',
    changes: [
      { ...move('a', 'h2'), hots: 'h1' },
      { op: 'remove-endpoint', name: 'z', x: 1 },
      { ...addEndpoint(), endpoints: [] },
      { ...addSubnet(5009, '10.0.9.0/24'), domian: D1 },
      { op: 'remove-subnet', vsid: 5003, constructor: 1 },
      { ...addRoute('10.5.0.0/16', '10.0.0.11'), via: '10.0.0.11' },
      { op: 'remove-route', domain: D1, to: '0.0.0.0/0', metric: 5, x: 1 },
      { ...addHost(), hosts: [] },
      { op: 'remove-host', name: 'bare', force: true },
      { op: 'constructor', x: 1 } as unknown as Change,
      { op: 'move-endpoin', x: 1 } as unknown as Change,
    ] as Change[],
    lines: [
      '[0].hots: unknown key "hots", did you mean "host"?',
      '[1].x: unknown key "x"',
      '[2].endpoints: unknown key "endpoints", did you mean "endpoint"?',
      '[3].domian: unknown key "domian", did you mean "domain"?',
      '[4].constructor: unknown key "constructor"',
      '[5].via: unknown key "via"',
      '[6].x: unknown key "x"',
      '[7].hosts: unknown key "hosts", did you mean "host"?',
      '[8].force: unknown key "force"',
      '[9].op: expected one of add-endpoint, remove-endpoint, move-endpoint, set-method, add-subnet, remove-subnet, add-route, remove-route, add-host, remove-host, got "constructor"',
      '[10].op: expected one of add-endpoint, remove-endpoint, move-endpoint, set-method, add-subnet, remove-subnet, add-route, remove-route, add-host, remove-host, got "move-endpoin", did you mean "move-endpoint"?',
    ],
  },
  {
    name: 'endpoints that do not exist',
    changes: [{ op: 'remove-endpoint', name: 'bb' }, move('q', 'h2'), set('rr', '192.168.2.13')],
    lines: [
      '[0].name: expected an endpoint of the policy, got "bb", did you mean "b"?',
      '[1].name: expected an endpoint of the policy, got "q"',
      '[2].name: expected an endpoint of the policy, got "rr", did you mean "r"?',
    ],
  },
  {
    name: 'a move to nowhere, and to a host without the family',
    changes: [move('a', 'h22'), move('r', 'six'), move('a', 'six')],
    lines: [
      '[0].host: expected a host of the policy, got "h22", did you mean "h2"?',
      '[1].host: expected a host with an IPv4 address for IP Rewrite over IPv4, got "six"',
      '[2].host: expected a host with an address family in common with "h2" (both have endpoints of one routing domain), got "six"',
    ],
  },
  {
    name: 'hosts that need a gateway',
    changes: [move('b', 'bare'), addEndpoint({ host: 'bare' })],
    lines: [
      '[0].host: expected a gateway of "bare", because "h1" (192.168.1.1) is outside the provider prefix of "bare", got none',
      '[1].endpoint.host: expected a gateway of "bare", because "h1" (192.168.1.1) is outside the provider prefix of "bare", got none',
    ],
  },
  {
    name: 'a rewrite address that a host does not reach',
    changes: [
      { op: 'move-endpoint', name: 'z', host: 'bare' },
      addEndpoint({ host: 'h2', vsid: 6001 }, D2),
      set('n', '192.168.7.7'),
    ],
    lines: [
      '[2].providerAddresses: expected a gateway of "bare", because "h2" (192.168.7.7) is outside the provider prefix of "bare", got none',
    ],
  },
  {
    name: 'provider addresses that do not fit',
    changes: [
      set('r'),
      set('r', '2001:db8::13'),
      set('a', '192.168.2.13'),
      set('a', '192.168.1.254'),
      set('a', '192.168.1.1'),
    ],
    lines: [
      '[0].providerAddresses: expected an IPv4 provider address for 10.0.1.13, got none',
      '[1].providerAddresses: expected an IPv4 provider address for 10.0.1.13, got none',
      '[1].providerAddresses: expected a customer address of the same family for each, got 2001:db8::13 without one',
      '[2].providerAddresses[0]: expected it once, got provider address 192.168.2.13 again (endpoint "r" has it)',
      '[3].providerAddresses[0]: expected it once, got provider address 192.168.1.254 again (a host’s gateway has it)',
      '[4].providerAddresses[0]: expected it once, got provider address 192.168.1.1 again (host "h1" has it)',
    ],
  },
  {
    name: 'a method with provider addresses that it does not use, and none that exists',
    changes: [
      { op: 'set-method', name: 'a', method: 'nvgre', providerAddresses: ['192.168.1.9'] } as Change,
      { op: 'set-method', name: 'a', method: 'vxlan' } as unknown as Change,
      { op: 'set-method', name: 'a', method: 'nvgre', usevmmac: true } as Change,
    ],
    lines: [
      '[0].providerAddresses: expected none with method nvgre (its host’s address is used), got some',
      '[1].method: expected "nvgre" or "rewrite", got "vxlan"',
      '[2].usevmmac: unknown key "usevmmac", did you mean "useVmMac"?',
    ],
  },
  {
    name: 'an endpoint that a route needs',
    changes: [{ op: 'remove-endpoint', name: 'a' }],
    lines: ['[0].name: expected an endpoint that no route needs, got "a": 0.0.0.0/0 via 10.0.0.11'],
  },
  {
    name: 'subnets that do not fit',
    changes: [
      addSubnet(5001, '10.0.0.0/25', '10.9.0.0/16', '10.9.1.0/24'),
      addSubnet(4095, '10.8.0.0/16', '10.7.0.1/16'),
      {
        op: 'add-subnet',
        domain: D1,
        subnet: { vsid: 5010, prefixes: ['10.6.0.0/16'], gateways: ['10.5.0.1'] },
      },
      addSubnet(5011, '0.0.0.0/0'),
    ],
    lines: [
      '[0].subnet.vsid: expected it once, got virtual subnet 5001 again (routing domain "d1" has it)',
      '[0].subnet.prefixes[0]: expected networks that do not overlap, got 10.0.0.0/25 beside 10.0.0.0/24',
      '[0].subnet.prefixes[2]: expected networks that do not overlap, got 10.9.1.0/24 beside 10.9.0.0/16',
      '[1].subnet.prefixes[1]: expected the network 10.7.0.0/16, host bits zero, got "10.7.0.1/16"',
      '[1].subnet.vsid: expected a virtual subnet id from 4096 to 16777214 (RFC 7637: 0 to 4095 are reserved), got 4095',
      '[2].subnet.gateways[0]: expected an address in 10.6.0.0/16, got 10.5.0.1',
      '[3].subnet.prefixes[0]: expected networks that do not overlap, got 0.0.0.0/0 beside 10.0.0.0/24',
    ],
  },
  {
    name: 'a subnet that a route leads to',
    changes: [addRoute('10.4.0.0/16', '10.0.0.11'), addSubnet(5012, '10.4.0.0/16')],
    lines: ['[1].subnet.prefixes[0]: expected a network that no route leads to, got 10.4.0.0/16'],
  },
  {
    name: 'subnets that are needed, or do not exist',
    changes: [
      { op: 'remove-subnet', vsid: 5002 },
      { op: 'remove-endpoint', name: 'z' },
      { op: 'remove-subnet', vsid: 6001 },
      { op: 'remove-subnet', vsid: 7777 },
    ],
    lines: [
      '[0].vsid: expected a virtual subnet without endpoints, got 5002 with 2',
      '[2].vsid: expected one of several virtual subnets, got 6001, the last of "d2"',
      '[3].vsid: expected a virtual subnet of the policy, got 7777',
    ],
  },
  {
    name: 'routes that lead nowhere',
    changes: [
      addRoute('0.0.0.0/0', '10.0.0.12', 5),
      addRoute('10.0.1.0/24', '10.0.0.11'),
      addRoute('172.16.0.0/12', '10.0.0.1'),
      addRoute('172.16.0.0/12', '10.0.0.99'),
      addRoute('::/0', '10.0.0.11'),
      { op: 'add-route', domain: 'x', route: { to: '1.2.3.4/8', via: '10.0.0.11' } },
    ],
    lines: [
      '[0].route: expected it once, got route to 0.0.0.0/0 with metric 5 again (routing domain "d1" has it)',
      '[1].route.to: expected a network that is no subnet’s, got 10.0.1.0/24, a prefix of virtual subnet 5002',
      '[2].route.via: expected an address of an endpoint in the routing domain, got 10.0.0.1, the gateway of virtual subnet 5001',
      '[3].route.via: expected an address of an endpoint in the routing domain, got 10.0.0.99',
      '[4].route.via: expected an IPv6 address, got 10.0.0.11',
      '[5].domain: expected the id of a routing domain of the policy, got "x"',
      '[5].route.to: expected the network 1.0.0.0/8, host bits zero, got "1.2.3.4/8"',
    ],
  },
  {
    name: 'routes in a circle, closed by one that comes',
    changes: [addRoute('10.0.0.8/29', '10.0.1.13'), addRoute('10.0.1.0/28', '10.0.0.11')],
    lines: [
      '[1].route.via: expected a next hop that no route leads back to, got 10.0.0.11: 10.0.1.0/28 via 10.0.0.11 → 10.0.0.8/29 via 10.0.1.13 → 10.0.1.0/28',
    ],
  },
  {
    name: 'routes in a circle, closed by one that goes',
    changes: [
      addRoute('10.0.0.8/29', '10.0.1.13'),
      addRoute('10.0.0.0/25', '10.0.0.11', 3),
      { op: 'remove-route', domain: D1, to: '10.0.0.8/29' },
    ],
    lines: [
      '[2].to: expected a next hop that no route leads back to, got 10.0.0.11: 10.0.0.0/25 via 10.0.0.11 → 10.0.0.0/25, without the route to 10.0.0.8/29',
    ],
  },
  {
    name: 'a route that does not exist',
    changes: [{ op: 'remove-route', domain: D1, to: '0.0.0.0/0' }],
    lines: ['[0].to: expected a route of the routing domain, got 0.0.0.0/0 with metric 0'],
  },
  {
    name: 'hosts that do not fit',
    changes: [
      addHost({ name: 'h1', mac: '02:00:00:00:02:01', addresses: ['192.168.2.13/24'] }),
      addHost({
        gateway: { address: '192.168.1.1', mac: '02:00:00:00:09:fe' },
        addresses: ['192.168.1.254/24'],
      }),
    ],
    lines: [
      '[0].host.addresses[0]: expected it once, got provider address 192.168.2.13 again (endpoint "r" has it)',
      '[0].host.name: expected it once, got host "h1" again (host "h1" has it)',
      '[0].host.mac: expected it once, got MAC 02:00:00:00:02:01 again (host "h2" has it)',
      '[1].host.addresses[0]: expected it once, got provider address 192.168.1.254 again (a host’s gateway has it)',
      '[1].host.gateway.address: expected it once, got provider address 192.168.1.1 again (host "h1" has it)',
    ],
  },
  {
    name: 'hosts that are needed, or do not exist',
    changes: [
      { op: 'remove-host', name: 'h1' },
      { op: 'remove-host', name: 'h3' },
    ],
    lines: [
      '[0].name: expected a host without endpoints, got "h1" with 2',
      '[1].name: expected a host of the policy, got "h3", did you mean "h1"?',
    ],
  },
  {
    name: 'what is no change',
    changes: [
      { op: 'add-vm' },
      null,
      'move',
      { op: 'move-endpoint' },
      { op: 'remove-host', name: 7 },
    ] as unknown as Change[],
    lines: [
      '[0].op: expected one of add-endpoint, remove-endpoint, move-endpoint, set-method, add-subnet, remove-subnet, add-route, remove-route, add-host, remove-host, got "add-vm"',
      '[1]: expected a change, got null',
      '[2]: expected a change, got "move"',
      '[3].name: expected an endpoint of the policy, got nothing',
      '[3].host: expected a host of the policy, got nothing',
      '[4].name: expected a host of the policy, got 7',
    ],
  },
  {
    name: 'what could not be added, but not what refers to it',
    changes: [
      addHost({ mac: 'x' }),
      addSubnet(5009, '10.0.0.0/25'),
      addEndpoint({ host: 'h9' }),
      addEndpoint({ name: 'm', mac: '02:00:00:00:aa:0b', vsid: 5009, addresses: ['10.0.9.5'] }),
      move('m', 'h1'),
      { op: 'remove-endpoint', name: 'n' },
      { op: 'remove-subnet', vsid: 5009 },
      { op: 'remove-host', name: 'h9' },
    ],
    lines: [
      '[0].host.mac: expected a unicast MAC like 02:00:00:00:00:01, got "x"',
      '[1].subnet.prefixes[0]: expected networks that do not overlap, got 10.0.0.0/25 beside 10.0.0.0/24',
    ],
  },
];
