/** Rivals on one fabric: that they make the same of the same frames, and how long it takes them. */

import { setImmediate } from 'node:timers/promises';
import { fabricOf, type Fabric } from './fabric.ts';
import { assertSame } from './identity.ts';
import { nativeLimit, wasmLimit } from './limits.ts';
import { COMPILERS } from './native/build.ts';
import { type Native, native, nativeRival } from './native/engine.ts';
import type { Matrix } from './options.ts';
import {
  RIVALS,
  type Rival,
  type RivalName,
  SLOTS,
  instanceRival,
  plainRival,
  wasmInstance,
  wasmRival,
} from './rivals.ts';
import { type Cell, type Row, absentRow, measuredRow } from './rows.ts';
import { sample } from './sample.ts';
import { quantile } from './statistics.ts';
import { type Operation, hostFor, methodFor, workOn } from './workload.ts';

/** Bytes of a VM's frame: the smallest that Ethernet knows. */
const LENGTH = 64;
/** Passes before those that count: V8 has compiled everything for an operation with all optimisations by then. */
const WARM_UP = 60;
/** Where only batches or addresses are others than before. */
const NEXT_WARM_UP = 8;
/** The plain engine keeps every word of its tables in arrays of 32-bit integers, which take longer to fill than all other engines. */
const PLAIN_MOST = 1_000_000;

/** Operations of one host with the same tables, for one number of endpoints. */
export interface Group extends Omit<Matrix, 'endpoints'> {
  readonly endpoints: number;
}

const TOGETHER: readonly (readonly Operation[])[] = [['egress', 'routed', 'drop'], ['ingress'], ['rewrite']];

/** A matrix in parts that share tables. */
export function groupsOf({ endpoints, operations, ...rest }: Matrix): Group[] {
  return endpoints.flatMap((count) =>
    TOGETHER.map((together) => together.filter((one) => operations.includes(one)))
      .filter((some) => some.length > 0)
      .map((some) => ({ ...rest, operations: some, endpoints: count })),
  );
}

export function cellsOf({ operations, endpoints, destinations, batches }: Group): Cell[] {
  return operations.flatMap((operation) =>
    destinations.flatMap((destination) =>
      batches.map((batch) => ({ operation, endpoints, destination, batch })),
    ),
  );
}

/** Nothing of a group could be measured. */
export function absentRows(group: Group, reason: string): Row[] {
  return cellsOf(group).flatMap((cell) => RIVALS.map((rival) => absentRow(cell, rival, reason)));
}

/** A rival, or why there is none. */
type Candidate = readonly [RivalName, Rival | string];

/**
 * All rivals, in turn, on every cell of a group.
 * @throws DifferenceError when they do not make the same of the frames.
 */
export async function measureGroup(group: Group): Promise<Row[]> {
  const { operations, endpoints, destinations, batches, passes } = group;
  const fabric = fabricOf(endpoints, methodFor(operations[0]!));
  const candidates = await candidatesFor(fabric, operations[0]!);
  const [, wasm] = candidates[0]!;
  if (typeof wasm === 'string') return absentRows(group, wasm);
  const rows: Row[] = [];
  for (const operation of operations) {
    const able = candidates.map(([name, rival]): Candidate => [name, inabilityOf(name, operation) ?? rival]);
    const rivals = able.flatMap(([, rival]) => (typeof rival === 'string' ? [] : [rival]));
    let warmUp = Math.min(WARM_UP, passes);
    for (const destination of destinations) {
      const { inputs } = workOn(fabric, operation, destination, SLOTS, LENGTH);
      for (const rival of rivals) rival.fill(inputs);
      for (const batch of batches) {
        // For messages, such as that nobody waits for the result any more.
        await setImmediate();
        const cell = { operation, endpoints, destination, batch };
        assertSame(
          rivals.filter(({ name }) => !name.startsWith('limit')),
          operation,
          batch,
        );
        const samples = sample(rivals, batch, passes, warmUp);
        warmUp = Math.min(NEXT_WARM_UP, passes);
        const reference = quantile(samples[0]!, 0.5);
        for (const [name, rival] of able) {
          if (typeof rival === 'string') rows.push(absentRow(cell, name, rival));
          else rows.push(measuredRow(cell, name, samples[rivals.indexOf(rival)]!, reference));
        }
      }
    }
  }
  return rows;
}

function inabilityOf(name: RivalName, operation: Operation): string | undefined {
  return name === 'typescript' && operation === 'routed' ? 'the plain engine has no gateway' : undefined;
}

/** In the order of RIVALS: WASM is the first, and the twins get copies of its tables. */
async function candidatesFor(fabric: Fabric, operation: Operation): Promise<Candidate[]> {
  const { policy } = fabric;
  const host = hostFor(fabric, operation);
  const instance = await orReason(() => wasmInstance(policy, host, 'release'));
  if (typeof instance === 'string') return [['wasm', instance]];
  const twins = new Map(COMPILERS.map((compiler) => [compiler, native(compiler)]));
  const first = [...twins.values()].find((one) => typeof one !== 'string');
  const reasons = [...new Set([...twins.values()].filter((one) => typeof one === 'string'))];
  const twinOf = (compiler: 'gcc' | 'clang') => {
    const twin = twins.get(compiler)!;
    return typeof twin === 'string' ? twin : nativeRival(twin, instance);
  };
  const make: Record<RivalName, () => Promise<Rival> | Rival | string> = {
    wasm: () => instanceRival('release', instance),
    'wasm-threads': () =>
      typeof SharedArrayBuffer === 'undefined'
        ? 'no SharedArrayBuffer here'
        : wasmRival(policy, host, 'threads'),
    gcc: () => twinOf('gcc'),
    clang: () => twinOf('clang'),
    typescript: () =>
      fabric.endpoints.length > PLAIN_MOST
        ? `not measured with more than ${PLAIN_MOST} endpoints`
        : plainRival(policy, host),
    'limit-c': async () => (await nativeLimit(first as Native)).rival,
    'limit-wasm': async () => (await wasmLimit()).rival,
  };
  if (first === undefined) make['limit-c'] = () => reasons.join('; ');
  const candidates: Candidate[] = [];
  for (const name of RIVALS) candidates.push([name, await orReason(make[name])]);
  return candidates;
}

/** There may be too little memory for all of them. */
async function orReason<Value>(make: () => Promise<Value> | Value): Promise<Value | string> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
