/** Runs Node programs as a user would and reports what each used. */

import { spawnSync } from 'node:child_process';

export interface Usage {
  /** From start to end, seconds. */
  readonly seconds: number;
  /** Processor time of the program itself, seconds. */
  readonly user: number;
  /** Processor time of the kernel for it, seconds. */
  readonly system: number;
  /** Peak resident set, MB. */
  readonly peak: number;
  readonly stdout: string;
}

const REPORT = `data:text/javascript,import fs from 'node:fs';
process.on('exit', () => fs.writeSync(3, JSON.stringify(process.resourceUsage())));`.replaceAll('\n', ' ');

/** @throws Error with what the program wrote, when it does not end with 0. */
export function run(args: readonly string[]): Usage {
  const start = process.hrtime.bigint();
  const { status, output } = spawnSync(process.execPath, ['--import', REPORT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}: ${output[2] ?? ''}`);
  const used = JSON.parse(output[3]!) as NodeJS.ResourceUsage;
  return {
    seconds,
    user: used.userCPUTime / 1e6,
    system: used.systemCPUTime / 1e6,
    peak: (used.maxRSS * 1024) / 1e6,
    stdout: output[1]!,
  };
}
