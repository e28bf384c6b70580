/** Random lists of changes: whatever a state says to them, the edited document says too when it is read from scratch. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Change,
  type EndpointInput,
  FabricState,
  type HostInput,
  type Policy,
  PolicyError,
  type RouteInput,
  type SubnetInput,
  validatePolicy,
} from '../../src/index.ts';

/** The document as a program edits it. */
interface Edited {
  version: 1;
  provider: object;
  hosts: HostInput[];
  customers: { name: string; routingDomains: EditedDomain[] }[];
}

interface EditedDomain {
  name: string;
  id: string;
  subnets: SubnetInput[];
  routes: RouteInput[];
  endpoints: EndpointInput[];
}

const IDS = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];

// Small pools, so that changes meet: what is added is often there already or needed by something else.
const name = (letter: string, count: number) =>
  fc.integer({ min: 1, max: count }).map((n) => `${letter}${n}`);
const mac = (count: number) =>
  fc.integer({ min: 1, max: count }).map((n) => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`);
const vsid = fc.integer({ min: 5001, max: 5006 });
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const customers = fc.constantFrom(
  '10.0.0.2',
  '10.0.0.3',
  '10.0.2.2',
  '10.0.2.3',
  '10.0.0.5',
  '10.0.0.6',
  '10.0.0.130',
  '10.0.1.5',
  '10.0.1.6',
  '10.0.2.5',
  'fd00::5',
  'fd00:1::5',
  'fe80::5',
);
const providers = fc.constantFrom('172.16.1.5', '172.16.1.6', '172.16.2.5', 'fd99:1::5', 'fd99:2::5');
const networks = fc.constantFrom(
  '10.0.0.0/24',
  '10.0.0.0/25',
  '10.0.0.128/25',
  '10.0.1.0/24',
  '10.0.0.0/23',
  '10.0.2.0/24',
  '10.0.0.0/30',
  '10.0.2.0/29',
  '10.0.2.0/30',
  '10.0.1.0/29',
  '0.0.0.0/0',
  'fd00::/64',
  'fd00:1::/64',
  '::/0',
);

const host: fc.Arbitrary<HostInput> = fc
  .record({
    name: name('h', 5),
    mac: mac(5),
    net: fc.constantFrom(1, 2),
    number: fc.integer({ min: 1, max: 4 }),
    families: fc.constantFrom('4', '6', '46', '46', '46'),
    gateway: fc.constantFrom(undefined, '172.16.1.254', '172.16.2.254', 'fd99:1::5', '172.16.1.1'),
  })
  .map(({ name, mac, net, number, families, gateway }) => ({
    name,
    mac,
    addresses: [
      ...(families.includes('4') ? [`172.16.${net}.${number}/24`] : []),
      ...(families.includes('6') ? [`fd99:${net}::${number}/64`] : []),
    ],
    gateway: gateway === undefined ? undefined : { address: gateway, mac: '02:00:00:00:ff:01' },
  }));

const subnet: fc.Arbitrary<SubnetInput> = fc.record({
  vsid,
  prefixes: fc.uniqueArray(networks, { minLength: 1, maxLength: 2 }),
  gateways: optional(fc.constantFrom(['10.0.0.1'], ['10.0.1.1'], ['10.0.0.5'], ['fe80::1'])),
});

const route: fc.Arbitrary<RouteInput> = fc.record({
  to: networks,
  via: customers,
  metric: optional(fc.constantFrom(0, 5)),
});

/** Any combination, nearly always wrong. */
const strange: fc.Arbitrary<EndpointInput> = fc.record({
  name: name('e', 8),
  vsid,
  mac: mac(8),
  addresses: fc.uniqueArray(customers, { maxLength: 2 }),
  host: name('h', 5),
  method: fc.constantFrom('nvgre', undefined, 'rewrite'),
  providerAddresses: optional(fc.uniqueArray(providers, { maxLength: 2 })),
  forwarding: fc.boolean(),
  useVmMac: optional(fc.boolean()),
  vlans: optional(fc.dictionary(fc.constantFrom('10', '20'), vsid, { maxKeys: 2 })),
});

/** Right if its subnet has the prefix that it has at the start, and its number is free. */
const plausible: fc.Arbitrary<EndpointInput> = fc
  .record({
    number: fc.integer({ min: 2, max: 8 }),
    net: fc.constantFrom(1, 2, 3),
    host: name('h', 4),
    provider: optional(providers.filter((address) => address.startsWith('172'))),
    vlan: optional(fc.constantFrom(5001, 5003)),
    second: fc.constantFrom([], [], ['fe80::5']),
  })
  .map(({ number, net, host, provider, vlan, second }) => ({
    name: `e${number}`,
    vsid: 5000 + net,
    mac: `02:00:00:00:00:0${number}`,
    addresses: [`10.0.${net - 1}.${number}`, ...second],
    host,
    method: provider === undefined ? 'nvgre' : 'rewrite',
    providerAddresses: provider === undefined ? undefined : [provider],
    vlans: vlan === undefined ? undefined : { 10: vlan },
  }));

const endpoint = fc.oneof({ weight: 1, arbitrary: strange }, { weight: 4, arbitrary: plausible });
const domain = fc.constantFrom(IDS[0]!, IDS[0]!, IDS[1]!);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('add-endpoint' as const), domain, endpoint }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove-endpoint' as const), name: name('e', 7) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('move-endpoint' as const),
      name: name('e', 7),
      host: name('h', 5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('set-method' as const),
      name: name('e', 7),
      method: fc.constant('nvgre' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('set-method' as const),
      name: name('e', 7),
      method: fc.constant('rewrite' as const),
      providerAddresses: fc.uniqueArray(providers, { maxLength: 2 }),
      useVmMac: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('add-subnet' as const), domain, subnet }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('remove-subnet' as const), vsid }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('add-route' as const), domain, route }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('remove-route' as const),
      domain,
      to: networks,
      metric: fc.constantFrom(0, 5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('add-host' as const), host }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('remove-host' as const), name: name('h', 5) }) },
);

/** Most changes are made to mean something that is there; `aim` says whether and what. */
function towards(document: Edited, one: Change, aim: number): Change {
  if (aim % 4 === 0) return one;
  const pick = <Item>(items: readonly Item[], instead: Item): Item =>
    items.length === 0 ? instead : items[aim % items.length]!;
  const domains = document.customers.flatMap(({ routingDomains }) => routingDomains);
  const endpoints = domains.flatMap(({ endpoints }) => endpoints);
  const routed = domains.find(({ routes }) => routes.length > 0) ?? domains[0]!;
  switch (one.op) {
    case 'remove-endpoint':
    case 'move-endpoint':
      return {
        ...one,
        name: pick(
          endpoints.map(({ name }) => name),
          one.name,
        ),
      };
    case 'set-method': {
      const { name, addresses } = pick(endpoints, { name: 'e1' } as EndpointInput);
      if (one.method === 'nvgre') return { ...one, name };
      const needed = (addresses ?? []).filter((address) => !address.startsWith('fe80'));
      const own = needed.map((address, index) =>
        address.includes(':') ? `fd99:1::${(aim + index) % 7}` : `172.16.1.${3 + ((aim + index) % 7)}`,
      );
      return { ...one, name, providerAddresses: own };
    }
    case 'add-route': {
      const { id, endpoints: own } = pick(
        domains.filter((candidate) => candidate.endpoints.length > 0),
        domains[0]!,
      );
      const vias = own
        .flatMap(({ addresses }) => addresses ?? [])
        .filter((address) => !address.startsWith('fe80'));
      return { ...one, domain: id, route: { ...one.route, via: pick(vias, one.route.via) } };
    }
    case 'remove-route': {
      const { to, metric } = pick(routed.routes, { to: one.to, via: '', metric: one.metric });
      return { ...one, domain: routed.id, to, metric: metric ?? 0 };
    }
    default:
      return one;
  }
}

/** @returns undefined where there is nothing to change. */
function edit(document: Edited, one: Change): Edited | undefined {
  const edited = structuredClone(document);
  const domains = edited.customers.flatMap(({ routingDomains }) => routingDomains);
  const domainOf = (id: string) => domains.find((candidate) => candidate.id === id)!;
  const replaceEndpoint = (wanted: string, by: (old: EndpointInput) => EndpointInput | undefined) => {
    for (const { endpoints } of domains) {
      const at = endpoints.findIndex(({ name }) => name === wanted);
      if (at < 0) continue;
      const next = by(endpoints[at]!);
      endpoints.splice(at, 1, ...(next === undefined ? [] : [next]));
      return edited;
    }
    return undefined;
  };
  const without = <Item>(list: Item[], isIt: (item: Item) => boolean) => {
    const at = list.findIndex(isIt);
    if (at >= 0) list.splice(at, 1);
    return at < 0 ? undefined : edited;
  };
  switch (one.op) {
    case 'add-endpoint':
      domainOf(one.domain).endpoints.push(one.endpoint);
      return edited;
    case 'remove-endpoint':
      return replaceEndpoint(one.name, () => undefined);
    case 'move-endpoint':
      return replaceEndpoint(one.name, (old) => ({ ...old, host: one.host }));
    case 'set-method': {
      const { op, name, ...fields } = one;
      return replaceEndpoint(name, ({ providerAddresses, useVmMac, ...old }) => ({ ...old, ...fields }));
    }
    case 'add-subnet':
      domainOf(one.domain).subnets.push(one.subnet);
      return edited;
    case 'remove-subnet':
      for (const { subnets } of domains) if (without(subnets, ({ vsid }) => vsid === one.vsid)) return edited;
      return undefined;
    case 'add-route':
      domainOf(one.domain).routes.push(one.route);
      return edited;
    case 'remove-route':
      return without(
        domainOf(one.domain).routes,
        ({ to, metric }) => to === one.to && (metric ?? 0) === (one.metric ?? 0),
      );
    case 'add-host':
      edited.hosts.push(one.host);
      return edited;
    case 'remove-host':
      return without(edited.hosts, ({ name }) => name === one.name);
  }
}

/** With names of hosts instead of positions, and without those that were removed. */
function comparable(policy: Policy): unknown {
  return {
    ...policy,
    hosts: policy.hosts.filter(({ name }) => name !== '').map(({ index, ...host }) => host),
    customers: policy.customers.map(({ name, routingDomains }) => ({
      name,
      routingDomains: routingDomains.map((domain) => ({
        ...domain,
        endpoints: domain.endpoints.map((one) => ({ ...one, host: policy.hosts[one.host]!.name })),
      })),
    })),
  };
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof PolicyError) return undefined;
    throw error;
  }
}

function start(provider: object): Edited {
  const domainOf = (id: string, subnets: number[]): EditedDomain => ({
    name: id,
    id,
    subnets: subnets.map((net) => ({
      vsid: 5000 + net,
      prefixes: [`10.0.${net - 1}.0/24`],
      gateways: [`10.0.${net - 1}.1`],
    })),
    routes: [],
    endpoints: subnets.map((net) => ({
      name: `s${net}`,
      vsid: 5000 + net,
      mac: `02:00:00:00:00:1${net}`,
      addresses: [`10.0.${net - 1}.5`, `10.0.${net - 1}.2`],
      host: net === 1 ? 'h1' : 'h2',
    })),
  });
  return {
    version: 1,
    provider,
    hosts: [
      {
        name: 'h1',
        addresses: ['172.16.1.1/24', 'fd99:1::1/64'],
        mac: '02:00:00:00:00:01',
        gateway: { address: '172.16.1.254', mac: '02:00:00:00:ff:01' },
      },
      { name: 'h2', addresses: ['172.16.1.2/24'], mac: '02:00:00:00:00:02' },
      {
        name: 'h3',
        addresses: ['172.16.2.3/24', 'fd99:2::3/64'],
        mac: '02:00:00:00:00:03',
        gateway: { address: '172.16.2.254', mac: '02:00:00:00:ff:01' },
      },
    ],
    customers: [{ name: 'c', routingDomains: [domainOf(IDS[0]!, [1, 3]), domainOf(IDS[1]!, [2])] }],
  };
}

const provider = fc.constantFrom({}, {}, { mtu: 1270 }, { mtu: 1270, prefer: 'ipv6' });
const aimed = fc.record({ change, aim: fc.nat({ max: 1000 }) });
const lists = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(aimed) },
    { weight: 1, arbitrary: fc.array(aimed, { minLength: 2, maxLength: 4 }) },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

const RUNS = Number(process.env.DELTA_RUNS ?? 300);

it('changes give the policy of the edited document, or are refused like it and change nothing', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(provider, lists, (provider, all) => {
      let document = start(provider);
      const state = new FabricState(validatePolicy(document));
      for (const aims of all) {
        let edited: Edited | undefined = document;
        let policy: Policy | undefined;
        const list: Change[] = [];
        for (const { change, aim } of aims) {
          const one = towards(edited ?? document, change, aim);
          list.push(one);
          edited &&= edit(edited, one);
          policy = edited && attempt(() => validatePolicy(edited));
          const what = `${one.op} ${policy === undefined ? 'refused' : 'applied'}`;
          seen.set(what, (seen.get(what) ?? 0) + 1);
          if (policy === undefined) edited = undefined;
        }
        const before = state.policy;
        const effects = attempt(() => state.apply(list));
        expect(effects !== undefined, JSON.stringify({ document, list })).toBe(policy !== undefined);
        if (edited === undefined || policy === undefined) {
          expect(state.policy).toEqual(before);
        } else {
          expect(effects).toHaveLength(list.length);
          expect(comparable(state.policy)).toEqual(comparable(policy));
          document = edited;
        }
      }
    }),
    { numRuns: RUNS },
  );
  // The pools are right: every change is often applied and often refused.
  for (const [what, times] of seen) expect(times, what).toBeGreaterThan(10);
  expect(seen.size).toBe(20);
});
