/** Independent judges: tshark dissects all that leaves down to the last layer, scapy recomputes every checksum in full. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patched } from '../packets/index.ts';
import type { Outcome } from '../rules/case.ts';
import { HOSTS, vmsIn } from '../rules/fabric.ts';
import { CASES } from '../rules/index.ts';
import { ON_PURPOSE, WRONG_CHECKSUMS } from './onpurpose.ts';
import { type Produced, ofCases, produced, titleOf, writeCapture } from './produced.ts';
import { NO_SCAPY, NO_TSHARK, PYTHON, announce, netvirt, run, titled } from './tools.ts';

announce(NO_TSHARK, NO_SCAPY);

const SCRIPT = fileURLToPath(new URL('verify_checksums.py', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-judges-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const capture = (name: string, frames: readonly Produced[]): string => {
  const path = join(folder, `${name}.pcap`);
  writeCapture(path, frames);
  return path;
};

const sorted = (titles: Iterable<string>): string[] => [...new Set(titles)].sort();
const caseOf = (second: number | string): string => titleOf(CASES[Number(second)]!);

// —— tshark ——

const TSHARK = [
  ...['ip', 'udp', 'tcp', 'udplite', 'dccp'].map((protocol) => `${protocol}.check_checksum:TRUE`),
  // Each case is on its own: what others sent before says nothing about it.
  ...['ip.defragment', 'ipv6.defragment', 'tcp.analyze_sequence_numbers', 'esp.do_esp_sequence_analysis'].map(
    (option) => `${option}:FALSE`,
  ),
].flatMap((option) => ['-o', option]);

/** All values of the fields, by record; values of one field are apart by ^. */
function fieldsOf(
  path: string,
  fields: readonly string[],
  filter = 'frame',
  more: readonly string[] = [],
): string[][] {
  const columns = fields.flatMap((field) => ['-e', field]);
  const form = ['-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=^'];
  const { stdout, stderr, status } = run('tshark', [
    '-r',
    path,
    ...TSHARK,
    ...more,
    '-Y',
    filter,
    ...form,
    ...columns,
  ]);
  expect(status, stderr).toBe(0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split('|'));
}

/** In the example, payload patterns go to the ports of these. */
const NO_PAYLOADS = ['dns', 'http'].flatMap((protocol) => ['--disable-protocol', protocol]);

interface Complaint {
  readonly second: string;
  readonly messages: readonly string[];
}

const CHECKSUMS = ['ip', 'tcp', 'udp', 'dccp', 'icmp', 'icmpv6'].map(
  (protocol) => `${protocol}.checksum.status`,
);
const WARNING = 0x60_0000;

/** Malformed layers, bad checksums, and expert notes of severity "warning" and "error". */
function complaints(path: string, more: readonly string[] = []): Complaint[] {
  const bad = CHECKSUMS.map((field) => `${field} == 0`);
  const filter = ['_ws.malformed', `_ws.expert.severity >= ${WARNING}`, ...bad].join(' || ');
  const fields = ['frame.time_epoch', '_ws.expert.severity', '_ws.expert.message'];
  return fieldsOf(path, fields, filter, more).map(([time, severities, messages]) => {
    const levels = severities!.split('^').map(Number);
    const texts = messages!.split('^');
    expect(texts).toHaveLength(levels.length);
    // A TTL of 1 is what the VM chose, or what a protocol of the link asks for.
    const severe = texts.filter(
      (text, index) => levels[index]! >= WARNING && !text.startsWith('"Time To Live"'),
    );
    return { second: String(Math.floor(Number(time))), messages: severe };
  });
}

