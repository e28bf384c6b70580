/** What leaves of frames with offload headers, and leaves nothing to be done (W7): judged as it stands on the wire. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CreateEngine, outputsOf, wasmEngine } from '../rules/engine.ts';
import { type Case, OFFLOAD_CASES } from '../rules/index.ts';
import { type Produced, titleOf, writeCapture } from './produced.ts';
import { NO_SCAPY, NO_TSHARK, PYTHON, announce, run, titled } from './tools.ts';

announce(NO_TSHARK, NO_SCAPY);

const SCRIPT = fileURLToPath(new URL('verify_checksums.py', import.meta.url));
/** Its outer UDP checksum is none, and tshark would judge the inner packet by a port alone. */
const NOT_JUDGED = /in a tunnel of the VM’s own/;

let folder = '';
let path = '';
let frames: readonly Produced[] = [];

async function complete(create: CreateEngine, one: Case, second: number): Promise<Produced[]> {
  const outputs = await outputsOf(create, one);
  return outputs
    .filter(({ vnet }) => vnet!.every((byte) => byte === 0))
    .map(({ frame }) => ({ second, frame }));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-offloads-'));
  path = join(folder, 'complete.pcap');
  const create = wasmEngine('live');
  const all: Produced[] = [];
  for (const [second, one] of OFFLOAD_CASES.entries()) {
    if (!NOT_JUDGED.test(one.name)) all.push(...(await complete(create, one, second)));
  }
  frames = all;
  writeCapture(path, frames);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const nameOf = (second: number | string): string => titleOf(OFFLOAD_CASES[Number(second)]!);

const PROTOCOLS = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6', 'sctp'];

/** Seconds of the records that pass a filter, and the values of fields in them. */
function tshark(filter: string, ...fields: string[]): string[][] {
  const options = ['ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE'];
  const more = [
    'sctp.checksum:CRC 32c',
    'ip.defragment:FALSE',
    'ipv6.defragment:FALSE',
    'tcp.analyze_sequence_numbers:FALSE',
  ];
  const { stdout, stderr, status } = run('tshark', [
    '-r',
    path,
    ...[...options, ...more].flatMap((option) => ['-o', option]),
    ...['-Y', filter, '-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=^'],
    ...['frame.time_epoch', ...fields].flatMap((field) => ['-e', field]),
  ]);
  expect(status, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'));
}

it.skipIf(NO_TSHARK !== undefined)(
  titled('tshark finds no wrong checksum and no wrong length in any segment', NO_TSHARK),
  () => {
    expect(frames.length).toBeGreaterThan(250);
    const bad = PROTOCOLS.map((protocol) => `${protocol}.checksum.status == 0`);
    const lengths = ['ip.bogus_ip_length', 'ipv6.plen_exceeds_framing', 'udp.length.bad'];
    // What an ICMP error quotes is cut, and tshark sums what is there.
    const anyOf = (fields: readonly string[]) => `(${fields.join(' || ')})`;
    const filter = `${anyOf([...bad, ...lengths])} && !icmp && !icmpv6 || icmp.checksum.status == 0`;
    const found = tshark(filter).map(([time]) => nameOf(Math.floor(Number(time))));
    expect([...new Set(found)]).toEqual([]);
    const good = ['tcp', 'udp', 'sctp'].map((protocol) => tshark(`${protocol}.checksum.status == 1`).length);
    expect(good[0], 'TCP').toBeGreaterThan(150);
    expect(good[1], 'UDP').toBeGreaterThan(60);
    expect(good[2], 'SCTP').toBe(1);
  },
);

interface Judged {
  readonly packets: number;
  readonly wrong: readonly { readonly case: number; readonly what: string }[];
}

it.skipIf(NO_SCAPY !== undefined)(
  titled('scapy recomputes every checksum of all that is complete, and agrees', NO_SCAPY),
  () => {
    const { stdout, stderr } = run(PYTHON, [SCRIPT, path]);
    expect(stdout, stderr).not.toBe('');
    const { packets, wrong } = JSON.parse(stdout) as Judged;
    expect(packets).toBe(frames.length);
    expect(wrong.map((one) => `${nameOf(one.case)}: ${one.what}`)).toEqual([]);
  },
);
