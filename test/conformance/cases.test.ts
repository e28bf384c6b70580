/** Every named packet through every build that carries packets. */

import { describe, expect, it } from 'vitest';
import * as verdicts from '../../src/abi/verdict.ts';
import { Dataplane, validatePolicy, verdictOf } from '../../src/index.ts';
import { ethernet, pattern } from '../packets/index.ts';
import { envelope4, envelope6 } from '../rules/case.ts';
import { VMS, policy } from '../rules/fabric.ts';
import { CASES, OFFLOAD_CASES } from '../rules/index.ts';
import { runCase, wasmEngine } from '../rules/engine.ts';

describe.each(['release', 'threads', 'live'] as const)('%s', (build) => {
  const engine = wasmEngine(build);
  for (const one of CASES) {
    it(`${one.rules.join(' ')}: ${one.name}`, async () => {
      await runCase(engine, one);
    });
  }
});

it('no two named packets have one name', () => {
  const titles = [...CASES, ...OFFLOAD_CASES].map(({ rules, name }) => `${rules.join(' ')}: ${name}`);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});

/** Shown elsewhere, because a named packet cannot show them: test/engine/batch.test.ts, test/conformance/pool.test.ts,
    test/live/learning.test.ts. */
const ELSEWHERE = ['DROP_FRAME_TOO_LONG', 'DROP_UNKNOWN_PORT', 'DROP_NO_SLOT', 'DROP_UNRESOLVED'];

it('every reason to drop a packet is some named packet’s', () => {
  const seen = new Set(
    [...CASES, ...OFFLOAD_CASES].map(({ expected }) => {
      if (typeof expected === 'number') return expected;
      return 'outputs' in expected ? expected.verdict : verdicts.FORWARD;
    }),
  );
  const missing = Object.entries(verdicts)
    .filter(([name, number]) => name.startsWith('DROP_') && !seen.has(number))
    .map(([name]) => name);
  expect(missing.sort()).toEqual(ELSEWHERE.sort());
});

/** Where a table is empty stands (0, 00:00:00:00:00:00) too, and which place is empty is the seed's choice. */
describe('with many seeds', () => {
  const NOBODY = '00:00:00:00:00:00';
  const frame = ethernet({ src: NOBODY, dst: NOBODY, type: 0x88b5 }, pattern(46));
  const fromA = ethernet({ src: VMS.a.mac, dst: NOBODY, type: 0x88b5 }, pattern(46));

  it.each([
    [0x00_0000, 'DROP_VSID_RESERVED'],
    [0x00_0001, 'DROP_VSID_RESERVED'],
    [0x00_0fff, 'DROP_VSID_RESERVED'],
    [0x00_1000, 'DROP_VSID_UNKNOWN'],
    [0xff_fffe, 'DROP_VSID_UNKNOWN'],
    [0xff_ffff, 'DROP_VSID_ALL_ONES'],
  ] as const)('N5: VSID %i to the MAC of nobody ends in %s', async (vsid, drop) => {
    const parsed = validatePolicy(policy());
    for (let number = 0; number < 200; number++) {
      const seed = Uint8Array.from({ length: 16 }, (_, index) => number * 97 + index * 41 + vsid);
      const dataplane = await Dataplane.create({ policy: parsed, host: 'h1', seed });
      for (const inner of [frame, fromA]) {
        dataplane.batch.push(envelope4('h2', 'h1', vsid, inner), 0);
        dataplane.batch.push(envelope6('h2', 'h1', vsid, inner), 0);
        dataplane.batch.push(envelope4('h5', 'h1', vsid, inner), 0);
      }
      dataplane.process(0);
      expect([...dataplane.batch.outputs()], `seed ${number}`).toEqual([]);
      const drops = [...dataplane.batch.drops()].map(({ verdict }) => verdictOf(verdict).name);
      expect(drops, `seed ${number}`).toEqual(Array.from({ length: 6 }, () => drop));
    }
  });
});
