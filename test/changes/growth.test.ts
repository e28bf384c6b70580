/** V9: every table grows, by `apply` and by `load`; where the memory cannot, the state before stays. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FORWARD } from '../../src/abi/verdict.ts';
import {
  type Change,
  Dataplane,
  FabricState,
  type Policy,
  type TableCapacity,
  validatePolicy,
} from '../../src/index.ts';
import { measure } from '../../src/policy/compile.ts';
import { ethernet, ipv4, ipv6, pattern, udp } from '../packets/index.ts';

const DOMAIN = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const ROUTER = '02:00:5e:00:00:01';
const MANY = 600;

const hex = (value: number) => value.toString(16).padStart(2, '0');
const macOf = (block: number, index: number) =>
  `02:00:00:${hex(block)}:${hex(index >> 8)}:${hex(index & 255)}`;
const each = <Item>(make: (index: number) => Item, many = MANY): Item[] =>
  Array.from({ length: many }, (_, index) => make(index));
const place = (index: number) => `${1 + (index >> 7)}.${1 + (index & 127)}`;

const hostOf = (name: string, index: number) => ({
  name,
  addresses: [`172.16.${place(index)}/12`, `fd01::${(index + 1).toString(16)}/16`],
  mac: macOf(1, index),
});

function small(): Policy {
  const one = { mac: macOf(2, 0), addresses: ['10.0.0.2', 'fd00::2'] };
  return validatePolicy({
    version: 1,
    hosts: [hostOf('h1', 0), hostOf('h2', 1)],
    customers: [
      {
        name: 'c',
        routingDomains: [
          {
            name: 'd',
            id: DOMAIN,
            subnets: [
              { vsid: 5001, prefixes: ['10.0.0.0/16', 'fd00::/64'], gateways: ['10.0.0.1', 'fd00::1'] },
            ],
            endpoints: [{ name: 'a', vsid: 5001, host: 'h1', ...one }],
          },
          {
            name: 'other',
            id: OTHER,
            subnets: [{ vsid: 6001, prefixes: ['10.0.0.0/16'], gateways: ['10.0.0.1'] }],
            endpoints: [{ name: 'z', vsid: 6001, host: 'h2', ...one, addresses: ['10.0.0.2'] }],
          },
        ],
      },
    ],
  });
}

const add = (index: number, more: object = {}, domain = DOMAIN): Change => ({
  op: 'add-endpoint',
  domain,
  endpoint: {
    name: `vm${index}`,
    vsid: 5001,
    mac: macOf(3, index),
    addresses: [`10.0.${place(index)}`],
    host: 'h2',
    ...more,
  },
});
const subnet = (index: number, prefix: string, gateway: string): Change => ({
  op: 'add-subnet',
  domain: DOMAIN,
  subnet: { vsid: 7000 + index, prefixes: [prefix], gateways: [gateway] },
});
const route = (index: number, to: string, via: string): Change => ({
  op: 'add-route',
  domain: DOMAIN,
  route: { to, via, metric: index },
});
const ipv6Of = (index: number) => `fd00::3:${(index + 1).toString(16)}`;

/** What fills a table, and an address that a packet from `a` reaches then, by the router. */
interface Case {
  readonly changes: readonly Change[];
  readonly to: string;
}

