/** What all named packets make leave, as a capture that independent judges read. */

import { writeFileSync } from 'node:fs';
import { PcapWriter } from '../../src/index.ts';
import { outputsOf, wasmEngine } from '../rules/engine.ts';
import { type Case, CASES } from '../rules/index.ts';

/** Both directions of a case have one name here: a fault of the VM is one in both. */
export const titleOf = ({ rules, name }: Case): string =>
  `${rules.join(' ')}: ${name}`.replace(/, (leaving|arriving)$/, '');

/** A frame that leaves, of the case with this number. */
export interface Produced {
  readonly second: number;
  readonly frame: Uint8Array;
}

let all: Promise<readonly Produced[]> | undefined;

/** Everything that leaves in any case. */
export const produced = (): Promise<readonly Produced[]> => (all ??= produceAll());

async function produceAll(): Promise<Produced[]> {
  const create = wasmEngine('release');
  const frames: Produced[] = [];
  for (const [second, one] of CASES.entries()) {
    for (const { frame } of await outputsOf(create, one)) frames.push({ second, frame });
  }
  return frames;
}

/** The cases' numbers are the seconds of the records. */
export function writeCapture(path: string, frames: readonly Produced[]): void {
  const writer = new PcapWriter({ nanoseconds: true });
  writer.addInterface({});
  for (const { second, frame } of frames) {
    writer.write({ interfaceId: 0, seconds: second, nanoseconds: 0, data: frame });
  }
  writeFileSync(path, writer.take());
}

/** Frames of the cases whose title begins like this. */
export async function ofCases(beginning: string): Promise<Produced[]> {
  return (await produced()).filter(({ second }) => titleOf(CASES[second]!).startsWith(beginning));
}
