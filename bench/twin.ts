/**
 * npm run bench:twin: is the twin in C as fast as its compilers can make it, and whose is the difference? Every compiler with -O2
 * and -O3, with this processor's instructions and with those that all have, and clang for WebAssembly, against WASM; alternated
 * pass by pass in one process.
 */

import { assertSame } from './identity.ts';
import { type BuildOptions, COMPILERS } from './native/build.ts';
import { native, nativeRival } from './native/engine.ts';
import { buildWasm, wasmTwinRival } from './native/wasm.ts';
import { pinToOneCore } from './pin.ts';
import { record } from './results.ts';
import { type Rival, SLOTS, instanceRival, wasmInstance } from './rivals.ts';
import { sample } from './sample.ts';
import { quantile, round } from './statistics.ts';
import { type Operation, workload } from './workload.ts';

const OPERATIONS = ['egress', 'ingress', 'rewrite'] as const;
const ENDPOINTS = 1000;
const BATCH = 256;
const PASSES = 160;
const WARM_UP = 60;

const OPTIONS: readonly Required<Pick<BuildOptions, 'optimize' | 'instructions'>>[] = [
  { optimize: '-O3', instructions: 'native' },
  { optimize: '-O2', instructions: 'native' },
  { optimize: '-O3', instructions: 'generic' },
];

interface Twin {
  readonly name: string;
  readonly rival: Rival;
}

interface Row {
  readonly operation: Operation;
  readonly twin: string;
  readonly nsMedian: number;
  readonly ratio: number;
}

async function measure(operation: Operation): Promise<Row[]> {
  const { policy, host, inputs } = workload(operation, ENDPOINTS, SLOTS, 64);
  const instance = await wasmInstance(policy, host, 'release');
  const wasm = instanceRival('release', instance);
  wasm.fill(inputs);
  const twins = COMPILERS.flatMap((compiler) =>
    OPTIONS.flatMap((options): Twin[] => {
      const twin = native(compiler, options);
      const name = `${compiler} ${options.optimize}${options.instructions === 'native' ? ' -march=native' : ''}`;
      if (typeof twin !== 'string') return [{ name, rival: nativeRival(twin, instance, inputs) }];
      console.error(`${name}: ${twin}`);
      return [];
    }),
  );
  const module = buildWasm();
  if (typeof module === 'string') console.error(`clang, to WebAssembly: ${module}`);
  else twins.push({ name: 'clang -O3, to WebAssembly', rival: wasmTwinRival(module, instance, inputs) });
  const rivals = [wasm, ...twins.map(({ rival }) => rival)];
  assertSame(rivals, operation, BATCH);
  const medians = sample(rivals, BATCH, PASSES, WARM_UP).map((sorted) => quantile(sorted, 0.5));
  return ['WASM', ...twins.map(({ name }) => name)].map((twin, index) => ({
    operation,
    twin,
    nsMedian: round(medians[index]!),
    ratio: round(medians[index]! / medians[0]!),
  }));
}

pinToOneCore();
const rows: Row[] = [];
for (const operation of OPERATIONS) rows.push(...(await measure(operation)));
await record({
  section: 'twin',
  method: `\`npm run bench:twin\`; ${ENDPOINTS} endpoints, 64 B, batch ${BATCH}, medians of ${PASSES} passes; time by WASM’s.`,
  head: ['compiled by', ...OPERATIONS.flatMap((operation) => [`${operation} ns`, `${operation} / WASM`])],
  cells: [...new Set(rows.map(({ twin }) => twin))].map((twin) => [
    twin,
    ...OPERATIONS.flatMap((operation) => {
      const row = rows.find((one) => one.twin === twin && one.operation === operation)!;
      return [row.nsMedian.toFixed(1), row.ratio.toFixed(2)];
    }),
  ]),
  rows,
});
