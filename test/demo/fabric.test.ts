/** The fabric view as a person uses it: packets are sent, VMs move, lie, and are cut off. */

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { NO_CHROMIUM, shownBytes, titled, visitEach } from './browser.ts';

/** The VM's Ethernet and IPv4 addresses in the packet from bakery-till to bakery-oven. */
const MACS = '02155d500112' + '02155d500111' + '0800';
const ADDRESSES = '0a00000b' + '0a00000c';

/** Without TTL and checksum of the IPv4 header. */
const withoutHop = (frame: string) => frame.slice(0, 44) + frame.slice(46, 48) + frame.slice(52);

describe.skipIf(NO_CHROMIUM !== undefined)(titled('the fabric view'), () => {
  let page: Page;
  visitEach('', async (fresh) => {
    ({ page } = fresh);
    await page.locator('.stops button').first().waitFor();
  });

  const stops = () =>
    page
      .locator('.stop-title')
      .evaluateAll((titles) =>
        titles.map((title) => [...title.children].map((part) => part.textContent).join(' ')),
      );
  const outcome = () => page.locator('.outcome').innerText();
  const look = (deed: string) => page.locator('.stop', { hasText: deed }).click();
  const select = (name: string) => page.getByRole('combobox', { name, exact: true });
  const send = () => page.getByRole('button', { name: 'Send', exact: true }).click();
  const exactly = (text: string) => new RegExp(`^${text}$`);
  const field = (layer: string, name: string) =>
    page
      .locator('.layer', { has: page.locator('.layer-name', { hasText: exactly(layer) }) })
      .locator('.field', { has: page.locator('.field-name', { hasText: exactly(name) }) })
      .innerText();

  it('shows a packet at once, in its envelope and out of it', async () => {
    expect(await stops()).toEqual([
      'VM bakery-till sent',
      'host host1 encapsulated',
      'switch 192.168.1.0/24 switched',
      'host host2 decapsulated',
      'VM bakery-oven received',
    ]);
    expect(await outcome()).toContain('Delivered to bakery-oven');
    await look('sent');
    const sent = await shownBytes(page);
    expect(sent.slice(0, 28)).toBe(MACS);
    expect(sent).toContain(ADDRESSES);
    await look('encapsulated');
    const wire = await shownBytes(page);
    expect(wire.length - sent.length).toBe(84);
    // Outer MACs and EtherType, host to host, GRE with a key, VSID 5001.
    expect(wire.slice(0, 28)).toBe('020000000120' + '020000000110' + '0800');
    expect(wire.slice(52, 68)).toBe('c0a8010a' + 'c0a80114');
    expect(wire.slice(68, 82)).toBe('20006558' + '001389');
    expect(wire.slice(84)).toBe(sent);
    expect(await field('NVGRE', 'VSID')).toContain('5001');
    expect(await page.locator('.byte.changed').count()).toBe(42);
    await look('received');
    expect(await shownBytes(page)).toBe(sent);
  });

  it('rewrites in place between VMs that do', async () => {
    await select('From').selectOption('bakery-web');
    await select('To').selectOption('bakery-sql');
    await page.getByText('UDP', { exact: true }).click();
    await send();
    await look('sent');
    const sent = await shownBytes(page);
    await look('rewritten');
    const wire = await shownBytes(page);
    expect(wire.length).toBe(sent.length);
    expect(wire.slice(52, 68)).toBe('c0a80179' + 'c0a8027a');
    expect(await stops()).toContain('router routed');
    expect(await field('UDP', 'Checksum')).toContain('right');
    await look('received');
    // The router took one off the TTL, and corrected the checksum for it.
    const received = await shownBytes(page);
    expect(received.slice(44, 46)).toBe('3f');
    expect(withoutHop(received)).toBe(withoutHop(sent));
  });

  it('changes the mechanism of both ends', async () => {
    await page.getByLabel('Mechanism of bakery-till').selectOption('rewrite');
    expect(await stops()).toContain('host host1 encapsulated');
    await page.getByLabel('Mechanism of bakery-oven').selectOption('rewrite');
    expect(await stops()).toContain('host host1 rewritten');
  });

  it('moves a VM by dragging it', async () => {
    const name = page.getByRole('button', { name: 'bakery-oven', exact: true });
    const from = (await name.boundingBox())!;
    const to = (await page.locator('[data-host="host1"] header').boundingBox())!;
    await page.mouse.move(from.x + 20, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(from.x, from.y, { steps: 4 });
    await page.mouse.move(to.x + 60, to.y + 15, { steps: 8 });
    await page.mouse.up();
    await page.locator('[data-host="host1"] .vm', { hasText: 'bakery-oven' }).waitFor();
    expect(await stops()).toEqual([
      'VM bakery-till sent',
      'host host1 handed over',
      'VM bakery-oven received',
    ]);
  });

  it('moves a VM by keyboard, and keeps it in focus', async () => {
    await page.getByRole('button', { name: 'bakery-oven', exact: true }).focus();
    await page.keyboard.press('Alt+ArrowRight');
    await page.locator('[data-host="host3"] .vm', { hasText: 'bakery-oven' }).waitFor();
    expect(await stops()).toContain('router routed');
    await page.waitForFunction(() => document.activeElement?.textContent === 'bakery-oven');
    await page.keyboard.press('Alt+ArrowLeft');
    await page.locator('[data-host="host2"] .vm', { hasText: 'bakery-oven' }).waitFor();
    expect(await stops()).not.toContain('router routed');
  });

  it('sends by keyboard alone', async () => {
    await select('To').focus();
    for (let key = 0; key < 3; key++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.getByLabel('Payload, bytes').focus();
    await page.keyboard.press('Enter');
    expect(await stops()).toContain('VM bakery-store received');
    expect(await field('IPv4', 'TTL')).toContain('64');
    await page.locator('.stop').first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.stop[aria-current]').innerText()).toContain('encapsulated');
  });

  it('drops what a VM sends in another one’s name', async () => {
    await select('Pretends to be').selectOption('bakery-web');
    await send();
    expect(await stops()).toEqual(['VM bakery-till sent', 'host host1 dropped']);
    expect(await outcome()).toContain('DROP_SOURCE_MAC');
    expect(await outcome()).toContain('the VM sent with a MAC that is not its own');
  });

  it('loses what goes to a host that is cut off', async () => {
    await page.locator('[data-host="host2"]').getByLabel('cut off').check();
    expect(await outcome()).toContain('HOST_CUT');
    await page.locator('[data-host="host2"]').getByLabel('cut off').uncheck();
    expect(await outcome()).toContain('FORWARD');
  });

  it('never reaches another customer, whatever address it has', async () => {
    await select('To').selectOption('museum-safe');
    await send();
    expect(await stops()).toContain('VM bakery-oven received');
    expect(await outcome()).toContain('cannot name a VM of another customer');
  });

  it('tells the VM that a packet is too large', async () => {
    await page.getByLabel('Payload, bytes').fill('1472');
    await send();
    expect(await outcome()).toContain('DROP_OVER_MTU');
    await look('received');
    expect(await field('ICMP', 'Type')).toContain('destination unreachable');
  });

  it('explains every decision of a host', async () => {
    await look('encapsulated');
    await page.getByRole('button', { name: 'Why?' }).click();
    await page.getByText('NVGRE envelope with VSID 5001').waitFor();
  });

  it('counts what switches learn: thirty times less by NVGRE', async () => {
    const factor = page.locator('.factor strong[data-vms]');
    await page.getByRole('slider', { name: 'VMs per host' }).fill('30');
    await page.locator('[data-vms="30"]').waitFor();
    expect(await factor.innerText()).toBe('30×');
    expect(await page.locator('.learnt tbody').innerText()).toMatch(
      /NVGRE\s+4\s+factor 30\s+IP Rewrite\s+120\s+saves none/,
    );
    await page.getByRole('slider', { name: 'VMs per host' }).fill('8');
    await page.locator('[data-vms="8"]').waitFor();
    expect(await factor.innerText()).toBe('8×');
  });
});
