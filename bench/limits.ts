/** The limit of this machine as rivals: frames that are read and get 42 bytes in front, and nothing else. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Host, Policy } from '../src/policy/model.ts';
import { type Native, natives } from './native/engine.ts';
import { type Input, type Rival, SLOTS, fill, wasmInstance } from './rivals.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The loop in WebAssembly, compiled as the engine is, but on the memory of an instance. */
function compile(): Promise<WebAssembly.Module> {
  mkdirSync(`${ROOT}build/bench`, { recursive: true });
  const outFile = `build/bench/limit.${process.pid}.wasm`;
  const asc = 'node_modules/assemblyscript/bin/asc.js';
  const config = ['--config', 'bench/limit/asconfig.json'];
  execFileSync(process.execPath, [asc, 'bench/limit/limit.ts', ...config, '-o', outFile], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const binary = readFileSync(`${ROOT}${outFile}`);
  rmSync(`${ROOT}${outFile}`);
  return WebAssembly.compile(binary);
}

async function rivalOf(
  name: string,
  policy: Policy,
  host: Host,
  inputs: readonly Input[],
  loop: (memory: WebAssembly.Memory, slots: number) => () => number,
): Promise<Rival & { readonly once: () => number }> {
  const { memory, inputs: ring, slots } = await wasmInstance(policy, host, 'release');
  const refresh = fill(
    new Uint8Array(memory.buffer),
    slots,
    new Uint32Array(memory.buffer, ring, SLOTS * 4),
    inputs,
  );
  const once = loop(memory, slots);
  return { name, refresh, once, pass: () => void once(), outputs: () => [] };
}

/** One in WebAssembly and one for each twin; a pass takes all slots, whatever the batch. `once` answers with a sum of all read. */
export async function limitRivals(
  policy: Policy,
  host: Host,
  inputs: readonly Input[],
  twins: readonly Native[] = natives(),
): Promise<(Rival & { readonly once: () => number })[]> {
  const module = await compile();
  const inWasm = (memory: WebAssembly.Memory, slots: number) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const limit = exports.limit as (slots: number, count: number) => number;
    return () => limit(slots, SLOTS) >>> 0;
  };
  return Promise.all([
    rivalOf('limit, WASM', policy, host, inputs, inWasm),
    ...twins.map((twin) =>
      rivalOf(`limit, ${twin.name}`, policy, host, inputs, (memory, slots) => {
        const address = twin.addressOf(memory);
        return () => twin.limit(address, slots, SLOTS);
      }),
    ),
  ]);
}
