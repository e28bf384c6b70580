/** The quick reader of endpoints takes exactly what the schema takes, and makes the same of it. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainEndpoint } from '../../src/policy/plain-endpoint.ts';
import { endpointSchema } from '../../src/policy/schema.ts';

const RIGHT = {
  name: ['vm1', 'ünï cödé', 'x'.repeat(63)],
  vsid: [0, 5001, 0xff_ffff],
  mac: ['02:15:5d:00:00:01', '02-15-5D-00-00-01'],
  addresses: [[], ['10.0.0.1'], ['10.0.0.1', 'fd00::1', 'fe80::1']],
  host: ['rack1'],
  method: ['nvgre', 'rewrite'],
  providerAddresses: [[], ['192.0.2.1']],
  forwarding: [true, false],
  useVmMac: [true, false],
};

const WRONG = [
  undefined,
  null,
  '',
  ' vm',
  'a\tb',
  'x'.repeat(64),
  '02:15:5d:00:00',
  '02:15:5d:00:00:0g',
  '02:15:5d-00:00:01',
  '02:15:5d:00:00:01 ',
  '01:00:5e:00:00:01',
  '00:00:00:00:00:00',
  -1,
  -0,
  0.5,
  NaN,
  Infinity,
  0x100_0000,
  2 ** 53,
  '5001',
  ['10.1'],
  [1],
  [undefined],
  ['010.0.0.1'],
  ['fe80::1%eth0'],
  new Array<string>(1),
  {},
  { 0: '10.0.0.1', length: 1 },
  new String('vm1'),
  'NVGRE',
  'true',
  0,
];

const field = (right: readonly unknown[]) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...right) },
    { weight: 2, arbitrary: fc.constantFrom(...WRONG) },
    { weight: 1, arbitrary: fc.anything() },
  );

const documents = fc
  .record(Object.fromEntries(Object.entries(RIGHT).map(([key, right]) => [key, field(right)])), {
    requiredKeys: ['name', 'vsid', 'mac', 'host'],
  })
  .chain((document) =>
    fc.oneof(
      { weight: 10, arbitrary: fc.constant(document) },
      { weight: 1, arbitrary: fc.string().map((key) => ({ ...document, [key]: 1 })) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(...Object.keys(document))
          .map((key) => Object.fromEntries(Object.entries(document).filter(([other]) => other !== key))),
      },
    ),
  );

describe('plainEndpoint', () => {
  it('agrees with the schema on every document without vlans', () => {
    let taken = 0;
    fc.assert(
      fc.property(documents, (document) => {
        const { success, data } = endpointSchema.safeParse(document);
        if (success) taken++;
        expect(plainEndpoint(document)).toEqual(success ? data : undefined);
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('leaves the rest to the schema', () => {
    const document = { name: 'vm1', vsid: 5001, mac: '02:15:5d:00:00:01', host: 'rack1' };
    const values = [
      { ...document, vlans: { 20: 5002 } },
      Object.create(document),
      [document],
      null,
      1,
      'vm1',
    ];
    expect(values.map(plainEndpoint)).toEqual(values.map(() => undefined));
  });
});
