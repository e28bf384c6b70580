/** npm run bench:startup: from the import of the package to the first packet processed, in fresh processes; module sizes. */

import { statSync } from 'node:fs';
import { run } from './processes.ts';
import { record } from './results.ts';
import { quantile, round } from './statistics.ts';

const RUNS = 21;
const LIBRARY = new URL('../dist/index.js', import.meta.url).href;

const POLICY = `
version: 1
hosts:
  - { name: h1, addresses: [192.168.1.1/24], mac: "02:00:00:00:00:01" }
  - { name: h2, addresses: [192.168.1.2/24], mac: "02:00:00:00:00:02" }
customers:
  - name: c
    routingDomains:
      - name: d
        id: 00000000-0000-4000-8000-000000000001
        subnets: [{ vsid: 5001, prefixes: [10.0.0.0/24] }]
        endpoints:
          - { name: a, vsid: 5001, mac: "02:15:5d:00:00:01", addresses: [10.0.0.1], host: h1 }
          - { name: b, vsid: 5001, mac: "02:15:5d:00:00:02", addresses: [10.0.0.2], host: h2 }
`;

/** An Ethernet frame from a to b: IPv4, protocol 253 (experiments), 20 bytes. */
const FRAME = '02155d000002 02155d000001 0800 45000014000000004 0fd66e60a0000010a000002'.replaceAll(' ', '');

const PROGRAM = `
const start = performance.now();
const { Dataplane } = await import(${JSON.stringify(LIBRARY)});
const imported = performance.now();
const dataplane = await Dataplane.create({ policy: ${JSON.stringify(POLICY)}, host: 'h1' });
dataplane.batch.push(Buffer.from('${FRAME}', 'hex'), dataplane.port('a'));
dataplane.process();
const outputs = [...dataplane.batch.outputs()];
const end = performance.now();
if (outputs.length !== 1) throw new Error('expected one packet, got ' + JSON.stringify(dataplane.counters()));
console.log(JSON.stringify([imported - start, end - start]));
`;

const samples = Array.from({ length: RUNS }, () => {
  const { stdout } = run(['--input-type=module', '--eval', PROGRAM]);
  return JSON.parse(stdout) as [imported: number, first: number];
});
const median = (part: 0 | 1) =>
  round(
    quantile(
      samples.map((sample) => sample[part]).sort((a, b) => a - b),
      0.5,
    ),
    1,
  );
const size = (build: string) => statSync(new URL(`../build/${build}.wasm`, import.meta.url)).size;

const rows = [
  { what: 'import of the package, ms', value: median(0) },
  { what: 'import to first packet processed, ms', value: median(1) },
  ...['netvirt', 'netvirt.threads', 'netvirt.trace'].map((build) => ({
    what: `${build}.wasm, bytes`,
    value: size(build),
  })),
];
await record({
  section: 'startup',
  method: `\`npm run bench:startup\`; times are medians of ${RUNS} fresh processes.`,
  head: ['what', 'value'],
  cells: rows.map(({ what, value }) => [what, String(value)]),
  rows,
});
