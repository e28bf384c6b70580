/** What the first view costs, and that it says so where a browser cannot run it. */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Demo, NO_CHROMIUM, leave, titled } from './browser.ts';

/** Bytes of script and WebAssembly, compressed. */
const BUDGET = 120_000;

describe.skipIf(NO_CHROMIUM !== undefined)(titled('the first view'), () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await Demo.open();
  });
  afterAll(() => demo.close());

  it('is small, and its packet is there soon', async () => {
    const visit = await demo.visit();
    const { page } = visit;
    await page.locator('.stops button').first().waitFor();
    const loaded = [...new Set(visit.requests)].filter((path) => /\.(js|wasm)$/.test(path));
    const sizes = await Promise.all(
      loaded.map(async (path) => {
        const response = await fetch(demo.origin + path);
        return gzipSync(new Uint8Array(await response.arrayBuffer()), { level: 9 }).length;
      }),
    );
    const total = sizes.reduce((all, size) => all + size, 0);
    expect(total).toBeLessThanOrEqual(BUDGET);
    const first = await page.evaluate(() => {
      const [mark] = performance.getEntriesByName('first-packet');
      const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
      return { mark: mark!.startTime, load: page!.loadEventEnd };
    });
    console.log(
      `first view: ${total} bytes compressed, first packet ${Math.round(first.mark)} ms, load ${Math.round(first.load)} ms after it began`,
    );
    // Half a second on a quiet machine; tests run on busy ones.
    expect(first.mark - first.load).toBeLessThan(5000);
    await leave(visit);
  });

  it('says what a browser without SIMD lacks', async () => {
    const visit = await demo.visit('#nothing');
    const { page } = visit;
    await page.addInitScript(() => {
      WebAssembly.validate = () => false;
    });
    await page.reload();
    await page.getByText('This browser’s WebAssembly has no SIMD instructions').waitFor();
    await page.getByRole('link', { name: 'Policy' }).click();
    await page.getByRole('textbox').waitFor();
    await leave(visit);
  });
});
