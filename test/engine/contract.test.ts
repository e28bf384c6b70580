/** The contract between WASM and host: what is imported, what is exported, that numbers and names agree. */

import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as layout from '../../src/abi/layout.ts';
import * as trace from '../../src/abi/trace.ts';
import * as verdicts from '../../src/abi/verdict.ts';
import * as vnet from '../../src/abi/vnet.ts';
import { VERDICTS, isDrop } from '../../src/index.ts';

const BUILDS = ['netvirt.wasm', 'netvirt.threads.wasm', 'netvirt.trace.wasm', 'netvirt.live.wasm'];

function moduleOf(file: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
}

describe('the modules', () => {
  it.each(BUILDS)('%s imports nothing but its memory', (file) => {
    const expected = /threads|live/.test(file) ? [{ module: 'env', name: 'memory', kind: 'memory' }] : [];
    expect(WebAssembly.Module.imports(moduleOf(file))).toMatchObject(expected);
    expect(WebAssembly.Module.imports(moduleOf(file))).toHaveLength(expected.length);
  });

  it('all builds export the same', () => {
    const [release, threads, traced, live] = BUILDS.map((file) =>
      WebAssembly.Module.exports(moduleOf(file))
        .map(({ name }) => name)
        .filter((name) => name !== 'memory')
        .sort(),
    );
    expect(threads).toEqual(release);
    expect(traced).toEqual(release);
    expect(live, 'and what only live I/O needs').toEqual(expect.arrayContaining(release!));
  });

  it('netvirt.wasm is smaller than 64 KB', () => {
    expect(statSync(new URL('../../build/netvirt.wasm', import.meta.url)).size).toBeLessThan(64_000);
  });
});

describe('src/abi', () => {
  it('holds nothing but integers', () => {
    for (const constants of [layout, trace, verdicts, vnet]) {
      for (const [name, value] of Object.entries(constants)) {
        expect(Number.isInteger(value), name).toBe(true);
      }
    }
  });

  it('verdicts have different numbers that fit into a block of counters', () => {
    const { FIRST_DROP, VERDICT_COUNT, ...numbers } = verdicts;
    const values = Object.values(numbers);
    expect(new Set(values).size).toBe(values.length);
    expect(Math.max(...values)).toBeLessThan(VERDICT_COUNT - 1);
    expect(layout.COUNTER_BYTES).toBe((VERDICT_COUNT - 1) * 8);
    expect(layout.COUNTER_BLOCK_SIZE).toBe(VERDICT_COUNT * 8);
    for (const [name, value] of Object.entries(numbers)) {
      expect(value >= FIRST_DROP, name).toBe(name.startsWith('DROP_'));
    }
  });

  it('every verdict has a name, a rule and a sentence', () => {
    const { FIRST_DROP, VERDICT_COUNT, SUPPRESSED_ERROR, LOST_COPY, HELD, ...numbers } = verdicts;
    const table = Object.fromEntries([...VERDICTS.values()].map(({ name, number }) => [name, number]));
    expect(table).toEqual(numbers);
    for (const { name, rule, sentence, number } of VERDICTS.values()) {
      expect(isDrop(number)).toBe(name.startsWith('DROP_'));
      expect(rule).toMatch(/^([NWVT]\d+|ECN)$/);
      expect(sentence.length).toBeGreaterThan(10);
    }
  });
});

describe('the package', () => {
  /** A module of `dist` and all that it imports, with the specifiers that lead out of `dist`. */
  function outside(file: string, seen = new Set<string>()): string[] {
    if (seen.has(file)) return [];
    seen.add(file);
    const code = readFileSync(new URL(`../../dist/${file}`, import.meta.url), 'utf8');
    const specifiers = [
      ...code.matchAll(/(?:^|[;\n}])\s*(?:import|export)\b[^'"();]*?["']([^"'\n]+)["']/g),
    ].map((match) => match[1]!);
    return specifiers.flatMap((specifier) =>
      specifier.startsWith('./') ? outside(specifier.slice(2), seen) : [specifier],
    );
  }

  it('needs nothing but itself: a browser can import it as it is', () => {
    expect(outside('index.js')).toEqual([]);
    expect(outside('worker.js')).toEqual([]);
    expect(outside('netvirt.js')).toContain('commander');
  });
});
