/** Which pairs there are, which of them a sample takes, and what is sent across routing domains. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../../src/index.ts';
import { Fabric } from '../../src/verify/fabric.ts';
import { Foreign } from '../../src/verify/foreign.ts';
import { type Group, budgets, groupsOf, pairsOf, strides } from '../../src/verify/pairs.ts';
import { fabric } from './fabrics.ts';

const groups = new Fabric(fabric()).domains.flatMap(groupsOf);
const key = ([from, to]: readonly [
  { endpoint: { name: string }; address: Parameters<typeof formatIp>[0] },
  { endpoint: { name: string }; address: Parameters<typeof formatIp>[0] },
]) => `${from.endpoint.name} ${formatIp(from.address)} ${to.endpoint.name} ${formatIp(to.address)}`;

describe('strides', () => {
  it('are each distance once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), (length) => {
        const all = [...strides(length)].sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: Math.max(length - 1, 0) }, (_, index) => index + 1));
      }),
    );
  });
});

describe('pairs', () => {
  it.each(groups.map((group, index): [number, Group] => [index, group]))(
    'group %i: all pairs, each once, as many as were counted',
    (_index, group) => {
      const all = [...pairsOf(group, group.size)].map(key);
      const expected = group.places.flatMap((from) =>
        group.places
          .filter((to) => from.endpoint !== to.endpoint && (group.kind === 'subnet' || from.vsid !== to.vsid))
          .map((to) => key([from, to])),
      );
      expect(all.sort()).toEqual(expected.sort());
      expect(all).toHaveLength(group.size);
    },
  );

  it('are between addresses of one family and scope', () => {
    for (const group of groups) {
      const kinds = group.places.map(
        ({ address }) => `${address.family} ${formatIp(address).startsWith('fe80')}`,
      );
      expect(new Set(kinds).size).toBe(1);
    }
  });

  it('a sample as large as the addresses are many: everybody sends and receives', () => {
    const group = groups.find(({ kind, places }) => kind === 'subnet' && places.length > 10)!;
    const sample = [...pairsOf(group, group.places.length * 2)];
    expect(new Set(sample.map(key)).size).toBe(group.places.length * 2);
    expect(new Set(sample.map(([from]) => from.endpoint)).size).toBe(
      new Set(group.places.map(({ endpoint }) => endpoint)).size,
    );
  });

  it('budgets: all where they fit, else never more than the limit', () => {
    const total = groups.reduce((all, { size }) => all + size, 0);
    expect(budgets(groups, total)).toEqual(groups.map(({ size }) => size));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: total }), (limit) => {
        const shares = budgets(groups, limit);
        expect(shares.reduce((all, share) => all + share, 0)).toBeLessThanOrEqual(limit);
        for (const [index, share] of shares.entries()) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(groups[index]!.size);
        }
      }),
    );
  });
});

describe('foreign packets', () => {
  const policy = fabric();
  const foreign = new Foreign(new Fabric(policy));
  const [blue, green] = policy.customers.map(({ routingDomains }) => new Set(routingDomains[0]!.endpoints));

  it('are as many as were counted, from each domain to the other', () => {
    const all = [...foreign.trips(Infinity)];
    expect(all).toHaveLength(foreign.size);
    for (const { from, to } of all) expect(blue!.has(from.endpoint)).not.toBe(blue!.has(to.endpoint));
    expect(new Set(all.map(({ from }) => from.endpoint)).size).toBe(blue!.size + green!.size);
  });

  it('a sample aims at addresses that the sender’s domain does not have', () => {
    const sample = [...foreign.trips(6)];
    expect(sample).toHaveLength(6);
    const toBlue = sample.filter(({ to }) => blue!.has(to.endpoint));
    const own = [...green!].flatMap(({ addresses }) => addresses.map(({ customer }) => formatIp(customer)));
    expect(toBlue.length).toBeGreaterThan(0);
    for (const { to } of toBlue) expect(own).not.toContain(formatIp(to.address));
  });
});
