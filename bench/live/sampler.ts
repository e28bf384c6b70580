/**
 * A process in the sink: shows frames that arrive. A line says the interface and how many; the answer is a line of JSON. Between the
 * lines no socket is open, which would cost whoever sends.
 */

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Interfaces } from '../../src/live/interfaces.ts';
import { loadSystem } from '../../src/live/system.ts';
import { Wire } from '../../test/live/wire.ts';

/** Milliseconds until the first frame. */
const PATIENCE = 5000;

const system = await loadSystem();

async function sample(name: string, count: number): Promise<string[]> {
  const interfaces = new Interfaces(system);
  const wire = new Wire(system, interfaces.require(name).index);
  const frames: Uint8Array[] = [];
  for (const begun = Date.now(); frames.length === 0 && Date.now() - begun < PATIENCE;) {
    await sleep(10);
    frames.push(...wire.receive(count));
  }
  wire.close();
  interfaces.close();
  return frames.map((frame) => Buffer.from(frame).toString('hex'));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ');
  console.log(JSON.stringify(await sample(name!, Number(count))));
}
