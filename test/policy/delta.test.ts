/** Each change and its effect, each rule that a change must keep, broken once: the exact line that a user reads. */

import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import {
  type Change,
  type Effect,
  type EndpointInput,
  FabricState,
  type HostInput,
  PolicyError,
  type RouteInput,
  type SubnetInput,
  formatIp,
  formatPrefix,
  parsePolicy,
} from '../../src/index.ts';
import type { endpointSchema, hostSchema, routeSchema, subnetSchema } from '../../src/policy/schema.ts';

const D1 = '00000000-0000-4000-8000-000000000001';
const D2 = '00000000-0000-4000-8000-000000000002';

const TEXT = `version: 1
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

const state = () => new FabricState(parsePolicy(TEXT));
const domains = ({ policy }: FabricState) => policy.customers[0]!.routingDomains;

function problemsOf(fabric: FabricState, changes: readonly Change[]): string[] {
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
const addEndpoint = (fields: object = {}, domain = D1): Change => ({
  op: 'add-endpoint',
  domain,
  endpoint: endpoint(fields),
});
const addRoute = (to: string, via: string, metric?: number): Change => ({
  op: 'add-route',
  domain: D1,
  route: { to, via, metric },
});
const addSubnet = (vsid: number, ...prefixes: string[]): Change => ({
  op: 'add-subnet',
  domain: D1,
  subnet: { vsid, prefixes },
});
const addHost = (fields: object = {}): Change => ({
  op: 'add-host',
  host: { name: 'h9', addresses: ['192.168.9.1/24'], mac: '02:00:00:00:09:01', ...fields },
});
const move = (name: string, host: string): Change => ({ op: 'move-endpoint', name, host });

describe('a change is applied:', () => {
  it('an endpoint comes, moves, gets another method, and goes', () => {
    const fabric = state();
    const [added, moved, rewritten, back] = fabric.apply([
      addEndpoint({ forwarding: true }, D1.toUpperCase()),
      move('n', 'h2'),
      { op: 'set-method', name: 'n', method: 'rewrite', providerAddresses: ['192.168.2.20'], useVmMac: true },
      { op: 'set-method', name: 'n', method: 'nvgre' },
    ]);
    const base = {
      name: 'n',
      vsid: 5001,
      mac: 0x02000000aa0a,
      addresses: [{ customer: { family: 4, value: 0x0a000014 }, vsid: 5001, provider: undefined }],
      host: 0,
      method: 'nvgre',
      forwarding: true,
      useVmMac: false,
      vlans: new Map(),
    };
    const provider = { family: 4, value: 0xc0a80214 };
    const other = {
      ...base,
      host: 1,
      method: 'rewrite',
      useVmMac: true,
      addresses: [{ ...base.addresses[0], provider }],
    };
    expect(added).toMatchObject({ kind: 'endpoint-added', endpoint: base, domain: { id: D1, name: 'd1' } });
    expect(moved).toMatchObject({ kind: 'endpoint-changed', before: base, after: { ...base, host: 1 } });
    expect(rewritten).toMatchObject({ kind: 'endpoint-changed', before: { ...base, host: 1 }, after: other });
    expect(back).toMatchObject({ kind: 'endpoint-changed', before: other, after: { ...base, host: 1 } });
    expect(domains(fabric)[0]!.endpoints.map(({ name }) => name)).toEqual(['a', 'b', 'r', 'n']);

    const [removed] = fabric.apply([{ op: 'remove-endpoint', name: 'n' }]);
    expect(removed).toMatchObject({ kind: 'endpoint-removed', endpoint: { ...base, host: 1 } });
    expect(fabric.policy).toEqual(parsePolicy(TEXT));
    // Everything that it had is free again.
    expect(problemsOf(fabric, [addEndpoint(), addHost({ addresses: ['192.168.2.20/24'] })])).toEqual([]);
  });

  it('a move to where the endpoint is already', () => {
    const [effect] = state().apply([move('a', 'h1')]);
    expect(effect).toMatchObject({ kind: 'endpoint-changed', before: { host: 0 }, after: { host: 0 } });
  });

  it('an endpoint frees its MAC in the subnets of its VLANs too', () => {
    const again = addEndpoint({ vsid: 5002, mac: '02:00:00:00:aa:02', addresses: ['10.0.1.12'] });
    expect(problemsOf(state(), [{ op: 'remove-endpoint', name: 'b' }, again])).toEqual([]);
  });

  it('another method with the same provider address', () => {
    const keep: Change = {
      op: 'set-method',
      name: 'r',
      method: 'rewrite',
      providerAddresses: ['192.168.2.13'],
    };
    expect(problemsOf(state(), [keep, keep])).toEqual([]);
  });

  it('a subnet comes and goes', () => {
    const fabric = state();
    const effects = fabric.apply([
      addSubnet(5009, '10.0.9.0/24', 'fd00:9::/64'),
      { op: 'remove-subnet', vsid: 5003 },
    ]);
    expect(effects.map(({ kind }) => kind)).toEqual(['subnet-added', 'subnet-removed']);
    expect(effects).toMatchObject([
      { subnet: { vsid: 5009, flood: 'replicate' } },
      { subnet: { vsid: 5003 } },
    ]);
    expect(domains(fabric)[0]!.subnets.map(({ vsid }) => vsid)).toEqual([5001, 5002, 5009]);
    expect(
      problemsOf(fabric, [
        addSubnet(5003, '10.0.2.0/24'),
        addEndpoint({ vsid: 5009, addresses: ['10.0.9.9'] }),
      ]),
    ).toEqual([]);
  });

  it('routes come and go, each effect with all of that moment', () => {
    const fabric = state();
    const effects = fabric.apply([
      addRoute('172.16.0.0/12', '10.0.1.13'),
      addRoute('172.16.0.0/12', '10.0.0.12', 9),
      { op: 'remove-route', domain: D1, to: '172.16.0.0/12' },
    ]) as Extract<Effect, { kind: 'routes-changed' }>[];
    const texts = effects.map(({ routes }) =>
      routes.map(({ to, via, metric }) => `${formatPrefix(to)} ${formatIp(via)} ${metric}`),
    );
    const [first, second, third] = [
      '0.0.0.0/0 10.0.0.11 5',
      '172.16.0.0/12 10.0.1.13 0',
      '172.16.0.0/12 10.0.0.12 9',
    ];
    expect(texts).toEqual([
      [first, second],
      [first, second, third],
      [first, third],
    ]);
    // The live view has what is in force now.
    expect(effects[0]!.domain.routes).toEqual(effects[2]!.routes);
    expect(effects[0]!.domain.endpoints).toEqual(domains(fabric)[0]!.endpoints);
    expect(effects[0]!.domain.subnets).toEqual(domains(fabric)[0]!.subnets);
  });

  it('hosts come and go, and nobody’s index changes', () => {
    const fabric = state();
    const effects = fabric.apply([
      { op: 'remove-host', name: 'bare' },
      addHost(),
      { op: 'remove-host', name: 'six' },
    ]);
    expect(effects).toMatchObject([
      { kind: 'host-removed', host: { name: 'bare', index: 3 } },
      { kind: 'host-added', host: { name: 'h9', index: 4, gateway: undefined } },
      { kind: 'host-removed', host: { name: 'six', index: 2 } },
    ]);
    const { hosts } = fabric.policy;
    expect(hosts.map(({ name, index }) => [name, index])).toEqual([
      ['h1', 0],
      ['h2', 1],
      ['', 2],
      ['', 3],
      ['h9', 4],
    ]);
    expect(hosts[2]).toMatchObject({ mac: 0, ipv4: undefined, ipv6: undefined, gateway: undefined });
    // Name, MAC and addresses are free, the index is not; a state that begins with this policy says the same.
    const again = addHost({ name: 'bare', addresses: ['192.168.2.2/24'], mac: '02:00:00:00:02:02' });
    for (const next of [fabric, new FabricState(fabric.policy)]) {
      expect(next.apply([again])).toMatchObject([{ host: { name: 'bare', index: 5 } }]);
    }
  });

  it('the gateway of a host that went is free, unless another host has it', () => {
    const shared = { address: '192.168.9.254', mac: '02:00:00:00:09:fe' };
    const fabric = state();
    fabric.apply([
      addHost({ gateway: shared }),
      addHost({ name: 'h10', addresses: ['192.168.9.2/24'], mac: '02:00:00:00:09:02', gateway: shared }),
    ]);
    const taken = addHost({ name: 'h11', addresses: ['192.168.9.254/24'], mac: '02:00:00:00:09:03' });
    const went: Change = { op: 'remove-host', name: 'h9' };
    expect(problemsOf(fabric, [went, taken])).toEqual([
      'delta: [1].host.addresses[0]: expected it once, got provider address 192.168.9.254 again (a host’s gateway has it)',
    ]);
    expect(problemsOf(fabric, [went, { op: 'remove-host', name: 'h10' }, taken])).toEqual([]);
  });

  it('the policy is a validated one, the old one is as it was', () => {
    const old = parsePolicy(TEXT);
    const fabric = new FabricState(old);
    expect(fabric.policy).toBe(old);
    fabric.apply([move('a', 'h2')]);
    expect(fabric.policy).not.toBe(old);
    expect(fabric.policy).toBe(fabric.policy);
    expect(old).toEqual(parsePolicy(TEXT));
    // What did not change is shared.
    expect(domains(fabric)[1]!.endpoints).toEqual(old.customers[0]!.routingDomains[1]!.endpoints);
    expect(() => new FabricState(fabric.policy)).not.toThrow();
    expect(() => new FabricState({ ...old })).toThrow(TypeError);
  });

  it('thousands of endpoints come and go without a trace', () => {
    const fabric = state();
    const numbers = Array.from({ length: 2000 }, (_, index) => index + 1);
    const fields = (number: number) => ({
      name: `x${number}`,
      mac: `02:01:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`,
      addresses: [`fd00::${number.toString(16)}`],
    });
    fabric.apply(numbers.map((number) => addEndpoint(fields(number))));
    expect(domains(fabric)[0]!.endpoints).toHaveLength(2003);
    fabric.apply(
      numbers
        .filter((number) => number % 3 > 0)
        .map((number) => ({ op: 'remove-endpoint', name: `x${number}` })),
    );
    fabric.apply([{ op: 'remove-endpoint', name: 'x3' }, addEndpoint(fields(1))]);
    const names = domains(fabric)[0]!.endpoints.map(({ name }) => name);
    expect(names.slice(0, 5)).toEqual(['a', 'b', 'r', 'x6', 'x9']);
    expect(names.at(-1)).toBe('x1');
    expect(names).toHaveLength(3 + 665 + 1);
  });
});

interface Refused {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly lines: readonly string[];
}

const set = (name: string, ...providerAddresses: string[]): Change => ({
  op: 'set-method',
  name,
  method: 'rewrite',
  providerAddresses,
});

const REFUSED: readonly Refused[] = [
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

describe('a change is refused for', () => {
  it.each(REFUSED)('$name', ({ changes, lines }) => {
    const fabric = state();
    const before = fabric.policy;
    expect(problemsOf(fabric, changes)).toEqual(lines.map((line) => `delta: ${line}`));
    expect(fabric.policy).toBe(before);
    expect(domains(fabric)).toEqual(parsePolicy(TEXT).customers[0]!.routingDomains);
    // Nothing of it stayed anywhere: the same list is refused for the same reasons.
    expect(problemsOf(fabric, changes)).toEqual(lines.map((line) => `delta: ${line}`));
  });

  it('an MTU too small for IPv6', () => {
    const text = TEXT.replace('version: 1', 'version: 1\nprovider: { mtu: 1279, prefer: ipv6 }').replace(
      '[192.168.2.1/24]',
      '[192.168.2.1/24, "2001:db8::2/64"]',
    );
    const fabric = new FabricState(parsePolicy(text));
    const both = addHost({
      addresses: ['192.168.9.1/24', '2001:db8::9/64'],
      gateway: { address: '192.168.9.254', mac: '02:00:00:00:09:fe' },
    });
    expect(problemsOf(fabric, [both, move('a', 'h9')])).toEqual([
      'delta: [1].host: expected a provider MTU of at least 1280, because hosts would talk over IPv6 (RFC 8200 §5), got 1279',
    ]);
  });
});

describe('a list of changes', () => {
  it('is applied as a whole or not at all', () => {
    const fabric = state();
    const good: Change[] = [
      addHost({ gateway: { address: '192.168.9.254', mac: '02:00:00:00:09:fe' } }),
      addSubnet(5009, '10.0.9.0/24'),
      addEndpoint({ vsid: 5009, addresses: ['10.0.9.9', 'fe80::9'], host: 'h9', vlans: { 9: 5001 } }),
      move('n', 'h2'),
      move('n', 'h1'),
      { op: 'set-method', name: 'r', method: 'nvgre' },
      set('n', '192.168.1.13'),
      addRoute('172.16.0.0/12', '10.0.9.9'),
      { op: 'remove-route', domain: D1, to: '0.0.0.0/0', metric: 5 },
      { op: 'remove-endpoint', name: 'a' },
      { op: 'remove-host', name: 'six' },
      { op: 'remove-subnet', vsid: 5003 },
      move('r', 'h9'),
    ];
    for (let length = 0; length <= good.length; length++) {
      expect(problemsOf(fabric, [...good.slice(0, length), move('nobody', 'h1')])).toHaveLength(1);
      expect(fabric.policy).toEqual(parsePolicy(TEXT));
    }
    expect(fabric.apply(good)).toHaveLength(good.length);
  });

  it('has elements with the fields of the document', () => {
    // Judged by tsc.
    expectTypeOf<z.input<typeof endpointSchema>>().toExtend<EndpointInput>();
    expectTypeOf<keyof z.input<typeof endpointSchema>>().toEqualTypeOf<keyof EndpointInput>();
    expectTypeOf<z.input<typeof hostSchema>>().toExtend<HostInput>();
    expectTypeOf<keyof z.input<typeof hostSchema>>().toEqualTypeOf<keyof HostInput>();
    expectTypeOf<z.input<typeof routeSchema>>().toExtend<RouteInput>();
    expectTypeOf<keyof z.input<typeof routeSchema>>().toEqualTypeOf<keyof RouteInput>();
    expectTypeOf<z.input<typeof subnetSchema>>().toExtend<SubnetInput>();
    expectTypeOf<keyof z.input<typeof subnetSchema>>().toEqualTypeOf<keyof SubnetInput>();
  });

  it('may be empty', () => {
    expect(state().apply([])).toEqual([]);
  });

  it('is taken back as a whole, and only the last one', () => {
    const fabric = state();
    const mac = '02:00:00:00:bb:01';
    fabric.apply([{ op: 'add-route', domain: D1, route: { to: '10.9.0.0/16', via: '10.0.0.11' } }]);
    const before = fabric.policy;
    fabric.apply([
      { op: 'remove-endpoint', name: 'b' },
      { op: 'remove-endpoint', name: 'r' },
      { op: 'move-endpoint', name: 'a', host: 'h2' },
      { op: 'remove-subnet', vsid: 5003 },
      { op: 'remove-endpoint', name: 'z' },
      {
        op: 'add-endpoint',
        domain: D1,
        endpoint: { name: 'b', vsid: 5001, mac, addresses: ['10.0.0.12'], host: 'h1' },
      },
    ]);
    fabric.takeBack();
    expect(fabric.policy).toEqual(before);
    fabric.takeBack();
    expect(fabric.policy).toEqual(before);
    expect(fabric.apply([{ op: 'move-endpoint', name: 'r', host: 'h1' }])).toHaveLength(1);
  });

  it('of anything at all is applied or a PolicyError', () => {
    const op = fc.constantFrom(
      'add-endpoint',
      'remove-endpoint',
      'move-endpoint',
      'set-method',
      'add-subnet',
      'remove-subnet',
      'add-route',
      'remove-route',
      'add-host',
      'remove-host',
    );
    const key = fc.constantFrom(
      'name',
      'host',
      'domain',
      'endpoint',
      'subnet',
      'route',
      'vsid',
      'to',
      'metric',
      'method',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(D1, 'a', 'h1', 5001, undefined));
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.tuple(op, fc.dictionary(key, value)).map(([op, fields]) => ({ op, ...fields })),
    );
    const fabric = state();
    fc.assert(
      fc.property(fc.array(anything), (changes) => {
        problemsOf(fabric, changes as Change[]);
      }),
      { numRuns: 1000 },
    );
  });
});
