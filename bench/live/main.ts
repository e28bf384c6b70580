/**
 * npm run bench:live: live I/O against others that move frames between Linux interfaces, in network namespaces of its own. --quick:
 * one short round, which writes nothing unless --output says where; --rounds N.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../src/cli/errors.ts';
import { packageFile } from '../../src/package-files.ts';
import { NO_NAMESPACES } from '../../test/live/tools.ts';
import { tableOf, write } from '../results.ts';
import { type Plan, readPlan } from './options.ts';
import { resultsOf } from './report.ts';
import { LiveBenchmark } from './run.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let plan: Plan;
  try {
    plan = readPlan(args, fileURLToPath(packageFile('bench/')));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`bench:live: ${error.message}`);
    return 2;
  }
  if (NO_NAMESPACES !== undefined) {
    console.error(`bench:live: ${NO_NAMESPACES}`);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'netvirt-bench-'));
  const benchmark = new LiveBenchmark(plan, folder, (line) => {
    console.error(`bench:live: ${line}`);
  });
  const clean = async () => {
    await benchmark.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = endAfter(clean);
  try {
    const { measured, ...absent } = await benchmark.run();
    for (const result of resultsOf(measured, absent, plan)) {
      console.log(`${tableOf(result)}\n`);
      if (plan.output !== undefined) await write(result, plan.output);
    }
    return 0;
  } catch (error) {
    // What was interrupted fails, and is no news.
    if (interrupted()) await new Promise(() => undefined);
    throw error;
  } finally {
    await clean();
  }
}

/** On SIGINT and SIGTERM nothing stays. Returns whether there was one. */
function endAfter(clean: () => Promise<void>): () => boolean {
  let isEnding = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isEnding = true;
      void clean().then(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    });
  }
  return () => isEnding;
}
