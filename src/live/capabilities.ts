/** What a process may do (capabilities(7)), and what live I/O needs. */

import { readFileSync } from 'node:fs';
import { LiveError } from './types.ts';

export interface Capability {
  readonly name: string;
  /** Bit in the sets of /proc/PID/status. */
  readonly bit: number;
  /** What it is for. */
  readonly use: string;
}

export const NET_ADMIN: Capability = {
  name: 'CAP_NET_ADMIN',
  bit: 12,
  use: 'to change interfaces and make taps',
};
export const NET_RAW: Capability = { name: 'CAP_NET_RAW', bit: 13, use: 'to open packet sockets' };
/** CAP_SYS_ADMIN, bit 21, includes it. */
export const BPF: Capability = { name: 'CAP_BPF', bit: 39, use: 'to load the programs of AF_XDP' };
const SYS_ADMIN = 21;

/** The effective set of this process; undefined where there is no /proc. */
export function effectiveCapabilities(file = '/proc/self/status'): bigint | undefined {
  try {
    const [, hex] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    return hex === undefined ? undefined : BigInt(`0x${hex}`);
  } catch {
    return undefined;
  }
}

export function hasCapability(set: bigint, { bit }: Capability): boolean {
  const includes = (one: number) => ((set >> BigInt(one)) & 1n) === 1n;
  return includes(bit) || (bit === BPF.bit && includes(SYS_ADMIN));
}

/** How to give what is missing, for people. */
export function howToGive(missing: readonly Capability[], program = process.execPath): string {
  const names = missing.map(({ name }) => name.toLowerCase()).join(',');
  return `run it as root, or give it to node: setcap ${names}=ep ${program}`;
}

/**
 * @param needed what the command cannot do without.
 * @throws LiveError that names what is missing and says how to give it, in one line.
 */
export function requireCapabilities(needed: readonly Capability[], set = effectiveCapabilities()): void {
  if (set === undefined)
    throw new LiveError('unsupported', `live I/O needs Linux with /proc, this is ${process.platform}`);
  const missing = needed.filter((one) => !hasCapability(set, one));
  if (missing.length === 0) return;
  const what = missing.map(({ name, use }) => `${name} (${use})`).join(' and ');
  throw new LiveError('permission', `missing ${what}: ${howToGive(missing)}`);
}
