/** The options of `netvirt simulate`, checked before anything is run. */

import type { FabricSize } from '../simulate/generate.ts';
import { UsageError } from './errors.ts';

type Range = readonly [min: number, max: number];

/** Two hosts at least: one alone has nothing to learn. The rest keeps a run within minutes. */
const RANGES = {
  hosts: [2, 4096],
  vms: [1, 1024],
  customers: [1, 50_000],
  seed: [0, 2 ** 32 - 1],
} as const satisfies Record<keyof FabricSize, Range>;
const MAX_VMS = 100_000;
const KEYS = Object.keys(RANGES) as (keyof FabricSize)[];

/**
 * `hosts=1000,vms=30,customers=200,seed=1`; the seed may be left out.
 * @throws UsageError
 */
export function parseFabricSize(text: string): FabricSize {
  const values = new Map<keyof FabricSize, number>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    const key = KEYS.find((known) => known === name);
    if (key === undefined)
      throw new UsageError(
        `--generate: expected ${KEYS.map((known) => `${known}=`).join(', ')}, got "${part}"`,
      );
    if (values.has(key)) throw new UsageError(`--generate: expected ${key} once, got it again`);
    values.set(key, integer(`--generate: ${key}`, value, RANGES[key]));
  }
  const missing = KEYS.filter((key) => key !== 'seed' && !values.has(key)).map((key) => `${key}=`);
  if (missing.length > 0)
    throw new UsageError(`--generate: expected ${missing.join(' and ')} too, got only "${text}"`);
  const [hosts, vms, customers] = [values.get('hosts')!, values.get('vms')!, values.get('customers')!];
  const total = hosts * vms;
  if (total > MAX_VMS)
    throw new UsageError(`--generate: expected at most ${MAX_VMS} VMs, got ${hosts} hosts with ${vms} each`);
  if (customers * 2 > total) {
    throw new UsageError(
      `--generate: expected two VMs or more for every customer, got ${total} for ${customers} customers`,
    );
  }
  return { hosts, vms, customers, seed: values.get('seed') ?? 1 };
}

/** The most paths that routers offer; one would be no choice. */
const PATHS: Range = [2, 128];

/** @throws UsageError */
export function parsePaths(text: string): number {
  return integer('--ecmp', text, PATHS);
}

function integer(name: string, text: string, [min, max]: Range): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name}: expected an integer from ${min} to ${max}, got "${text}"`);
}
