/** Frames per second that each system forwards, and what a frame costs it: round by round in turn. */

import { setTimeout as sleep } from 'node:timers/promises';
import { machineSeconds, processSeconds } from './counters.ts';
import { checkArrived, framesBetween } from './envelope.ts';
import type { Plan } from './options.ts';
import type { Stage } from './stage.ts';
import { type System, type SystemName, pause, resume } from './systems.ts';
import { type Traffic, datagrams } from './traffic.ts';

/** Until buffers are full. */
const BEGIN = 300;
const SAMPLE = 32;

export interface Sample {
  readonly name: SystemName;
  readonly frameBytes: number;
  readonly round: number;
  /** Thousands per second. */
  readonly kpps: number;
  /** What the sender offered. */
  readonly offered: number;
  /** Nanoseconds per frame of the system's process; undefined: it has none. */
  readonly cpu: number | undefined;
  /** Of all cores, the sender included. */
  readonly machine: number;
}

export async function measureForwarding(
  stage: Stage,
  systems: readonly System[],
  { rounds, lengths, seconds, warmUp }: Plan,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const frameBytes of lengths) {
    const traffic = datagrams(frameBytes);
    for (const system of systems) await tryOut(stage, system, traffic, warmUp);
    for (let round = 0; round < rounds; round++) {
      // Nobody is always behind the same one.
      const inTurn = round % 2 === 0 ? systems : systems.toReversed();
      for (const system of inTurn)
        samples.push({ ...(await measure(stage, system, traffic, seconds)), frameBytes, round });
    }
  }
  return samples;
}

/** Looks whether the system does what it should, when its code is compiled. */
async function tryOut(stage: Stage, system: System, traffic: Traffic, seconds: number): Promise<void> {
  resume(system);
  const sender = stage.send(system.name, traffic);
  await sleep(seconds * 1000);
  const arrived = await stage.sample(system.name, SAMPLE);
  await sender.end();
  pause(system);
  try {
    checkArrived(arrived, traffic.frames, system.envelope);
  } catch (error) {
    throw new Error(`${system.name}: ${(error as Error).message}`, { cause: error });
  }
}

async function measure(
  stage: Stage,
  system: System,
  traffic: Traffic,
  seconds: number,
): Promise<Omit<Sample, 'frameBytes' | 'round'>> {
  const { name, child, envelope } = system;
  resume(system);
  const sender = stage.send(name, traffic);
  await sleep(BEGIN);
  const look = () => ({
    time: performance.now(),
    sent: sender.sent(),
    arrived: stage.arrived(name),
    cpu: child === undefined ? undefined : processSeconds(child.pid!),
    machine: machineSeconds(),
  });
  const before = look();
  await sleep(seconds * 1000);
  const after = look();
  await sender.end();
  pause(system);
  const milliseconds = after.time - before.time;
  const count = framesBetween(before.arrived, after.arrived, traffic.frames[0]!.length, envelope);
  return {
    name,
    kpps: count / milliseconds,
    offered: (after.sent - before.sent) / milliseconds,
    cpu: after.cpu === undefined ? undefined : ((after.cpu - before.cpu!) * 1e9) / count,
    machine: ((after.machine - before.machine) * 1e9) / count,
  };
}
