/** What `netvirt bench` takes as options, and what it refuses in a sentence. */

import { describe, expect, it } from 'vitest';
import { cellsOf, groupsOf } from '../../bench/measure.ts';
import { readMatrix } from '../../bench/options.ts';
import { UsageError } from '../../src/cli/errors.ts';

describe('the matrix', () => {
  it('has everything by default, ten million endpoints on demand', () => {
    expect(readMatrix({})).toMatchObject({
      operations: ['egress', 'ingress', 'rewrite', 'routed', 'drop'],
      endpoints: [1000, 64_000, 1_000_000],
      destinations: ['uniform', 'zipf'],
      batches: [1, 8, 32, 256, 1024],
    });
    expect(readMatrix({ large: true }).endpoints).toEqual([1000, 64_000, 1_000_000, 10_000_000]);
  });

  it('is three operations with two sizes where it has to be quick', () => {
    expect(readMatrix({ quick: true })).toMatchObject({
      operations: ['egress', 'ingress', 'rewrite'],
      endpoints: [1000, 1_000_000],
      destinations: ['uniform'],
      batches: [256],
    });
  });

  it('takes each choice once, before the defaults of --quick too', () => {
    const matrix = readMatrix({ quick: true, batch: ['8', '8', '1'], endpoints: ['64'], passes: '3' });
    expect(matrix).toMatchObject({ batches: [8, 1], endpoints: [64], passes: 3 });
  });

  it('comes in groups that share tables, every cell in one of them', () => {
    const matrix = readMatrix({});
    const groups = groupsOf(matrix);
    expect(groups.slice(0, 3).map(({ operations }) => operations)).toEqual([
      ['egress', 'routed', 'drop'],
      ['ingress'],
      ['rewrite'],
    ]);
    const cells = groups.flatMap(cellsOf).map((cell) => JSON.stringify(cell));
    expect(cells).toHaveLength(5 * 3 * 2 * 5);
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('wrong usage', () => {
  it.each([
    [{ batch: ['0'] }, '--batch: expected an integer from 1 to 16384, got "0"'],
    [{ batch: ['16385'] }, '--batch: expected an integer from 1 to 16384, got "16385"'],
    [{ batch: ['2.5'] }, '--batch: expected an integer from 1 to 16384, got "2.5"'],
    [{ batch: ['1e3'] }, '--batch: expected an integer from 1 to 16384, got "1e3"'],
    [{ batch: ['-1'] }, '--batch: expected an integer from 1 to 16384, got "-1"'],
    [{ batch: ['256', ''] }, '--batch: expected an integer from 1 to 16384, got ""'],
    [{ endpoints: ['63'] }, '--endpoints: expected an integer from 64 to 10000000, got "63"'],
    [
      { endpoints: ['99999999999999999999'] },
      '--endpoints: expected an integer from 64 to 10000000, got "99999999999999999999"',
    ],
    [{ passes: '0' }, '--passes: expected an integer from 1 to 10000, got "0"'],
    [
      { operation: ['flood'] },
      '--operation: expected one of egress, ingress, rewrite, routed, drop, got "flood"',
    ],
    [{ destination: ['random'] }, '--destination: expected one of uniform, zipf, got "random"'],
    [{ quick: true, large: true }, '--quick and --large: expected one of them, got both'],
  ])('%j', (options, message) => {
    expect(() => readMatrix(options)).toThrow(new UsageError(message));
  });
});
