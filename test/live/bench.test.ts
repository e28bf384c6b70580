/**
 * `npm run bench:live`: in a quick run every system forwards what was sent, in its envelope (or the run fails), what cannot be measured has
 * its reason, and nothing is left. Times are not looked at.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_ETHTOOL, NO_IPERF, NO_NAMESPACES, NO_OPENVSWITCH } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../bench/live/main.ts', import.meta.url));
const REASON = NO_NAMESPACES ?? NO_ETHTOOL ?? NO_IPERF ?? NO_OPENVSWITCH;
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], { encoding: 'utf8', timeout: 110_000 });
const namespaces = () => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout;

interface Row {
  readonly system?: string;
  readonly fabric?: string;
  readonly frameBytes?: number;
  readonly what?: string;
  readonly absent?: string;
}

describe.skipIf(REASON !== undefined)('npm run bench:live -- --quick', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netvirt-'));
  let sections: Record<string, { rows: Row[] }>;

  beforeAll(() => {
    const { status, stderr } = bench('--quick', '--output', folder);
    expect(status, stderr).toBe(0);
    sections = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as typeof sections;
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('has a row for every system, measured or absent with a reason', () => {
    const names = ['packet', 'xdp', 'mmsg', 'ovs', 'afxdp', 'vxlan', 'forwarder'];
    const { rows } = sections['live']!;
    expect(rows.map(({ frameBytes, system }) => [frameBytes, system])).toEqual(
      names.map((name) => [64, name]),
    );
    for (const row of rows) {
      if (row.absent === undefined)
        expect(row).toMatchObject({ kpps: { median: expect.any(Number) as number } });
      else expect(row).toMatchObject({ kpps: null, absent: expect.stringMatching(/./) as string });
    }
    // Nothing is missing here that netvirt itself, the kernel or the C compiler would need.
    const own = rows.filter(({ system }) => system !== 'afxdp' && system !== 'ovs');
    expect(own.filter(({ absent }) => absent !== undefined)).toEqual([]);
  });

  it('has TCP and round trips of every fabric', () => {
    const names = ['rewrite', 'nvgre', 'vxlan', 'ovs'];
    for (const section of ['live-tcp', 'live-latency'])
      expect(sections[section]!.rows.map(({ fabric, absent }) => [fabric, absent])).toEqual(
        names.map((name) => [name, undefined]),
      );
  });

  it('says of every quotient what is asked for', () => {
    const { rows } = sections['live-floors']!;
    expect(rows).toHaveLength(7);
    for (const row of rows) expect(row).toMatchObject({ floor: expect.any(Number) as number });
    expect(readFileSync(join(folder, 'RESULTS.md'), 'utf8')).toContain('## Live: against others');
  });

  it('leaves no namespace', () => {
    expect(namespaces()).not.toMatch(/^nvr-\d+-\d+-(source|sink|malformed)/m);
  });
});

describe('npm run bench:live', () => {
  it.each([
    [['--rounds', '0'], 'bench:live: --rounds: expected an integer from 1 to 100, got "0"'],
    [['--slow'], "bench:live: Unknown option '--slow'"],
    [['5'], "bench:live: Unexpected argument '5'"],
  ])('%j is wrong usage', (args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
