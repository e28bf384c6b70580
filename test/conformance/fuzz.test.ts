/**
 * Any bytes as a frame: a verdict for each, no trap, and not a byte written where it does not belong. The frames of the
 * named packets, changed at random, so that most of them get past the first checks. NETVIRT_FUZZ_SEED repeats a run.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/layout.ts';
import { Generations, roomFor } from '../../src/engine/generations.ts';
import { type Instance, createInstance } from '../../src/engine/instance.ts';
import { Dataplane, VERDICTS, isDrop, parsePolicy } from '../../src/index.ts';
import { policy } from '../rules/fabric.ts';
import { CASES, OFFLOAD_CASES } from '../rules/index.ts';

const SLOTS = 256;
const LARGE_SLOTS = 4;
const COPY_SLOTS = 512;
const FRAMES_PER_BUILD = 1_000_000;
/** The longest envelope: bytes that may be written in front of a frame. In front of that stands an offload header, if there are any. */
const ENVELOPE = 62;
const VNET = 10;
type Build = 'release' | 'threads' | 'live';
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

async function harness(build: Build, host: string, seed: number) {
  const parsed = parsePolicy(JSON.stringify(policy()));
  const own = parsed.hosts.find(({ name }) => name === host)!;
  const capacity = { slots: SLOTS, largeSlots: LARGE_SLOTS, copySlots: COPY_SLOTS };
  const instance = await createInstance(build, capacity, 1, build === 'release' ? 'never' : 'always');
  const generations = new Generations(instance, new Uint8Array(16).fill(seed));
  const generation = generations.build(parsed, own, roomFor(parsed, own, {}, 0));
  generations.publish(generation, undefined);
  const { ports, portOf } = generation.plan;
  const all = build === 'live' ? [...CASES, ...OFFLOAD_CASES, ...OFFLOAD_CASES] : CASES;
  const sent = all.filter((one) => one.host === host && one.frame.length > 0);
  const cases = sent.map(({ frame, port, vnet }) => ({ frame, port: portOf.get(port) ?? 0, vnet }));
  return {
    isLive: build === 'live',
    instance,
    generation: generation.address,
    cases,
    ports: ports.size,
    bytes: Buffer.from(instance.memory.buffer),
    view: new DataView(instance.memory.buffer),
  };
}

type Harness = Awaited<ReturnType<typeof harness>>;

interface Pushed {
  readonly slot: number;
  readonly size: number;
  readonly length: number;
  readonly isLive: boolean;
}

/** An offload header: a frame's own, changed a little or not, or any. */
function leftToDo(random: Random, own: Uint8Array | undefined, length: number): Uint8Array {
  const header = Uint8Array.from(own ?? { length: VNET }, (byte: number) => byte);
  if (own === undefined || random(8) === 0) {
    const start = random(8) === 0 ? random(0x10000) : random(length + 4);
    header.set([random(4), [0, 0, 1, 4, 5, 0x81, 3, random(256)][random(8)]!]);
    header.set([random(256), random(8), random(256), random(8) === 0 ? random(256) : random(6)], 2);
    header.set([start & 255, start >> 8, [6, 16, random(256)][random(3)]!, random(16) === 0 ? 1 : 0], 6);
  }
  if (random(4) === 0) header[random(VNET)]! ^= 1 << random(8);
  return header;
}

