/** What commands leave behind: nothing of others replaced, nothing half-written, not even when they are killed. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PcapWriter, parsePolicy } from '../../src/index.ts';
import { pattern, udp } from '../packets/index.ts';
import { frame4 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';
import { netvirt } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../dist/netvirt.js', import.meta.url));
const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(20));
const toB = frame4('a', 'b', datagram);

let folder = '';
const file = (name: string) => join(folder, name);

function pcapOf(...frames: Uint8Array[]): Uint8Array {
  const writer = new PcapWriter({ nanoseconds: false });
  writer.addInterface({});
  for (const data of frames) writer.write({ interfaceId: 0, seconds: 1, nanoseconds: 0, data });
  return writer.take().slice();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-outputs-'));
  writeFileSync(file('policy.json'), JSON.stringify(policy()));
  writeFileSync(file('one.pcap'), pcapOf(toB));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a command that is killed', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s leaves nothing, and says that it was that',
    async (signal) => {
      writeFileSync(file('kept.pcapng'), 'kept');
      const args = [MAIN, 'encap', file('policy.json'), '--host', 'h1', '--port', 'a', '-'];
      // It waits for more of the capture.
      const child = spawn(process.execPath, [...args, '-o', file('kept.pcapng')]);
      child.stdin.write(pcapOf(toB));
      while (!readdirSync(folder).some((name) => name.includes('partial'))) await sleep(20);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
      expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
      expect(readFileSync(file('kept.pcapng'), 'utf8')).toBe('kept');
    },
  );
});

describe('init', () => {
  it('replaces no policy that may have been edited, unless told to', () => {
    const init = (...more: string[]) => netvirt(['init', file('one.pcap'), '-o', file('p.yaml'), ...more]);
    const written = `2 endpoints written to ${file('p.yaml')}; 6 lines to edit\n`;
    expect(init()).toEqual({ status: 0, stdout: '', stderr: written });
    const text = readFileSync(file('p.yaml'), 'utf8');
    expect(text.match(/#.*edit\b/g)).toHaveLength(6 + 1);
    writeFileSync(file('p.yaml'), 'mine');
    expect(init()).toEqual({
      status: 2,
      stdout: '',
      stderr: `netvirt: ${file('p.yaml')}: expected no such file yet, got one (--force replaces it)\n`,
    });
    expect(readFileSync(file('p.yaml'), 'utf8')).toBe('mine');
    expect(init('--force').status).toBe(0);
    expect(readFileSync(file('p.yaml'), 'utf8')).toBe(text);
    expect(netvirt(['init', file('one.pcap'), '-o', '/dev/null']).status).toBe(0);
  });

  it('says what is rather beyond a router, and what a gateway would be', () => {
    const answer = frame4('b', 'a', datagram);
    answer.set([8, 8, 8, 8], 26);
    const { stdout } = netvirt(['init', '-'], pcapOf(toB, answer));
    expect(stdout).toContain('8.8.8.8 is public: behind a router with this MAC? edit: ');
    expect(stdout).toContain('# edit: towards other subnets and routes it needs gateways: [10.0.0.1]\n');
    expect(stdout).toContain(' or no id: the names give one\n');
    expect(() => parsePolicy(stdout)).not.toThrow();
  });
});

describe('reports', () => {
  it('encap: what was answered is in the sum', () => {
    const request = frame4('a', 'b', datagram).slice(0, 14);
    request.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    request.set([8, 6], 12);
    // Who has 10.0.0.21? Tell 10.0.0.11.
    const arp = [0, 1, 8, 0, 6, 4, 0, 1, ...toB.slice(6, 12), 10, 0, 0, 11, 0, 0, 0, 0, 0, 0, 10, 0, 0, 21];
    writeFileSync(file('mixed.pcap'), pcapOf(toB, Uint8Array.from([...request, ...arp]), toB.slice(0, 20)));
    const args = ['encap', file('policy.json'), '--host', 'h1', '--port', 'a', file('mixed.pcap')];
    expect(netvirt([...args, '-o', '/dev/null']).stdout).toContain(
      '3 frames in, 1 out (1 written to /dev/null), 1 answered, 0 not for virtual networks of this host, 1 dropped',
    );
  });

  it('encap: whose frames they are not; decap: that nothing was for this host', () => {
    writeFileSync(file('strange.pcap'), pcapOf(frame4('b', 'a', datagram)));
    const encap = ['encap', file('policy.json'), '--host', 'h1', file('strange.pcap'), '-o', '/dev/null'];
    expect(netvirt(encap).stdout).toContain(
      'dropped 1 DROP_UNKNOWN_PORT: no endpoint on h1 has the frame’s source MAC, or the name of its pcapng interface [V6]',
    );
    const decap = ['decap', file('policy.json'), '--host', 'h1', file('one.pcap'), '-o', '/dev/null'];
    expect(netvirt(decap).stdout).toMatch(
      /\nhint: no frame is for a VM on h1: that would be NVGRE to 192\.168\.1\.\d+ or .*, or a packet to a provider address/,
    );
  });

  it('inspect: what cannot be read has no table', () => {
    const raw = pcapOf(toB);
    raw[20] = 101;
    const { status, stdout, stderr } = netvirt(['inspect', '-'], raw);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('stdin: record 1: expected link type ETHERNET (1), got RAW (101)\n');
  });

  it.each([
    ['a capture (pcap)', () => pcapOf(toB)],
    ['a capture (pcapng)', () => Uint8Array.of(10, 13, 13, 10, 28, 0, 0, 0)],
    ['an empty file', () => new Uint8Array(0)],
  ])('check: %s is no policy', (what, bytes) => {
    const { status, stdout, stderr } = netvirt(['check', '-', '--json'], bytes());
    expect({ status, stderr }).toEqual({ status: 1, stderr: `stdin: expected a policy, got ${what}\n` });
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, problems: [{ file: 'stdin' }] });
  });

  it('check: notes', () => {
    const { stdout } = netvirt(['check', file('policy.json')]);
    expect(stdout).toContain('\nnote blue/blue-net: virtual subnet 5003 has no IPv4 and IPv6 gateway');
    expect(JSON.parse(netvirt(['check', file('policy.json'), '--json']).stdout)).toMatchObject({
      notes: expect.arrayContaining([
        expect.objectContaining({ where: 'blue/blue-net' }) as unknown,
      ]) as unknown,
    });
  });

  it('nothing of a partial output stays where the disk is full', () => {
    // A file system of its own would need rights; a limit of the shell ends the writing the same way.
    const command = `ulimit -f 0; ${process.execPath} ${MAIN} init ${file('one.pcap')} -o ${file('full.yaml')}`;
    const { status } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual([]);
  });
});
