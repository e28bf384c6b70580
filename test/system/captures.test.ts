/**
 * Real captures through init → check → encap → decap, by NVGRE and by IP Rewrite: what arrives is what was sent, byte for
 * byte (apart from priority tags, N6), and everything else is accounted for by a drop reason. Captures that are broken end
 * in their error.
 */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPECTED, NOTHING } from './fates.ts';
import { CAPTURES, NO_CAPTURES, announce, netvirt, titled } from './tools.ts';
import { report, rewritten, trips } from './trips.ts';

announce(NO_CAPTURES);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-captures-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const NAMES =
  NO_CAPTURES === undefined
    ? readdirSync(CAPTURES).filter((name) => /\.pcap(ng)?$/.test(name))
    : ['every capture'];

describe('init → check → encap → decap', () => {
  it.skipIf(NO_CAPTURES !== undefined).each(NAMES)(titled('%s', NO_CAPTURES), (name) => {
    const { init, error, nvgre, rewrite } = EXPECTED[name] ?? {};
    const path = join(CAPTURES, name);
    const policy = join(folder, `${name}.yaml`);
    const begun = netvirt(['init', path, '-o', policy]);
    expect(begun.stderr.trimEnd()).toMatch(
      init ?? error ?? /^\d+ endpoints? written to .*; \d+ lines? to edit$/,
    );
    expect(begun.status).toBe(init === undefined && error === undefined ? 0 : 1);
    expect(existsSync(policy)).toBe(init === undefined);
    if (init !== undefined) return;
    expect(netvirt(['check', policy])).toMatchObject({ status: 0, stderr: '' });
    const fate = trips(policy, path, join(folder, name), error);
    expect(fate).toEqual({ ...NOTHING, ...nvgre, enveloped: fate.arrive });

    const both = join(folder, `${name}.rewrite.json`);
    writeFileSync(both, rewritten(readFileSync(policy, 'utf8')));
    expect(trips(both, path, join(folder, `${name}.rewrite`), error)).toEqual({ ...NOTHING, ...rewrite });
  });

  it.skipIf(NO_CAPTURES !== undefined)(titled('every capture has its expectations', NO_CAPTURES), () => {
    expect(NAMES.slice().sort()).toEqual(Object.keys(EXPECTED).sort());
  });
});

/** A policy whose one host has the address that the capture's envelopes go to. */
function receiver(address: string): string {
  return JSON.stringify({
    version: 1,
    hosts: [{ name: 'h', addresses: [`${address}/24`], mac: '02:00:00:00:00:01' }],
    customers: [
      {
        name: 'c',
        routingDomains: [
          {
            name: 'd',
            id: '00000000-0000-4000-8000-000000000001',
            subnets: [{ vsid: 0x123456, prefixes: ['10.9.0.0/24'] }],
            endpoints: [
              { name: 'vm', vsid: 0x123456, mac: '02:00:00:00:00:02', addresses: ['10.9.0.2'], host: 'h' },
            ],
          },
        ],
      },
    ],
  });
}

describe('decap of captured envelopes', () => {
  it.skipIf(NO_CAPTURES !== undefined).each([
    ['nvgre-bad-checksums.pcap', '100.0.17.2', { DROP_OUTER_CHECKSUM: 1 }, 0],
    ['gre-teb-no-key.pcap', '192.168.0.20', { DROP_GRE_NO_KEY: 15 }, 0],
    ['gre-mixed.pcap', '4.3.2.1', { DROP_VSID_RESERVED: 1 }, 6],
    ['gre-mixed.pcap', '192.168.2.254', { DROP_GRE_VERSION: 2 }, 5],
    ['gre-mixed.pcap', '72.205.54.70', { DROP_GRE_PROTOCOL: 1 }, 6],
  ])(titled('%s to %s', NO_CAPTURES), (name, address, drops, punts) => {
    const policy = join(folder, `receiver-${address}.json`);
    writeFileSync(policy, receiver(address));
    const { stdout, status } = netvirt([
      'decap',
      policy,
      '--host',
      'h',
      join(CAPTURES, name),
      '-o',
      join(folder, 'x.pcapng'),
      '--json',
    ]);
    expect(status).toBe(0);
    expect(report(stdout)).toMatchObject({ drops, punts, outputs: 0 });
  });

  it.skipIf(NO_CAPTURES !== undefined)(titled('inspect finds the tunnels', NO_CAPTURES), () => {
    const rows = (name: string) =>
      (
        JSON.parse(netvirt(['inspect', join(CAPTURES, name), '--json']).stdout) as {
          rows: { tunnel: string; network?: number; malformed: number }[];
        }
      ).rows;
    expect(rows('nvgre-bad-checksums.pcap')).toMatchObject([
      { tunnel: 'NVGRE', network: 0x123456, malformed: 1 },
    ]);
    expect(rows('vxlan.pcap')).toMatchObject([{ tunnel: 'VXLAN', network: 3_000_001 }]);
    expect(rows('gre-teb-no-key.pcap')[0]).toMatchObject({ tunnel: 'GRE' });
  });
});
