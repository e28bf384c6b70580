/** The policy view: judged while it is written, in force when it is applied, shared by address and file. */

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type Demo, NO_CHROMIUM, leave, titled, visitEach } from './browser.ts';

describe.skipIf(NO_CHROMIUM !== undefined)(titled('the policy view'), () => {
  let demo: Demo;
  let requests: string[];
  let page: Page;
  visitEach('#policy', async (fresh) => {
    ({ demo, requests, page } = fresh);
    await text().waitFor();
  });

  const text = () => page.getByRole('textbox', { name: 'Policy, YAML or JSON' });
  const edit = async (from: string, to: string) => text().fill((await text().inputValue()).replace(from, to));
  const verdict = () => page.locator('#verdict-on-policy');
  const apply = () => page.getByRole('button', { name: 'Apply' });
  const state = async (expected: string) => verdict().filter({ hasText: expected }).waitFor();

  it('says what the policy amounts to', async () => {
    await state('Valid');
    expect(await page.locator('.figures').innerText()).toMatch(/hosts\s+3\s+customers\s+2\s+VMs\s+8/);
    expect(await page.locator('.data tbody').innerText()).toMatch(/bakery\s+2\s+3\s+2\s+9/);
    expect(await apply().isDisabled()).toBe(true);
  });

  it('shows every problem at its line and column, and goes there', async () => {
    await edit('host: host2', 'host: hots2');
    await state('1 problem');
    const lines = (await text().inputValue()).split('\n');
    const line = lines.findIndex((one) => one.includes('hots2')) + 1;
    const problem = page.locator('.problems button');
    expect(await problem.innerText()).toContain(`${line}:19`);
    expect(await problem.innerText()).toContain('did you mean "host2"?');
    expect(await page.locator('.gutter .faulty').innerText()).toBe(String(line));
    expect(await apply().isDisabled()).toBe(true);
    await problem.click();
    const selected = await text().evaluate((area: HTMLTextAreaElement) =>
      area.value.slice(area.selectionStart, area.selectionEnd),
    );
    expect(selected).toBe('hots2');
    await page.keyboard.type('host3');
    await state('Valid');
  });

  it('reads what is no YAML as such', async () => {
    await text().fill('hosts: [');
    await state('problem');
    expect(await page.locator('.problems').innerText()).toContain('expected YAML');
  });

  it('puts it in force by keyboard, without a reload', async () => {
    await edit('10.0.0.12, ', '10.0.0.99, ');
    await state('Valid');
    await text().focus();
    await page.keyboard.press('Control+Enter');
    await page.getByText('In force').waitFor();
    const before = requests.length;
    await page.getByRole('link', { name: 'Fabric' }).click();
    await page.locator('.vm', { hasText: 'bakery-oven' }).getByText('10.0.0.99').waitFor();
    await page.locator('.stop', { hasText: 'sent' }).click();
    expect((await page.locator('.hex .byte').allTextContents()).join('')).toContain('0a00000b' + '0a000063');
    expect(requests.slice(before).filter((path) => path.endsWith('.html') || path === '/')).toEqual([]);
  });

  it('travels in the address of the page', async () => {
    await edit('name: bakery-oven', 'name: bakery-mill');
    await state('Valid');
    await page.getByRole('button', { name: 'Copy a link' }).click();
    await page.waitForURL(/text=/);
    const address = page.url();
    const other = await demo.visit(address.slice(address.indexOf('#')));
    await other.page.getByRole('textbox').waitFor();
    await other.page.waitForFunction(() => document.querySelector('textarea')?.value.includes('bakery-mill'));
    await other.page.getByRole('link', { name: 'Fabric' }).click();
    await other.page.locator('.vm', { hasText: 'bakery-mill' }).waitFor();
    await leave(other);
  });

  it('has what was changed by hand in the fabric, and shares it', async () => {
    await page.getByRole('link', { name: 'Fabric' }).click();
    await page.getByLabel('Host of bakery-oven').selectOption('host3');
    await page.getByLabel('Mechanism of bakery-till').selectOption('rewrite');
    await page.locator('[data-host="host3"] .vm', { hasText: 'bakery-oven' }).waitFor();
    await page.getByRole('link', { name: 'Policy' }).click();
    await page.waitForFunction(() =>
      /bakery-till[^]*?method: rewrite[^]*?bakery-oven[^]*?host: host3/.test(
        document.querySelector('textarea')?.value ?? '',
      ),
    );
    await state('Valid');
    const written = await text().inputValue();
    expect(written).toContain('# In an NVGRE envelope (the default)');
    expect(await apply().isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Copy a link' }).click();
    await page.waitForURL(/text=/);
    const address = page.url();
    const other = await demo.visit(address.slice(address.indexOf('#')));
    await other.page.waitForFunction((text) => document.querySelector('textarea')?.value === text, written);
    await other.page.getByRole('link', { name: 'Fabric' }).click();
    await other.page.locator('[data-host="host3"] .vm', { hasText: 'bakery-oven' }).waitFor();
    expect(await other.page.getByLabel('Mechanism of bakery-till').inputValue()).toBe('rewrite');
    await leave(other);
  });

  it('keeps what is being written when the fabric changes, and says so', async () => {
    await edit('name: bakery-oven', 'name: bakery-mill');
    await page.getByRole('link', { name: 'Fabric' }).click();
    await page.getByLabel('Host of museum-desk').selectOption('host3');
    await page.getByRole('link', { name: 'Policy' }).click();
    await page.getByText('The fabric has been changed since this text was begun').waitFor();
    expect(await text().inputValue()).toContain('bakery-mill');
    await page.getByRole('button', { name: 'Show what is in force' }).click();
    expect(await text().inputValue()).toContain('bakery-oven');
    expect(await apply().isDisabled()).toBe(true);
    // Nothing is begun any more: the text follows the next change.
    await page.getByRole('link', { name: 'Fabric' }).click();
    await page.getByLabel('Host of museum-desk').selectOption('host1');
    await page.locator('[data-host="host1"] .vm', { hasText: 'museum-desk' }).waitFor();
    await page.getByRole('link', { name: 'Policy' }).click();
    await page.waitForFunction(() =>
      /name: museum-desk[^]*?host: host1/.test(document.querySelector('textarea')?.value ?? ''),
    );
    expect(await page.getByText('The fabric has been changed since').count()).toBe(0);
    expect(await apply().isDisabled()).toBe(true);
  });

  it('says so when an address holds no policy', async () => {
    const other = await demo.visit('#policy?text=AAAA');
    await other.page.getByText('The policy in this page’s address cannot be used').waitFor();
    await other.page.getByRole('textbox').waitFor();
    await leave(other);
  });

  it('is opened from a file and saved to one', async () => {
    const policy = { version: 1, hosts: [], customers: [] };
    const buffer = Buffer.from(JSON.stringify(policy));
    await page.locator('input[type=file]').setInputFiles({ name: 'mine.json', mimeType: '', buffer });
    await state('problem');
    expect(await text().inputValue()).toBe(buffer.toString());
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save' }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('mine.json');
    expect(await readFile(await saved.path())).toEqual(buffer);
  });

  it('refuses files that are too large for an editor', async () => {
    const buffer = Buffer.alloc(5 << 20);
    await page.locator('input[type=file]').setInputFiles({ name: 'big.yaml', mimeType: '', buffer });
    await page.getByText('big.yaml has 5.2 MB: up to 4.2 MB are read here.').waitFor();
  });
});
