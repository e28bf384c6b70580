/**
 * Any bytes as a frame: a verdict for each, no trap, and not a byte written where it does not belong. The frames of the
 * named packets, changed at random, so that most of them get past the first checks. NETVIRT_FUZZ_SEED repeats a run.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/layout.ts';
import { type Instance, createInstance } from '../../src/engine/instance.ts';
import { Dataplane, VERDICTS, isDrop, parsePolicy } from '../../src/index.ts';
import { plan, writeRecords } from '../../src/policy/compile.ts';
import { policy } from '../rules/fabric.ts';
import { CASES } from '../rules/index.ts';

const SLOTS = 256;
const LARGE_SLOTS = 4;
const FRAMES_PER_BUILD = 1_000_000;
/** The longest envelope: bytes that may be written in front of a frame. */
const ENVELOPE = 62;
const CANARY = 0xc5;
const SEED = Number(process.env.NETVIRT_FUZZ_SEED ?? Date.now() % 0x7fff_ffff);

/** xorshift32: fast and repeatable. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Random = ReturnType<typeof generator>;

/** Where headers are: changes there get furthest. */
const HEADERS = 100;

function mutated(random: Random, frames: readonly Uint8Array[], original: Uint8Array): Uint8Array {
  const kind = random(16);
  if (kind === 0) return Uint8Array.from({ length: random(300) }, () => random(256));
  if (kind === 1) return original.slice(0, random(original.length + 1));
  const extra = kind === 2 ? random(80) : 0;
  const frame = new Uint8Array(original.length + extra).fill(random(256));
  frame.set(original);
  if (kind === 3) return frame;
  if (kind === 4) {
    const other = frames[random(frames.length)]!;
    const at = random(Math.min(frame.length, other.length));
    frame.set(other.subarray(at, frame.length), at);
  }
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(Math.min(frame.length, HEADERS));
    frame[at] = kind < 10 ? frame[at]! ^ (1 << random(8)) : random(256);
  }
  return frame;
}

async function harness(build: 'release' | 'threads', host: string, seed: number) {
  const parsed = parsePolicy(JSON.stringify(policy()));
  const planned = plan(
    parsed,
    parsed.hosts.find(({ name }) => name === host)!,
  );
  const capacity = { ...planned.capacity, slots: SLOTS, largeSlots: LARGE_SLOTS };
  const instance = await createInstance(build, capacity, new Uint8Array(16).fill(seed));
  const staging = new DataView(
    instance.memory.buffer,
    instance.staging,
    abi.STAGING_RECORDS * abi.RECORD_SIZE,
  );
  writeRecords(planned, staging, (count) => {
    expect(instance.install(count)).toBe(count);
  });
  const numbers = new Map(planned.ports.map(({ number, endpoint }) => [endpoint.name, number]));
  const own = CASES.filter((one) => one.host === host && one.frame.length > 0);
  const cases = own.map(({ frame, port }) => ({ frame, port: numbers.get(port) ?? 0 }));
  return {
    instance,
    cases,
    ports: planned.ports.length,
    bytes: Buffer.from(instance.memory.buffer),
    view: new DataView(instance.memory.buffer),
  };
}

type Harness = Awaited<ReturnType<typeof harness>>;

interface Pushed {
  readonly slot: number;
  readonly size: number;
  readonly length: number;
}

/** Fills the slots with canaries and frames, and the input ring with their descriptors. */
function fill({ instance, cases, ports, bytes, view }: Harness, random: Random): Pushed[] {
  bytes.fill(CANARY, instance.slots, instance.slots + SLOTS * abi.SLOT_SIZE);
  bytes.fill(CANARY, instance.largeSlots, instance.largeSlots + LARGE_SLOTS * abi.LARGE_SLOT_SIZE);
  const frames = cases.map(({ frame }) => frame);
  return Array.from({ length: SLOTS + LARGE_SLOTS }, (_, index) => {
    const one = cases[random(cases.length)]!;
    const isLarge = index >= SLOTS;
    const size = isLarge ? abi.LARGE_SLOT_SIZE : abi.SLOT_SIZE;
    const slot = isLarge ? instance.largeSlots + (index - SLOTS) * size : instance.slots + index * size;
    const length = place(
      bytes,
      slot,
      size,
      mutated(random, frames, one.frame),
      isLarge ? 3000 + random(60_000) : 0,
    );
    const at = instance.inputs + index * abi.INPUT_SIZE;
    view.setUint32(at + abi.INPUT_ADDRESS, slot + abi.SLOT_HEADROOM, true);
    view.setUint32(at + abi.INPUT_LENGTH, length, true);
    view.setUint16(
      at + abi.INPUT_PORT,
      random(8) === 0 ? random(random(8) === 0 ? 0x10000 : ports + 1) : one.port,
      true,
    );
    view.setUint16(at + abi.INPUT_FLAGS, random(500) === 0 ? random(4) : 0, true);
    return { slot, size, length };
  });
}

