/** Who runs on which core. */

import { spawnSync } from 'node:child_process';

export interface Cores {
  /** Programs that start another one on the dataplane's core. */
  readonly dataplane: readonly string[];
  readonly sender: readonly string[];
  /** The dataplane's, as a bit mask in hexadecimal digits. */
  readonly mask: string;
}

/** The dataplane has the last core, the sender the first. Returns the reason, a text, where there are no two. */
export function chooseCores(): Cores | string {
  const { status, stdout } = spawnSync('taskset', ['-c', '-p', String(process.pid)], { encoding: 'utf8' });
  if (status !== 0) return 'taskset is not installed';
  // `pid 7's current affinity list: 0-3,6`
  const numbers = /: *(.*)$/m.exec(stdout)![1]!.split(/[-,]/).map(Number);
  const [first, last] = [numbers[0]!, numbers.at(-1)!];
  if (first === last) return 'the dataplane and the sender need a core each';
  const on = (core: number) => ['taskset', '-c', String(core)];
  return { dataplane: on(last), sender: on(first), mask: (1n << BigInt(last)).toString(16) };
}
