/** The quick reader of YAML takes nothing that the library does not take, and makes the same of what it takes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { plainYaml } from '../../src/policy/plain-yaml.ts';

const POLICY = `# a fabric
version: 1
provider: { mtu: 1600, dscp: uniform } # jumbo
hosts:
  - {
      name: rack1, # the first
      addresses: [172.20.1.5/24, 'fd00:7::10/64'],
      mac: 02:00:00:00:01:05,
      gateway: { address: 172.20.1.1, mac: "02:00:00:00:01:01" },
    }

customers:
- name: orchard
  routingDomains:
    - name: orchard-net
      id: 7d1c2b90-5e3f-4a86-b1d4-20c6f8a97001
      subnets:
        # one
        - vsid: 7001
          prefixes:
            - 10.7.1.0/24
            - fd00:7::/64
          gateways: []
      endpoints:
        - { name: vm.1_a, vsid: 7001, addresses: [10.7.1.10], forwarding: true, vlans: { 20: 7002 } }
`;

/** What the library makes of a text; undefined: it has something against it. */
function byLibrary(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  return document.errors.length > 0 ? undefined : (document.toJS() as unknown);
}

/** Whether the text was taken. */
function agrees(text: string): boolean {
  const value = plainYaml(text);
  if (value !== undefined) expect(value).toEqual(byLibrary(text));
  return value !== undefined;
}

const SCALARS = [
  ...['a', 'web-1', 'x_y', 'A.b', 'true', 'false', 'null', 'True', 'NULL', '~', 'yes', 'y', 'on', '<<'],
  ...['0', '1', '-1', '+1', '01', '1_000', '999999999999999', '9007199254740993', '1.5', '.5', '5.', '.'],
  ...['1e5', '1e-5', '1.5e-5', '0x1f', '0o17', '0b1', '.inf', '.NaN', '-.inf', '0x', '1x', '1.2.3', '1-2-3'],
  ...['10.0.0.1', '10.0.0.0/8', 'fd00::1', '::1', 'fd00::', '1:2', '20:30:40', '02:15:5d:00:00:01'],
  ...['02-15-5d-00-00-01', '7d1c2b90-5e3f-4a86-b1d4-20c6f8a97001', '2026-01-01', "'a b'", '"a: #b"', "''"],
  ...['"\\n"', "'it''s'", '"', 'a b', 'a#b', 'a,b', 'ü', '&a', '*a', '!t', '|', '>', '@', '__proto__', '...'],
];
const PIECES = [
  ...SCALARS,
  ...[': ', ':', '- ', '-', '\n', '\n', '\n  ', '\n    ', ' ', '  ', '# c', ' # c', '#', '{', '}', '[', ']'],
  ...[
    ', ',
    ',',
    '{ ',
    ' }',
    'k: ',
    'k2: ',
    'k:\n  ',
    '- k: ',
    '? ',
    '---\n',
    '\t',
    '\r\n',
    '\u00a0',
    '\ufeff',
  ],
];

describe('plainYaml', () => {
  it('takes a policy as the documentation writes it', () => {
    expect(plainYaml(POLICY)).toEqual(byLibrary(POLICY));
  });

  it('agrees on every kind of scalar, in every place', () => {
    const places = [
      'k: S',
      '- S',
      'k: [S]',
      'k: { a: S }',
      'k:\n  - S',
      'k:\n  a: S # c',
      'S: 1',
      'k: { S: 1 }',
    ];
    const taken = places.flatMap((place) => SCALARS.map((scalar) => agrees(place.replace('S', scalar))));
    expect(taken.filter(Boolean).length).toBeGreaterThan(100);
  });

  it('agrees on texts of pieces of YAML', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }), (pieces) => {
        if (agrees(`k: ${pieces.join('')}`)) taken++;
        if (agrees(`k:\n  ${pieces.join('')}`)) taken++;
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('agrees on a policy with mistakes', () => {
    let taken = 0;
    const edit = fc.tuple(fc.nat(POLICY.length), fc.nat(3), fc.constantFrom('', ...PIECES));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = POLICY;
        for (const [at, length, piece] of edits) text = text.slice(0, at) + piece + text.slice(at + length);
        if (agrees(text)) taken++;
      }),
      { numRuns: 1500 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
