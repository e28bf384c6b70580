/** What system tests need from outside: the built command line, tshark, scapy. What is missing is said. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/netvirt.js', import.meta.url));
/** Debian's, which scapy is installed for; another Python may come first on the PATH. */
export const PYTHON = '/usr/bin/python3';
export const CAPTURES = fileURLToPath(new URL('../../../shared/captures/', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of netvirt as a user does. */
export function netvirt(args: readonly string[], input?: Uint8Array | string): Ran {
  return text(spawnSync(process.execPath, [MAIN, ...args], { input, maxBuffer: 1 << 28 }));
}

export function run(command: string, args: readonly string[]): Ran {
  return text(spawnSync(command, args, { maxBuffer: 1 << 28 }));
}

function text({ status, stdout, stderr }: SpawnSyncReturns<Buffer>): Ran {
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Why tests that need something are skipped; undefined: they run. In CI a missing tool is a failure instead. */
export function reasonTo(skip: boolean, reason: string): string | undefined {
  if (!skip) return undefined;
  if (process.env.NETVIRT_SYSTEM_TESTS === '1') throw new Error(`NETVIRT_SYSTEM_TESTS=1, but ${reason}`);
  return reason;
}

export const NO_TSHARK = reasonTo(spawnSync('tshark', ['--version']).status !== 0, 'tshark is not installed');
export const NO_SCAPY = reasonTo(
  spawnSync(PYTHON, ['-c', 'import scapy']).status !== 0,
  'scapy for Debian’s Python (python3-scapy) is not installed',
);
/** The captures are not part of the project: where they are absent, their tests are skipped even in CI. */
export const NO_CAPTURES = existsSync(CAPTURES)
  ? undefined
  : 'the real captures (../shared/captures) are not here';

/** A title that says why it is skipped. */
export function titled(title: string, ...reasons: (string | undefined)[]): string {
  const reason = reasons.find((one) => one !== undefined);
  return reason === undefined ? title : `${title} (skipped: ${reason})`;
}

/** Says why tests of a file are skipped: the reporter shows only how many. */
export function announce(...reasons: (string | undefined)[]): void {
  for (const reason of reasons) if (reason !== undefined) console.warn(`skipped: ${reason}`);
}
