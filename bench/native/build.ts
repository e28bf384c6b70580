/**
 * npx tsx bench/native/build.ts: the twin of the hot path in C, as shared libraries in build/native/, one for each compiler that
 * the machine has.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { header } from './contract.ts';

export const COMPILERS = ['gcc', 'clang'] as const;
export type Compiler = (typeof COMPILERS)[number];

export interface Library {
  readonly compiler: Compiler;
  /** The first line of what the compiler says of itself. */
  readonly version: string;
  readonly path: string;
}

export interface BuildOptions {
  readonly optimize?: '-O2' | '-O3';
  /** For a memory that other threads change meanwhile. */
  readonly threads?: boolean;
}

const FOLDER = fileURLToPath(new URL('../../build/native/', import.meta.url));
const SOURCE = fileURLToPath(new URL('netvirt.c', import.meta.url));

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Builds with one compiler. Returns the reason, a text, where that is not possible. */
export function build(compiler: Compiler, options: BuildOptions = {}): Library | string {
  const { optimize = '-O3', threads = false } = options;
  let version: string;
  try {
    version = run(compiler, '--version').split('\n')[0]!;
  } catch {
    return `${compiler} is not installed`;
  }
  // Another process may have the library open, or build it as well: names of our own, then into place.
  const own = `${FOLDER}${process.pid}/`;
  mkdirSync(own, { recursive: true });
  writeFileSync(`${own}contract.h`, header());
  const path = `${FOLDER}netvirt${threads ? '.threads' : ''}.${compiler}${optimize}.so`;
  const flags = [
    ...[optimize, '-march=native', '-std=c11', '-shared', '-fPIC', '-fvisibility=hidden'],
    ...['-Wall', '-Wextra', '-Werror', '-Wno-unused-function'],
  ];
  try {
    run(compiler, ...flags, `-DNETVIRT_THREADS=${threads ? 1 : 0}`, '-I', own, SOURCE, '-o', `${own}library`);
    renameSync(`${own}library`, path);
  } catch (error) {
    return `${compiler}: ${(error as Error).message}`;
  } finally {
    rmSync(own, { recursive: true });
  }
  return { compiler, version, path };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const compiler of COMPILERS) {
    const library = build(compiler);
    console.log(typeof library === 'string' ? library : `${library.path}: ${library.version}`);
  }
}
