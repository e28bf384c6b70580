/** The capture view: files of any kind are opened, filtered, looked into, changed and saved. */

import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { CaptureReader, PcapWriter, parseIp, parsePolicy } from '../../src/index.ts';
import { LiveFabric, probe } from '../../src/simulate/index.ts';
import { NO_CHROMIUM, shownBytes, titled, visitEach } from './browser.ts';

const policy = parsePolicy(readFileSync(new URL('../../demo/example.yaml', import.meta.url), 'utf8'));

/** What host1 sends for bakery-till to bakery-oven, and what the VM sent. */
async function onePing(): Promise<{ sent: Uint8Array; wire: Uint8Array }> {
  const fabric = await LiveFabric.create(policy);
  const { frame: sent } = probe(policy, fabric.endpoint('bakery-till'), parseIp('10.0.0.12')!, 'icmp');
  const { stops } = fabric.send('bakery-till', sent);
  return { sent, wire: stops.find(({ deed }) => deed === 'encapsulated')!.frame };
}

function capture(frames: readonly Uint8Array[]): Buffer {
  const writer = new PcapWriter({ nanoseconds: true });
  const interfaceId = writer.addInterface({});
  for (const [index, data] of frames.entries())
    writer.write({ interfaceId, seconds: 1_800_000_000, nanoseconds: index * 1000, data });
  return Buffer.from(writer.take());
}

