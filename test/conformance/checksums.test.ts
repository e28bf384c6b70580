/** The incremental checksum (RFC 1624 eqn. 3) on its published vector and on random packets rebuilt from scratch. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dataplane } from '../../src/index.ts';
import {
  type Upper,
  dccp,
  icmpv4Echo,
  icmpv6Echo,
  patched,
  raw,
  sctp,
  tcp,
  udp,
  udpLite,
} from '../packets/index.ts';
import { frame4, frame6, rewritten4, rewritten6 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';

/** One word of the header changes, 0x5555 → 0x3285: the source's customer and provider address differ in their last half. */
const VECTOR_POLICY = {
  version: 1,
  hosts: [
    { name: 'h1', addresses: ['10.0.0.1/16'], mac: '02:00:00:00:00:01' },
    { name: 'h2', addresses: ['10.0.0.2/16'], mac: '02:00:00:00:00:02' },
  ],
  customers: [
    {
      name: 'c',
      routingDomains: [
        {
          name: 'd',
          id: '00000000-0000-4000-8000-000000000001',
          subnets: [{ vsid: 5001, prefixes: ['10.0.0.0/16'] }],
          endpoints: [
            {
              name: 'a',
              vsid: 5001,
              mac: '02:00:00:00:01:01',
              addresses: ['10.0.85.85'],
              host: 'h1',
              method: 'rewrite',
              providerAddresses: ['10.0.50.133'],
            },
            {
              name: 'b',
              vsid: 5001,
              mac: '02:00:00:00:01:02',
              addresses: ['10.0.9.9'],
              host: 'h2',
              method: 'rewrite',
              providerAddresses: ['10.0.9.9'],
            },
          ],
        },
      ],
    },
  ],
};

function frameWithChecksum(checksum: number): Uint8Array {
  const macs = [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1, 8, 0];
  const header = [
    0x45,
    0,
    0,
    20,
    0,
    0,
    0,
    0,
    64,
    253,
    checksum >> 8,
    checksum & 255,
    10,
    0,
    85,
    85,
    10,
    0,
    9,
    9,
  ];
  return Uint8Array.from([...macs, ...header]);
}

async function sendOne(dataplane: Dataplane, port: number, frame: Uint8Array): Promise<Uint8Array> {
  dataplane.batch.push(frame, port);
  dataplane.process();
  const [output] = dataplane.batch.outputs();
  expect(output, 'forwarded').toBeDefined();
  return Promise.resolve(output!.frame.slice());
}

describe.each(['release', 'threads'] as const)('%s', (build) => {
  it('W3 W4: RFC 1624 §4: 0xDD2F with 0x5555 → 0x3285 is 0x0000, not 0xFFFF', async () => {
    const dataplane = await Dataplane.create({ policy: VECTOR_POLICY, host: 'h1', build });
    const sent = await sendOne(dataplane, dataplane.port('a'), frameWithChecksum(0xdd2f));
    expect([sent[24], sent[25]]).toEqual([0x00, 0x00]);
    expect([...sent.subarray(26, 34)]).toEqual([10, 0, 50, 133, 10, 0, 9, 9]);
  });

  it('W2 W3: random packets equal the same packet built with provider addresses, wrong by the same difference', async () => {
    const [h1, h2] = await Promise.all(
      ['h1', 'h2'].map((host) => Dataplane.create({ policy: policy(), host, build })),
    );
    const ports = fc.record({ srcPort: fc.nat(0xffff), dstPort: fc.nat(0xffff) });
    const error = fc.oneof(fc.constant(0), fc.nat(0xfffe));
    const upperOver: fc.Arbitrary<(isIpv4: boolean) => Upper> = fc
      .tuple(ports, error, fc.uint8Array({ maxLength: 80 }), fc.nat(6))
      .map(([port, checksumError, payload, kind]) => (isIpv4) => {
        const fields = { ...port, checksumError };
        const kinds = [
          () => tcp(fields, payload),
          () => udp(fields, payload),
          () => udpLite(fields, payload),
          () => dccp(fields, payload),
          () => sctp(port, payload),
          () => raw(253, payload),
          () => (isIpv4 ? icmpv4Echo(payload) : icmpv6Echo(payload)),
        ];
        return kinds[kind]!();
      });
    const header = fc.record({ tos: fc.nat(255), ttl: fc.integer({ min: 1, max: 255 }) });
    const header4 = fc.record({ id: fc.nat(0xffff), df: fc.boolean(), checksumError: error });
    await fc.assert(
      fc.asyncProperty(upperOver, header, header4, fc.boolean(), async (build, fields, more, isIpv4) => {
        const transport = build(isIpv4);
        const customer = isIpv4
          ? frame4('ra', 'rb', transport, { ...fields, ...more })
          : frame6('ra', 'rb', transport, fields);
        const provider = isIpv4
          ? rewritten4('ra', 'rb', transport, { ...fields, ...more })
          : rewritten6('ra', 'rb', transport, fields);
        const sent = await sendOne(h1!, h1!.port('ra'), customer);
        expect(canonical(sent)).toEqual(canonical(provider));
        expect(canonical(await sendOne(h2!, 0, sent))).toEqual(canonical(customer));
      }),
      { numRuns: 2000 },
    );
  });
});

/** 0x0000 and 0xFFFF are one number in ones-complement: an update may turn one into the other. */
function canonical(frame: Uint8Array): Uint8Array {
  const isIpv4 = frame[12] === 0x08;
  const protocol = frame[isIpv4 ? 23 : 20]!;
  const transport = isIpv4 ? 34 : 54;
  const offset = new Map([
    [6, 16],
    [17, 6],
    [33, 6],
    [136, 6],
    [58, 2],
  ]).get(protocol);
  const fields = [...(isIpv4 ? [24] : []), ...(offset === undefined ? [] : [transport + offset])];
  return fields.reduce(
    (bytes, at) => (bytes[at] === 0xff && bytes[at + 1] === 0xff ? patched(bytes, at, 0, 0) : bytes),
    frame,
  );
}
