/** Frames followed from VM to VM over the real dataplanes, while the fabric changes. */

import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseIp, parsePolicy } from '../../src/index.ts';
import { LiveFabric, type ProbeOptions, probe } from '../../src/simulate/index.ts';

const policy = parsePolicy(readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8'));

describe('a live fabric', () => {
  let fabric: LiveFabric;
  beforeEach(async () => {
    fabric = await LiveFabric.create(policy);
  });
  const send = (from: string, to: string, options?: ProbeOptions) => {
    const sender = fabric.endpoint(from);
    const { frame } = probe(fabric.policy, sender, parseIp(to)!, 'icmp', options);
    return fabric.send(from, frame);
  };
  const way = (journey: ReturnType<typeof send>) =>
    journey.stops.map(({ place, name, deed }) => `${place} ${name} ${deed}`);

  it('follows an envelope over the router', () => {
    const journey = send('bakery-till', '10.0.0.12');
    expect(way(journey)).toEqual([
      'vm bakery-till sent',
      'host host1 encapsulated',
      'switch 192.168.1.0/24 switched',
      'router router routed',
      'host host2 decapsulated',
      'vm bakery-oven received',
    ]);
    expect(journey.outcome).toMatchObject({ isDelivered: true, name: 'FORWARD' });
    expect(journey.stops[5]!.frame).toEqual(journey.stops[0]!.frame);
    expect(fabric.learnt().addresses).toBe(1);
  });

  it('rewrites where both ends do', () => {
    expect(way(send('bakery-web', '10.0.0.22'))).toContain('host host1 rewritten');
    expect(way(send('bakery-web', '10.0.0.22'))).toContain('host host2 restored');
  });

  it('changes the mechanism', () => {
    fabric.setMethod('bakery-till', 'rewrite');
    expect(way(send('bakery-till', '10.0.0.12'))).toContain('host host1 encapsulated');
    fabric.setMethod('bakery-oven', 'rewrite');
    expect(way(send('bakery-till', '10.0.0.12'))).toContain('host host1 rewritten');
    fabric.setMethod('bakery-oven', 'nvgre');
    expect(way(send('bakery-till', '10.0.0.12'))).toContain('host host1 encapsulated');
  });

  it('moves a VM to another host', () => {
    fabric.apply([{ op: 'move-endpoint', name: 'bakery-oven', host: 'host1' }]);
    expect(way(send('bakery-till', '10.0.0.12'))).toEqual([
      'vm bakery-till sent',
      'host host1 handed over',
      'vm bakery-oven received',
    ]);
  });

  it('stops a VM that pretends to be another one', () => {
    const journey = send('bakery-till', '10.0.0.12', { as: fabric.endpoint('bakery-web') });
    expect(way(journey).at(-1)).toBe('host host1 dropped');
    expect(journey.outcome).toMatchObject({ isDelivered: false, name: 'DROP_SOURCE_MAC' });
  });

  it('gets nothing through to a host that is cut', () => {
    fabric.setCut('host2', true);
    expect(send('bakery-till', '10.0.0.12').outcome.name).toBe('HOST_CUT');
    fabric.setCut('host2', false);
    expect(send('bakery-till', '10.0.0.12').outcome.name).toBe('FORWARD');
  });

  it('returns the news of a packet that is too large to its sender', () => {
    const journey = send('bakery-till', '10.0.0.12', { payload: 'x'.repeat(1472) });
    expect(journey.outcome.name).toBe('DROP_OVER_MTU');
    expect(journey.receivers).toEqual(['bakery-till']);
  });
});
