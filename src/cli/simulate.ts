/** `netvirt simulate`: every host of a fabric at once, and the physical network between them. */

import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutputError, readText, systemReason } from '../capture/files.ts';
import { parsePolicy, validatePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/model.ts';
import { type PolicyDocument, readDocument } from '../simulate/document.ts';
import { type FabricSize, generateFabric } from '../simulate/generate.ts';
import { ecmpPlot } from '../simulate/plot.ts';
import { type Moment, simulate as run } from '../simulate/simulation.ts';
import { everybodyTalks } from '../simulate/traffic.ts';
import { UsageError } from './errors.ts';
import { cliProgress } from './progress.ts';
import { CapturedTraffic } from './simulate-input.ts';
import { parseFabricSize, parsePaths } from './simulate-options.ts';
import { simulationText } from './simulate-text.ts';

export interface SimulateOptions {
  generate?: string;
  ecmp: string;
  plot?: string;
  json?: boolean;
}

export async function simulate(
  policyFile: string | undefined,
  inputFiles: readonly string[],
  options: SimulateOptions,
): Promise<void> {
  const paths = parsePaths(options.ecmp);
  const size = options.generate === undefined ? undefined : parseFabricSize(options.generate);
  if ((size === undefined) === (policyFile === undefined))
    throw new UsageError('expected either POLICY or --generate');
  if ([policyFile, ...inputFiles].filter((file) => file === '-').length > 1)
    throw new UsageError('expected - once, got it for several inputs');
  if (options.plot !== undefined) await checkWritable(options.plot);

  const { name, document, policy } = size === undefined ? await load(policyFile!) : generated(size);
  const captured = inputFiles.length === 0 ? undefined : new CapturedTraffic(inputFiles, policy);
  const made = captured === undefined ? [madeUp(policy, size?.seed ?? 1)] : [];
  const traffic = () => captured?.moments() ?? made;
  // Every host in each of the runs, and a few once more.
  const progress = cliProgress(name, captured === undefined ? policy.hosts.length * RUNS : undefined);
  const report = await run({
    document,
    policy,
    traffic,
    paths,
    onDataplane: () => {
      progress.advance(1);
    },
  });
  progress.stop();

  // Nothing of it could be read: a report would say nothing.
  if (captured?.fault !== undefined && report.inputs === 0) throw captured.fault;
  if (options.plot !== undefined) await writePlot(options.plot, ecmpPlot(report.ecmp));
  const from = inputFiles.length === 0 ? 'made up' : `from ${inputFiles.join(', ')}`;
  console.log(options.json === true ? JSON.stringify(report, null, 2) : simulationText(name, from, report));
  if (captured?.fault !== undefined) throw captured.fault;
}

/** All NVGRE, all IP Rewrite, all NVGRE over IPv6; the policy as it is, if it is none of these, is soon done. */
const RUNS = 3;

interface Loaded {
  readonly name: string;
  readonly document: PolicyDocument;
  readonly policy: Policy;
}

async function load(file: string): Promise<Loaded> {
  const name = file === '-' ? 'stdin' : file;
  const text = await readText(file);
  return { name, policy: parsePolicy(text, { file: name }), document: readDocument(text) };
}

function generated(size: FabricSize): Loaded {
  const document = generateFabric(size);
  return { name: 'generated fabric', document, policy: validatePolicy(document) };
}

function madeUp(policy: Policy, seed: number): Moment {
  return { now: 0, frames: [...everybodyTalks(policy, seed)], strangers: 0 };
}

/** A long run should not end with a file that cannot be written. */
async function checkWritable(file: string): Promise<void> {
  try {
    const existing = await stat(file).catch(() => undefined);
    if (existing?.isDirectory() === true) throw new OutputError(`${file}: is a folder`);
    await access(existing === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw error instanceof OutputError ? error : new OutputError(`${file}: ${systemReason(error)}`);
  }
}

async function writePlot(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new OutputError(`${file}: ${systemReason(error)}`);
  }
}
