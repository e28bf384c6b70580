/** The benchmark's plain TypeScript rival does the same work: every named packet, and random frames against WASM. */

import { describe, expect, it } from 'vitest';
import { PlainEngine } from '../../bench/plain/engine.ts';
import { INPUT_CUT } from '../../src/abi/layout.ts';
import { Dataplane, isDrop, validatePolicy, verdictOf } from '../../src/index.ts';
import { plan } from '../../src/policy/compile.ts';
import { type CreateEngine, runCase } from '../rules/engine.ts';
import { policy } from '../rules/fabric.ts';
import { CASES } from '../rules/index.ts';

function planOf(document: object, host: string) {
  const parsed = validatePolicy(document);
  return plan(
    parsed,
    parsed.hosts.find(({ name }) => name === host)!,
  );
}

const plainEngine: CreateEngine = (document, host) => {
  const planned = planOf(document, host);
  const engine = new PlainEngine(planned, 0, 1);
  const bytes = new Uint8Array(engine.buffer);
  const numbers = new Map(planned.ports.map(({ endpoint, number }) => [endpoint.name, number]));
  const names = new Map(planned.ports.map(({ endpoint, number }) => [number, endpoint.name]));
  return Promise.resolve({
    run(port, frame, cut) {
      const address = 128;
      bytes.set(frame, address);
      engine.inputs.set([address, frame.length, (numbers.get(port) ?? 0) | ((cut ? INPUT_CUT : 0) << 16)]);
      expect(engine.process(0, 1)).toBe(1);
      const [out = 0, length = 0, word = 0] = engine.emit.outputs;
      const verdict = word >>> 16;
      if (verdict !== 0) return { verdict, port: undefined, frame: undefined };
      return { verdict, port: names.get(word & 0xffff) ?? 'uplink', frame: bytes.slice(out, out + length) };
    },
  });
};

describe('the plain engine', () => {
  for (const one of CASES) {
    it(`${one.rules.join(' ')}: ${one.name}`, async () => {
      await runCase(plainEngine, one);
    });
  }
});

const SEED = Number(process.env.NETVIRT_FUZZ_SEED ?? Date.now() % 0x7fff_ffff);
const FRAMES = 300_000;

/** FlowID and flow label are the sender's choice: both engines' are put to 0. */
function withoutFlow(frame: Uint8Array, isSent: boolean): Uint8Array {
  const copy = frame.slice();
  if (!isSent) return copy;
  const isEnvelope4 = copy[12] === 8 && copy[23] === 47 && copy.length > 42;
  const isEnvelope6 = copy[12] === 0x86 && copy[20] === 47 && copy.length > 62;
  if (isEnvelope4) copy[41] = 0;
  if (isEnvelope6) copy.fill(0, 16, 18);
  if (isEnvelope6) copy[15]! &= 0xf0;
  if (isEnvelope6) copy[61] = 0;
  return copy;
}

describe('against WASM', () => {
  it(`agrees on ${FRAMES} changed frames, seed ${SEED}`, async () => {
    let state = SEED | 1;
    const random = (below: number) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const hosts = await Promise.all(
      ['h1', 'h2'].map(async (host) => ({
        wasm: await Dataplane.create({ policy: policy(), host }),
        plain: await plainEngine(policy(), host),
        cases: CASES.filter((one) => one.host === host && one.provider === undefined && one.frame.length > 0),
      })),
    );
    let forwarded = 0;
    for (let count = 0; count < FRAMES; count++) {
      const { wasm, plain, cases } = hosts[count % 2]!;
      const { frame: original, port } = cases[random(cases.length)]!;
      let frame = original.slice(0, random(12) === 0 ? random(original.length + 1) : original.length);
      if (random(12) === 0) frame = Uint8Array.from([...frame, ...new Uint8Array(random(40))]);
      for (let changes = random(4); changes > 0 && frame.length > 0; changes--) {
        const at = random(Math.min(frame.length, 110));
        frame[at] = random(2) === 0 ? frame[at]! ^ (1 << random(8)) : random(256);
      }
      wasm.batch.push(frame, port === 'uplink' ? 0 : wasm.port(port));
      wasm.process();
      const mine = plain.run(port, frame, false);
      const verdict = wasm.batch.verdictAt(0);
      if (mine.verdict !== verdict) {
        expect.fail(
          `frame ${count} at ${port}: WASM says ${verdictOf(verdict).name}, TypeScript ${verdictOf(mine.verdict).name}: ${Buffer.from(frame).toString('hex')}`,
        );
      }
      if (isDrop(verdict) || mine.frame === undefined) continue;
      forwarded++;
      const isSent = wasm.batch.portAt(0) === 0;
      const [theirs, ours] = [wasm.batch.frameAt(0), mine.frame].map((one) =>
        Buffer.from(withoutFlow(one, isSent)),
      );
      if (theirs!.compare(ours!) !== 0) {
        expect.fail(
          `frame ${count} at ${port}: WASM ${theirs!.toString('hex')}, TypeScript ${ours!.toString('hex')}`,
        );
      }
    }
    expect(forwarded).toBeGreaterThan(FRAMES / 10);
  });
});
