/**
 * npm run bench: `netvirt bench`, which writes what it measured to this folder when that is all there is: without options, or with
 * --large or --passes.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../src/package-files.ts';

const args = process.argv.slice(2);
const isWhole = !args.some(
  (one) => /^--(quick|operation|endpoints|destination|batch|output)\b/.test(one) || one === '-o',
);
const output = isWhole ? ['--output', fileURLToPath(packageFile('bench/'))] : [];
const command = fileURLToPath(packageFile('dist/netvirt.js'));
const { status } = spawnSync(process.execPath, [command, 'bench', ...args, ...output], { stdio: 'inherit' });
process.exitCode = status ?? 1;
