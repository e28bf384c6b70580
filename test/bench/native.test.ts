/** The benchmark's twin in C does the same work: named packets, and random frames against WASM, counters included. */

import { describe, expect, it } from 'vitest';
import { assertSame } from '../../bench/identity.ts';
import { COMPILERS } from '../../bench/native/build.ts';
import { nativeLimit, wasmLimit } from '../../bench/limits.ts';
import { FrameEngine, NOT_BUILT, type Native, native, nativeRival } from '../../bench/native/engine.ts';
import { SLOTS, instanceRival, wasmInstance } from '../../bench/rivals.ts';
import { OPERATIONS, type Operation, type Workload, routedWorkload, workload } from '../../bench/workload.ts';
import { FORWARD } from '../../src/abi/verdict.ts';
import { validatePolicy, verdictOf } from '../../src/index.ts';
import { hex } from '../packets/index.ts';
import { type CreateEngine, runCase } from '../rules/engine.ts';
import { policy } from '../rules/fabric.ts';
import { CASES, type Case, PLAIN_CASES } from '../rules/index.ts';

function policyOf(document: object, host: string) {
  const parsed = validatePolicy(document);
  return { parsed, own: parsed.hosts.find(({ name }) => name === host)! };
}

class NotBuiltError extends Error {}

function twinEngine(twin: Native): CreateEngine {
  return async (document, host) => {
    const { parsed, own } = policyOf(document, host);
    const engine = await FrameEngine.create(parsed, own, twin);
    const { ports, portOf } = engine.plan;
    return {
      run(port, frame, cut, now) {
        const fate = engine.run(portOf.get(port) ?? 0, frame, cut, now);
        if (fate.verdict === NOT_BUILT) throw new NotBuiltError();
        const leaving = { port: ports.get(fate.port)?.endpoint.name ?? 'uplink', frame: fate.frame };
        const outputs = fate.verdict === FORWARD ? [{ verdict: FORWARD, ...leaving }] : [];
        return { verdict: fate.verdict, outputs };
      },
    };
  };
}

/** False: the twin says that it does not do this. */
async function isJudged(create: CreateEngine, one: Case): Promise<boolean> {
  try {
    await runCase(create, one);
    return true;
  } catch (error) {
    if (error instanceof NotBuiltError) return false;
    throw new Error(`${one.rules.join(' ')}: ${one.name}`, { cause: error });
  }
}

const SEED = Number(process.env.NETVIRT_FUZZ_SEED ?? Date.now() % 0x7fff_ffff);
const FRAMES = 100_000;

function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A frame that may be cut, longer, or changed in a few places. */
function changed(original: Uint8Array, random: (below: number) => number): Uint8Array {
  let frame = original.slice(0, random(12) === 0 ? random(original.length + 1) : original.length);
  if (random(12) === 0) frame = Uint8Array.from([...frame, ...new Uint8Array(random(40))]);
  for (let changes = random(4); changes > 0 && frame.length > 0; changes--) {
    const at = random(Math.min(frame.length, 110));
    frame[at] = random(2) === 0 ? frame[at]! ^ (1 << random(8)) : random(256);
  }
  return frame;
}

/** Random frames to one host, at a twin and at WASM. Returns how many were forwarded. */
async function compare(twin: Native, host: string, worker: 0 | 1): Promise<number> {
  const { parsed, own } = policyOf(policy(), host);
  const ours = await FrameEngine.create(parsed, own, twin, worker);
  const theirs = await FrameEngine.create(parsed, own, undefined, worker);
  const cases = CASES.filter((one) => one.host === host && one.provider === undefined);
  const random = generator(SEED);
  let forwarded = 0;
  for (let count = 0; count < FRAMES; count++) {
    const { frame: original, port } = cases[random(cases.length)]!;
    const frame = changed(original, random);
    const number = ours.plan.portOf.get(port) ?? 0;
    const got = ours.run(number, frame, false, count);
    if (got.verdict === NOT_BUILT) continue;
    const wanted = theirs.run(number, frame, false, count);
    const same = got.verdict === wanted.verdict && got.port === wanted.port;
    if (!same || Buffer.compare(got.frame, wanted.frame) !== 0) {
      const [one, other] = [wanted, got].map(
        ({ verdict, port: to, frame: out }) => `${verdictOf(verdict).name} to ${to}: ${hex(out)}`,
      );
      expect.fail(`frame ${count} at ${port}, ${hex(frame)}: WASM says ${one!}, the twin ${other!}`);
    }
    if (got.verdict === FORWARD) forwarded++;
  }
  expect(ours.counters).toEqual(theirs.counters);
  return forwarded;
}

/** What the benchmark measures: every output, FlowID included. */
async function compareWork(twin: Native, operation: Operation, work: Workload): Promise<void> {
  const { policy: own, host, inputs } = work;
  for (const staging of ['never', 'always'] as const) {
    const instance = await wasmInstance(own, host, 'release', staging);
    const rivals = [instanceRival('release', instance), nativeRival(twin, instance)];
    for (const rival of rivals) rival.fill(inputs);
    assertSame(rivals, operation, SLOTS);
  }
}

for (const compiler of COMPILERS) {
  const twin = native(compiler, { strict: true });
  const threaded = native(compiler, { strict: true, threads: true });
  if (typeof twin === 'string' || typeof threaded === 'string') {
    it.skip(`the twin in C: ${[twin, threaded].find((one) => typeof one === 'string')!}`);
    continue;
  }
  describe(`the twin in C, ${compiler}`, () => {
    const create = twinEngine(twin);

    it('finds the tables where the WASM side put them', async () => {
      const { parsed, own } = policyOf(policy(), 'h1');
      const [ours, theirs] = (await FrameEngine.create(parsed, own, twin)).sizes;
      expect(ours).toBe(theirs);
    });

    for (const one of PLAIN_CASES) {
      it(`${one.rules.join(' ')}: ${one.name}`, async () => {
        await runCase(create, one);
      });
    }

    it('judges more than half of the named packets, all of them rightly', async () => {
      let judged = 0;
      for (const one of CASES) if (await isJudged(create, one)) judged++;
      expect(judged).toBeGreaterThan(CASES.length / 2);
    });

    for (const host of ['h1', 'h2', 'h3', 'h5']) {
      it(`agrees with WASM on ${FRAMES} changed frames to ${host}, seed ${SEED}`, async () => {
        expect(await compare(twin, host, 0)).toBeGreaterThan(FRAMES / 20);
      });
    }

    it('reads what WASM reads for the limit', async () => {
      const { inputs } = workload('egress', 100, SLOTS, 64);
      expect((await nativeLimit(twin, inputs)).sum()).toBe((await wasmLimit(inputs)).sum());
    });

    it('is a worker on a shared memory, too', async () => {
      expect(await compare(threaded, 'h1', 1)).toBeGreaterThan(FRAMES / 20);
    });

    for (const operation of OPERATIONS) {
      it(`sends what WASM sends: ${operation}`, async () => {
        await compareWork(twin, operation, workload(operation, 1000, SLOTS, 64));
      });
    }

    for (const routes of [4, 1000]) {
      it(`sends what WASM sends: routed, ${routes} routes`, async () => {
        await compareWork(twin, 'routed', routedWorkload(1000, routes, SLOTS, 64));
      });
    }
  });
}
