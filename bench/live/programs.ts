/** The programs in C, built into a temporary folder by a compiler that the machine has. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../../src/package-files.ts';

const PROGRAMS = ['sender', 'forwarder'] as const;

export interface Programs {
  readonly sender: string;
  readonly forwarder: string;
  /** The first line of what the compiler says of itself. */
  readonly compiler: string;
}

/** Returns the reason, a text, where that is not possible. */
export function buildPrograms(folder: string): Programs | string {
  const run = (...args: string[]) =>
    execFileSync('cc', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  let compiler: string;
  try {
    compiler = run('--version').split('\n')[0]!;
  } catch {
    return 'no C compiler: cc is not installed';
  }
  const path = (name: string) => join(folder, name);
  for (const name of PROGRAMS) {
    const source = fileURLToPath(packageFile(`bench/live/${name}.c`));
    try {
      run('-O3', '-march=native', '-std=c11', source, '-o', path(name));
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim().split('\n')[0];
      return `cc cannot build ${name}.c: ${said ?? (error as Error).message}`;
    }
  }
  return { sender: path('sender'), forwarder: path('forwarder'), compiler };
}
