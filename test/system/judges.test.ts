/** Independent judges: tshark dissects what we produce down to the last layer, scapy recomputes every checksum in full. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dataplane, PcapWriter } from '../../src/index.ts';
import { type Case, CASES } from '../rules/index.ts';
import { policy } from '../rules/fabric.ts';
import { NO_SCAPY, NO_TSHARK, PYTHON, netvirt, run, titled } from './tools.ts';

const SCRIPT = fileURLToPath(new URL('verify_checksums.py', import.meta.url));

/** Packets that are wrong or incomplete on purpose, or whose payload is a pattern where a judge expects its protocol. */
const ON_PURPOSE =
  /wrong|cut|ends|without a header|left alone|another IP version|SCTP|GRE, untouched|checksum 0 over IPv6|first (IPv[46] )?fragment/;
/** What scapy cannot write back as it read it: options that are a pattern, quotes whose payload is not there. */
const NOT_REBUILT = /TCP with options|first 8 bytes|IPv4 options|and options stay|with options/;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-judges-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs all whole and right packets that a rule's cases have, and writes what leaves on one side. */
async function produce(
  name: string,
  isWanted: (one: Case) => boolean,
): Promise<{ path: string; packets: number }> {
  const writer = new PcapWriter({ nanoseconds: true });
  writer.addInterface({});
  let packets = 0;
  for (const one of CASES.filter(isWanted)) {
    const dataplane = await Dataplane.create({ policy: policy(one.provider), host: one.host });
    dataplane.batch.push(one.frame, one.port === 'uplink' ? 0 : dataplane.port(one.port));
    dataplane.process();
    for (const { frame } of dataplane.batch.outputs()) {
      writer.write({ interfaceId: 0, seconds: packets++, nanoseconds: 0, data: frame });
    }
  }
  const path = join(folder, `${name}.pcap`);
  writeFileSync(path, writer.take());
  return { path, packets };
}

const leaves = ({ expected, name }: Case) => typeof expected !== 'number' && !ON_PURPOSE.test(name);

const TSHARK = [
  ...['ip', 'udp', 'tcp', 'udplite', 'dccp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]),
  // Payload patterns are not the protocols of their ports.
  ...['http', 'dns', 'dhcp'].flatMap((protocol) => ['--disable-protocol', protocol]),
];

/** Packets with an expert note of severity "error", a bad checksum or a malformed layer. */
function complaints(path: string): string[] {
  const filter =
    '_ws.malformed || _ws.expert.severity >= 8388608 || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || icmpv6.checksum.status == 0 || icmp.checksum.status == 0';
  const { stdout, stderr, status } = run('tshark', ['-r', path, ...TSHARK, '-Y', filter]);
  expect(status, stderr).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

function fieldOf(path: string, field: string): string[] {
  return run('tshark', ['-r', path, ...TSHARK, '-T', 'fields', '-e', field])
    .stdout.trimEnd()
    .split('\n');
}

describe('tshark', () => {
  it.skipIf(NO_TSHARK !== undefined)(
    titled('finds no fault in any envelope, down to the inner layer', NO_TSHARK),
    async () => {
      const { path, packets } = await produce(
        'envelopes',
        (one) => leaves(one) && one.rules.some((rule) => /^(N\d|ECN|DSCP|TTL|V[1367])/.test(rule)),
      );
      expect(packets).toBeGreaterThan(100);
      expect(complaints(path)).toEqual([]);
      const tunnelled = fieldOf(path, 'gre.proto').filter((proto) => proto.includes('0x6558')).length;
      expect(tunnelled).toBeGreaterThan(30);
    },
  );

  it.skipIf(NO_TSHARK !== undefined)(
    titled('finds no fault in any rewritten packet', NO_TSHARK),
    async () => {
      const { path, packets } = await produce(
        'rewritten',
        (one) => leaves(one) && one.rules.some((rule) => rule.startsWith('W')),
      );
      expect(packets).toBeGreaterThan(30);
      expect(complaints(path)).toEqual([]);
    },
  );

  it.skipIf(NO_TSHARK !== undefined)(titled('would find faults', NO_TSHARK), async () => {
    const { path } = await produce('wrong', ({ name }) =>
      /a wrong (TCP|UDP) checksum stays wrong/.test(name),
    );
    expect(complaints(path).length).toBe(4);
  });

  it.skipIf(NO_TSHARK !== undefined)(
    titled('reads the files of the example: all envelopes and customers in them', NO_TSHARK),
    () => {
      expect(netvirt(['example', '-o', folder]).status).toBe(0);
      const uplink = join(folder, 'uplink.pcapng');
      expect(complaints(uplink)).toEqual([]);
      const keys = fieldOf(uplink, 'gre.key').filter((key) => key !== '');
      expect(new Set(keys.map((key) => parseInt(key, 16) >>> 8))).toEqual(new Set([5001, 6001]));
      expect(keys).toHaveLength(40);
      expect(fieldOf(join(folder, 'host2-vms.pcapng'), 'frame.interface_name')).toContain('museum-safe');
    },
  );
});

describe('scapy', () => {
  it.skipIf(NO_SCAPY !== undefined)(
    titled('recomputes every checksum of rewritten packets in full and agrees', NO_SCAPY),
    async () => {
      const { path, packets } = await produce(
        'scapy-rewritten',
        (one) => leaves(one) && !NOT_REBUILT.test(one.name) && one.rules.some((rule) => rule.startsWith('W')),
      );
      const { stdout, stderr, status } = run(PYTHON, [SCRIPT, path]);
      expect(stdout, stderr).not.toBe('');
      const result = JSON.parse(stdout) as { packets: number; checked: number; wrong: string[] };
      expect(result.wrong).toEqual([]);
      expect(status).toBe(0);
      expect(result.packets).toBe(packets);
      expect(result.checked).toBeGreaterThan(packets);
    },
  );

  it.skipIf(NO_SCAPY !== undefined)(
    titled('agrees with the uplink of the example, envelopes and rewritten packets', NO_SCAPY),
    () => {
      expect(netvirt(['example', '-o', folder]).status).toBe(0);
      const { stdout } = run(PYTHON, [SCRIPT, join(folder, 'uplink.pcapng')]);
      expect(JSON.parse(stdout)).toMatchObject({ packets: 60, wrong: [] });
    },
  );

  it.skipIf(NO_SCAPY !== undefined)(titled('would find faults', NO_SCAPY), async () => {
    const { path } = await produce('scapy-wrong', ({ name }) =>
      /a wrong (TCP|UDP) checksum stays wrong/.test(name),
    );
    const { stdout, status } = run(PYTHON, [SCRIPT, path]);
    expect((JSON.parse(stdout) as { wrong: string[] }).wrong).toHaveLength(4);
    expect(status).toBe(1);
  });
});
