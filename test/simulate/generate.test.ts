import { describe, expect, it } from 'vitest';
import { Dataplane, validatePolicy } from '../../src/index.ts';
import { membersOf } from '../../src/simulate/members.ts';
import { type FabricSize, generateFabric } from '../../src/simulate/generate.ts';
import { DataplanePool } from '../../src/simulate/pool.ts';
import { simulate } from '../../src/simulate/simulation.ts';
import { everybodyTalks } from '../../src/simulate/traffic.ts';

const SMALL: FabricSize = { hosts: 6, vms: 5, customers: 3, seed: 1 };

function run(size: FabricSize) {
  const document = generateFabric(size);
  const policy = validatePolicy(document);
  const frames = [...everybodyTalks(policy, size.seed)];
  return simulate({ document, policy, traffic: () => [{ now: 0, frames, strangers: 0 }], paths: 8 });
}

describe('a generated fabric', () => {
  it('has as many hosts, VMs and customers as asked for, the same each time', () => {
    const policy = validatePolicy(generateFabric(SMALL));
    expect(policy.hosts).toHaveLength(6);
    expect(policy.customers).toHaveLength(3);
    const perHost = policy.hosts.map(
      ({ index }) => membersOf(policy).filter(({ endpoint }) => endpoint.host === index).length,
    );
    expect(perHost).toEqual([5, 5, 5, 5, 5, 5]);
    expect(generateFabric(SMALL)).toEqual(generateFabric(SMALL));
    expect(generateFabric({ ...SMALL, seed: 2 })).not.toEqual(generateFabric(SMALL));
  });

  it('customers use the same addresses', () => {
    const [first, second] = validatePolicy(generateFabric(SMALL)).customers;
    const addresses = (customer: typeof first) =>
      customer!.routingDomains[0]!.endpoints.map(({ addresses: [address] }) => address!.customer.value);
    expect(addresses(first)).toEqual(addresses(second));
  });

  it.each([
    [SMALL],
    [{ hosts: 2, vms: 1, customers: 1, seed: 3 }],
    [{ hosts: 2, vms: 7, customers: 3, seed: 5 }],
    [{ hosts: 3, vms: 4, customers: 6, seed: 0 }],
    [{ hosts: 45, vms: 3, customers: 9, seed: 4294967295 }],
  ])('%j: every VM sends and is reached, and the factor is VMs per host', async (size) => {
    const report = await run(size);
    expect(report).toMatchObject({ drops: {}, losses: {}, strays: 0, punts: 0 });
    expect(report.received).toBe(report.inputs);
    expect(report.endpoints.filter(({ sent, received }) => sent === 0 || received === 0)).toEqual([]);
    expect(report.learned).toMatchObject({
      perVm: size.hosts * size.vms,
      perHost: size.hosts,
      factor: size.vms,
    });
  });

  it('racks of forty hosts', async () => {
    const { switches } = await run({ hosts: 45, vms: 2, customers: 5, seed: 1 });
    expect(switches.map(({ hosts }) => hosts)).toEqual([40, 5, 0]);
  });
});

describe('the pool of dataplanes', () => {
  it('beyond its budget makes them anew, and no count is lost', async () => {
    const policy = validatePolicy(generateFabric(SMALL));
    let created = 0;
    const drops: number[] = [];
    const sites = policy.hosts.map(({ name }) => ({
      policy,
      host: name,
      flooded: () => 0,
      slots: 4,
      retire: (counters: ReturnType<Dataplane['counters']>) => {
        drops.push(counters.drops.DROP_FRAME_TRUNCATED ?? 0);
      },
    }));
    const count = () => {
      created++;
    };
    const one = await new DataplanePool(count).get(sites[0]!);
    const pool = new DataplanePool(count, one.memorySize * 2);
    for (const site of [...sites, ...sites.toReversed()]) {
      const dataplane = await pool.get(site);
      dataplane.batch.push(new Uint8Array(3), 1);
      dataplane.process();
    }
    for (const site of sites) pool.retire(site);
    // Twelve uses; two of them met a dataplane that was still there.
    expect(created - 1).toBe(10);
    expect(drops.reduce((all, one) => all + one, 0)).toBe(12);
  });
});
