/** What `Dataplane.create` is given. JavaScript has no compiler that would say what is wrong with it. */

import type { Build } from '../load-wasm.ts';
import type { Change } from '../policy/delta.ts';
import { PolicyError, didYouMean, show } from '../policy/errors.ts';
import type { Host, Policy } from '../policy/model.ts';
import { readPolicy } from '../policy/text-reader.ts';
import { isPolicy } from '../policy/valid.ts';
import { validatePolicy } from '../policy/validate.ts';
import { CAPACITY_LIMITS, type Capacity, type Staging } from './instance.ts';

export interface DataplaneOptions {
  /** What `parsePolicy` returned, or the text of a policy (YAML or JSON), or the document as an object. */
  policy: Policy | string | object;
  /** Name of the host whose dataplane this is. */
  host: string;
  /**
   * Room for frames, default 512 slots and 8 large ones; for copies, default what a frame of the policy can need, 256 at least,
   * in build `live` 48 more per large slot, and more when changes need more (a number that is given stays). Room in the tables: what is given at least, default what the
   * policy needs.
   */
  capacity?: Partial<Capacity>;
  /** `release` (default): own memory. `threads`: shared memory. `live`: shared memory, and frames with offload headers. */
  build?: Exclude<Build, 'trace'>;
  /** How many instances process on the shared memory, this one included: see `attachment`. Default 1. */
  workers?: number;
  /**
   * Whether the memory that a group of packets needs is read ahead: default when the tables are larger than the caches. It changes
   * speed, never results.
   */
  staging?: Staging;
  /** 16 bytes that seed the hash tables; default random. Results do not depend on it. */
  seed?: Uint8Array;
}

const OPTIONS: Record<keyof DataplaneOptions, true> = {
  policy: true,
  host: true,
  capacity: true,
  build: true,
  workers: true,
  staging: true,
  seed: true,
};

/**
 * Names, and kinds of values; what numbers may be is for those to say who use them.
 * @throws TypeError, RangeError
 */
export function checkOptions(options: unknown): asserts options is DataplaneOptions {
  if (!isObject(options)) throw new TypeError(`options: expected an object, got ${show(options)}`);
  const { policy, host, build, staging, capacity, seed } = options as Partial<
    Record<keyof DataplaneOptions, unknown>
  >;
  checkKeys('', options, Object.keys(OPTIONS));
  if (policy === undefined || policy === null)
    throw new TypeError(`policy: expected a policy, its text or its document, got ${show(policy)}`);
  if (typeof host !== 'string')
    throw new TypeError(`host: expected the name of a host of the policy, got ${show(host)}`);
  if (build !== undefined && build !== 'release' && build !== 'threads' && build !== 'live')
    throw new RangeError(`build: expected "release", "threads" or "live", got ${show(build)}`);
  if (staging !== undefined && staging !== 'auto' && staging !== 'always' && staging !== 'never')
    throw new RangeError(`staging: expected "auto", "always" or "never", got ${show(staging)}`);
  if (seed !== undefined && !(seed instanceof Uint8Array))
    throw new TypeError(`seed: expected a Uint8Array of 16 bytes, got ${show(seed)}`);
  if (capacity === undefined) return;
  if (!isObject(capacity)) throw new TypeError(`capacity: expected an object, got ${show(capacity)}`);
  checkKeys('capacity.', capacity, Object.keys(CAPACITY_LIMITS));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function checkKeys(where: string, object: object, known: readonly string[]): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key))
      throw new TypeError(`${where}${key}: unknown key "${key}"${didYouMean(key, known)}`);
  }
}

export function toPolicy(policy: Policy | string | object): Policy {
  if (typeof policy === 'string') return readPolicy(policy);
  return isPolicy(policy) ? policy : validatePolicy(policy);
}

export function findHost(policy: Policy, name: string): Host {
  const host = policy.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const names = policy.hosts.map((candidate) => candidate.name);
  throw new RangeError(`host: expected a host of the policy, got "${name}"${didYouMean(name, names)}`);
}

/**
 * A host is what its dataplane's tables are about: without it there is nothing left to change.
 * @throws PolicyError
 */
export function refuseOwnHost(changes: readonly (Change | null | undefined)[], own: string): void {
  const message = `expected another host, got "${own}", whose dataplane this is`;
  const problems = changes.flatMap((change, index) =>
    change?.op === 'remove-host' && change.name === own
      ? [{ file: 'delta', line: undefined, column: undefined, path: `[${index}].name`, message }]
      : [],
  );
  if (problems.length > 0) throw new PolicyError(problems);
}
