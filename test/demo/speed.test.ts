/** The speed view: measurements that are possible, with threads and without. */

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { NO_CHROMIUM, titled, visitEach } from './browser.ts';

describe.skipIf(NO_CHROMIUM !== undefined)(titled('the speed view'), () => {
  let page: Page;
  visitEach(
    '#speed',
    async (fresh) => {
      ({ page } = fresh);
      await measureButton().waitFor();
    },
    { permissions: ['clipboard-read', 'clipboard-write'] },
  );

  const measureButton = () => page.getByRole('button', { name: 'Measure', exact: true });
  const measure = async () => {
    await measureButton().click();
    await page.getByText('Done.').waitFor({ timeout: 90_000 });
    return (await page.locator('.data tbody tr').last().locator('th, td').allTextContents()).map((text) =>
      Number.isNaN(Number(text)) ? text : Number(text),
    );
  };

  it.each([['Encapsulate'], ['Decapsulate'], ['Rewrite']])(
    'measures WASM against TypeScript: %s',
    async (name) => {
      await page.getByText(name, { exact: true }).click();
      await page.getByRole('combobox', { name: 'Endpoints in the tables' }).selectOption('128');
      const [, endpoints, batch, workers, wasm, plain] = await measure();
      expect([endpoints, batch, workers]).toEqual([128, 256, 1]);
      expect(wasm).toBeGreaterThan(0.1);
      expect(plain).toBeGreaterThan(0.05);
    },
  );

  it('says that one worker is all there is without isolation', async () => {
    await page.context().route('**/*', async (route) => {
      const response = await route.fetch();
      const kept = Object.entries(response.headers()).filter(([name]) => !name.startsWith('cross-origin-'));
      await route.fulfill({ response, headers: Object.fromEntries(kept) });
    });
    await page.reload();
    await page.getByText('This page is not cross-origin isolated').waitFor();
    expect(await page.getByRole('combobox', { name: 'Workers' }).locator('option').count()).toBe(1);
    const [, , , workers, wasm] = await measure();
    expect(workers).toBe(1);
    expect(wasm).toBeGreaterThan(0.1);
  });

  it('runs several workers on one memory, and copies the result', async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByRole('combobox', { name: 'Workers' }).selectOption('2');
    const [, , , workers, wasm, plain] = await measure();
    expect([workers, plain]).toEqual([2, '–']);
    expect(wasm).toBeGreaterThan(0.1);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied.').waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toContain('| Operation | Endpoints | Batch | Workers |');
    expect(text).toContain('| egress | 1,024 | 256 | 2 |');
  });
});
