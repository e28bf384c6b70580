/** The benchmark's plain TypeScript rival does the same work: the named packets that it claims to do, and random frames against WASM. */

import { describe, expect, it } from 'vitest';
import { PlainEngine } from '../../bench/plain/engine.ts';
import { INPUT_CUT } from '../../src/abi/layout.ts';
import { DROP_FLOOD, DROP_REWRITE_PEER, FORWARD } from '../../src/abi/verdict.ts';
import { validatePolicy, verdictOf } from '../../src/index.ts';
import { plan } from '../../src/policy/compile.ts';
import { type CreateEngine, runCase, wasmEngine } from '../rules/engine.ts';
import { policy } from '../rules/fabric.ts';
import { PLAIN_CASES } from '../rules/index.ts';
import { isNewVerdict, needsAllRules } from '../rules/plain.ts';

function policyOf(document: object, host: string) {
  const parsed = validatePolicy(document);
  return { parsed, own: parsed.hosts.find(({ name }) => name === host)! };
}

const plainEngine: CreateEngine = (document, host) => {
  const { parsed, own } = policyOf(document, host);
  const planned = plan(parsed, own);
  const engine = new PlainEngine(parsed, own, 0, 1);
  const bytes = new Uint8Array(engine.buffer);
  const numbers = new Map([...planned.ports.values()].map(({ endpoint, number }) => [endpoint.name, number]));
  const names = new Map([...planned.ports.values()].map(({ endpoint, number }) => [number, endpoint.name]));
  return Promise.resolve({
    run(port, frame, cut) {
      const address = 128;
      bytes.set(frame, address);
      engine.inputs.set([address, frame.length, (numbers.get(port) ?? 0) | ((cut ? INPUT_CUT : 0) << 16)]);
      expect(engine.process(0, 1)).toBe(1);
      const [out = 0, length = 0, word = 0] = engine.emit.outputs;
      const verdict = word >>> 16;
      if (verdict !== FORWARD) return { verdict, outputs: [] };
      const leaving = { port: names.get(word & 0xffff) ?? 'uplink', frame: bytes.slice(out, out + length) };
      return { verdict, outputs: [{ verdict, ...leaving }] };
    },
  });
};

describe('the plain engine', () => {
  for (const one of PLAIN_CASES) {
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
    const cases = PLAIN_CASES.filter((one) => one.provider === undefined && one.frame.length > 0);
    // Nothing is clamped: what is not in the named packets must not come in by chance.
    const document = policy({ clampMss: false });
    const hosts = await Promise.all(
      ['h1', 'h2'].map(async (host) => ({
        wasm: await wasmEngine('release')(document, host),
        plain: await plainEngine(document, host),
        cases: cases.filter((one) => one.host === host),
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
      if (needsAllRules(frame)) continue;
      const theirs = wasm.run(port, frame, false, count);
      if (isNewVerdict(theirs.verdict)) continue;
      const ours = plain.run(port, frame, false, count);
      // A router's report about a rewritten packet.
      if (ours.verdict === DROP_REWRITE_PEER && theirs.verdict === FORWARD) continue;
      // A group inside an envelope with outer extension headers.
      if (ours.verdict === DROP_FLOOD) continue;
      if (ours.verdict !== theirs.verdict) {
        expect.fail(
          `frame ${count} at ${port}: WASM says ${verdictOf(theirs.verdict).name}, TypeScript ${verdictOf(ours.verdict).name}: ${Buffer.from(frame).toString('hex')}`,
        );
      }
      if (theirs.verdict !== FORWARD) continue;
      forwarded++;
      const [wanted, got] = [theirs, ours].map(({ outputs }) =>
        outputs.map(
          (one) =>
            `${one.port} ${Buffer.from(withoutFlow(one.frame, one.port === 'uplink')).toString('hex')}`,
        ),
      );
      if (wanted!.join() !== got!.join()) {
        expect.fail(`frame ${count} at ${port}: WASM ${wanted!.join()}, TypeScript ${got!.join()}`);
      }
    }
    expect(forwarded).toBeGreaterThan(FRAMES / 10);
  });
});