/** Fills the slots with canaries and frames, and the input ring with their descriptors. */
function fill(tested: Harness, random: Random): Pushed[] {
  const { instance, cases, ports, bytes, view, isLive } = tested;
  bytes.fill(CANARY, instance.slots, instance.slots + SLOTS * abi.SLOT_SIZE);
  bytes.fill(CANARY, instance.largeSlots, instance.largeSlots + LARGE_SLOTS * abi.LARGE_SLOT_SIZE);
  bytes.fill(CANARY, instance.copySlots, instance.copySlots + COPY_SLOTS * abi.SLOT_SIZE);
  const frames = cases.map(({ frame }) => frame);
  return Array.from({ length: SLOTS + LARGE_SLOTS }, (_, index) => {
    // Long ones need a large slot: others begin with them.
    const isLarge = index >= SLOTS;
    const one = cases[random(cases.length)]!;
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
    const flags = random(500) === 0 ? random(4) : 0;
    const vnet = isLive && random(4) !== 0 ? leftToDo(random, one.vnet, length) : undefined;
    if (vnet !== undefined) bytes.set(vnet, slot + abi.SLOT_HEADROOM - VNET);
    view.setUint16(at + abi.INPUT_FLAGS, flags | (vnet === undefined ? 0 : abi.INPUT_VNET), true);
    return { slot, size, length, isLive };
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
function isSlotClean(bytes: Buffer, { slot, size, length, isLive }: Pushed): boolean {
  const before = abi.SLOT_HEADROOM - ENVELOPE - (isLive ? VNET : 0);
  const end = abi.SLOT_HEADROOM + length;
  return (
    bytes.compare(CANARIES, 0, before, slot, slot + before) === 0 &&
    bytes.compare(CANARIES, 0, size - end, slot + end, slot + size) === 0
  );
}

/** The copy slots that no output uses are as they were, and of the others nothing but frame and headroom for envelopes. */
function areCopiesClean(
  bytes: Buffer,
  { copySlots, setOffloads }: Instance,
  outputs: readonly OutputFrame[],
): boolean {
  const used = new Map(outputs.map((one) => [Math.floor((one.start - copySlots) / abi.SLOT_SIZE), one]));
  for (let number = 0; number < COPY_SLOTS; number++) {
    const slot = copySlots + number * abi.SLOT_SIZE;
    const frame = used.get(number);
    // A slot may have been taken for pieces that were then dropped for a fault: that shows in no output.
    if (frame === undefined) continue;
    const before = abi.SLOT_HEADROOM - ENVELOPE - (setOffloads === undefined ? 0 : VNET);
    // A long segment has several slots, one behind the other.
    const end = slot + Math.ceil((frame.end - slot) / abi.SLOT_SIZE) * abi.SLOT_SIZE;
    const isClean =
      bytes.compare(CANARIES, 0, before, slot, slot + before) === 0 &&
      bytes.compare(CANARIES, 0, end - frame.end, frame.end, end) === 0;
    if (!isClean) return false;
  }
  return true;
}

/** Everything that a batch must not change: capacities, input ring, staging, the tables but for counters, limits and path MTUs. */
function untouchable(
  bytes: Buffer,
  { inputs, outputs, staging, generations }: Instance,
  tables: number,
): Buffer[] {
  return [
    bytes.subarray(0, abi.CAPACITIES + abi.CAPACITIES_SIZE),
    bytes.subarray(inputs, outputs),
    bytes.subarray(staging, staging + abi.STAGING_RECORDS * abi.RECORD_SIZE),
    bytes.subarray(generations, tables),
  ];
}

interface OutputFrame {
  readonly input: number;
  readonly verdict: number;
  readonly start: number;
  readonly end: number;
}

function readOutputs(view: DataView, { outputs }: Instance, count: number): OutputFrame[] {
  return Array.from({ length: count }, (_, index) => {
    const at = outputs + index * abi.OUTPUT_SIZE;
    const start = view.getUint32(at + abi.OUTPUT_ADDRESS, true);
    return {
      input: view.getUint32(at + abi.OUTPUT_INPUT, true),
      verdict: view.getUint16(at + abi.OUTPUT_VERDICT, true),
      start,
      end: start + view.getUint32(at + abi.OUTPUT_LENGTH, true),
    };
  });
}

/** What is wrong with the outputs of one input, undefined = nothing. */
function faultOf(
  own: readonly OutputFrame[],
  { slot, length }: Pushed,
  { copySlots }: Instance,
): string | undefined {
  if (own.length === 0) return 'no output';
  const copiesEnd = copySlots + COPY_SLOTS * abi.SLOT_SIZE;
  for (const { verdict, start, end } of own) {
    if (!VERDICTS.has(verdict)) return `verdict ${verdict}`;
    if (isDrop(verdict)) continue;
    const isInSlot = start >= slot + abi.SLOT_HEADROOM - ENVELOPE && end <= slot + abi.SLOT_HEADROOM + length;
    const isInCopy = start >= copySlots && end <= copiesEnd;
    if (!isInSlot && !isInCopy) return `frame ${start}…${end} in slot ${slot}`;
  }
  const fates = own.filter(({ verdict }) => isDrop(verdict)).length;
  return fates > 1 ? 'dropped twice' : undefined;
}

describe.each(['release', 'threads', 'live'] as const)('%s', (build) => {
  it(`${FRAMES_PER_BUILD} frames, seed ${SEED}`, async () => {
    const random = generator(SEED);
    const tested = await Promise.all(['h1', 'h2'].map((host) => harness(build, host, SEED & 0xff)));
    const verdicts = new Map<number, number>();
    let frames = 0;
    for (let round = 0; frames < FRAMES_PER_BUILD; round++) {
      const one = tested[round % tested.length]!;
      for (let port = 0; port <= one.ports; port++) one.instance.setOffloads?.(port, random(16));
      const { instance, generation, bytes, view } = one;
      const pushed = fill(one, random);
      const before = untouchable(bytes, instance, generation).map((region) => Buffer.from(region));
      const outputs = readOutputs(view, instance, instance.process(0, pushed.length, round * 50));
      for (const [index, region] of untouchable(bytes, instance, generation).entries()) {
        if (region.compare(before[index]!) !== 0)
          expect.fail(`round ${round}: something was written outside the slots`);
      }
      if (!areCopiesClean(bytes, instance, outputs)) expect.fail(`round ${round}: written outside a copy`);
      let next = 0;
      for (const [index, one] of pushed.entries()) {
        if (!isSlotClean(bytes, one))
          expect.fail(`round ${round}, frame ${index}: written outside the frame`);
        const first = next;
        while (outputs[next]?.input === index) next++;
        const own = outputs.slice(first, next);
        const fault = faultOf(own, one, instance);
        if (fault !== undefined) expect.fail(`round ${round}, frame ${index}: ${fault}`);
        for (const { verdict } of own) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
      expect(next, 'outputs in the order of the inputs').toBe(outputs.length);
      frames += pushed.length;
    }
    // A fuzzer that never gets past the first checks shows nothing.
    expect(verdicts.size, 'kinds of verdict').toBeGreaterThan(35);
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
          const inputs = [...dataplane.batch.outputs(), ...dataplane.batch.drops()].map(({ input }) => input);
          expect(new Set(inputs).size).toBe(frames.length);
        },
      ),
      { numRuns: 2000, seed: SEED },
    );
    const { forwarded, punted, replies, drops } = dataplane.counters();
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    expect(forwarded + punted + replies + dropped).toBe(pushed);
  });
});
