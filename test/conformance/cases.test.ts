/** Every named packet through the shipped WASM, both builds. */

import { describe, expect, it } from 'vitest';
import { CASES } from '../rules/index.ts';
import { runCase, wasmEngine } from '../rules/engine.ts';

describe.each(['release', 'threads'] as const)('%s', (build) => {
  const engine = wasmEngine(build);
  for (const one of CASES) {
    it(`${one.rules.join(' ')}: ${one.name}`, async () => {
      await runCase(engine, one);
    });
  }
});

it('no two named packets have one name', () => {
  const titles = CASES.map(({ rules, name }) => `${rules.join(' ')}: ${name}`);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});