describe.skipIf(NO_CHROMIUM !== undefined)(titled('the capture view'), () => {
  let page: Page;
  visitEach('#capture', async (fresh) => {
    ({ page } = fresh);
    await page.getByRole('button', { name: 'Record an example' }).waitFor();
  });

  const open = (name: string, buffer: Buffer) =>
    page.locator('input[type=file]').setInputFiles({ name, mimeType: '', buffer });
  const rows = () => page.locator('.packet-rows .packet');
  const count = async (text: string) => page.locator('.count', { hasText: text }).waitFor();

  it('tells whose packets there are, and shows their layers', async () => {
    const { wire } = await onePing();
    const broken = wire.slice();
    broken[24]! ^= 1;
    await open('two.pcap', capture([wire, broken]));
    await count('2 of 2 packets');
    expect(await rows().nth(0).innerText()).toMatch(
      /1\s+0.000000\s+10.0.0.11\s+10.0.0.12\s+NVGRE\s+5001\s+bakery\s+101\s+FORWARD/,
    );
    await rows().nth(0).click();
    await page.locator('.hex').waitFor();
    expect(await shownBytes(page)).toBe(Buffer.from(wire).toString('hex'));
    expect(await page.locator('.verdicts').innerText()).toContain('DROP_OUTER_CHECKSUM');
    expect(await page.locator('.verdicts').innerText()).toContain('the outer IPv4 header checksum is wrong');
    expect(await page.getByRole('region', { name: 'Tunnels' }).innerText()).toContain(
      'IPv4 header checksum wrong',
    );
  });

  it('filters an example by verdict, customer and address, by keyboard too', async () => {
    await page.getByRole('button', { name: 'Record an example' }).click();
    await page.locator('.count').waitFor();
    const select = (name: string) => page.getByRole('combobox', { name, exact: true });
    await select('Verdict').selectOption('DROP');
    await page.locator('.packet-rows .fault', { hasText: 'DROP_' }).first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll('.packet-rows .packet').length > 0);
    const verdicts = await page.locator('.packet-rows .packet [role=gridcell]:last-child').allTextContents();
    expect(verdicts.every((name) => name.startsWith('DROP_'))).toBe(true);
    await select('Verdict').selectOption('');
    await select('Customer').selectOption('museum');
    await page.getByRole('searchbox').fill('10.0.0.13');
    await page.locator('.packet-rows .packet', { hasText: '10.0.0.13' }).first().waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await page.locator('.packet[aria-selected=true]').waitFor();
    await page.locator('.layer-name', { hasText: 'NVGRE' }).waitFor();
    expect(await page.locator('.timeline canvas').count()).toBe(1);
    await page.getByText('The numbers').click();
    expect(await page.locator('.timeline tbody tr').count()).toBeGreaterThan(10);
  });

  it('decapsulates as the command does, into a file', async () => {
    const { sent, wire } = await onePing();
    await open('wire.pcap', capture([wire]));
    await count('1 of 1 packets');
    await page.getByRole('combobox', { name: 'What the VMs receive on' }).selectOption('host2');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as pcapng' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('wire-decapsulated.pcapng');
    const reader = new CaptureReader('download');
    reader.push(await readFile(await file.path()));
    const record = reader.read()!;
    expect(Buffer.from(record.data).toString('hex')).toBe(Buffer.from(sent).toString('hex'));
    expect(reader.interfaces[record.interfaceId]!.name).toBe('bakery-oven');
    await page.getByText('1 frames in, 1 out.').waitFor();
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'expected a capture, got an empty file'],
    ['a text', Buffer.from('version: 1\n'), 'expected a pcap or pcapng capture, got a file that begins with'],
    ['a zip', Buffer.from('504b030414000000', 'hex'), 'a zip archive: unpack it first'],
  ])('says what is wrong with %s, and goes on', async (_, buffer, message) => {
    await open('bad', buffer);
    await page.locator('.failure', { hasText: message }).waitFor();
    await open('good.pcap', capture([(await onePing()).wire]));
    await count('1 of 1 packets');
    expect(await page.locator('.failure').count()).toBe(0);
  });

  it('shows what is there of a capture that is cut short', async () => {
    const { wire } = await onePing();
    const whole = capture([wire, wire, wire]);
    await open('cut.pcap', whole.subarray(0, -10));
    await count('2 of 2 packets');
    await page.locator('.failure', { hasText: 'record 3' }).waitFor();
  });

  it('has the last packet of a large capture at once, and every verdict in the end', async () => {
    const { wire } = await onePing();
    const broken = wire.slice();
    broken[24]! ^= 1;
    const pair = [wire, broken];
    await open('large.pcap', capture(Array.from({ length: 20_000 }, (_, index) => pair[index % 2]!)));
    await count('20,000 of 20,000 packets');
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    const last = page.locator('.packet[aria-selected=true]');
    await last.waitFor();
    expect(await last.innerText()).toMatch(/^20000\s.*DROP_OUTER_CHECKSUM$/s);
    expect(await last.getAttribute('aria-rowindex')).toBe('20001');
    await page.locator('.hex').waitFor();
    expect(await shownBytes(page)).toBe(Buffer.from(broken).toString('hex'));
    await page.getByRole('combobox', { name: 'Verdict', exact: true }).selectOption('DROP');
    await count('10,000 of 20,000 packets');
    await page.locator('[data-judged]').waitFor();
    expect(await page.locator('[data-judged]').innerText()).toMatch(
      /^20,000 packets, .* on the wire. Indexed .* s, \d+ MB\/s; judged in .* s, \d+ MB\/s\.$/,
    );
    expect(await page.locator('.count .note').count()).toBe(0);
    expect(await page.locator('.verdicts strong').allTextContents()).toEqual(['10,000', '10,000']);
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.locator('.packet[aria-selected=true]', { hasText: /^4/ }).waitFor();
  });

  it('lets go of a capture when another one is opened', async () => {
    const { wire } = await onePing();
    const large = capture(new Array<Uint8Array>(20_000).fill(wire));
    await open('large.pcap', large);
    await open('small.pcap', capture([wire]));
    await count('1 of 1 packets');
    await open('large.pcap', large);
    await count('20,000 of 20,000 packets');
    await open('small.pcap', capture([wire, wire]));
    await count('2 of 2 packets');
    await page.locator('[data-judged]').waitFor();
    expect(await page.locator('.verdicts strong').allTextContents()).toEqual(['2']);
    expect(await rows().count()).toBe(2);
    expect(await page.locator('.failure').count()).toBe(0);
  });
});
