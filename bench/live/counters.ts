/** What the kernel counts: frames by interface, processor time by process and of the machine. Linux' proc(5). */

import { readFileSync } from 'node:fs';

/** Of an interface, as its namespace sees it. */
export interface LinkCounts {
  readonly received: number;
  readonly receivedBytes: number;
  /** Those that the other end had no room for too. */
  readonly sent: number;
}

/** @param process one in the namespace. */
export function linkCounts(process: number, name: string): LinkCounts {
  const text = readFileSync(`/proc/${process}/net/dev`, 'utf8');
  const line = text.split('\n').find((one) => one.trim().startsWith(`${name}:`));
  if (line === undefined) throw new Error(`${name}: there is no such interface`);
  // Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs drop …
  const [receivedBytes, received, , , , , , , , sent, , dropped] = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  return { received: received!, receivedBytes: receivedBytes!, sent: sent! + dropped! };
}

/** Clock ticks of proc(5) per second, which every Linux has. */
const TICKS = 100;

/** Seconds that all threads of a process ran, in the kernel too. Softirqs that found it running are its own. */
export function processSeconds(process: number): number {
  const text = readFileSync(`/proc/${process}/stat`, 'utf8');
  // Behind the name, which may have spaces: state is field 3, utime 14, stime 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Seconds that all cores together were not idle. */
export function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq!) / TICKS;
}