function place(bytes: Buffer, slot: number, size: number, frame: Uint8Array, length: number): number {
  const whole = Math.min(Math.max(frame.length, length), size - abi.SLOT_HEADROOM);
  bytes.fill(0x11, slot + abi.SLOT_HEADROOM, slot + abi.SLOT_HEADROOM + whole);
  bytes.set(frame.subarray(0, whole), slot + abi.SLOT_HEADROOM);
  return whole;
}

const CANARIES = Buffer.alloc(abi.LARGE_SLOT_SIZE, CANARY);

/** Whether anything was written outside the frame and the room for its envelope. */
function isSlotClean(bytes: Buffer, { slot, size, length }: Pushed): boolean {
  const before = abi.SLOT_HEADROOM - ENVELOPE;
  const end = abi.SLOT_HEADROOM + length;
  return (
    bytes.compare(CANARIES, 0, before, slot, slot + before) === 0 &&
    bytes.compare(CANARIES, 0, size - end, slot + end, slot + size) === 0
  );
}

/** Everything that a batch must not change: capacities, host, input ring, staging, tables. */
function untouchable(bytes: Buffer, { counters, inputs, outputs, staging, slots }: Instance): Buffer[] {
  return [bytes.subarray(0, counters), bytes.subarray(inputs, outputs), bytes.subarray(staging, slots)];
}

describe.each(['release', 'threads'] as const)('%s', (build) => {
  it(`${FRAMES_PER_BUILD} frames, seed ${SEED}`, async () => {
    const random = generator(SEED);
    const tested = await Promise.all(['h1', 'h2'].map((host) => harness(build, host, SEED & 0xff)));
    const verdicts = new Map<number, number>();
    let frames = 0;
    for (let round = 0; frames < FRAMES_PER_BUILD; round++) {
      const one = tested[round % tested.length]!;
      const { instance, bytes, view } = one;
      const pushed = fill(one, random);
      const before = untouchable(bytes, instance).map((region) => Buffer.from(region));
      const count = instance.process(0, pushed.length);
      expect(count).toBe(pushed.length);
      for (const [index, region] of untouchable(bytes, instance).entries()) {
        if (region.compare(before[index]!) !== 0)
          expect.fail(`round ${round}: something was written outside the slots`);
      }
      for (const [index, { slot, size, length }] of pushed.entries()) {
        if (!isSlotClean(bytes, { slot, size, length }))
          expect.fail(`round ${round}, frame ${index}: written outside the frame`);
        const at = instance.outputs + index * abi.OUTPUT_SIZE;
        const verdict = view.getUint16(at + abi.OUTPUT_VERDICT, true);
        const address = view.getUint32(at + abi.OUTPUT_ADDRESS, true);
        const end = address + view.getUint32(at + abi.OUTPUT_LENGTH, true);
        const isInside =
          address >= slot + abi.SLOT_HEADROOM - ENVELOPE && end <= slot + abi.SLOT_HEADROOM + length;
        if (!VERDICTS.has(verdict) || (!isDrop(verdict) && !isInside)) {
          expect.fail(
            `round ${round}, frame ${index}: verdict ${verdict}, frame ${address}…${end} in slot ${slot}`,
          );
        }
        if (view.getUint32(at + abi.OUTPUT_INPUT, true) !== index)
          expect.fail(`round ${round}: outputs out of order`);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
      frames += pushed.length;
    }
    expect([...verdicts.values()].reduce((sum, count) => sum + count)).toBe(frames);
    // A fuzzer that never gets past the first checks shows nothing.
    expect(verdicts.size, 'kinds of verdict').toBeGreaterThan(25);
    expect(verdicts.get(0)! / frames, 'share that was forwarded').toBeGreaterThan(0.1);
  });

  it('any bytes at any port, through the public API, counted to the last frame', async () => {
    const dataplane = await Dataplane.create({ policy: policy(), host: 'h2', build });
    let pushed = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(40)), { maxLength: 30 }),
        (frames) => {
          for (const [frame, port] of frames) expect(dataplane.batch.push(frame, port)).toBe(true);
          dataplane.process();
          pushed += frames.length;
          const outputs = [...dataplane.batch.outputs()].length;
          expect(outputs + [...dataplane.batch.drops()].length).toBe(frames.length);
        },
      ),
      { numRuns: 2000, seed: SEED },
    );
    const { forwarded, punted, replies, drops } = dataplane.counters();
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    expect(forwarded + punted + replies + dropped).toBe(pushed);
  });
});
