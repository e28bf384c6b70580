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
  type RouteInput,
  type SubnetInput,
  formatIp,
  formatPrefix,
  parsePolicy,
} from '../../src/index.ts';
import type { endpointSchema, hostSchema, routeSchema, subnetSchema } from '../../src/policy/schema.ts';
import {
  D1,
  TEXT,
  addEndpoint,
  addHost,
  addRoute,
  addSubnet,
  domains,
  move,
  problemsOf,
  state,
} from './changes.ts';
import { REFUSED, set } from './refused-changes.ts';

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
