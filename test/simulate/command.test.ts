/** `netvirt simulate` as a user meets it. */

import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputError } from '../../src/capture/files.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { simulate as simulateHere } from '../../src/cli/simulate.ts';
import { CaptureError, PcapngWriter } from '../../src/index.ts';
import type { Report } from '../../src/simulate/report.ts';
import { concat, mac, pattern } from '../packets/index.ts';
import { netvirt } from '../system/tools.ts';
import { type VmName, document, sent } from './fabric.ts';

let folder = '';
const file = (name: string) => join(folder, name);

/** Frames with their milliseconds; interfaces are named after the sender, or not at all. */
function capture(frames: readonly { data: Uint8Array; time: number; from?: string }[]): Uint8Array {
  const writer = new PcapngWriter();
  const interfaces = new Map<string | undefined, number>();
  for (const { from, data, time } of frames) {
    if (!interfaces.has(from))
      interfaces.set(from, writer.addInterface(from === undefined ? {} : { name: from }));
    writer.write({ interfaceId: interfaces.get(from)!, seconds: 0, nanoseconds: time * 1e6, data });
  }
  return writer.take().slice();
}

const named = (from: VmName, to: VmName, time: number) => ({ data: sent(from, to).frame, time, from });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netvirt-simulate-'));
  writeFileSync(file('policy.json'), JSON.stringify(document()));
  writeFileSync(file('one.pcapng'), capture([named('a', 'b', 1), named('a', 'c', 900)]));
  writeFileSync(
    file('two.pcapng'),
    capture([named('b', 'a', 5), named('rc', 'ra', 6), named('green', 'green2', 7)]),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const simulate = (...args: string[]) => netvirt(['simulate', ...args]);
const reportOf = (...args: string[]) => JSON.parse(simulate(...args, '--json').stdout) as Report;

describe('netvirt simulate', () => {
  let both: Report;
  beforeAll(() => {
    both = reportOf(file('policy.json'), file('one.pcapng'), file('two.pcapng'));
  });

  it('several captures, in the order of their times', () => {
    const report = both;
    expect(Object.keys(report)).toEqual([
      'fabric',
      'inputs',
      'received',
      'replies',
      'punts',
      'drops',
      'losses',
      'strays',
      'steps',
      'endpoints',
      'switches',
      'learned',
      'ecmp',
    ]);
    expect(report).toMatchObject({ inputs: 5, received: 5, drops: {} });
    expect(report.endpoints[0]).toEqual({
      name: 'a',
      customer: 'blue',
      host: 'h1',
      sent: 2,
      received: 1,
      bytes: 62,
    });
    expect(report.learned).toMatchObject({ perVm: 4, perHost: 3, factor: 4 / 3 });
    expect(report.ecmp).toMatchObject({ paths: 8, degreesOfFreedom: 7, pair: { from: 'a', to: 'b' } });
    // Only the first frame goes to every port: by the next ones, of either file, the other end has spoken.
    expect(report.switches[0]!.flooded).toBe(1);
  });

  it('a table for people, with the drops', () => {
    const stranger = concat(mac('02:15:5d:ff:ff:ff'), mac('02:15:5d:ff:ff:fe'), pattern(60));
    writeFileSync(file('strange.pcapng'), capture([named('a', 'b', 1), { data: stranger, time: 2 }]));
    const { status, stdout, stderr } = simulate(file('policy.json'), file('strange.pcapng'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('3 hosts on 2 switches and a router, 8 endpoints of 2 customers');
    expect(stdout).toContain(
      '2 frames sent, 1 received, 0 not for a virtual network, 1 dropped, 0 reached another',
    );
    expect(stdout).toMatch(/dropped 1 .*DROP_UNKNOWN_PORT/);
    expect(stdout).toContain('latency in steps: at least 4, median 4, at most 4');
    expect(stdout).toContain('factor 1: 1 addresses with one per VM on the wire, 1 with one per host');
  });

  it('without a capture every VM sends; with - one comes by a pipe', () => {
    const made = reportOf(file('policy.json'));
    expect(made.endpoints.every(({ sent, received }) => sent > 0 && received > 0)).toBe(true);
    const piped = netvirt(
      ['simulate', file('policy.json'), '-', file('two.pcapng'), '--json'],
      readFileSync(file('one.pcapng')),
    );
    expect(JSON.parse(piped.stdout)).toEqual(both);
  });

  it('--generate and --plot', () => {
    const report = reportOf(
      '--generate',
      'hosts=4,vms=3,customers=2',
      '--ecmp',
      '4',
      '--plot',
      file('plot.svg'),
    );
    expect(report.learned).toMatchObject({ perVm: 12, perHost: 4, factor: 3 });
    expect(report.ecmp.pair!.methods[0]!.perPath).toHaveLength(4);
    expect(readFileSync(file('plot.svg'), 'utf8')).toContain('Spread of flows over 4 equal-cost paths');
  });

  it('a capture cut short: what is before the cut, then the fault', () => {
    writeFileSync(file('cut.pcapng'), readFileSync(file('one.pcapng')).subarray(0, -10));
    const { status, stdout, stderr } = simulate(file('policy.json'), file('cut.pcapng'), '--json');
    expect(status).toBe(1);
    expect(stderr).toMatch(/cut\.pcapng: .*cut short/);
    expect(JSON.parse(stdout)).toMatchObject({ inputs: 1, received: 1 });
  });
});

describe('wrong usage', () => {
  it('ends with 2 and one line', () => {
    const stderr = 'netvirt: expected either POLICY or --generate\n';
    expect(simulate()).toEqual({ status: 2, stdout: '', stderr });
  });

  it.each([
    [['hosts=4,vm=3,customers=2'], 'expected hosts=, vms=, customers=, seed=, got "vm=3"'],
    [['hosts=4,vms=3'], 'expected customers= too, got only "hosts=4,vms=3"'],
    [[''], 'expected hosts=, vms=, customers=, seed=, got ""'],
    [['hosts=2'], 'expected vms= and customers= too, got only "hosts=2"'],
    [['hosts=4, hosts=4'], 'expected hosts once, got it again'],
    [['hosts=1,vms=3,customers=2'], 'hosts: expected an integer from 2 to 4096, got "1"'],
    [['hosts=4,vms=-3,customers=2'], 'vms: expected an integer from 1 to 1024, got "-3"'],
    [['hosts=4,vms=1e2,customers=2'], 'vms: expected an integer from 1 to 1024, got "1e2"'],
    [['hosts=4,vms,customers=2'], 'vms: expected an integer from 1 to 1024, got ""'],
    [['hosts=4,vms=3=3,customers=2'], 'vms: expected an integer from 1 to 1024, got "3=3"'],
    [['hosts=4096,vms=1024,customers=2'], 'expected at most 100000 VMs, got 4096 hosts with 1024 each'],
    [['hosts=4,vms=3,customers=7'], 'expected two VMs or more for every customer, got 12 for 7 customers'],
  ])('--generate %j', async ([generate], message) => {
    const usage = new UsageError(`--generate: ${message}`);
    await expect(simulateHere(undefined, [], { generate: generate!, ecmp: '8' })).rejects.toThrow(usage);
  });

  it.each([
    [
      'p.pcap',
      [],
      { generate: 'hosts=4,vms=3,customers=2', ecmp: '8' },
      '--generate: expected no POLICY and no captures with it, got "p.pcap": its VMs make the traffic',
    ],
    [
      'vms=3,',
      ['customers=2'],
      { generate: 'hosts=4,', ecmp: '8' },
      '--generate: expected no POLICY and no captures with it, got "vms=3,": quote a value with spaces',
    ],
    ['p', [], { ecmp: '8', plot: 'x.png' }, 'x.png: expected a name that ends in .svg'],
    ['p', [], { ecmp: '8', plot: '.' }, '.: expected a file to write, got a directory'],
    ['p', [], { ecmp: '8', plot: '-', json: true }, '--json and --plot - both need stdout'],
    ['-', ['-'], { ecmp: '8' }, 'expected - once, got it for several inputs'],
    ['p', ['-', 'x', '-'], { ecmp: '8' }, 'expected - once, got it for several inputs'],
    ['p', [], { ecmp: '1' }, '--ecmp: expected an integer from 2 to 128, got "1"'],
    ['p', [], { ecmp: 'all' }, '--ecmp: expected an integer from 2 to 128, got "all"'],
  ])('%j %j %j', async (policy, inputs, options, message) => {
    await expect(simulateHere(policy, inputs, options)).rejects.toThrow(new UsageError(message));
  });
});

describe('files', () => {
  const options = (plot?: string) => ({ ecmp: '8', ...(plot === undefined ? {} : { plot: file(plot) }) });

  it('a plot does not replace what is read', async () => {
    const policy = readFileSync(file('policy.json'));
    const text = JSON.stringify(document());
    writeFileSync(file('policy.svg'), text);
    await expect(simulateHere(file('policy.svg'), [], options('policy.svg'))).rejects.toThrow(
      new UsageError(`${file('policy.svg')}: expected another file than the policy`),
    );
    linkSync(file('two.pcapng'), file('two.svg'));
    const inputs = ['one.pcapng', 'two.pcapng'].map(file);
    await expect(simulateHere(file('policy.json'), inputs, options('two.svg'))).rejects.toThrow(
      new UsageError(`${file('two.svg')}: expected another file than the capture ${file('two.pcapng')}`),
    );
    expect(readFileSync(file('policy.svg'), 'utf8')).toBe(text);
    expect(readFileSync(file('policy.json'))).toEqual(policy);
  });

  it('a capture is not read twice', async () => {
    symlinkSync(file('one.pcapng'), file('alias.pcapng'));
    const inputs = ['one.pcapng', 'alias.pcapng'].map(file);
    await expect(simulateHere(file('policy.json'), inputs, options())).rejects.toThrow(
      new UsageError(`${inputs[1]!}: expected every capture once, got it again as ${inputs[0]!}`),
    );
  });

  it('--plot -: the plot on stdout, the report on stderr; - is called stdin', () => {
    const capture = readFileSync(file('one.pcapng'));
    const { status, stdout, stderr } = netvirt(
      ['simulate', file('policy.json'), '-', '--plot', '-'],
      capture,
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(stderr).toMatch(/traffic from stdin\n/);
  });
});

describe('bad input', () => {
  it('ends with 1 and one line', () => {
    const { status, stdout, stderr } = simulate(file('missing'));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(`${file('missing')}: no such file or directory\n`);
  });

  it.each([
    ['no such capture', ['missing'], undefined, CaptureError, 'missing: no such file or directory'],
    ['not a capture', ['policy.json'], undefined, CaptureError, 'expected a pcap or pcapng capture'],
    ['a plot in no folder', [], 'missing/x.svg', OutputError, 'x.svg: no such file or directory'],
  ])('%s', async (_name, inputs, plot, kind, message) => {
    const options = { ecmp: '8', json: true, ...(plot === undefined ? {} : { plot: file(plot) }) };
    const failed = simulateHere(file('policy.json'), inputs.map(file), options);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(kind);
  });

  it('a full disk', async () => {
    const failed = simulateHere(file('policy.json'), [], { ecmp: '8', json: true, plot: '/dev/full' });
    await expect(failed).rejects.toThrow('/dev/full: no space left on device');
  });

  it('a MAC of two customers’ VMs, where interfaces have no names', () => {
    writeFileSync(file('ambiguous.pcapng'), capture([{ data: sent('a', 'b').frame, time: 1 }]));
    expect(simulate(file('policy.json'), file('ambiguous.pcapng'))).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'source MAC 02:15:5d:00:00:0a: expected one endpoint of the policy, got 2 (a, green); ' +
        'give a pcapng whose interfaces are named like endpoints\n',
    });
  });
});
