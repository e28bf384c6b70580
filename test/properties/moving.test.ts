/** V9: VMs move while everybody sends. A frame arrives at the right VM or is lost to the move, and never goes to another. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dataplane } from '../../src/index.ts';
import { fabricOf, shapes } from './fabrics.ts';
import { Migration } from './migration.ts';
import { Random, SEED } from './random.ts';

const POLICIES = 60;
const STEPS = 400;

/** Whether `apply` does anything yet. */
async function canMove(): Promise<boolean> {
  const [shape] = fc.sample(shapes, { numRuns: 1, seed: 1 });
  const { document, vms, hosts } = fabricOf({ ...shape!, families: 'both', method: 'nvgre' });
  const { name, host } = vms[0]!;
  const dataplane = await Dataplane.create({ policy: document, host });
  try {
    dataplane.apply([{ op: 'move-endpoint', name, host: hosts.find((one) => one.name !== host)!.name }]);
  } catch {
    return false;
  }
  return dataplane.ports.every(({ endpoint }) => endpoint.name !== name);
}

describe.skipIf(!(await canMove()))('moving', () => {
  it(`V9: VMs that move while they send, seed ${SEED}`, async () => {
    const counts = { sent: 0, lost: 0, moves: 0 };
    const everywhere = shapes.map((shape) => ({ ...shape, families: 'both' as const }));
    const steps = fc.array(fc.nat(), { minLength: 1, maxLength: STEPS, size: 'max' });
    const property = fc.asyncProperty(everywhere, steps, async (shape, seeds) => {
      const migration = await Migration.create(fabricOf(shape));
      for (const seed of seeds) migration.step(new Random(seed));
      migration.settle(new Random(shape.seed));
      const during = migration.sent.length;
      migration.sendAll();
      migration.settle(new Random(shape.seed));
      expect(migration.fault()).toBeUndefined();
      expect(migration.sent.slice(during).every(({ isExcused }) => !isExcused)).toBe(true);
      counts.sent += migration.sent.length;
      counts.lost += migration.sent.filter(({ fate }) => fate !== 'FORWARD').length;
      counts.moves += migration.moves;
    });
    await fc.assert(property, { numRuns: POLICIES, seed: SEED });
    expect(counts.moves).toBeGreaterThan(POLICIES * 2);
    expect(counts.sent).toBeGreaterThan(POLICIES * 50);
    expect(counts.lost / counts.sent, 'share that moves cost').toBeLessThan(0.25);
  });
});
