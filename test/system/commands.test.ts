/** The command line as a user meets it: exit codes, one-line errors, standard streams, nothing half-written. */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaptureReader, PcapWriter, PcapngWriter, parsePolicy } from '../../src/index.ts';
import { pattern, udp } from '../packets/index.ts';
import { envelope4, frame4, rewritten4 } from '../rules/case.ts';
import { VMS, type Vm, policy } from '../rules/fabric.ts';
import { netvirt } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../dist/netvirt.js', import.meta.url));
const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(20));
const toB = frame4('a', 'b', datagram);
const EXPLAIN = 'explain POLICY --host h1 --port a --to 10.0.0.21';

let folder = '';
const file = (name: string) => join(folder, name);

function pcapOf(...frames: Uint8Array[]): Uint8Array {
  const writer = new PcapWriter({ nanoseconds: false });
  writer.addInterface({});
  for (const [index, data] of frames.entries())
    writer.write({ interfaceId: 0, seconds: index, nanoseconds: 5000, data });
  return writer.take().slice();
}

interface Read {
  readonly name: string | undefined;
  readonly seconds: number;
  readonly data: Uint8Array;
  readonly comments: string[] | undefined;
}

function read(path: string): Read[] {
  const reader = new CaptureReader(path);
  reader.push(new Uint8Array(readFileSync(path)));
  const records: Read[] = [];
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    const { seconds, data, comments, interfaceId } = record;
    records.push({ seconds, data: data.slice(), comments, name: reader.interfaces[interfaceId]!.name });
  }
  reader.end();
  return records;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-commands-'));
  writeFileSync(file('policy.json'), JSON.stringify(policy()));
  writeFileSync(file('one.pcap'), pcapOf(toB));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const encap = (...more: string[]) => netvirt(['encap', file('policy.json'), '--host', 'h1', ...more]);

