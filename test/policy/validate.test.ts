/** Each rule that a policy must keep, broken once: the exact line that a user reads. */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyError, parsePolicy, validatePolicy } from '../../src/index.ts';
import { policyJsonSchema } from '../../src/policy/schema.ts';
import { BROKEN, E, S, VALID } from './broken-policies.ts';

function problemsOf(text: string, file = 'p.yaml'): string[] {
  try {
    parsePolicy(text, { file });
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** FNV-1a of 128 bits over "c1", 0, "d1", 0 by another program, with version 8 and its variant. */
const FNV_C1_D1 = '6f1baf2d-533c-84bf-af17-7ce4b02e1a1c';

describe('a policy is refused for', () => {
  it.each(BROKEN)('$name', ({ replace: [before, after], lines }) => {
    expect(VALID.split(before).length, `"${before}" stands once in the text`).toBe(2);
    const text = VALID.replace(before, after);
    const expected = lines.map(([line, at, message]) => {
      const column = text.split('\n')[line - 1]!.indexOf(at) + 1;
      expect(column, `"${at}" stands in line ${line}`).toBeGreaterThan(0);
      return `p.yaml:${line}:${column}: ${message}`;
    });
    expect(problemsOf(text)).toEqual(expected);
  });

  it('text that is no YAML', () => {
    expect(problemsOf(VALID.replace('version: 1', 'version: [1'))[0]).toMatch(
      /^p\.yaml:\d+:\d+: expected YAML, got: /,
    );
  });

  it('rewrite on a host without that family', () => {
    const document = VALID.replace('addresses: [192.168.2.1/24]', 'addresses: ["2001:db8::2/64"]').replace(
      'addresses: [192.168.1.1/24]',
      'addresses: ["2001:db8::1/64"]',
    );
    expect(problemsOf(document)).toEqual([
      `p.yaml:18:90: ${E}[2].host: expected a host with an IPv4 address for IP Rewrite over IPv4, got "h2"`,
    ]);
  });

  it('text with many errors: the first ones, and how many more', () => {
    const lines = problemsOf(`${VALID.replace('version: 1', 'version: 1\nx: }')}${'] : [ }\n'.repeat(20)}`);
    expect(lines).toHaveLength(6);
    for (const line of lines.slice(0, 5)) expect(line).toMatch(/^p\.yaml:\d+:\d+: expected YAML, got: /);
    expect(lines[5]).toMatch(/^p\.yaml:\d+:\d+: expected YAML, got \d\d+ more errors from here on$/);
  });

  it('all problems of one element at once', () => {
    const text = VALID.replace(
      'name: b, vsid: 5001, mac: 02:00:00:00:aa:02, addresses: [10.0.0.12], host: h2',
      'name: a, vsid: 5003, mac: 02:00:00:00:aa:zz, addresses: [10.0.0.300, 10.0.0.11], host: h3, vlans: { 0: 5001, 5: 6 }',
    );
    expect(problemsOf(text).map((line) => line.replace(/^p.yaml:\d+:\d+: /, ''))).toEqual([
      `${E}[1].name: expected it once, got endpoint "a" again (first: ${E}[0].name, line 16)`,
      `${E}[1].vsid: expected a virtual subnet of the routing domain (5001, 5002), got 5003`,
      `${E}[1].mac: expected a unicast MAC like 02:00:00:00:00:01, got "02:00:00:00:aa:zz"`,
      `${E}[1].addresses[0]: expected an IPv4 or IPv6 address, got "10.0.0.300"`,
      `${E}[1].addresses[1]: expected it once, got address 10.0.0.11 again (first: ${E}[0].addresses[0], line 16)`,
      `${E}[1].host: expected a host of the policy, got "h3", did you mean "h1"?`,
      `${E}[1].vlans.0: expected a VLAN id from 1 to 4094, got 0`,
      `${E}[1].vlans.5: expected a virtual subnet of the routing domain (5001, 5002), got 6`,
    ]);
  });

  it('all problems of a subnet, and nothing that only follows from them', () => {
    const text = VALID.replace(
      '{ vsid: 5001, prefixes: [10.0.0.0/24, "fd00::/64"], gateways: [10.0.0.1] }',
      '{ vsid: 4095, prefixes: [10.0.0.0/33, "fd00::/64"], gateways: [10.0.0.1, 10.0.0.1], floood: drop }',
    ).replace(/vsid: 5001/g, 'vsid: 4095');
    expect(problemsOf(text).map((line) => line.replace(/^p.yaml:\d+:\d+: /, ''))).toEqual([
      `${S}[0].vsid: expected a virtual subnet id from 4096 to 16777214 (RFC 7637: 0 to 4095 are reserved), got 4095`,
      `${S}[0].prefixes[0]: expected a network like 10.1.1.0/24, host bits zero, got "10.0.0.0/33"`,
      `${S}[0].gateways[1]: expected it once, got gateway 10.0.0.1 again (first: ${S}[0].gateways[0], line 11)`,
      `${S}[0].floood: unknown key "floood", did you mean "flood"?`,
    ]);
  });

  it.each([
    [
      'subnets without readable ids',
      /vsid: 500(\d), prefixes/g,
      'vsid: $1x, prefixes',
      `${S}[0].vsid ${S}[1].vsid`,
    ],
    [
      'the key of the subnets',
      'subnets:',
      'subnet:',
      'customers[0].routingDomains[0].subnets customers[0].routingDomains[0].subnet',
    ],
    ['the key of the endpoints', 'endpoints:', 'endpoint:', 'customers[0].routingDomains[0].endpoint'],
    ['the name of a host', 'name: h2', 'name: 2', 'hosts[1].name'],
    [
      'the gateway of a host',
      'gateway: { address: 192.168.1.254',
      'gatway: { address: 192.168.1.254',
      'hosts[0].gatway',
    ],
    ['the addresses of an endpoint', 'addresses: [10.0.0.11]', 'adresses: [10.0.0.11]', `${E}[0].adresses`],
    ['an address outside of all subnets', /10\.0\.0\.11/g, '10.9.0.11', `${E}[0].addresses[0]`],
    ['the router’s MAC', 'version: 1', 'version: 1\nprovider: { routerMac: 1 }', 'provider.routerMac'],
  ])('%s, and nothing that only follows from that', (_, before, after, paths) => {
    expect(problemsOf(VALID.replace(before, after)).map((line) => line.split(': ')[1])).toEqual(
      paths.split(' '),
    );
  });

  it('what hosts cannot do, beside problems of others', () => {
    const text = VALID.replace('mac: 02:00:00:00:02:01', 'mac: 02:00:00:00:01:01')
      .replace(', gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe }', '')
      .replace('mac: 02:00:00:00:aa:01', 'mac: 1');
    expect(problemsOf(text).map((line) => line.replace(/: expected.*/, ''))).toEqual([
      'p.yaml:3:5: hosts[0]',
      'p.yaml:4:51: hosts[1].mac',
      `p.yaml:16:41: ${E}[0].mac`,
    ]);
  });

  it('networks that overlap, each beside an earlier one', () => {
    const text = VALID.replace(
      'prefixes: [10.0.1.0/24]',
      'prefixes: [10.0.1.0/24, 10.0.1.64/26, 10.0.0.0/23, 10.0.1.64/26, 10.0.2.0/24, "fd00::/48"]',
    );
    expect(problemsOf(text).map((line) => line.replace(/^.*prefixes/, ''))).toEqual([
      '[1]: expected networks that do not overlap, got 10.0.1.64/26 beside 10.0.1.0/24',
      '[2]: expected networks that do not overlap, got 10.0.0.0/23 beside 10.0.0.0/24',
      '[3]: expected networks that do not overlap, got 10.0.1.64/26 beside 10.0.1.0/24',
      '[5]: expected networks that do not overlap, got fd00::/48 beside fd00::/64',
    ]);
  });

  it('more than 65535 subnets in a routing domain', () => {
    const document = (count: number) => ({
      version: 1,
      hosts: [{ name: 'h', addresses: ['192.168.1.1/24'], mac: '02:00:00:00:01:01' }],
      customers: [
        {
          name: 'c',
          routingDomains: [
            {
              name: 'd',
              subnets: Array.from({ length: count }, (_, index) => ({
                vsid: 4096 + index,
                prefixes: [`10.${index >> 8}.${index & 255}.0/24`],
              })),
            },
          ],
        },
      ],
    });
    expect(validatePolicy(document(65_535)).customers[0]!.routingDomains[0]!.subnets).toHaveLength(65_535);
    expect(() => validatePolicy(document(65_536))).toThrow(
      'policy: customers[0].routingDomains[0].subnets: expected at most 65535 subnets, got 65536',
    );
  });

  it('all problems at once, in the order of the document', () => {
    const text = VALID.replace('version: 1', 'version: 3')
      .replace('192.168.1.1/24', '192.168.1.0/24')
      .replace('vsid: 5001, mac: 02:00:00:00:aa:01', 'vsid: 7777, mac: 02:00:00:00:aa:zz')
      .replace('host: h2 }', 'host: hh2 }');
    expect(problemsOf(text).map((line) => line.replace(/: expected.*/, ''))).toEqual([
      'p.yaml:1:10: version',
      'p.yaml:3:29: hosts[0].addresses[0]',
      `p.yaml:16:30: ${E}[0].vsid`,
      `p.yaml:16:41: ${E}[0].mac`,
      `p.yaml:17:90: ${E}[1].host`,
    ]);
  });
});

describe('a policy is accepted', () => {
  it('as YAML and as JSON, with the same model', () => {
    const yaml = parsePolicy(VALID);
    const json = parsePolicy(JSON.stringify(toDocument()));
    expect(json).toEqual(yaml);
    expect(validatePolicy(toDocument())).toEqual(yaml);
  });

  it('with its defaults filled in and its names resolved', () => {
    const policy = parsePolicy(VALID);
    expect(policy.provider).toEqual({
      mtu: 1500,
      ttl: 64,
      dscp: 'uniform',
      ecn: 'normal',
      flowId: 'hash',
      prefer: 'ipv4',
      clampMss: true,
      routerMac: 0x02005e000001,
      floodLimit: 1000,
      icmpLimit: 100,
    });
    const [a, , r] = policy.customers[0]!.routingDomains[0]!.endpoints;
    expect(a).toMatchObject({ name: 'a', host: 0, mac: 0x02000000aa01, method: 'nvgre', forwarding: false });
    expect(r).toMatchObject({ host: 1, method: 'rewrite' });
    expect(r!.addresses).toEqual([
      { customer: { family: 4, value: 0x0a00010d }, vsid: 5002, provider: { family: 4, value: 0xc0a8020d } },
    ]);
  });

  it('with addresses in the subnets of VLANs, each in its own', () => {
    const text = VALID.replace(
      '[10.0.0.11], host: h1 }',
      '[10.0.1.11, 10.0.0.11, "fe80::7"], host: h1, vlans: { 10: 5002 } }',
    );
    const [a] = parsePolicy(text).customers[0]!.routingDomains[0]!.endpoints;
    expect(a!.vlans).toEqual(new Map([[10, 5002]]));
    expect(a!.addresses.map(({ vsid }) => vsid)).toEqual([5002, 5001, 5001]);
  });

  it('with 64 VLANs, not with 65', () => {
    const vsids = Array.from({ length: 65 }, (_, index) => 6000 + index);
    const withVlans = (count: number) =>
      VALID.replace(
        '          - { vsid: 5002',
        `${vsids.map((vsid) => `          - { vsid: ${vsid}, prefixes: [10.1.${vsid - 6000}.0/24] }\n`).join('')}          - { vsid: 5002`,
      ).replace(
        'host: h1 }',
        `host: h1, vlans: { ${vsids
          .slice(0, count)
          .map((vsid) => `${vsid - 5999}: ${vsid}`)
          .join(', ')} } }`,
      );
    expect(problemsOf(withVlans(64))).toEqual([]);
    expect(problemsOf(withVlans(65)).map((line) => line.replace(/^.*?: /, ''))).toEqual([
      `${E}[0].vlans: expected at most 64 VLAN ids, got 65`,
    ]);
  });

  it('with the key layout of draft-00', () => {
    const text = VALID.replace('mac: 02:00:00:00:01:01,', 'mac: 02:00:00:00:01:01, nvgreKey: draft00,');
    expect(parsePolicy(text).hosts.map(({ nvgreKey }) => nvgreKey)).toEqual(['draft00', 'rfc7637']);
  });

  it('without ids of routing domains, which then follow from names', () => {
    const text = VALID.replace('        id: 00000000-0000-4000-8000-000000000001\n', '');
    expect(parsePolicy(text).customers[0]!.routingDomains[0]!.id).toBe(FNV_C1_D1);
    // Names that stand twice are one problem, not two.
    const domain = text.slice(text.indexOf('      - name: d1'));
    expect(
      problemsOf(
        `${text}${domain
          .replace(/        endpoints[^]*/, '')
          .replace(/        routes:[^]*/, '')
          .replace(/500/g, '600')}`,
      ),
    ).toEqual([
      'p.yaml:18:15: customers[0].routingDomains[1].name: expected it once, got routing domain "d1" again (first: customers[0].routingDomains[0].name, line 8)',
    ]);
  });

  it('with a chain of routes that ends in a subnet', () => {
    const text = VALID.replace(
      'metric: 5 }',
      'metric: 5 }\n          - { to: 10.0.0.0/26, via: 10.0.1.13 }\n          - { to: 10.0.1.128/25, via: 10.0.0.12 }',
    );
    expect(problemsOf(text)).toEqual([]);
  });

  it('the example that ships with the package', () => {
    const text = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');
    expect(parsePolicy(text).customers.map(({ name }) => name)).toEqual(['bakery', 'museum']);
  });
});

describe('in JSON', () => {
  it('problems have their line and column too', () => {
    const text = JSON.stringify(toDocument(), null, 2).replace('"10.0.0.12"', '"10.0.0.300"');
    expect(problemsOf(text, 'p.json')).toEqual([
      `p.json:74:17: ${E}[1].addresses[0]: expected an IPv4 or IPv6 address, got "10.0.0.300"`,
    ]);
  });

  it('a syntax error names its place', () => {
    expect(problemsOf('{\n  "version": 1,,\n}', 'p.json')).toEqual([
      'p.json:2:16: expected JSON, got ",\\n}"',
    ]);
    expect(problemsOf('{ "version": 1', 'p.json')[0]).toMatch(
      /^p\.json:1:15: expected JSON, got the end of the text$/,
    );
  });

  it('documents from memory have paths only', () => {
    const document = { ...toDocument(), hosts: [] };
    expect(() => validatePolicy(document)).toThrow(
      /^policy: hosts: expected a list of at least one host, got an empty list/m,
    );
  });
});

describe('docs/policy.schema.json', () => {
  it('is what the schema in force says (npm run schema)', () => {
    const published = readFileSync(new URL('../../docs/policy.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())));
  });
});

describe('whatever the input', () => {
  it('any JSON value is a policy or a PolicyError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => validatePolicy(value)).toThrow(PolicyError);
      }),
      { numRuns: 500 },
    );
  });

  it('any value in any place of a valid policy is accepted or a PolicyError', () => {
    const paths = leafPaths(toDocument());
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.oneof(fc.jsonValue(), fc.constant(undefined)),
        (path, value) => {
          const document = structuredClone(toDocument()) as Tree;
          let at = document;
          for (const key of path.slice(0, -1)) at = at[key] as Tree;
          at[path.at(-1)!] = value;
          try {
            validatePolicy(document);
          } catch (error) {
            expect(error).toBeInstanceOf(PolicyError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('any text is a policy or a PolicyError', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(VALID.length), (text, at) => {
        for (const candidate of [text, VALID.slice(0, at) + text + VALID.slice(at), `{${text}`]) {
          try {
            parsePolicy(candidate);
          } catch (error) {
            expect(error).toBeInstanceOf(PolicyError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

interface Tree {
  [key: string | number]: unknown;
}

function leafPaths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const children = Object.entries(value).flatMap(([key, child]) =>
    leafPaths(child, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? children : [path, ...children];
}

function toDocument(): object {
  const endpoint = { vsid: 5001, addresses: ['10.0.0.11'], host: 'h1' };
  const gateway = (net: number) => ({ address: `192.168.${net}.254`, mac: `02:00:00:00:0${net}:fe` });
  return {
    version: 1,
    hosts: [1, 2].map((net) => ({
      name: `h${net}`,
      addresses: [`192.168.${net}.1/24`],
      mac: `02:00:00:00:0${net}:01`,
      gateway: gateway(net),
    })),
    customers: [
      {
        name: 'c1',
        routingDomains: [
          {
            name: 'd1',
            id: '00000000-0000-4000-8000-000000000001',
            subnets: [
              { vsid: 5001, prefixes: ['10.0.0.0/24', 'fd00::/64'], gateways: ['10.0.0.1'] },
              { vsid: 5002, prefixes: ['10.0.1.0/24'] },
            ],
            routes: [{ to: '0.0.0.0/0', via: '10.0.0.11', metric: 5 }],
            endpoints: [
              { name: 'a', mac: '02:00:00:00:aa:01', ...endpoint },
              { name: 'b', mac: '02:00:00:00:aa:02', vsid: 5001, addresses: ['10.0.0.12'], host: 'h2' },
              {
                name: 'r',
                mac: '02:00:00:00:aa:03',
                vsid: 5002,
                addresses: ['10.0.1.13'],
                host: 'h2',
                method: 'rewrite',
                providerAddresses: ['192.168.2.13'],
              },
            ],
          },
        ],
      },
    ],
  };
}
