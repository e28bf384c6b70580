import { describe, expect, it } from 'vitest';
import { type Spread, chiSquareLimit, pathOf, spreadOf } from '../../src/simulate/ecmp.ts';
import { ecmpPlot } from '../../src/simulate/plot.ts';
import type { Report } from '../../src/simulate/report.ts';
import { randomNumbers, shuffled } from '../../src/simulate/random.ts';
import { document, sent, simulateFrames } from './fabric.ts';

describe('the router’s choice', () => {
  it('is the CRC-32 that everybody has, by regions', () => {
    // The check value of CRC-32/ISO-HDLC is 0xcbf43926: 79.6 % of the range.
    const fields = Buffer.from('123456789');
    expect([2, 4, 5, 10, 100].map((paths) => pathOf(fields, paths))).toEqual([1, 3, 3, 7, 79]);
  });
});

describe('chi-square', () => {
  it('is 0 for a flat spread and (N − 1) × flows for one path', () => {
    expect(spreadOf([5, 5, 5, 5])).toMatchObject({
      flows: 20,
      largestShare: 0.25,
      chiSquare: 0,
      degreesOfFreedom: 3,
    });
    expect(spreadOf([0, 20, 0, 0])).toMatchObject({ largestShare: 1, chiSquare: 60 });
    expect(spreadOf([6, 4])).toMatchObject({ chiSquare: 0.4, degreesOfFreedom: 1 });
  });

  it('has the limits of printed tables', () => {
    for (const [degrees, limit] of [
      [1, 6.635],
      [3, 11.345],
      [7, 18.475],
      [31, 52.191],
    ] as const)
      expect(Math.abs(chiSquareLimit(degrees) / limit - 1)).toBeLessThan(0.01);
  });
});

/** Different ones in no order: CRC-32 is linear, and spreads a row of numbers more evenly or less than chance does. */
function ports(count: number): number[] {
  const all = Array.from({ length: 60_000 }, (_, index) => 1024 + index);
  return shuffled(all, randomNumbers(1)).slice(0, count);
}

describe('between two hosts', () => {
  let report: Report;
  const byMethod = (methods: readonly Spread[]) =>
    Object.fromEntries(methods.map((one) => [one.method, one]));

  it('addresses alone put all on one path; FlowID, flow label and ports spread as chance does', async () => {
    const frames = ports(1000).map((port) => sent('a', 'c', port));
    // A second frame of a flow is no second flow.
    report = await simulateFrames(document(), [...frames, ...frames.slice(0, 500)]);
    for (const methods of [report.ecmp.pair!.methods, report.ecmp.traffic.methods]) {
      const spreads = byMethod(methods);
      const { flows } = methods[0]!;
      expect(methods.map((one) => one.flows)).toEqual([flows, flows, flows, flows]);
      expect(spreads['nvgre-addresses']).toMatchObject({ largestShare: 1, chiSquare: flows * 7 });
      for (const name of ['nvgre-flowid', 'nvgre-flow-label', 'rewrite-5-tuple']) {
        expect(spreads[name]!.chiSquare).toBeLessThan(report.ecmp.limit);
        expect(spreads[name]!.largestShare).toBeLessThan(0.2);
      }
    }
    expect(report.ecmp.traffic.methods[0]!.flows).toBe(1000);
    expect(report.ecmp.pair).toMatchObject({ from: 'a', to: 'b' });
  });

  it('flowId: zero leaves NVGRE nothing to spread by', async () => {
    const frames = ports(100).map((port) => sent('a', 'c', port));
    const { ecmp } = await simulateFrames({ ...document(), provider: { flowId: 'zero' } }, frames);
    expect(byMethod(ecmp.traffic.methods)['nvgre-flowid']).toMatchObject({ flows: 100, largestShare: 1 });
  });

  it('is a picture in both colour schemes, with every number in words', () => {
    const svg = ecmpPlot(report.ecmp);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 \d+ \d+"/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).toContain('<title id="title">Spread of flows over 8 equal-cost paths</title>');
    expect(svg).toContain('NVGRE, addresses alone: 1,000 flows, largest share 100.0 %, χ² 7000.0.');
    expect(svg.match(/class="bar"/g)).toHaveLength(2 * 4 * 8);
    // Every element that is opened is closed.
    const open: string[] = [];
    for (const [, closing, name, itself] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (closing === '/') expect(open.pop()).toBe(name);
      else if (itself !== '/') open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it('names that are markup stay text', () => {
    const ecmp = { ...report.ecmp, pair: { ...report.ecmp.pair!, from: '<b>&"' } };
    expect(ecmpPlot(ecmp)).toContain('&#60;b&#62;&#38;&#34; → b');
    expect(ecmpPlot(ecmp)).not.toContain('<b>');
  });
});
