/**
 * The capture view in Chromium: how fast large captures are indexed and judged, and how long frames take while somebody
 * scrolls through them. `npx tsx bench/demo.ts [64:137 1400:100 …]`: bytes of a VM's frame, megabytes of the file.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { type Page, chromium } from 'playwright-core';
import { serveDemo } from '../src/cli/demo.ts';
import { writeCapture } from './capture-files.ts';

const USUAL = ['64:137', '64:100', '1400:100'];
const JUMPS = 300;

interface Frames {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
  /** Above 50 ms. */
  readonly late: number;
  readonly count: number;
}

/** Jumps to another place in every frame, and measures the time between frames. */
function jump(page: Page): Promise<Frames> {
  return page.evaluate(async (jumps) => {
    const list = document.querySelector('.packets')!;
    const times: number[] = [];
    let before = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
    for (let turn = 0; turn < jumps; turn++) {
      // Far apart, near each other, and back.
      list.scrollTop = turn % 3 === 0 ? Math.random() * list.scrollHeight : list.scrollTop + 90;
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      times.push(now - before);
      before = now;
    }
    times.sort((a, b) => a - b);
    return {
      median: times[times.length >> 1]!,
      p99: times[Math.ceil(times.length * 0.99) - 1]!,
      longest: times.at(-1)!,
      late: times.filter((time) => time > 50).length,
      count: times.length,
    };
  }, JUMPS);
}

/** Of the browser, which is all that this process has started, megabytes; Linux only. */
function browserMemory(): number {
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      parents.set(Number(entry), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      sizes.set(Number(entry), Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1000);
    } catch {
      // It has ended.
    }
  }
  const isOf = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === process.pid || isOf(parent));
  };
  return [...sizes].filter(([pid]) => isOf(pid)).reduce((sum, [, size]) => sum + size, 0);
}

const folder = mkdtempSync(join(tmpdir(), 'netvirt-demo-'));
const server = await serveDemo(0);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const wanted of process.argv.length > 2 ? process.argv.slice(2) : USUAL) {
    const [frame = 64, megabytes = 100] = wanted.split(':').map(Number);
    const path = join(folder, `${wanted.replace(':', '-')}.pcapng`);
    const packets = await writeCapture({ path, frame, bytes: megabytes * 1e6 });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/#capture`);
    await page.getByRole('button', { name: 'Record an example' }).waitFor();
    const before = browserMemory();
    const [load] = loadavg();
    const open = async () => {
      const file = page.locator('input[type=file]');
      await file.setInputFiles([]);
      await file.setInputFiles(path);
    };
    await open();
    await page.locator('[data-judged]').waitFor({ timeout: 600_000 });
    const figures = await page.locator('[data-judged]').innerText();
    const memory = browserMemory() - before;
    const late = await jump(page);
    // Once more, and this time somebody scrolls while it is judged.
    await open();
    await page.locator('[data-indexed]:not([data-judged])').waitFor({ timeout: 600_000 });
    const early = await jump(page);
    console.log(`frames of ${frame} bytes: ${packets} packets; load ${load!.toFixed(1)}`);
    console.log(`  ${figures}`);
    for (const [when, frames] of [['while judging', early] as const, ['after that', late] as const])
      console.log(
        `  ${frames.count} jumps ${when}: median ${frames.median.toFixed(0)} ms, p99 ${frames.p99.toFixed(0)} ms, longest ${frames.longest.toFixed(0)} ms, above 50 ms: ${frames.late}`,
      );
    console.log(`  memory of the browser: ${memory.toFixed(0)} MB more than before`);
    await page.close();
    rmSync(path);
  }
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
}