const last = MANY - 1;
const LAST4 = `10.0.${place(last)}`;
const byHosts: Case = {
  changes: [
    ...each((index): Change => ({ op: 'add-host', host: hostOf(`more${index}`, index + 2) })),
    ...each((index) => add(index, { host: `more${index}` })),
  ],
  to: LAST4,
};
const SUBNETS = 100;
const CASES: Record<keyof TableCapacity, Case> = {
  ports: { changes: each((index) => add(index, { host: 'h1' })), to: LAST4 },
  subnets: {
    changes: [
      ...each((index) => subnet(index, `10.${index + 1}.0.0/16`, `10.${index + 1}.0.1`), SUBNETS),
      add(0, { vsid: 7099, addresses: ['10.100.0.5'] }),
    ],
    to: '10.100.0.5',
  },
  // The other routing domain comes with an endpoint on this host.
  domains: {
    changes: [add(0), add(1, { vsid: 6001, host: 'h1' }, OTHER)],
    to: `10.0.${place(0)}`,
  },
  nextHops: byHosts,
  members: byHosts,
  prefixes: {
    changes: [
      ...each(
        (index) =>
          subnet(
            index,
            `fd00:0:0:${(index + 1).toString(16)}::/64`,
            `fd00:0:0:${(index + 1).toString(16)}::1`,
          ),
        SUBNETS,
      ),
      add(0, { vsid: 7099, addresses: ['fd00:0:0:64::5'] }),
    ],
    to: 'fd00:0:0:64::5',
  },
  routes: {
    changes: [add(0), ...each((index) => route(index, '10.99.0.0/16', `10.0.${place(0)}`))],
    to: '10.99.1.1',
  },
  ranges4: {
    changes: [
      add(0),
      ...each((index) => route(0, `11.${index >> 8}.${index & 255}.0/24`, `10.0.${place(0)}`)),
    ],
    to: `11.${last >> 8}.${last & 255}.9`,
  },
  ranges6: {
    changes: [
      add(0, { addresses: ['fd00::9'] }),
      ...each((index) => route(0, `fd02:${index.toString(16)}::/32`, 'fd00::9')),
    ],
    to: `fd02:${last.toString(16)}::9`,
  },
  addresses4: { changes: each((index) => add(index)), to: LAST4 },
  addresses6: { changes: each((index) => add(index, { addresses: [ipv6Of(index)] })), to: ipv6Of(last) },
  macs: { changes: each((index) => add(index)), to: LAST4 },
  providers4: {
    changes: each((index) =>
      add(index, { method: 'rewrite', providerAddresses: [`172.17.${place(index)}`] }),
    ),
    to: LAST4,
  },
  providers6: {
    changes: each((index) =>
      add(index, {
        addresses: [ipv6Of(index)],
        method: 'rewrite',
        providerAddresses: [`fd01::9:${(index + 1).toString(16)}`],
      }),
    ),
    to: ipv6Of(last),
  },
  vlans: {
    changes: [
      subnet(0, '10.1.0.0/16', '10.1.0.1'),
      ...each((index) => add(index, { host: 'h1', vlans: { [1 + index]: 7000 } })),
    ],
    to: LAST4,
  },
};

let dataplane: Dataplane;
beforeEach(async () => {
  dataplane = await Dataplane.create({ policy: small(), host: 'h1' });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** What becomes of a packet from `a` to the router. */
function verdictOf(to: string): number {
  const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(10));
  const packet = to.includes(':')
    ? ipv6({ src: 'fd00::2', dst: to }, datagram)
    : ipv4({ src: '10.0.0.2', dst: to }, datagram);
  dataplane.batch.push(ethernet({ src: macOf(2, 0), dst: ROUTER }, packet), dataplane.port('a'));
  dataplane.process(0);
  for (const { verdict } of dataplane.batch.drops()) return verdict;
  return [...dataplane.batch.outputs()][0]!.verdict;
}

function after(changes: readonly Change[]): Policy {
  const state = new FabricState(small());
  state.apply(changes);
  return state.policy;
}

describe.each(Object.entries(CASES) as [keyof TableCapacity, Case][])('%s', (table, { changes, to }) => {
  it('grows by apply', () => {
    expect(verdictOf(to)).not.toBe(FORWARD);
    const room = measure(dataplane.policy, dataplane.host)[table];
    dataplane.apply(changes);
    expect(measure(dataplane.policy, dataplane.host)[table]).toBeGreaterThan(room);
    expect(dataplane.policy).toEqual(after(changes));
    expect(verdictOf(to)).toBe(FORWARD);
  });

  it('grows by load', () => {
    dataplane.load(after(changes));
    expect(verdictOf(to)).toBe(FORWARD);
  });
});

describe('a memory that cannot grow', () => {
  /** Enough for the small policy, too little for the large one. */
  const PAGES = 2;
  const refuse = () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the memory below
    const { grow: real } = WebAssembly.Memory.prototype;
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(function (
      this: WebAssembly.Memory,
      pages,
    ) {
      if (pages > PAGES) throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
      return real.call(this, pages);
    });
  };
  const many = 4000;
  const changes = each((index) => add(index), many);
  const to = `10.0.${place(many - 1)}`;

  it.each(['apply', 'load'] as const)('%s says so, and the state before stays', (way) => {
    const large = after(changes);
    const attempt = () => {
      if (way === 'apply') dataplane.apply(changes);
      else dataplane.load(large);
    };
    refuse();
    expect(attempt).toThrow(new RangeError('capacity: more memory than this system gives to WebAssembly'));
    expect(dataplane.policy).toEqual(small());
    expect(verdictOf(to)).not.toBe(FORWARD);
    expect(verdictOf(`10.0.${place(0)}`)).not.toBe(FORWARD);
    dataplane.apply(add(0));
    expect(verdictOf(`10.0.${place(0)}`)).toBe(FORWARD);
    dataplane.apply({ op: 'remove-endpoint', name: 'vm0' });
    vi.restoreAllMocks();
    attempt();
    expect(dataplane.policy).toEqual(large);
    expect(verdictOf(to)).toBe(FORWARD);
  });
});
