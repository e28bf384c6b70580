/** `netvirt bench`: what a packet costs the engine on this machine, against the same in C and in TypeScript. */

import { DifferenceError } from '../../bench/identity.ts';
import { type BenchOptions, readMatrix } from '../../bench/options.ts';
import { engineResult } from '../../bench/page.ts';
import { machine, tableOf, write } from '../../bench/results.ts';
import { measureMatrix } from '../../bench/run.ts';
import { InputError } from './errors.ts';
import { makeFolder } from './text-output.ts';

export interface BenchCommandOptions extends BenchOptions {
  json?: boolean;
  output?: string;
}

/**
 * @throws UsageError for options that say nothing that could be measured.
 * @throws OutputError when the folder cannot be made or written to.
 * @throws InputError when two engines do not make the same of the same frames.
 */
export async function bench({ json, output, ...options }: BenchCommandOptions): Promise<void> {
  const matrix = readMatrix(options);
  if (output !== undefined) await makeFolder(output);
  const measured = await measureMatrix(matrix, (line) => {
    if (process.stderr.isTTY) console.error(line);
  }).catch((error: unknown) => {
    if (error instanceof DifferenceError) throw new InputError(error.message);
    throw error;
  });
  const result = engineResult(measured, matrix);
  if (json === true) console.log(JSON.stringify({ machine: machine(), rows: measured.rows }, null, 2));
  else console.log(`${tableOf(result)}\n\n${result.method} ${machine()}.`);
  if (output !== undefined) await write(result, output);
}
