/**
 * The twin in C as WebAssembly, by clang: the same source and compiler as the native twin, the same engine as our module. What it
 * takes longer than native is WebAssembly's share; what ours takes longer than it, our compiler's.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../../src/package-files.ts';
import type { Instance } from '../../src/engine/instance.ts';
import { type Input, Rival, SLOTS } from '../rivals.ts';
import { copyOf } from './engine.ts';

const SOURCE = fileURLToPath(packageFile('bench/native/netvirt.c'));
const CONTRACT = fileURLToPath(packageFile('build/contract.h'));
/** Below NO_PROVIDER and the capacities of the memory map, nothing is in use but this; the twin keeps a structure there. */
const STACK = 1024;

type Process = (memory: number, worker: number, first: number, count: number, now: number) => number;

/** Builds the module. Returns the reason, a text, where that is not possible. */
export function buildWasm(): WebAssembly.Module | string {
  const folder = mkdtempSync(join(tmpdir(), 'netvirt-'));
  const [object, linked] = [join(folder, 'netvirt.o'), join(folder, 'netvirt.wasm')];
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    run(
      'clang',
      ...['--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c11'],
      ...['-DNETVIRT_THREADS=0', '-I', join(dirname(SOURCE), 'wasm'), '-I', dirname(CONTRACT)],
      ...['-c', SOURCE, '-o', object],
    );
    run(
      linker(),
      ...['--no-entry', '--export=netvirt_process', '--import-memory', '--stack-first'],
      ...['-z', `stack-size=${STACK}`, object, '-o', linked],
    );
    return new WebAssembly.Module(readFileSync(linked));
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n')[0];
    return `cannot build it: ${said ?? (error as Error).message}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Distributions have it by the name of its version, that of clang. */
function linker(): string {
  const version = /clang version (\d+)/.exec(execFileSync('clang', ['--version'], { encoding: 'utf8' }));
  for (const name of ['wasm-ld', `wasm-ld-${version?.[1] ?? ''}`]) {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return name;
    } catch {
      // The next one.
    }
  }
  throw new Error('no linker for WebAssembly: lld is not installed');
}

/** On a memory of its own, with the tables of another instance. */
export function wasmTwinRival(
  module: WebAssembly.Module,
  instance: Instance,
  inputs: readonly Input[],
): Rival {
  const { memory, place } = copyOf(instance);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const process = exports.netvirt_process as Process;
  const rival = new Rival(
    'clang',
    place,
    (first, count) => process(0, 0, first, count, 0),
    (batch) => {
      for (let first = 0; first < SLOTS; first += batch)
        process(0, 0, first, Math.min(batch, SLOTS - first), 0);
    },
  );
  rival.fill(inputs);
  return rival;
}
