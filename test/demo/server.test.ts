/** `netvirt demo`: files of the demo with their headers, and nothing else. */

import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveDemo } from '../../src/cli/demo.ts';

describe('the server of the demo', () => {
  let server: Server;
  let origin = '';
  beforeAll(async () => {
    server = await serveDemo(0);
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('isolates the page and forbids it everything from elsewhere', async () => {
    const response = await fetch(origin);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*|data:/);
  });

  it('sends WebAssembly as what it is, for good', async () => {
    const page = await (await fetch(origin)).text();
    const [script] = /assets\/index-[^"]+\.js/.exec(page)!;
    const response = await fetch(`${origin}/${script}`);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('immutable');
    const [wasm] = /netvirt-[\w-]+\.wasm/.exec(await findWasm(origin, page))!;
    const binary = await fetch(`${origin}/assets/${wasm}`);
    expect(binary.headers.get('content-type')).toBe('application/wasm');
    expect(new Uint8Array(await binary.arrayBuffer()).subarray(0, 4)).toEqual(Uint8Array.of(0, 97, 115, 109));
  });

  it.each([
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/assets/',
    '/nothing.js',
    '/%ff',
  ])('has no %s', async (path) => {
    const response = await fetch(`${origin}${path}`);
    expect(response.status).toBe(404);
    await response.text();
  });

  it('is only read from', async () => {
    const response = await fetch(origin, { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    expect(await (await fetch(origin, { method: 'HEAD' })).text()).toBe('');
  });
});

/** The text of the script that names the WebAssembly. */
async function findWasm(origin: string, page: string): Promise<string> {
  for (const [path] of page.matchAll(/assets\/[^"]+\.js/g)) {
    const text = await (await fetch(`${origin}/${path}`)).text();
    if (/netvirt-[\w-]+\.wasm/.test(text)) return text;
  }
  throw new Error('no script names a .wasm');
}
