/** Changes by hand in the text of a policy: what runs is what is written, and all else stays as it was. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { writeEndpoint } from '../../demo/policy/written.ts';
import { type Policy, parsePolicy } from '../../src/index.ts';
import { LiveFabric } from '../../src/simulate/index.ts';

const EXAMPLE = readFileSync(new URL('../../demo/example.yaml', import.meta.url), 'utf8');

/** The same document in another notation. */
const NOTATIONS: readonly (readonly [name: string, text: string])[] = [
  ['blocks with comments', EXAMPLE],
  ['blocks throughout', stringify(parse(EXAMPLE), { collectionStyle: 'block' })],
  ['lines of Windows', EXAMPLE.replaceAll('\n', '\r\n')],
  ['flow', stringify(parse(EXAMPLE), { collectionStyle: 'flow' })],
  ['JSON', JSON.stringify(parse(EXAMPLE), null, 2)],
  ['JSON in one line', JSON.stringify(parse(EXAMPLE))],
];

type Step = readonly [name: string, change: (fabric: LiveFabric) => void];

const move = (name: string, host: string): Step => [
  name,
  (fabric) => {
    fabric.apply([{ op: 'move-endpoint', name, host }]);
  },
];
const setMethod = (name: string, method: 'nvgre' | 'rewrite'): Step => [
  name,
  (fabric) => {
    fabric.setMethod(name, method);
  },
];

/** @returns the texts after each of the steps. */
async function written(text: string, steps: readonly Step[]): Promise<{ texts: string[]; policy: Policy }> {
  const fabric = await LiveFabric.create(parsePolicy(text));
  const texts = [text];
  for (const [name, make] of steps) {
    make(fabric);
    texts.push(writeEndpoint(texts.at(-1)!, name, fabric.policy));
  }
  return { texts, policy: fabric.policy };
}

/** Lines of the second text that are not in the first, and the other way round. */
function difference(before: string, after: string): { added: string[]; removed: string[] } {
  const lines = (text: string) => text.split('\n');
  const missing = (from: string[], other: string[]) => from.filter((line) => !other.includes(line));
  return {
    added: missing(lines(after), lines(before)),
    removed: missing(lines(before), lines(after)),
  };
}

describe.each(NOTATIONS)('%s', (_, text) => {
  it('says what runs after every kind of change', async () => {
    const steps = [
      move('bakery-oven', 'host3'),
      setMethod('bakery-till', 'rewrite'),
      setMethod('bakery-sql', 'nvgre'),
      move('bakery-till', 'host2'),
      setMethod('bakery-till', 'nvgre'),
      setMethod('bakery-sql', 'rewrite'),
      move('museum-desk', 'host2'),
    ];
    const { texts, policy } = await written(text, steps);
    expect(parsePolicy(texts.at(-1)!)).toEqual(parsePolicy(stringify(documentOf(policy, parse(text)))));
  });
});

/** The document with every endpoint as it is in the policy. */
function documentOf(policy: Policy, document: unknown): unknown {
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  return JSON.parse(JSON.stringify(document), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('vsid' in value) || !('mac' in value)) return value;
    const { method: _m, providerAddresses: _p, ...rest } = value as Record<string, unknown>;
    const { host, method, addresses } = endpoints.find(({ name }) => name === rest.name)!;
    const dotted = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
    const groups = (address: bigint) =>
      Array.from({ length: 8 }, (_g, at) => ((address >> BigInt(112 - at * 16)) & 0xffffn).toString(16)).join(
        ':',
      );
    const providers = addresses.flatMap(({ provider }) =>
      provider === undefined
        ? []
        : [typeof provider.value === 'bigint' ? groups(provider.value) : dotted(provider.value)],
    );
    return {
      ...rest,
      host: policy.hosts[host]!.name,
      ...(method === 'rewrite' ? { method, providerAddresses: providers } : {}),
    };
  });
}

