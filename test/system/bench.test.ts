/**
 * `netvirt bench` as it is built: engines agree on every frame, or it fails; the shape of its JSON; wrong usage. Times are not
 * looked at.
 */

import { describe, expect, it } from 'vitest';
import { RIVALS } from '../../bench/rivals.ts';
import { netvirt } from './tools.ts';

interface Row {
  readonly operation: string;
  readonly endpoints: number;
  readonly rival: string;
  readonly nsMedian: number | null;
  readonly absent?: string;
}

/** In CI as `--quick` has it; elsewhere with the fewest endpoints whose packets are staged, which takes seconds. */
const CI = process.env.NETVIRT_SYSTEM_TESTS === '1';
const SIZES = CI ? [1000, 1_000_000] : [1000, 64_000];
/** What a machine may lack. A twin that cannot be built is a failure. */
const MISSING = /^(no C compiler: (gcc|clang) is not installed(; )?)+$|^koffi is not installed$/;
const KEYS = [
  'operation',
  'endpoints',
  'destination',
  'batch',
  'rival',
  'nsMedian',
  'mpps',
  'ratio',
  'spread',
];

describe('netvirt bench', () => {
  it(
    'compares what all engines make of every frame, and says what could not be measured',
    { timeout: 1_200_000 },
    () => {
      const sizes = CI ? [] : ['--endpoints', ...SIZES.map(String)];
      const { status, stdout, stderr } = netvirt(['bench', '--quick', '--passes', '1', ...sizes, '--json']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const report = JSON.parse(stdout) as { machine: string; rows: Row[] };
      expect(Object.keys(report)).toEqual(['machine', 'rows']);
      expect(report.machine).toMatch(/ cores, Node v/);
      expect(report.rows.map(({ operation, endpoints, rival }) => [operation, endpoints, rival])).toEqual(
        SIZES.flatMap((endpoints) =>
          ['egress', 'ingress', 'rewrite'].flatMap((operation) =>
            RIVALS.map((rival) => [operation, endpoints, rival]),
          ),
        ),
      );
      for (const row of report.rows) {
        const isAbsent = row.nsMedian === null;
        expect(Object.keys(row)).toEqual(isAbsent ? [...KEYS, 'absent'] : KEYS);
        if (isAbsent) expect(row.absent).toMatch(MISSING);
        else expect(row).toMatchObject({ nsMedian: expect.any(Number) as number, spread: [1, 1] });
      }
      for (const rival of ['wasm', 'wasm-threads', 'typescript'])
        expect(report.rows.some((row) => row.rival === rival && row.nsMedian === null)).toBe(false);
    },
  );

  it.each([
    [['--batch', '0'], 'netvirt: --batch: expected an integer from 1 to 16384, got "0"'],
    [['--batch', '256', '1e9'], 'netvirt: --batch: expected an integer from 1 to 16384, got "1e9"'],
    [['--batch'], "error: option '--batch <number...>' argument missing"],
    [['--operation', 'flood'], 'netvirt: --operation: expected one of egress'],
    [['--quick', '--large'], 'netvirt: --quick and --large: expected one of them, got both'],
    [['1000'], "error: too many arguments for 'bench'"],
  ])('%j is wrong usage', (args, message) => {
    const { status, stdout, stderr } = netvirt(['bench', ...args]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });

  it('says before it measures for minutes that the folder is none', () => {
    const { status, stderr } = netvirt(['bench', '--output', '/dev/null/there']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^\/dev\/null\/there: .+\n$/) as string,
    });
  });
});
