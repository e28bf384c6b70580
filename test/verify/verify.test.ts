/** The whole verification: a right fabric holds, and what is broken is found and shown. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verificationText } from '../../src/cli/verify.ts';
import { parsePolicy } from '../../src/index.ts';
import { type Verification, verify } from '../../src/verify/index.ts';
import { broken, fabric, meddling } from './fabrics.ts';

const checksOf = ({ checks }: Verification) =>
  Object.fromEntries(
    checks.map(({ name, scope, cases, of, failed }) => [name, { scope, cases, of, failed }]),
  );
const messages = ({ failures }: Verification, check: string) =>
  failures.filter((failure) => failure.check === check).map(({ message }) => message);

describe('a right fabric', () => {
  it('holds: records, every pair, every foreign address', async () => {
    const result = await verify(fabric());
    expect(result.failures).toEqual([]);
    expect(result.proven).toBe(true);
    const { traffic, routed, broadcast, foreign, isolation, reachability, identifiers } = checksOf(result);
    for (const check of [traffic, routed, broadcast, foreign]) {
      expect(check).toMatchObject({ scope: 'exhaustive', failed: 0 });
      expect(check!.cases).toBe(check!.of);
    }
    for (const check of [isolation, reachability, identifiers])
      expect(check).toMatchObject({ scope: 'proven', failed: 0 });
  });

  it('a part of its hosts, where dataplanes of all of them would be too many', async () => {
    const whole = await verify(fabric());
    expect(whole.trafficHosts).toBe(whole.hosts.length);
    expect(verificationText('f', whole)).not.toContain('packets were sent between');
    const result = await verify(fabric(), { records: 1 });
    expect(result.failures).toEqual([]);
    expect(result.trafficHosts).toBe(2);
    expect(verificationText('f', result)).toContain(
      `packets were sent between 2 of ${result.hosts.length} hosts`,
    );
    const [all, part] = [checksOf(whole), checksOf(result)];
    for (const check of ['traffic', 'broadcast', 'foreign']) {
      expect(part[check]).toMatchObject({ scope: 'sampled', of: all[check]!.of });
      expect(part[check]!.cases).toBeGreaterThan(0);
    }
    for (const check of ['isolation', 'reachability', 'identifiers']) expect(part[check]).toEqual(all[check]);
  });

  it('the example: 24 pairs in each routing domain, 192 packets towards the other', async () => {
    const text = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');
    const result = await verify(parsePolicy(text));
    expect(result.domains.map(({ name, pairs, kept }) => [name, pairs.subnet, kept])).toEqual([
      ['bakery/bakery-net', 24, 64],
      ['museum/museum-net', 24, 64],
    ]);
    // 2 domains × 2 families × 4 senders × (4 targets × 2 packets + those to provider addresses of the family).
    expect(checksOf(result)).toMatchObject({
      traffic: { cases: 48, scope: 'exhaustive' },
      routed: { scope: 'none' },
      broadcast: { cases: 8, scope: 'exhaustive' },
      foreign: { cases: 192, scope: 'exhaustive' },
    });
    expect(result.hosts[0]).toEqual({
      host: 'host1',
      domains: 2,
      ports: 4,
      subnets: 2,
      macs: 8,
      addresses: 16,
      rewrite: 8,
      gateways: 6,
      members: 6,
      routes: 0,
      nextHops: 6,
      peers: 2,
    });
  });

  it('a sample says that it is one; none is none', async () => {
    const sampled = checksOf(await verify(fabric(), { pairs: 50 }));
    expect(sampled.traffic).toMatchObject({ scope: 'sampled', failed: 0 });
    expect(sampled.traffic!.cases).toBeLessThanOrEqual(50);
    expect(sampled.foreign).toMatchObject({ scope: 'sampled', cases: 50, failed: 0 });
    const none = checksOf(await verify(fabric(), { pairs: 0 }));
    expect(none.traffic).toMatchObject({ scope: 'not run', cases: 0 });
    expect(none.isolation).toMatchObject({ scope: 'proven', failed: 0 });
  });

  it('broadcasts: a sample ends with its receivers, and nothing is flooded where nothing may be', async () => {
    const sampled = checksOf(await verify(fabric(), { pairs: 40 })).broadcast!;
    // 16 receivers in blue's first subnet, 5 in its second, none in the quiet one and the one with one VM, 4 in green's.
    expect(sampled).toEqual({ scope: 'sampled', cases: 6, of: 31, failed: 0 });
    const none = fabric();
    (none.provider as { floodLimit: number }).floodLimit = 0;
    const quiet = await verify(none);
    expect(quiet.failures).toEqual([]);
    expect(checksOf(quiet).broadcast).toMatchObject({ cases: 31, failed: 0 });
  });
});

describe('a broken policy', () => {
  it('a virtual subnet in two routing domains', async () => {
    const policy = fabric();
    (policy.customers[1]!.routingDomains[0]!.subnets[0] as { vsid: number }).vsid = 5001;
    for (const endpoint of policy.customers[1]!.routingDomains[0]!.endpoints) {
      (endpoint as { vsid: number }).vsid = 5001;
      for (const address of endpoint.addresses) (address as { vsid: number }).vsid = 5001;
    }
    const result = await verify(policy);
    expect(result.proven).toBe(false);
    expect(messages(result, 'identifiers')).toContain(
      'virtual subnet 5001 is in blue/blue-net and green/green-net',
    );
    expect(messages(result, 'isolation')).toContainEqual(
      expect.stringMatching(/^h1: .* is described twice$/),
    );
    // The packet that shows it: green's tables answer on the other host.
    expect(messages(result, 'traffic').join('\n')).toMatch(/^a \(10.0.0.11\) → b .* was delivered to gb of/m);
    const ends = result.failures
      .filter(({ check }) => check === 'traffic')
      .map(({ counterexample }) =>
        counterexample?.traces.map(({ host, steps }) => `${host} ${steps.at(-1)!.text}`),
      );
    expect(ends).toContainEqual([
      'h1 FORWARD: sent out of a port (uplink)',
      'h2 FORWARD: sent out of a port (gb)',
    ]);
    const text = verificationText('p', result);
    expect(text).toContain('p: NOT everything holds');
    expect(text).toMatch(/failed traffic: .* was delivered to gb of green\/green-net\n {2}on h1, from a:/);
    expect(text).toMatch(/on h2, from uplink:\n[^]*FORWARD: sent out of a port \(gb\)/);
  });

  it('an endpoint that was put into another customer’s virtual subnet: no tables, and why', async () => {
    const policy = broken((endpoint) => {
      endpoint('a2').vsid = 6001;
    });
    const result = await verify(policy, { pairs: 10 });
    expect(messages(result, 'identifiers')).toEqual([
      'endpoint a2 of blue/blue-net is in virtual subnet 6001, which is not of that routing domain',
    ]);
    expect(messages(result, 'reachability')).toContainEqual(
      expect.stringMatching(/^h1: its tables cannot be made: /),
    );
    expect(checksOf(result).traffic!.failed).toBe(checksOf(result).traffic!.cases);
  });

  it('an address that two virtual subnets of a routing domain have', async () => {
    const policy = broken((endpoint) => {
      const [, ...others] = endpoint('s').addresses;
      endpoint('s').addresses = [{ ...endpoint('a').addresses[0]!, vsid: 5002 }, ...others];
    });
    const result = await verify(policy, { pairs: 0 });
    expect(messages(result, 'isolation')).toContain('10.0.0.11 in blue/blue-net is a’s and s’s');
  });

  it('a provider address that two endpoints have', async () => {
    const policy = broken((endpoint) => {
      endpoint('gra').addresses = endpoint('ra').addresses;
    });
    const result = await verify(policy, { pairs: 0 });
    expect(messages(result, 'identifiers')).toContain('provider address 192.168.1.111 is ra’s and gra’s');
  });
});

describe('a broken engine', () => {
  it('that delivers to the wrong port', async () => {
    const createPlane = meddling((host, plane, visit) => (input, verdict, output) => {
      const portOf = (name: string) =>
        Array.from({ length: 20 }, (_, port) => port).find((port) => plane.endpointAt(port)?.name === name);
      const isMixedUp = host === 'h1' && output !== undefined && output.port === portOf('ga');
      visit(input, verdict, isMixedUp ? { ...output, port: portOf('a')! } : output);
    });
    const result = await verify(fabric(), { createPlane });
    expect(result.proven).toBe(false);
    expect(messages(result, 'traffic').join('\n')).toMatch(
      /→ ga \(.*\) was delivered to a of blue\/blue-net$/m,
    );
    expect(messages(result, 'broadcast').join('\n')).toMatch(
      /^gb .* → everybody in virtual subnet 6001 was delivered to a of blue\/blue-net$/m,
    );
    // What the gateway answers goes astray too.
    expect(messages(result, 'foreign').join('\n')).toContain('was answered by ICMP_ERROR to a');
  });

  it('that changes a byte', async () => {
    const createPlane = meddling((_host, _plane, visit) => (input, verdict, output) => {
      if (output !== undefined && output.port > 0) output.frame[output.frame.length - 1]! ^= 1;
      visit(input, verdict, output);
    });
    const result = await verify(fabric(), { createPlane });
    expect(messages(result, 'traffic')[0]).toMatch(/^a \(10\.0\.0\.11\) → .* arrived with other bytes/);
    expect(checksOf(result).traffic!.failed).toBe(checksOf(result).traffic!.cases);
  });

  it('that delivers twice', async () => {
    const createPlane = meddling((_host, _plane, visit) => (input, verdict, output) => {
      visit(input, verdict, output);
      if (output !== undefined && output.port > 0) visit(input, verdict, output);
    });
    const result = await verify(fabric(), { createPlane });
    expect(messages(result, 'traffic')[0]).toContain('arrived more than once');
    expect(messages(result, 'broadcast')[0]).toMatch(
      /^a \(10.0.0.11\) → everybody .* arrived more than once at /,
    );
  });

  it('that loses what comes from one host', async () => {
    const createPlane = meddling((host, _plane, visit) => (input, verdict, output) => {
      if (host === 'h6' && output?.port === 0) visit(input, 20, undefined);
      else visit(input, verdict, output);
    });
    const result = await verify(fabric(), { createPlane });
    expect(messages(result, 'traffic')[0]).toMatch(/^d \(.*\) → .* did not arrive: DROP_NO_RECORD on h6$/);
    expect(messages(result, 'broadcast')[0]).toMatch(
      /^s?d \(.*\) → everybody .* did not arrive at \w+ and \d+ more: DROP_NO_RECORD on h6$/,
    );
  });

  it('that takes what is for another host', async () => {
    const createPlane = meddling((host, plane, visit) => (input, verdict, output) => {
      // PUNT of what it is none of.
      const isMine = host !== 'h3' || verdict !== 1;
      expect(plane.endpointAt(1)).toBeDefined();
      visit(input, isMine ? verdict : 0, isMine ? output : { port: 1, frame: output!.frame });
    });
    const result = await verify(fabric(), { createPlane });
    expect(messages(result, 'traffic')[0]).toMatch(/was delivered to c$/);
  });

  it('that cannot be made', async () => {
    const result = await verify(fabric(), {
      createPlane: () => Promise.reject(new RangeError('capacity: a table is full')),
    });
    expect(messages(result, 'reachability')).toContain(
      'h1: no dataplane can be made: capacity: a table is full',
    );
    expect(messages(result, 'traffic')[0]).toContain('did not arrive: h1 has no dataplane');
  });
});
