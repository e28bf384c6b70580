/** Every named packet with an offload header, through the build that knows them (W7). */

import { describe, it } from 'vitest';
import { runCase, wasmEngine } from '../rules/engine.ts';
import { OFFLOAD_CASES } from '../rules/index.ts';

describe('live', () => {
  const engine = wasmEngine('live');
  for (const one of OFFLOAD_CASES) {
    it(`${one.rules.join(' ')}: ${one.name}`, async () => {
      await runCase(engine, one);
    });
  }
});
