/** The views, each with what makes it worth a picture. */

import type { Page } from 'playwright-core';

export const VIEWS = ['fabric'] as const;

export const PREPARATIONS: Readonly<Record<(typeof VIEWS)[number], (page: Page) => Promise<void>>> = {
  fabric: async (page) => {
    await page.locator('.stop', { hasText: 'encapsulated' }).click();
    await page.locator('.factor strong[data-vms]').waitFor();
  },
};
