/** The views, each with what makes it worth a picture. */

import type { Page } from 'playwright-core';

export const VIEWS = ['fabric', 'policy', 'capture', 'speed'] as const;

export const PREPARATIONS: Readonly<Record<(typeof VIEWS)[number], (page: Page) => Promise<void>>> = {
  fabric: async (page) => {
    await page.locator('.stop', { hasText: 'encapsulated' }).click();
    await page.locator('.factor strong[data-vms]').waitFor();
  },
  policy: async (page) => {
    const text = page.getByRole('textbox');
    await text.fill(
      (await text.inputValue()).replace('host: host2', 'host: hots2').replace('10.0.0.21', '10.9.0.21'),
    );
    await page.locator('.problems li').first().waitFor();
    await page.locator('.problems button').first().click();
  },
  capture: async (page) => {
    await page.getByRole('button', { name: 'Record an example' }).click();
    await page.locator('.packet', { hasText: 'NVGRE' }).nth(2).click();
    await page.locator('.hex').waitFor();
  },
  speed: async (page) => {
    await page.getByRole('button', { name: 'Measure', exact: true }).click();
    await page.getByText('Done.').waitFor({ timeout: 60_000 });
  },
};
