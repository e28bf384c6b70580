/** The twin of the hot path in C as a shared library in a temporary folder, built by a compiler that the machine has. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../../src/package-files.ts';

export const COMPILERS = ['gcc', 'clang'] as const;
export type Compiler = (typeof COMPILERS)[number];

export interface Library {
  /** The first line of what the compiler says of itself. */
  readonly version: string;
  readonly path: string;
  /** Deletes the file; where it is loaded the system may refuse, and nothing happens. */
  remove(): void;
}

export interface BuildOptions {
  readonly optimize?: '-O2' | '-O3';
  /** Instructions of this processor, or only those that all of its architecture have, as WASM's SIMD is about. */
  readonly instructions?: 'native' | 'generic';
  /** For a memory that other threads change meanwhile. */
  readonly threads?: boolean;
  /** Warnings are errors: for the tests; compilers to come may warn of more. */
  readonly strict?: boolean;
}

const SOURCE = fileURLToPath(packageFile('bench/native/netvirt.c'));
/** `npm run build` writes it, from the same sources as the .wasm. */
const CONTRACT = fileURLToPath(packageFile('build/contract.h'));

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Builds with one compiler. Returns the reason, a text, where that is not possible. */
export function build(compiler: Compiler, options: BuildOptions = {}): Library | string {
  const { optimize = '-O3', instructions = 'native', threads = false, strict = false } = options;
  let version: string;
  try {
    version = run(compiler, '--version').split('\n')[0]!;
  } catch {
    return `no C compiler: ${compiler} is not installed`;
  }
  // On macOS both names are clang.
  if (compiler === 'gcc' && /clang/i.test(version)) return `no C compiler: gcc is ${version}`;
  if (!existsSync(CONTRACT)) return `${CONTRACT} is missing: npm run build writes it`;
  const folder = mkdtempSync(join(tmpdir(), 'netvirt-'));
  const remove = () => {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Windows keeps libraries that are loaded.
    }
  };
  const path = join(folder, 'netvirt.so');
  const flags = [
    ...(instructions === 'native' ? ['-march=native'] : []),
    ...[optimize, '-std=c11', '-shared', '-fPIC', '-fvisibility=hidden'],
    ...(strict ? ['-Wall', '-Wextra', '-Werror', '-Wno-unused-function'] : []),
    ...[`-DNETVIRT_THREADS=${threads ? 1 : 0}`, '-I', dirname(CONTRACT)],
  ];
  try {
    run(compiler, ...flags, SOURCE, '-o', path);
  } catch (error) {
    remove();
    const said = (error as { stderr?: string }).stderr?.trim().split('\n')[0];
    return `${compiler} cannot build it: ${said ?? (error as Error).message}`;
  }
  return { version, path, remove };
}
