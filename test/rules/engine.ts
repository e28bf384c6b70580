/** What runs named packets: the shipped WASM, and any rival that claims to do the same. */

import { expect } from 'vitest';
import { FORWARD, PUNT } from '../../src/abi/verdict.ts';
import { Dataplane, INPUT_CUT, verdictOf } from '../../src/index.ts';
import { hex } from '../packets/index.ts';
import type { AnyBits, Case, Outcome, Takes } from './case.ts';
import { policy } from './fabric.ts';

export interface ResultOutput {
  /** FORWARD, REPLY or ICMP_ERROR. */
  readonly verdict: number;
  /** An endpoint's name or `uplink`. */
  readonly port: string;
  readonly frame: Uint8Array;
  /** The virtio-net header in front of the frame, from engines that know them. */
  readonly vnet?: Uint8Array;
}

export interface Result {
  /** What became of the input, a number of src/abi/verdict.ts: its drop, if there is one, else what left. */
  readonly verdict: number;
  /** What left; a punted frame stays with the host. */
  readonly outputs: readonly ResultOutput[];
}

/** One host's dataplane, whoever wrote it. `now` in milliseconds never goes back. */
export interface Engine {
  run(port: string, frame: Uint8Array, cut: boolean, now: number, vnet?: Uint8Array): Result;
}

export type CreateEngine = (document: object, host: string, takes?: Takes) => Promise<Engine>;

/** The shipped WASM through the public API. */
export function wasmEngine(build: 'release' | 'threads' | 'live'): CreateEngine {
  return async (document, host, takes = {}) => {
    const dataplane = await Dataplane.create({
      policy: document,
      host,
      build,
      staging: build === 'release' ? 'never' : 'always',
      capacity: { slots: 4, largeSlots: 2, copySlots: 64 },
    });
    const { batch } = dataplane;
    for (const [port, offloads] of Object.entries(takes))
      dataplane.setOffloads(port === 'uplink' ? 0 : dataplane.port(port), offloads);
    const names = new Map(dataplane.ports.map(({ number, endpoint }) => [number, endpoint.name]));
    return {
      run(port, frame, cut, now, vnet) {
        batch.push(frame, port === 'uplink' ? 0 : dataplane.port(port), cut ? INPUT_CUT : 0, vnet);
        dataplane.process(now);
        const all = [...batch.outputs()];
        const drops = [...batch.drops()];
        expect(drops.length, 'at most one drop for one frame').toBeLessThan(2);
        for (const { input } of [...all, ...drops]) expect(input, 'of the only input').toBe(0);
        return {
          verdict: drops[0]?.verdict ?? all[0]?.verdict ?? NOTHING,
          outputs: all
            .filter(({ verdict }) => verdict !== PUNT)
            .map((one) => ({
              verdict: one.verdict,
              port: names.get(one.port) ?? 'uplink',
              frame: one.frame.slice(),
              ...(one.vnet === undefined ? {} : { vnet: one.vnet.slice() }),
            })),
        };
      },
    };
  };
}

/** No drop and no output: what no engine may answer. */
const NOTHING = -1;

const engines = new Map<CreateEngine, Map<string, Promise<Engine>>>();

/** One per policy and host; a case with a past of its own gets one of its own. */
function engineFor(create: CreateEngine, one: Case): Promise<Engine> {
  const { host, provider = {}, takes = {}, now, before } = one;
  if (now !== undefined || before !== undefined) return create(policy(provider), host, takes);
  let known = engines.get(create);
  if (known === undefined) engines.set(create, (known = new Map<string, Promise<Engine>>()));
  const key = JSON.stringify([host, provider, takes]);
  let engine = known.get(key);
  if (engine === undefined) known.set(key, (engine = create(policy(provider), host, takes)));
  return engine;
}

/** All that leaves in a case, what came before included. */
export async function outputsOf(create: CreateEngine, one: Case): Promise<ResultOutput[]> {
  const engine = await engineFor(create, one);
  const before = (one.before ?? []).flatMap(
    ({ port, frame, now = 0 }) => engine.run(port, frame, false, now).outputs,
  );
  const last = engine.run(one.port, one.frame, one.cut ?? false, one.now ?? 0, one.vnet);
  return [...before, ...last.outputs];
}

/** Runs a case and compares. */
export async function runCase(create: CreateEngine, one: Case): Promise<void> {
  const engine = await engineFor(create, one);
  for (const { port, frame, now = 0 } of one.before ?? []) engine.run(port, frame, false, now);
  const result = engine.run(one.port, one.frame, one.cut ?? false, one.now ?? 0, one.vnet);
  const expected = outcomeOf(one.expected);
  const [theirs, mine] = inOneOrder(result.outputs, expected);
  expect({ fate: nameOf(result.verdict), outputs: theirs }).toEqual({
    fate: nameOf(expected.verdict),
    outputs: mine,
  });
}

const nameOf = (verdict: number): string =>
  verdict === NOTHING ? 'neither left nor dropped' : verdictOf(verdict).name;

function outcomeOf(expected: Case['expected']): Outcome {
  if (typeof expected === 'number') return { verdict: expected, outputs: [] };
  return 'outputs' in expected ? expected : { verdict: FORWARD, outputs: [expected] };
}

/** Both as text. What any order may have is brought into the order of what is expected, as far as it is there. */
function inOneOrder(outputs: readonly ResultOutput[], expected: Outcome): [string[][], string[][]] {
  const mine = expected.outputs.map(({ verdict = FORWARD, any, ...rest }) =>
    described({ verdict, ...rest }, any),
  );
  if (expected.anyOrder !== true) {
    return [outputs.map((one, index) => described(one, expected.outputs[index]?.any)), mine];
  }
  const rest = [...outputs];
  const found = mine.map((wanted, index) => {
    const { any } = expected.outputs[index]!;
    const at = rest.findIndex((one) => described(one, any).join() === wanted.join());
    return at < 0 ? undefined : described(rest.splice(at, 1)[0], any);
  });
  const missing = found.map((one) => one ?? described(rest.shift(), undefined));
  return [[...missing, ...rest.map((one) => described(one, undefined))], mine];
}

/** The output, then its frame in lines of 16 bytes, so that a difference shows where it is. */
function described(output: ResultOutput | undefined, any: readonly AnyBits[] = []): string[] {
  if (output === undefined) return ['nothing'];
  const frame = masked(output.frame, any);
  return [
    `${nameOf(output.verdict)} to ${output.port}, ${frame.length} bytes`,
    ...(output.vnet?.some((byte) => byte !== 0) === true ? [`left to be done: ${hex(output.vnet)}`] : []),
    ...Array.from(
      { length: Math.ceil(frame.length / 16) },
      (_, line) =>
        `${(line * 16).toString(16).padStart(4, '0')} ${hex(frame.subarray(line * 16, line * 16 + 16))}`,
    ),
  ];
}

function masked(frame: Uint8Array, any: readonly AnyBits[]): Uint8Array {
  const copy = frame.slice();
  for (const { offset, mask } of any) {
    for (const [index, bits] of mask.entries()) {
      if (offset + index < copy.length) copy[offset + index]! &= ~bits;
    }
  }
  return copy;
}
