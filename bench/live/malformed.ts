/** A VM that sends malformed frames at full rate, and what that costs another one. */

import { setTimeout as sleep } from 'node:timers/promises';
import { VMS } from '../../test/live/fabric.ts';
import { RunningHost } from '../../test/live/topology.ts';
import { checkArrived, framesBetween } from './envelope.ts';
import type { Plan } from './options.ts';
import { OWN, type Sender, type Stage } from './stage.ts';
import { FROM, framesOf, malformed, whole } from './traffic.ts';

/** On the same host, of another customer. */
const OTHER = VMS.find(({ host, customer }) => host === FROM.host && customer !== FROM.customer)!;
const HOST = 'malformed';
/** Why malformed frames are dropped. */
const REASONS = ['DROP_INNER_TRUNCATED', 'DROP_INNER_MALFORMED'] as const;
export const FRAME_BYTES = 64;
/** Frames per second of the VM that keeps to the rules: less than half of what the dataplane can do with both. */
export const RATE = 100_000;
const BEGIN = 500;
/** Between two looks at what was counted. */
const SETTLE = 200;

export interface MalformedSample {
  readonly round: number;
  /** Of the good VM, thousands of frames per second. */
  readonly without: number;
  readonly with: number;
  /** Malformed frames that the dataplane took and dropped, thousands per second. */
  readonly dropped: number;
}

export async function measureMalformed(stage: Stage, { rounds, seconds }: Plan): Promise<MalformedSample[]> {
  stage.host(HOST, 2);
  const attach = [FROM, OTHER].flatMap(({ name }, index) => ['--attach', `${name}=t${index}`]);
  const place = { at: HOST, prefix: stage.cores.dataplane };
  const host = new RunningHost(stage, OWN.name, stage.policy, ['--io', 'packet', ...attach], place);
  await host.isRunning();
  const samples: MalformedSample[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await arriving(stage, seconds);
    const before = await host.report();
    const begun = performance.now();
    const bad = stage.send(HOST, malformed(OTHER), { vm: 1 });
    const disturbed = await arriving(stage, seconds);
    await bad.end();
    const milliseconds = performance.now() - begun;
    const dropped = await droppedSince(before, host);
    samples.push({ round, without, with: disturbed, dropped: dropped / milliseconds });
  }
  await host.stop();
  return samples;
}

/** Thousands of the good VM's frames per second that arrive. */
async function arriving(stage: Stage, seconds: number): Promise<number> {
  const traffic = whole(framesOf(FRAME_BYTES));
  const good = stage.send(HOST, traffic, { rate: RATE });
  await sleep(BEGIN);
  const rate = await measure(stage, good, seconds);
  checkArrived(await stage.sample(HOST, 32), traffic.frames, 'nvgre');
  await good.end();
  return rate;
}

async function measure(stage: Stage, good: Sender, seconds: number): Promise<number> {
  const look = () => ({ time: performance.now(), ...stage.arrived(HOST) });
  const before = look();
  await sleep(seconds * 1000);
  const after = look();
  good.sent();
  const count = framesBetween(before, after, FRAME_BYTES, 'nvgre');
  return count / (after.time - before.time);
}

type Report = Awaited<ReturnType<RunningHost['report']>>;

/** @throws Error where a frame of the bad VM became something else than a drop for one of the reasons. */
async function droppedSince(before: Report, host: RunningHost): Promise<number> {
  const port = ({ ports }: Report) => ports.find(({ endpoint }) => endpoint === OTHER.name)!.received;
  const drops = ({ drops: all }: Report) => REASONS.reduce((sum, reason) => sum + (all[reason] ?? 0), 0);
  let [came, dropped] = [0, 0];
  // Until everything that came has been processed.
  for (let tries = 0; tries < 20; tries++) {
    await sleep(SETTLE);
    const now = await host.report();
    [came, dropped] = [port(now) - port(before), drops(now) - drops(before)];
    if (came > 0 && came === dropped) return dropped;
  }
  throw new Error(`expected ${came} malformed frames as drops, got ${dropped}`);
}