describe('tshark', () => {
  it.skipIf(NO_TSHARK !== undefined)(
    titled('finds no fault in anything that leaves, down to the last layer, but those on purpose', NO_TSHARK),
    async () => {
      const frames = await produced();
      expect(frames.length).toBeGreaterThan(1400);
      const path = capture('all', frames);
      const found = complaints(path).filter(({ messages }) => messages.length > 0);
      expect(sorted(found.map(({ second }) => caseOf(second)))).toEqual(
        sorted(ON_PURPOSE.flatMap(({ cases }) => cases)),
      );
      for (const { second, messages } of found) {
        const { says } = ON_PURPOSE.find(({ cases }) => cases.includes(caseOf(second)))!;
        for (const message of messages) expect(message, caseOf(second)).toMatch(says);
      }
    },
  );

  it.skipIf(NO_TSHARK !== undefined)(
    titled('judges every checksum but those of fragments and in quotes', NO_TSHARK),
    async () => {
      const path = capture('unverified', await produced());
      const unverified = CHECKSUMS.map((field) => `${field} == 2`).join(' || ');
      const isPart =
        'ip.flags.mf == 1 || ipv6.fraghdr || icmp.type in {3, 4, 5, 11, 12} || icmpv6.type in {1 .. 4}';
      const left = fieldsOf(path, ['frame.time_epoch'], `(${unverified}) && !(${isPart})`);
      expect(left.map(([time]) => caseOf(Math.floor(Number(time))))).toEqual([]);
    },
  );

  it.skipIf(NO_TSHARK !== undefined)(
    titled('reads the VSID in the keys of all envelopes, those of the draft from the other end', NO_TSHARK),
    async () => {
      const path = capture('keys', await produced());
      const fields = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'gre.key', 'eth.type'];
      const filter = 'gre.proto == 0x6558 && gre.flags_and_version == 0x2000';
      const hosts = Object.values(HOSTS).flatMap((host) => ['ipv4' in host ? host.ipv4 : '', host.ipv6]);
      const old = [HOSTS.h5.ipv4, HOSTS.h5.ipv6] as readonly string[];
      const counts = { rfc7637: 0, draft00: 0 };
      for (const [source4, dst4, source6, dst6, key, types] of fieldsOf(path, fields, filter)) {
        // The first address is the outer one's, of the family that the first EtherType says.
        const isIpv4 = types!.startsWith('0x0800');
        const ends = (isIpv4 ? [source4!, dst4!] : [source6!, dst6!]).map((list) => list.split('^')[0]!);
        // A customer's own GRE between rewrite endpoints is none of ours.
        if (!ends.every((end) => hosts.includes(end))) continue;
        const layout = ends.some((end) => old.includes(end)) ? 'draft00' : 'rfc7637';
        const word = Number(key!.split('^')[0]);
        const vsid = layout === 'draft00' ? word & 0xff_ffff : word >>> 8;
        expect(vmsIn(vsid).length, `VSID ${vsid} by ${layout}`).toBeGreaterThan(0);
        counts[layout]++;
      }
      expect(counts.rfc7637).toBeGreaterThan(300);
      expect(counts.draft00).toBeGreaterThan(20);
    },
  );

  it.skipIf(NO_TSHARK !== undefined)(titled('would find faults', NO_TSHARK), async () => {
    const found = new Set(complaints(capture('wrong', await spoiled())).map(({ second }) => second));
    // A later piece holds nothing that tshark could judge on its own.
    expect(sorted(found)).toEqual(
      sorted(FAULTS.flatMap(({ isLater }, index) => (isLater === true ? [] : [String(index)]))),
    );
  });

  it.skipIf(NO_TSHARK !== undefined)(
    titled('reads the files of the example: all envelopes and customers in them', NO_TSHARK),
    () => {
      expect(netvirt(['example', '-o', folder]).status).toBe(0);
      const uplink = join(folder, 'uplink.pcapng');
      expect(complaints(uplink, NO_PAYLOADS)).toEqual([]);
      const keys = fieldsOf(uplink, ['gre.key'], 'gre').map(([key]) => Number(key) >>> 8);
      expect(new Set(keys)).toEqual(new Set([5001, 6001]));
      expect(keys).toHaveLength(40);
      const names = fieldsOf(join(folder, 'host2-vms.pcapng'), ['frame.interface_name']).flat();
      expect(names).toContain('museum-safe');
    },
  );
});

// —— scapy ——

interface Judged {
  readonly packets: number;
  readonly checked: Record<string, number>;
  readonly wrong: readonly { readonly case: number; readonly what: string }[];
  /** Cases whose pieces made a whole packet, and those with pieces of which some are not there. */
  readonly joined: readonly number[];
  readonly incomplete: readonly number[];
}

function judge(path: string): Judged {
  const { stdout, stderr, status } = run(PYTHON, [SCRIPT, path]);
  expect(stdout, stderr).not.toBe('');
  const judged = JSON.parse(stdout) as Judged;
  expect(status).toBe(judged.wrong.length === 0 ? 0 : 1);
  return judged;
}

/** Sent in one piece, left in several. */
const CUT_UP = CASES.filter(({ frame, expected }) => {
  if (typeof expected === 'number' || !('outputs' in expected)) return false;
  const { outputs, anyOrder }: Outcome = expected;
  const tag = frame[12] === 0x81 ? 4 : 0;
  const isPiece = (packet: Uint8Array, ip: number) =>
    (((packet[ip + 6]! & 0x3f) << 8) | packet[ip + 7]!) !== 0;
  if (isPiece(frame, 14 + tag) || outputs.length === 1) return false;
  // Of what is flooded, several copies leave anyway.
  return (
    anyOrder !== true ||
    outputs.some(({ port, frame }) => port === 'uplink' && isPiece(frame, innerOf(frame)))
  );
});

