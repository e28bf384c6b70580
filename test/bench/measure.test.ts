/** The benchmark's judgement: engines that do not do the same are not measured, and what cannot be measured says why. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { DifferenceError, assertSame } from '../../bench/identity.ts';
import { type Group, absentRows, measureGroup } from '../../bench/measure.ts';
import { type Input, RIVALS, SLOTS, plainRival, wasmRival } from '../../bench/rivals.ts';
import { type Row, isMeasured } from '../../bench/rows.ts';
import { workload } from '../../bench/workload.ts';

const GROUP: Group = {
  endpoints: 100,
  operations: ['egress'],
  destinations: ['uniform'],
  batches: [256],
  passes: 1,
};

const rowOf = (rows: readonly Row[], rival: string) => rows.find((row) => row.rival === rival)!;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('identity', () => {
  const { policy, host, inputs } = workload('egress', 100, SLOTS, 64);

  it('is checked in batches of any size', async () => {
    const rivals = [await wasmRival(policy, host, 'release', inputs), plainRival(policy, host, inputs)];
    for (const batch of [1, 100, 256, SLOTS]) {
      expect(() => {
        assertSame(rivals, 'egress', batch);
      }).not.toThrow();
    }
  });

  it('fails for a byte or a verdict that is another one', async () => {
    const wasm = await wasmRival(policy, host, 'release', inputs);
    const changed = (change: (frame: Uint8Array) => void): Input[] =>
      inputs.map(({ frame, port }, slot) => {
        const copy = frame.slice();
        if (slot === 77) change(copy);
        return { frame: copy, port };
      });
    const byte = changed((frame) => (frame[60]! ^= 1));
    const sender = changed((frame) => (frame[11]! ^= 0x80));
    for (const other of [byte, sender]) {
      expect(() => {
        assertSame([wasm, plainRival(policy, host, other)], 'egress', 256);
      }).toThrow(
        /^egress, batch 256, frame 77: expected FORWARD to port 0, .* as of wasm, got .* of typescript$/,
      );
    }
  });

  it('fails where frames are dropped that were to be forwarded, and the other way round', async () => {
    const wasm = await wasmRival(policy, host, 'release', inputs);
    expect(() => {
      assertSame([wasm], 'drop', 256);
    }).toThrow(DifferenceError);
  });
});

describe('a row', () => {
  it('is there for every rival', async () => {
    const rows = await measureGroup({ ...GROUP, operations: ['egress', 'routed'] });
    expect(rows.map(({ operation, rival }) => `${operation} ${rival}`)).toEqual(
      ['egress', 'routed'].flatMap((operation) => RIVALS.map((rival) => `${operation} ${rival}`)),
    );
    expect(rowOf(rows, 'wasm')).toMatchObject({ ...cell('egress'), ratio: 1 });
    expect(rows.find(({ operation, rival }) => operation === 'routed' && rival === 'typescript')).toEqual({
      ...cell('routed'),
      rival: 'typescript',
      nsMedian: null,
      mpps: null,
      ratio: null,
      spread: null,
      absent: 'the plain engine has no gateway',
    });
  });

  it('says where there is no compiler', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const rows = await measureGroup(GROUP);
    expect(rowOf(rows, 'gcc')).toMatchObject({ ratio: null, absent: 'no C compiler: gcc is not installed' });
    expect(rowOf(rows, 'limit-c')).toMatchObject({
      absent: 'no C compiler: gcc is not installed; no C compiler: clang is not installed',
    });
    expect(
      ['wasm', 'wasm-threads', 'typescript', 'limit-wasm'].map((rival) => isMeasured(rowOf(rows, rival))),
    ).toEqual([true, true, true, true]);
  });

  it('says where there is no shared memory', async () => {
    vi.stubEnv('PATH', '/nowhere');
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const rows = await measureGroup(GROUP);
    expect(rowOf(rows, 'wasm-threads')).toMatchObject({ absent: 'no SharedArrayBuffer here' });
    expect(isMeasured(rowOf(rows, 'wasm'))).toBe(true);
  });

  it('says for every rival why a whole group could not be measured', () => {
    const rows = absentRows(GROUP, 'too little memory');
    expect(rows.map(({ rival }) => rival)).toEqual([...RIVALS]);
    expect(rows.every((row) => !isMeasured(row) && row.absent === 'too little memory')).toBe(true);
  });
});

function cell(operation: string) {
  return { operation, endpoints: 100, destination: 'uniform', batch: 256 };
}