describe('wrong usage ends with 2', () => {
  it.each([
    [['bogus'], "error: unknown command 'bogus'"],
    [['encap', 'p', 'i', '-o', 'x'], "error: required option '--host <name>' not specified"],
    [['encap', 'p', 'i', '--host', 'h', '-o', '-', '--json'], '--json and -o - both need stdout'],
    [
      ['encap', '-', '-', '--host', 'h', '-o', 'x.pcap'],
      'policy and input: expected one of them as -, got both',
    ],
    [['inspect', '/dev/stdin', '--policy', '-'], 'policy and input: expected one of them as -, got both'],
    [
      ['encap', 'p', 'i', '--host', 'h', '-o', 'x.txt'],
      'x.txt: expected a name that ends in .pcap or .pcapng',
    ],
    [['encap', 'p', 'i', '--host', 'h', '-o', '/tmp'], '/tmp: expected a file to write, got a directory'],
    [['init', 'i', '-o', '/tmp'], '/tmp: expected a file to write, got a directory'],
    [['check'], "error: missing required argument 'policy'"],
    [
      ['decap', 'p', 'i', '--host', 'h', '-o', 'x.pcap'],
      'a .pcap has one interface: give --port, or write a .pcapng',
    ],
  ])('%j', (args, message) => {
    const { status, stderr } = netvirt(args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  it('explain wants a frame in one way', () => {
    const args = ['explain', file('policy.json'), '--host', 'h1', '--port', 'a'];
    expect(netvirt(args)).toMatchObject({
      status: 2,
      stderr: 'netvirt: expected either --frame HEX or --to ADDRESS\n',
    });
    expect(netvirt([...args, '--frame', '0g'])).toMatchObject({
      status: 2,
      stderr: 'netvirt: --frame: expected hex digits, got "g"\n',
    });
    expect(netvirt([...args, '--to', 'x'])).toMatchObject({ status: 2 });
  });

  it('reading and writing one file', () => {
    expect(encap(file('one.pcap'), '-o', file('one.pcap'))).toMatchObject({ status: 2 });
    expect(readFileSync(file('one.pcap'))).toEqual(Buffer.from(pcapOf(toB)));
    symlinkSync(file('one.pcap'), file('alias.pcap'));
    expect(netvirt(['init', file('one.pcap'), '-o', file('alias.pcap')])).toMatchObject({
      status: 2,
      stderr: `netvirt: ${file('alias.pcap')}: expected another file than the input\n`,
    });
    expect(readFileSync(file('one.pcap'))).toEqual(Buffer.from(pcapOf(toB)));
  });

  it.each(['encap', 'decap'])('%s: reading a policy and writing it', (command) => {
    // A hard link: another name, the same file.
    writeFileSync(file('precious.json'), JSON.stringify(policy()));
    rmSync(file('precious.pcapng'), { force: true });
    linkSync(file('precious.json'), file('precious.pcapng'));
    const args = [command, file('precious.json'), '--host', 'h1', file('one.pcap')];
    expect(netvirt([...args, '-o', file('precious.pcapng')])).toMatchObject({
      status: 2,
      stderr: `netvirt: ${file('precious.pcapng')}: expected another file than the policy\n`,
    });
    expect(readFileSync(file('precious.json'), 'utf8')).toBe(JSON.stringify(policy()));
    const redirected = `${process.execPath} ${MAIN} ${command} - --host h1 ${file('one.pcap')} -o ${file('precious.pcapng')} < ${file('precious.json')}`;
    expect(spawnSync('bash', ['-c', redirected]).status).toBe(2);
  });

  it('writing where no name is needed', () => {
    expect(encap('--port', 'a', file('one.pcap'), '-o', '/dev/null')).toMatchObject({ status: 0 });
    const { status, stderr } = encap('--port', 'a', file('one.pcap'), '-o', '/dev/stdout');
    expect(stderr).toContain('written to stdout');
    expect(status).toBe(0);
  });

  it('--help explains and ends with 0', () => {
    expect(netvirt(['--help'])).toMatchObject({ status: 0, stderr: '' });
    expect(netvirt(['encap', '--help']).stdout).toContain('--host <name>');
    expect(netvirt(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });
});

describe('bad input ends with 1 and one line', () => {
  it('a policy with problems: all of them', () => {
    writeFileSync(file('bad.yaml'), 'version: 2\nhosts: []\ncustomers: []\n');
    const { status, stderr } = netvirt(['check', file('bad.yaml')]);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `${file('bad.yaml')}:1:10: version: expected the number 1, got 2`,
      `${file('bad.yaml')}:2:8: hosts: expected a list of at least one host, got an empty list`,
      '',
    ]);
  });

  it.each([
    [
      'an unknown host',
      ['encap', 'POLICY', '--host', 'h9', 'ONE', '-o', 'OUT'],
      '--host: expected a host of the policy (h1, h2, h3, h4, h5, …), got "h9", did you mean "h1"?',
    ],
    [
      'an unknown endpoint',
      ['encap', 'POLICY', '--host', 'h1', '--port', 'aa', 'ONE', '-o', 'OUT'],
      '--port: expected an endpoint on h1 (a, a2, many, gate1, trunk, …), got "aa", did you mean "a',
    ],
    [
      'an endpoint that lives elsewhere',
      ['encap', 'POLICY', '--host', 'h1', '--port', 'b', 'ONE', '-o', 'OUT'],
      'got "b", which is on h2',
    ],
    [
      'no such capture',
      ['encap', 'POLICY', '--host', 'h1', 'MISSING', '-o', 'OUT'],
      'missing.pcap: no such file or directory',
    ],
    [
      'no such folder',
      ['encap', 'POLICY', '--host', 'h1', 'ONE', '-o', 'FOLDER/no/x.pcap'],
      'x.pcap: no such file or directory',
    ],
    [
      'not a capture',
      ['inspect', 'POLICY'],
      'expected a pcap or pcapng capture, got a file that begins with 7b227665',
    ],
    [
      'a full disk',
      ['encap', 'POLICY', '--host', 'h1', '--port', 'a', 'ONE', '-o', '/dev/full'],
      '/dev/full: no space left on device',
    ],
  ])('%s', (_name, args, message) => {
    const words: Record<string, string> = {
      POLICY: file('policy.json'),
      ONE: file('one.pcap'),
      MISSING: file('missing.pcap'),
      OUT: file('out.pcapng'),
    };
    const { status, stderr } = netvirt(args.map((word) => words[word] ?? word.replace('FOLDER', folder)));
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
    expect(existsSync(file('out.pcapng'))).toBe(false);
  });

  it('what is no capture of Ethernet replaces nothing', () => {
    writeFileSync(file('kept.pcapng'), 'kept');
    const raw = pcapOf(toB);
    raw[20] = 101;
    writeFileSync(file('raw.pcap'), raw);
    for (const name of ['policy.json', 'raw.pcap']) {
      const { status, stderr } = encap(file(name), '-o', file('kept.pcapng'));
      expect(stderr).toContain('expected');
      expect(status).toBe(1);
    }
    expect(readFileSync(file('kept.pcapng'), 'utf8')).toBe('kept');
  });

  it.each(['--help', 'check POLICY --json', 'inspect ONE', 'init ONE', 'example -o OUT', EXPLAIN])(
    '%s: stdout is full',
    (line) => {
      const words = line
        .replace('POLICY', file('policy.json'))
        .replace('ONE', file('one.pcap'))
        .replace('OUT', file('full'));
      const command = `${process.execPath} ${MAIN} ${words} > /dev/full`;
      const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
      expect(stderr).toBe('stdout: no space left on device\n');
      expect(status).toBe(1);
    },
  );

  it('a folder that is a file', () => {
    expect(netvirt(['example', '-o', file('one.pcap')])).toMatchObject({
      status: 1,
      stderr: `${file('one.pcap')}: expected a folder, got a file\n`,
    });
  });

  it('check --json: the problems as objects', () => {
    const bad = netvirt(['check', '-', '--json'], 'version: 2\nhosts: []\ncustomers: []\n');
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      valid: false,
      problems: [
        { file: 'stdin', line: 1, column: 10, path: 'version', message: 'expected the number 1, got 2' },
        { file: 'stdin', line: 2, path: 'hosts' },
      ],
    });
    expect(bad.stderr).toContain('stdin:1:10: version: expected the number 1, got 2\n');
  });

  it('a capture cut short: what is before the cut is written, as a whole file', () => {
    writeFileSync(file('cut.pcap'), pcapOf(toB, toB).slice(0, -5));
    const { status, stderr, stdout } = encap(
      '--port',
      'a',
      file('cut.pcap'),
      '-o',
      file('cut-out.pcapng'),
      '--json',
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/cut\.pcap: record 2 at byte 102: cut short, only 73 bytes are there\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ inputs: 1, outputs: 1, written: 1 });
    expect(read(file('cut-out.pcapng'))).toHaveLength(1);
  });

  it('a source MAC that two endpoints own: their names', () => {
    const { status, stderr } = encap(file('one.pcap'), '-o', file('ambiguous.pcapng'));
    expect(status).toBe(1);
    expect(stderr).toBe(
      'source MAC 02:15:5d:00:01:11: expected one endpoint on h1, got 2 (a, ga); give --port\n',
    );
    expect(readdirSync(folder).filter((name) => name.startsWith('ambiguous'))).toEqual([]);
  });

  it('a reader that goes away: an error, no endless writing', () => {
    writeFileSync(file('many.pcap'), pcapOf(...Array.from({ length: 30_000 }, () => toB)));
    const command = `${process.execPath} ${MAIN} encap ${file('policy.json')} --host h1 --port a ${file('many.pcap')} -o - | head -c 100 >/dev/null; exit "\${PIPESTATUS[0]}"`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stderr).toBe('stdout: closed by its reader\n');
    expect(status).toBe(1);
  });

  it('a reader of a report that has enough ends it quietly', () => {
    const command = `${process.execPath} ${MAIN} check ${file('policy.json')} | head -n 1; exit "\${PIPESTATUS[0]}"`;
    expect(spawnSync('bash', ['-c', command], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('encap and decap', () => {
  it('--port, pcap out, times kept', () => {
    expect(encap('--port', 'a', file('one.pcap'), '-o', file('up.pcap'))).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(read(file('up.pcap')).map(({ data, seconds }) => [data.length, seconds])).toEqual([
      [toB.length + 42, 0],
    ]);
    const args = [
      'decap',
      file('policy.json'),
      '--host',
      'h2',
      '--port',
      'b',
      file('up.pcap'),
      '-o',
      file('b.pcap'),
    ];
    expect(netvirt(args)).toMatchObject({ status: 0 });
    expect(read(file('b.pcap')).map(({ data }) => data)).toEqual([toB]);
  });

  it('the names of a pcapng’s interfaces are ports; comments are kept', () => {
    const writer = new PcapngWriter();
    const [a, ra] = ['a', 'ra'].map((name) => writer.addInterface({ name }));
    writer.write({ interfaceId: a!, seconds: 1, nanoseconds: 7, data: toB, comments: ['hello'] });
    writer.write({ interfaceId: ra!, seconds: 2, nanoseconds: 8, data: frame4('ra', 'rb', datagram) });
    writeFileSync(file('named.pcapng'), writer.take());
    expect(encap(file('named.pcapng'), '-o', file('named-up.pcapng'))).toMatchObject({
      status: 0,
      stderr: '',
    });
    const sent = read(file('named-up.pcapng'));
    expect(sent.map(({ name, comments }) => [name, comments])).toEqual([
      ['uplink', ['hello']],
      ['uplink', undefined],
    ]);
    expect(sent[1]!.data).toEqual(rewritten4('ra', 'rb', datagram));
    expect(
      netvirt([
        'decap',
        file('policy.json'),
        '--host',
        'h2',
        file('named-up.pcapng'),
        '-o',
        file('named-down.pcapng'),
      ]),
    ).toMatchObject({ status: 0 });
    expect(read(file('named-down.pcapng')).map(({ name, seconds }) => [name, seconds])).toEqual([
      ['b', 1],
      ['rb', 2],
    ]);
  });

  it('stdin and stdout', () => {
    const policyText = readFileSync(file('policy.json'));
    const piped = spawnSync(
      process.execPath,
      [MAIN, 'encap', '-', '--host', 'h1', '--port', 'a', file('one.pcap'), '-o', '-'],
      { input: policyText },
    );
    expect(piped.status).toBe(0);
    expect(piped.stderr.toString()).toContain('1 frame in, 1 out (1 written to stdout)');
    writeFileSync(file('piped.pcapng'), piped.stdout);
    expect(read(file('piped.pcapng'))).toHaveLength(1);
    const inspected = netvirt(['inspect', '-', '--json'], piped.stdout);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      packets: 1,
      rows: [{ tunnel: 'NVGRE', network: 5001 }],
    });
  });

  it('every drop is in the report', () => {
    writeFileSync(file('drops.pcap'), pcapOf(toB, toB.slice(0, 40), frame4('b', 'a', datagram)));
    const { stdout } = encap('--port', 'a', file('drops.pcap'), '-o', file('drops-up.pcapng'));
    expect(stdout).toContain('3 frames in, 1 out (1 written');
    expect(stdout).toMatch(/dropped 1 .*DROP_INNER_TRUNCATED.*: the customer’s packet ends inside a header/);
    expect(stdout).toMatch(
      /dropped 1 .*DROP_SOURCE_MAC.*: the VM sent with a MAC that is not its own \[V6\]/,
    );
  });
});

describe('the other commands', () => {
  it('check says what NVGRE saves', () => {
    const { stdout, status } = netvirt(['check', file('policy.json'), '--json']);
    expect(status).toBe(0);
    expect(netvirt(['check', '-'], readFileSync(file('policy.json'))).stdout).toMatch(
      /^stdin: valid, 6 hosts/,
    );
    const rewriteAddresses = Object.values<Vm>(VMS).flatMap(({ provider4, provider6 }) =>
      [provider4, provider6].filter((one) => one !== undefined),
    ).length;
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      hosts: 6,
      providerAddresses: { hosts: 11, rewrite: rewriteAddresses, total: 11 + rewriteAddresses },
    });
  });

  it('inspect with a policy names customers and rewritten packets', () => {
    writeFileSync(file('mixed.pcap'), pcapOf(rewritten4('ra', 'rb', datagram), toB));
    const { stdout } = netvirt(['inspect', file('mixed.pcap'), '--policy', file('policy.json'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      packets: 2,
      rows: expect.arrayContaining([
        expect.objectContaining({ tunnel: 'IP Rewrite', customer: 'blue', source: 'ra', network: 5001 }),
      ]) as unknown,
    });
  });

  it('explain shows the bytes before and after, and the way there', () => {
    const { stdout, status } = netvirt([
      'explain',
      file('policy.json'),
      '--host',
      'h1',
      '--port',
      'ra',
      '--to',
      '10.0.0.121',
      '--proto',
      'tcp',
      '--json',
    ]);
    expect(status).toBe(0);
    const { verdict, steps, before, after } = JSON.parse(stdout) as {
      verdict: string;
      steps: { rule: string }[];
      before: string;
      after: string;
    };
    expect(verdict).toBe('FORWARD');
    expect(steps.map(({ rule }) => rule)).toEqual([
      'V6',
      'V1',
      'V6',
      'V6',
      'V3',
      'T1',
      'W1',
      'W3',
      'W3',
      'V3',
    ]);
    expect(before).toHaveLength(after.length);
    expect(after.slice(52, 68)).toBe('c0a8016fc0a80179');
    const text = netvirt([
      'explain',
      file('policy.json'),
      '--host',
      'h1',
      '--port',
      'a',
      '--to',
      '10.0.0.77',
    ]).stdout;
    expect(text).toMatch(/^note: nobody in virtual subnet 5001 has 10\.0\.0\.77: ARP would get no answer/);
    expect(text).toContain('DROP_NO_RECORD');
    expect(text).not.toContain('are marked');
  });

  it('init writes a policy that check accepts, with the two sides on two hosts', () => {
    const { stdout, status } = netvirt(['init', file('one.pcap')]);
    expect(status).toBe(0);
    const [domain] = parsePolicy(stdout).customers[0]!.routingDomains;
    expect(domain!.endpoints.map(({ host }) => host)).toEqual([0, 1]);
    expect(stdout).toContain('# edit');
  });

  it('init --json: who was found, and the policy', () => {
    const { stdout, status } = netvirt(['init', file('one.pcap'), '--json']);
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as { policy: string };
    expect(found).toMatchObject({
      written: null,
      prefixes: ['10.0.0.0/24'],
      endpoints: [
        { name: 'vm-02155d000111', addresses: ['10.0.0.11'], host: 'host1' },
        { name: 'vm-02155d000221', addresses: ['10.0.0.21'], host: 'host2' },
      ],
    });
    expect(() => parsePolicy(found.policy)).not.toThrow();
    const args = ['init', file('one.pcap'), '-o', file('starter.yaml'), '--json'];
    expect(JSON.parse(netvirt(args).stdout)).toMatchObject({ written: file('starter.yaml') });
    expect(readFileSync(file('starter.yaml'), 'utf8')).toBe(found.policy);
  });

  it('init says where an address went that two MACs had', () => {
    const other = frame4('a', 'b', datagram);
    other.set([0x02, 0x15, 0x5d, 0, 0x99, 0x99], 6);
    const { stdout } = netvirt(['init', '-'], pcapOf(toB, other));
    expect(stdout).toContain('# seen with 1 address, which went to another MAC: a router?');
  });

  it('example --json: what became of each customer’s frames', () => {
    const { stdout, status } = netvirt(['example', '-o', file('example'), '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: true,
      frames: 60,
      customers: [
        { customer: 'bakery', vsid: 5001, sent: 30, onTheWire: 30, received: 30 },
        { customer: 'museum', vsid: 6001, sent: 30, onTheWire: 30, received: 30 },
      ],
      files: { uplink: file('example/uplink.pcapng') },
    });
  });

  it('verify proves and tries a policy', () => {
    const text = netvirt(['verify', file('policy.json')]);
    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toContain(`${file('policy.json')}: everything holds`);
    expect(text.stdout).toContain('note blue/blue-net: virtual subnet 5003 has no IPv4 and IPv6 gateway');
    const { status, stdout } = netvirt(['verify', '-', '--json', '--pairs', '10'], JSON.stringify(policy()));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      proven: true,
      failures: [],
      hosts: [{ host: 'h1' }, {}, {}, {}, {}, {}],
    });
    expect(netvirt(['verify', file('policy.json'), '--pairs', '-1'])).toMatchObject({ status: 2 });
    expect(netvirt(['verify', file('bad.yaml')])).toMatchObject({ status: 1, stdout: '' });
  });

  it('decap: an envelope to another host is none of ours', () => {
    writeFileSync(file('elsewhere.pcap'), pcapOf(envelope4('h1', 'h2', 5001, toB)));
    const args = ['decap', file('policy.json'), '--host', 'h3', file('elsewhere.pcap'), '-o', '/dev/null'];
    expect(netvirt(args).stdout).toContain('1 not for virtual networks of this host, 0 dropped');
  });

  it('init makes a router of a MAC with many addresses', () => {
    const outside = Array.from({ length: 20 }, (_, index) => {
      const frame = frame4('gate', 'a', datagram);
      frame.set([8, 8, 8, index + 1], 26);
      return frame;
    });
    const { stdout, status } = netvirt(['init', '-'], pcapOf(toB, ...outside));
    expect(status).toBe(0);
    const endpoints = parsePolicy(stdout).customers[0]!.routingDomains[0]!.endpoints;
    expect(endpoints.map(({ forwarding, addresses }) => [forwarding, addresses.length])).toEqual([
      [false, 1],
      [false, 1],
      [true, 0],
    ]);
  });
});