/** Where the IPv4 packet in an NVGRE envelope begins. */
function innerOf(frame: Uint8Array): number {
  return 14 + (frame[12] === 0x86 ? 40 : 20) + 8 + 14;
}

describe('scapy', () => {
  it.skipIf(NO_SCAPY !== undefined)(
    titled('recomputes every checksum of all that leaves, pieces joined, and agrees', NO_SCAPY),
    async () => {
      const frames = await produced();
      const { packets, checked, wrong, joined, incomplete } = judge(capture('scapy', frames));
      expect(packets).toBe(frames.length);
      expect(sorted(wrong.map((one) => caseOf(one.case)))).toEqual(sorted(WRONG_CHECKSUMS.cases));
      expect(CUT_UP.length).toBeGreaterThan(15);
      expect(sorted([...new Set(joined.map(caseOf))])).toEqual(sorted(CUT_UP.map(titleOf)));
      for (const title of incomplete.map(caseOf)) expect(title).toMatch(/fragment/);
      const least = { IPv4: 1500, UDP: 850, TCP: 80, ICMP: 150, ICMPv6: 190, 'UDP-Lite': 20, DCCP: 8 };
      for (const [what, count] of Object.entries(least)) {
        expect(checked[what], what).toBeGreaterThanOrEqual(count);
      }
    },
  );

  it.skipIf(NO_SCAPY !== undefined)(
    titled('agrees with the uplink of the example, envelopes and rewritten packets', NO_SCAPY),
    () => {
      expect(netvirt(['example', '-o', folder]).status).toBe(0);
      expect(judge(join(folder, 'uplink.pcapng'))).toMatchObject({ packets: 60, wrong: [] });
    },
  );

  it.skipIf(NO_SCAPY !== undefined)(titled('would find faults', NO_SCAPY), async () => {
    const { wrong } = judge(capture('scapy-wrong', await spoiled()));
    // What is spoiled in a quote spoils the checksum of the error too.
    const found = new Set(wrong.map((one) => one.case));
    expect([...found].sort((a, b) => a - b)).toEqual(FAULTS.map((_, index) => index));
  });
});

// —— Frames with one bit spoiled, one fault each ——

interface Fault {
  /** Beginning of the title of a case that leaves flawless. */
  readonly of: string;
  readonly at: (frame: Uint8Array) => number;
  /** Not in the first frame but in the second, a later piece. */
  readonly isLater?: true;
}

const last = (frame: Uint8Array): number => frame.length - 1;
const ttl = (): number => 14 + 8;

const FAULTS: readonly Fault[] = [
  { of: 'W2 W3: TCP over IPv4', at: last },
  { of: 'W2 W3: UDP over IPv6', at: last },
  { of: 'W3: UDP-Lite, all covered over IPv4', at: last },
  { of: 'W3: UDP-Lite, header covered over IPv6', at: () => 14 + 40 + 1 },
  { of: 'W3: DCCP over IPv4', at: last },
  { of: 'W3: ICMP echo', at: last },
  { of: 'W3: ICMPv6 echo', at: last },
  { of: 'W6: a quoted TCP segment, over IPv6', at: last },
  { of: 'W4: a computed UDP-Lite checksum of 0 is sent as 0xFFFF, over IPv4', at: last },
  { of: 'T2: an IPv6 packet of 1232 bytes is quoted as a whole', at: last },
  { of: 'V4: solicitation for a VM on another host', at: last },
  { of: 'V4: router solicitation on a host without IPv4', at: last },
  { of: 'V2: an echo request with TTL 1 has arrived', at: last },
  { of: 'T1 W2: a byte too long for IP Rewrite', at: ttl },
  { of: 'T1 W2: a byte too long for IP Rewrite', at: last, isLater: true },
  { of: 'T1 N11: a byte too long for NVGRE over IPv4', at: last, isLater: true },
];

/** The first case of each, numbered like the faults, so that complaints say which they found. */
async function spoiled(): Promise<Produced[]> {
  const groups = FAULTS.map(async ({ of, at, isLater }, second) => {
    const frames = await ofCases(of);
    const first = frames[0]?.second;
    const group = frames.filter((one) => one.second === first);
    const target = isLater === true ? 1 : 0;
    expect(group.length, of).toBeGreaterThan(target);
    return group.map(({ frame }, index) => {
      const place = at(frame);
      return { second, frame: index === target ? patched(frame, place, frame[place]! ^ 1) : frame };
    });
  });
  return (await Promise.all(groups)).flat();
}
