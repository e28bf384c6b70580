/**
 * V1: whatever the policy, whatever VMs and attackers on the wire send, no frame leaves at a port of another routing domain
 * than its own. Everything that customers have is the same for all of them, so only the domain can tell them apart.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Shape, fabricOf, shapes } from './fabrics.ts';
import { uplinkFrame } from './forged.ts';
import { vmFrame } from './frames.ts';
import { Mesh } from './mesh.ts';
import { Random, SEED } from './random.ts';

const CASES = 200_000;
const POLICIES_PER_ROUND = 10;
const FRAMES = 2400;
/** Frames that are on their way together. */
const WAVE = 50;

/** Sends one frame for every seed into a random port of a random host. */
async function play(shape: Shape, seeds: readonly number[]): Promise<Mesh> {
  const fabric = fabricOf(shape);
  const mesh = await Mesh.create(fabric);
  for (const [index, seed] of seeds.entries()) {
    const random = new Random(seed);
    if (random.oneIn(4)) {
      const host = random.pick(fabric.hosts);
      mesh.forge(host.name, uplinkFrame(random, fabric, host, mesh.heard));
    } else {
      const station = random.pick(fabric.stations);
      mesh.send(station.vm, vmFrame(random, fabric, station));
    }
    if (index % WAVE === WAVE - 1) mesh.run();
  }
  mesh.run();
  mesh.audit();
  return mesh;
}

it(`V1: nothing leaks between routing domains, ${CASES} frames, seed ${SEED}`, async () => {
  const total = { sent: 0, delivered: 0, forged: 0, forgedDelivered: 0 };
  const kinds = new Map<string, number>();
  const frames = fc.array(fc.nat(), { minLength: 1, maxLength: FRAMES, size: 'max' });
  for (let round = 0; total.sent + total.forged < CASES; round++) {
    const property = fc.asyncProperty(shapes, frames, async (shape, seeds) => {
      const mesh = await play(shape, seeds);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += mesh[key];
      for (const [kind, count] of mesh.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    });
    await fc.assert(property, { numRuns: POLICIES_PER_ROUND, seed: SEED + round });
  }
  expect(total.sent + total.forged).toBeGreaterThanOrEqual(CASES);
  // What never arrives shows nothing.
  expect(total.delivered / total.sent, 'share of the VMs’ frames that reach a VM').toBeGreaterThan(0.2);
  expect(total.forgedDelivered / total.forged, 'share of what was forged well enough').toBeGreaterThan(0.04);
  expect([...kinds.keys()].sort()).toEqual(['FORWARD', 'ICMP_ERROR', 'PUNT', 'REPLY']);
});
