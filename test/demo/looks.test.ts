/** Every view at two widths and in both schemes: no serious finding of axe, nothing cut off at the side, a picture of each. */

import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Demo, NO_CHROMIUM, leave, picture, titled } from './browser.ts';
import { PREPARATIONS, VIEWS } from './views.ts';

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Findings that keep somebody out. */
async function seriousFindings(page: Page): Promise<string[]> {
  // As a script of the page it would be against its content security policy.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

describe.skipIf(NO_CHROMIUM !== undefined)(titled('every view'), () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await Demo.open();
  });
  afterAll(() => demo.close());

  describe.each(VIEWS)('%s', (view) => {
    it.each([
      [380, 'light'],
      [380, 'dark'],
      [1440, 'light'],
      [1440, 'dark'],
      [2560, 'light'],
    ] as const)('is fit to be used at %i pixels, %s', async (width, colorScheme) => {
      const visit = await demo.visit(`#${view}`, { viewport: { width, height: 900 }, colorScheme });
      const { page } = visit;
      await PREPARATIONS[view](page);
      await picture(page, `${view}-${width}-${colorScheme}`);
      expect(await seriousFindings(page)).toEqual([]);
      const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overhang).toBeLessThanOrEqual(0);
      await leave(visit);
    });
  });
});
