/** The fabric of the original documentation's claim: 1,000 hosts with 30 VMs each. Takes too long for every run. */

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Report } from '../../src/simulate/report.ts';
import { announce, run, titled } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../dist/netvirt.js', import.meta.url));
const SKIPPED = process.env.NETVIRT_SYSTEM_TESTS === '1' ? undefined : 'NETVIRT_SYSTEM_TESTS is not 1';
announce(SKIPPED);
const USAGE = `process.on('exit', () => process._rawDebug(JSON.stringify(process.resourceUsage())));`;

it.skipIf(SKIPPED !== undefined)(
  titled('30,000 VMs: the network learns 30 times as many addresses with one per VM', SKIPPED),
  () => {
    const { status, stdout, stderr } = run(process.execPath, [
      '--import',
      `data:text/javascript,${encodeURIComponent(USAGE)}`,
      MAIN,
      'simulate',
      '--generate',
      'hosts=1000,vms=30,customers=200',
      '--json',
    ]);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.learned).toMatchObject({ perVm: 30_000, perHost: 1000, factor: 30 });
    expect(report.endpoints).toHaveLength(30_000);
    expect(report.endpoints.filter(({ sent, received }) => sent === 0 || received === 0)).toEqual([]);
    expect(report).toMatchObject({ received: report.inputs, drops: {}, losses: {}, strays: 0 });
    const used = JSON.parse(stderr) as NodeJS.ResourceUsage;
    expect(used.maxRSS / 1e6).toBeLessThan(2);
  },
);
