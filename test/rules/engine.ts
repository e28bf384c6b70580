/** What runs named packets: the shipped WASM, and any rival that claims to do the same. */

import { expect } from 'vitest';
import { Dataplane, INPUT_CUT } from '../../src/index.ts';
import { hex } from '../packets/index.ts';
import type { Case } from './case.ts';
import { policy } from './fabric.ts';

export interface Result {
  /** A number of src/abi/verdict.ts. */
  readonly verdict: number;
  /** Where it left: an endpoint's name or `uplink`; undefined for a drop or PUNT. */
  readonly port: string | undefined;
  readonly frame: Uint8Array | undefined;
}

/** One host's dataplane, whoever wrote it. */
export interface Engine {
  run(port: string, frame: Uint8Array, cut: boolean): Result;
}

export type CreateEngine = (document: object, host: string) => Promise<Engine>;

/** The shipped WASM through the public API. */
export function wasmEngine(build: 'release' | 'threads'): CreateEngine {
  return async (document, host) => {
    const dataplane = await Dataplane.create({
      policy: document,
      host,
      build,
      capacity: { slots: 4, largeSlots: 2 },
    });
    const names = new Map(dataplane.ports.map(({ number, endpoint }) => [number, endpoint.name]));
    return {
      run(port, frame, cut) {
        dataplane.batch.push(frame, port === 'uplink' ? 0 : dataplane.port(port), cut ? INPUT_CUT : 0);
        expect(dataplane.process(), 'one verdict for one frame').toBe(1);
        for (const { verdict } of dataplane.batch.drops())
          return { verdict, port: undefined, frame: undefined };
        const [output] = dataplane.batch.outputs();
        const leaves = output!.verdict === 0 ? (names.get(output!.port) ?? 'uplink') : undefined;
        return { verdict: output!.verdict, port: leaves, frame: output!.frame.slice() };
      },
    };
  };
}

const engines = new Map<CreateEngine, Map<string, Promise<Engine>>>();

/** Runs a case and compares; engines are made once per policy and host. */
export async function runCase(
  create: CreateEngine,
  { host, provider = {}, port, frame, cut = false, expected }: Case,
): Promise<void> {
  let known = engines.get(create);
  if (known === undefined) engines.set(create, (known = new Map<string, Promise<Engine>>()));
  const key = JSON.stringify([host, provider]);
  let engine = known.get(key);
  if (engine === undefined) known.set(key, (engine = create(policy(provider), host)));
  const result = (await engine).run(port, frame, cut);
  if (typeof expected === 'number') {
    expect(result.verdict).toBe(expected);
    return;
  }
  expect({ verdict: result.verdict, port: result.port }).toEqual({ verdict: 0, port: expected.port });
  expect(lines(masked(result.frame!, expected.any))).toEqual(lines(masked(expected.frame, expected.any)));
}

function masked(
  frame: Uint8Array,
  any: readonly { offset: number; mask: readonly number[] }[] = [],
): Uint8Array {
  const copy = frame.slice();
  for (const { offset, mask } of any) {
    for (const [index, bits] of mask.entries()) copy[offset + index]! &= ~bits;
  }
  return copy;
}

/** 16 bytes a line, so that a difference shows where it is. */
function lines(bytes: Uint8Array): string[] {
  return Array.from(
    { length: Math.ceil(bytes.length / 16) },
    (_, line) =>
      `${(line * 16).toString(16).padStart(4, '0')} ${hex(bytes.subarray(line * 16, line * 16 + 16))}`,
  );
}
