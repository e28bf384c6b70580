/** A real Chromium with the built demo in it. What it must never do is watched on every page. */

import { existsSync, mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { serveDemo } from '../../src/cli/demo.ts';
import { reasonTo, titled as titledBecause } from '../system/tools.ts';

const EXECUTABLE = '/usr/bin/chromium';

/** Why the tests of the page are skipped; undefined: they run. */
export const NO_CHROMIUM = reasonTo(!existsSync(EXECUTABLE), `${EXECUTABLE} is not installed`);

/** For titles, so that a report says why a test was skipped. */
export const titled = (title: string) => titledBecause(title, NO_CHROMIUM);

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const SCREENSHOTS = fileURLToPath(new URL('../../screenshots/', import.meta.url));

export interface Visit {
  readonly page: Page;
  /** Console errors, exceptions, requests to other origins: `leave` wants none. */
  readonly faults: string[];
  /** Requests of this page, by path. */
  readonly requests: string[];
}

export class Demo {
  readonly #server: Server;
  readonly #browser: Browser;
  readonly origin: string;

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  static async open(): Promise<Demo> {
    const server = await serveDemo(0);
    return new Demo(server, await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @param hash where on the page, like `#policy`. */
  async visit(hash = '', options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.#browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
      acceptDownloads: true,
      ...options,
    });
    const page = await context.newPage();
    const faults: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    context.on('request', (request) => {
      const url = new URL(request.url());
      requests.push(url.pathname);
      if (url.origin !== this.origin && url.protocol !== 'blob:') faults.push(`request to ${url.origin}`);
    });
    await page.goto(`${this.origin}/${hash}`);
    return { page, faults, requests };
  }
}

export async function leave({ page, faults }: Visit): Promise<void> {
  await page.context().close();
  expect(faults).toEqual([]);
}

export interface Fresh extends Visit {
  readonly demo: Demo;
}

/**
 * For a block of tests: one browser, and a fresh page for each of them, which they are to leave without a fault.
 * @param hash where on the page.
 * @param take is called with it before the test, and waits until it can be used.
 */
export function visitEach(
  hash: string,
  take: (fresh: Fresh) => Promise<void>,
  options: BrowserContextOptions = {},
): void {
  let demo: Demo;
  let visit: Visit;
  beforeAll(async () => {
    demo = await Demo.open();
  });
  beforeEach(async () => {
    visit = await demo.visit(hash, options);
    await take({ demo, ...visit });
  });
  afterEach(() => leave(visit));
  afterAll(() => demo.close());
}

/** A picture for people, in a folder that git ignores. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

/** The bytes that the page shows, as hex digits. */
export async function shownBytes(page: Page): Promise<string> {
  return (await page.locator('.hex .byte').allTextContents()).join('');
}