describe('a change by hand', () => {
  it('touches one line where a VM moves', async () => {
    const { texts } = await written(EXAMPLE, [move('bakery-store', 'host1')]);
    const lines = texts[1]!.split('\n');
    const changed = EXAMPLE.split('\n').flatMap((line, at) =>
      line === lines[at] ? [] : [[line, lines[at]]],
    );
    expect(changed).toEqual([['            host: host3', '            host: host1']]);
  });

  it('adds two lines behind the host, and takes them away again', async () => {
    const steps = [setMethod('bakery-till', 'rewrite'), setMethod('bakery-till', 'nvgre')];
    const { texts } = await written(EXAMPLE, steps);
    const { added, removed } = difference(EXAMPLE, texts[1]!);
    expect(removed).toEqual([]);
    expect(added).toEqual([
      expect.stringMatching(/^ {12}providerAddresses: \[192\.168\.1\.\d+, '2001:db8:1::[\da-f]+'\]$/),
    ]);
    expect(texts[1]).toContain('host: host1\n            method: rewrite\n            providerAddresses: [');
    expect(texts[2]).toBe(EXAMPLE);
  });

  it('keeps a comment beside what changes', async () => {
    const text = EXAMPLE.replace('host: host2\n', 'host: host2 # by the window\n');
    const { texts } = await written(text, [
      move('bakery-oven', 'host1'),
      setMethod('bakery-oven', 'rewrite'),
    ]);
    expect(texts[2]).toContain('host: host1 # by the window\n            method: rewrite\n');
  });

  it('goes through the library where a field cannot be cut out', async () => {
    const text = EXAMPLE.replace(
      '- name: bakery-sql\n            vsid: 5001\n',
      '- method: rewrite\n            name: bakery-sql\n            vsid: 5001\n',
    ).replace('host: host3\n            method: rewrite\n', 'host: host3\n');
    const { texts, policy } = await written(text, [setMethod('bakery-sql', 'nvgre')]);
    expect(parsePolicy(texts[1]!)).toEqual(parsePolicy(stringify(documentOf(policy, parse(text)))));
    expect(texts[1]).toContain('# In an NVGRE envelope (the default)');
  });

  it('keeps defaults that somebody wrote, with their comments', async () => {
    const text = EXAMPLE.replace(
      'host: host2\n',
      'host: host2\n            method: nvgre # not yet\n            useVmMac: false # of old\n' +
        '            providerAddresses: [] # none\n',
    );
    const { texts } = await written(text, [move('bakery-oven', 'host1')]);
    expect(difference(text, texts[1]!)).toEqual({ added: [], removed: [] });
    expect(texts[1]).toContain('host: host1\n            method: nvgre # not yet\n');
    // The library that writes it anew keeps them, too.
    const quoted = text.replace('host: host2\n            method', '"host": host2\n            method');
    const { texts: again } = await written(quoted, [move('bakery-oven', 'host1')]);
    expect(again[1]).toContain('providerAddresses: [] # none\n');
  });

  it('keeps a reference to another place, unless that is what changes', async () => {
    const text = EXAMPLE.replace('- name: host1\n', '- name: &first host1\n').replaceAll(
      ' host: host1\n',
      ' host: *first\n',
    );
    const count = text.split('*first').length - 1;
    const { texts } = await written(text, [
      setMethod('bakery-till', 'rewrite'),
      move('bakery-till', 'host2'),
    ]);
    expect(count).toBeGreaterThan(1);
    expect(texts.map((one) => one.split('*first').length - 1)).toEqual([count, count, count - 1]);
  });

  it('says so where others refer to what changes', async () => {
    const text = EXAMPLE.replace(' host: host1\n', ' host: &first host1\n').replaceAll(
      ' host: host1\n',
      ' host: *first\n',
    );
    expect(text).toContain('*first');
    await expect(written(text, [move('bakery-till', 'host2')])).rejects.toThrow(
      'the document cannot say what was changed of bakery-till',
    );
  });

  it('goes by the text of before for the other endpoints', async () => {
    const fabric = await LiveFabric.create(parsePolicy(EXAMPLE));
    for (const [, make] of [move('bakery-till', 'host2'), move('bakery-oven', 'host3')]) make(fabric);
    const first = writeEndpoint(EXAMPLE, 'bakery-till', fabric.policy);
    expect(parsePolicy(writeEndpoint(first, 'bakery-oven', fabric.policy))).toEqual(fabric.policy);
  });

  it('says so where the endpoint is not written out', async () => {
    const { policy } = await written(EXAMPLE, []);
    expect(() => writeEndpoint('customers: []', 'bakery-till', policy)).toThrow(
      'the document has no endpoint bakery-till of its own',
    );
    expect(() => writeEndpoint(EXAMPLE, 'bakery-mill', policy)).toThrow(
      'the policy has no endpoint bakery-mill',
    );
  });
});
