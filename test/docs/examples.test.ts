/** What README and docs show is run as it stands there. */

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = (name: string) => readFileSync(join(ROOT, name), 'utf8');

/** The blocks of a language, in their order. */
function blocksOf(name: string, language: string): string[] {
  return [...page(name).matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code!,
  );
}

let folder = '';
beforeAll(() => {
  // As somebody who has installed the package.
  folder = mkdtempSync(join(tmpdir(), 'netvirt-docs-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/netvirt'));
  copyFileSync(join(ROOT, 'docs/example.yaml'), join(folder, 'example.yaml'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(name: string, program: string): string {
  writeFileSync(join(folder, name), program);
  const { status, stdout, stderr } = spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** What the README leaves to its reader. */
const AROUND = `
import { readFileSync } from 'node:fs';
const yamlText = readFileSync('example.yaml', 'utf8');
const otherPolicyText = yamlText.replace('mtu: 1500', 'mtu: 9000');
const udp = '02155d50011202155d50011108004500001e00004000401126b80a00000b0a00000c04d20007000a00006869';
const frames = Array.from({ length: 1000 }, () => Buffer.from(udp, 'hex'));
const sent = [];
const send = (port, frame) => sent.push([port, frame.length]);
process.on('exit', () => console.log(sent.length, sent.at(-1)));
`;

describe('the examples run:', () => {
  it('README.md, as a library', () => {
    const output = run('readme.mjs', AROUND + blocksOf('README.md', 'ts').slice(0, 2).join('\n'));
    expect(output).toBe('{}\n1000 [ 0, 86 ]\n');
  });

  it('README.md, on several cores', () => {
    const [, , pool] = blocksOf('README.md', 'ts');
    expect(run('pool.mjs', AROUND + pool!)).toMatch(/\n1000 \[ 0, 86 \]\n$/);
  });

  it('docs/api.md', () => {
    const output = run('api.mjs', blocksOf('docs/api.md', 'js').join('\n'));
    for (const line of [
      'push 0: FORWARD to port 0, 86 bytes',
      'push 1: FORWARD to port 0, 86 bytes',
      '2 88 0 0 0',
      'bakery bakery-net 5001 2',
      'FORWARD uplink',
      '44 [ 86 ]',
      'endpoint-changed 1 host2',
      '2 8 hosts expected a list of at least one host, got an empty list',
      'bakery-till 1800000000 44',
    ])
      expect(output.split('\n')).toContain(line);
  });

  it('docs/example.mjs', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'docs/example.mjs')], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^on the wire: [0-9a-f]{172}\ndelivered: {3}[0-9a-f]{88}\n$/);
  });

  it('docs/policy.md: whole policies are valid', () => {
    const policies = blocksOf('docs/policy.md', 'yaml').filter((text) => text.startsWith('version:'));
    expect(policies.length).toBeGreaterThan(1);
    for (const text of policies) expect(() => parsePolicy(text)).not.toThrow();
  });
});

describe('the package', () => {
  it('has every file that its pages link to', () => {
    const { files } = JSON.parse(page('package.json')) as { files: string[] };
    const isPacked = (path: string) => files.some((one) => path === one || path.startsWith(`${one}/`));
    for (const name of ['README.md', 'docs/api.md', 'docs/policy.md', 'docs/verify.md', 'ARCHITECTURE.md']) {
      const links = [...page(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path]) => path!);
      for (const link of links) {
        const path = new URL(link, `file:///${name}`).pathname.slice(1);
        expect([link, isPacked(path)]).toEqual([link, true]);
        expect(() => page(path)).not.toThrow();
      }
    }
  });
});
