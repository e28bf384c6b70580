/**
 * npm run bench:policy: policies of 10,000 to 1,000,000 endpoints, from a file into the tables of a host that knows all of
 * them, each in a fresh process. The files go to the system's folder for temporary files (TMPDIR).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { type Format, writePolicy } from './policy-files.ts';
import { type Usage, run } from './processes.ts';
import { record } from './results.ts';
import { round } from './statistics.ts';

const RUNS = 3;
const POLICIES: readonly { format: Format; endpoints: number }[] = [
  { format: 'json', endpoints: 10_000 },
  { format: 'json', endpoints: 100_000 },
  { format: 'json', endpoints: 1_000_000 },
  { format: 'yaml', endpoints: 100_000 },
];

/** As the package is bundled; the modules are found from one level below the package's root. */
const PROGRAM = fileURLToPath(new URL('../out/policy-run.js', import.meta.url));
buildSync({
  entryPoints: [fileURLToPath(new URL('policy-run.ts', import.meta.url))],
  outfile: PROGRAM,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  mainFields: ['module', 'main'],
  external: ['node:*'],
});

interface Steps {
  readonly read: number;
  readonly validate: number;
  readonly compile: number;
  readonly install: number;
  /** Of the generation. */
  readonly bytes: number;
}

function measure({ format, endpoints }: (typeof POLICIES)[number], folder: string) {
  const file = join(folder, `${endpoints}.${format}`);
  writePolicy(file, format, endpoints);
  const runs = Array.from({ length: RUNS }, () => run([PROGRAM, file]));
  rmSync(file);
  const fastest = runs.reduce((best, one) => (one.seconds < best.seconds ? one : best));
  return rowOf(format, endpoints, fastest);
}

function rowOf(format: Format, endpoints: number, { seconds, user, peak, stdout }: Usage) {
  const { read, validate, compile, install, bytes } = JSON.parse(stdout) as Steps;
  return {
    format,
    endpoints,
    readSeconds: round(read),
    validateSeconds: round(validate),
    compileSeconds: round(compile),
    installSeconds: round(install),
    seconds: round(seconds),
    userSeconds: round(user),
    peakMb: Math.round(peak),
    wasmBytesPerEndpoint: round(bytes / endpoints, 1),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'netvirt-bench-'));
try {
  const rows = POLICIES.map((policy) => measure(policy, folder));
  await record({
    section: 'policy',
    method: `\`npm run bench:policy\`; whole processes, the fastest of ${RUNS}; 1,000 hosts, IPv4, NVGRE, all endpoints known to the host; compile: records into the staging region, install: from there into the tables.`,
    head: [
      'endpoints',
      'format',
      'read + parse s',
      'validate s',
      'compile s',
      'install s',
      'process s',
      'user s',
      'peak MB',
      'WASM bytes / endpoint',
    ],
    cells: rows.map((row) => [
      row.endpoints.toLocaleString('en-US'),
      row.format.toUpperCase(),
      row.readSeconds.toFixed(2),
      row.validateSeconds.toFixed(2),
      row.compileSeconds.toFixed(2),
      row.installSeconds.toFixed(2),
      row.seconds.toFixed(2),
      row.userSeconds.toFixed(2),
      String(row.peakMb),
      row.wasmBytesPerEndpoint.toFixed(1),
    ]),
    rows,
  });
} finally {
  rmSync(folder, { recursive: true });
}
