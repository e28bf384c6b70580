/**
 * Real captures through init → check → encap → decap: what arrives is what was sent, byte for byte (apart from priority
 * tags, N6), and everything else is accounted for by a drop reason. Captures that are broken end in their error.
 */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaptureReader } from '../../src/index.ts';
import { CAPTURES, NO_CAPTURES, netvirt, titled } from './tools.ts';

interface Report {
  inputs: number;
  outputs: number;
  replies: number;
  punts: number;
  drops: Record<string, number>;
  written: number;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-captures-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Frames up to the first fault. */
function framesOf(path: string): Uint8Array[] {
  const reader = new CaptureReader(path);
  const frames: Uint8Array[] = [];
  reader.push(readFileSync(path));
  try {
    for (let record = reader.read(); record !== undefined; record = reader.read()) {
      // A link type of another kind ends the command at this place.
      if (reader.interfaces[record.interfaceId]!.linkType !== 1) break;
      frames.push(record.data.slice());
    }
  } catch {
    // The commands' own error is compared elsewhere.
  }
  return frames;
}

/** The frame as an envelope may carry it: without priority tags (N6). */
function untagged(frame: Uint8Array): Uint8Array {
  const isPriority = (at: number) =>
    frame[at] === 0x81 && frame[at + 1] === 0 && (frame[at + 2]! & 15) === 0 && frame[at + 3] === 0;
  let end = 12;
  while (isPriority(end)) end += 4;
  return Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(end)]);
}

/** Every frame that arrived is one that was sent, in the same order. */
function expectSubsequence(received: readonly Uint8Array[], sent: readonly Uint8Array[]): void {
  let at = 0;
  for (const [index, frame] of received.entries()) {
    while (at < sent.length && Buffer.compare(untagged(sent[at]!), frame) !== 0) at++;
    expect(at, `received frame ${index + 1} is one of those sent, in order`).toBeLessThan(sent.length);
    at++;
  }
}

function report(text: string): Report {
  return JSON.parse(text) as Report;
}

function expectBalanced({ inputs, outputs, replies, punts, drops }: Report): void {
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
  expect(outputs + replies + punts + dropped).toBe(inputs);
}

/** What each capture has to show, beyond the round trip. Error: the line on stderr; the command ends with 1. */
const EXPECTED: Readonly<
  Record<string, { error?: RegExp; init?: RegExp; drops?: string[]; arrive?: number }>
> = {
  'format-cut-record.pcap': {
    error: /record 2 at byte 228: expected a captured length up to 67108864, got 1409179648$/,
    arrive: 1,
  },
  'format-sections.pcapng': {
    error: /record 4: expected link type ETHERNET \(1\), got NULL \(0\)$/,
    drops: ['DROP_CUT_CAPTURE'],
  },
  'malformed-record.pcap': {
    init: /record 1 at byte 24: expected a captured length up to the original length 32, got 34$/,
  },
  'snaplen-ethernet.pcap': { init: /expected frames with unicast source MACs, got none$/ },
  'snaplen-ipv4.pcap': { drops: ['DROP_CUT_CAPTURE'], arrive: 0 },
  'malformed-ihl.pcap': { drops: ['DROP_INNER_MALFORMED'], arrive: 0 },
  'malformed-lengths.pcapng': { drops: ['DROP_INNER_MALFORMED'], arrive: 0 },
  'vlan-double.pcap': { drops: ['DROP_VLAN_TAG'], arrive: 0 },
  'icmpv6.pcap': { drops: ['DROP_FLOOD'], arrive: 0 },
  'mixed-protocols.pcap': {
    drops: ['DROP_OVER_MTU', 'DROP_ARP_SENDER', 'DROP_VLAN_TAG', 'DROP_SAME_PORT'],
    arrive: 899,
  },
  'format-big-endian.pcap': { arrive: 2 },
  'format-nanoseconds.pcap': { arrive: 2 },
  'format-two-interfaces.pcapng': { arrive: 6 },
  'gre-mixed.pcap': { drops: ['DROP_VLAN_TAG'], arrive: 6 },
  'gre-teb-no-key.pcap': { arrive: 15 },
  'ipv4-fragments.pcap': { arrive: 3 },
  'udp-fragments.pcap': { arrive: 3 },
  'udp-no-checksum.pcap': { arrive: 1 },
  'ipv6-tcp.pcap': { arrive: 10 },
  'vxlan.pcap': { arrive: 1 },
  'nvgre-bad-checksums.pcap': { arrive: 1 },
};

const NAMES =
  NO_CAPTURES === undefined
    ? readdirSync(CAPTURES).filter((name) => /\.pcap(ng)?$/.test(name))
    : ['every capture'];

describe('init → check → encap → decap', () => {
  it.skipIf(NO_CAPTURES !== undefined).each(NAMES)(titled('%s', NO_CAPTURES), (name) => {
    const expected = EXPECTED[name] ?? {};
    const path = join(CAPTURES, name);
    const policy = join(folder, `${name}.yaml`);
    const begun = netvirt(['init', path, '-o', policy]);
    if (expected.init !== undefined) {
      expect(begun.status).toBe(1);
      expect(begun.stderr.trimEnd()).toMatch(expected.init);
      expect(existsSync(policy)).toBe(false);
      return;
    }
    expect(begun.stderr.trimEnd()).toMatch(expected.error ?? /^$/);
    expect(begun.status).toBe(expected.error === undefined ? 0 : 1);
    expect(netvirt(['check', policy])).toMatchObject({ status: 0, stderr: '' });

    const sent = framesOf(path);
    const drops = new Set<string>();
    let arrived = 0;
    for (const [from, to] of [
      ['host1', 'host2'],
      ['host2', 'host1'],
    ] as const) {
      const uplink = join(folder, `${name}.${from}.pcapng`);
      const received = join(folder, `${name}.${to}.pcapng`);
      const left = netvirt(['encap', policy, '--host', from, path, '-o', uplink, '--json']);
      expect(left.stderr.trimEnd()).toMatch(expected.error ?? /^$/);
      expect(left.status).toBe(expected.error === undefined ? 0 : 1);
      const came = netvirt(['decap', policy, '--host', to, uplink, '-o', received, '--json']);
      expect(came).toMatchObject({ status: 0, stderr: '' });
      const [out, back] = [report(left.stdout), report(came.stdout)];
      expectBalanced(out);
      expectBalanced(back);
      expect(out.inputs).toBe(sent.length);
      expect(back.inputs).toBe(out.written);
      expect(back.written + Object.values(back.drops).reduce((sum, count) => sum + count, 0)).toBe(
        back.inputs,
      );
      const frames = framesOf(received);
      expect(frames).toHaveLength(back.written);
      expectSubsequence(frames, sent);
      arrived += frames.length;
      for (const reason of [...Object.keys(out.drops), ...Object.keys(back.drops)]) drops.add(reason);
    }
    expect([...drops]).toEqual(expect.arrayContaining(expected.drops ?? []));
    if (expected.arrive !== undefined) expect(arrived).toBe(expected.arrive);
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
