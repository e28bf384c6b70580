/** `netvirt simulate`: every host of a fabric at once, and the physical network between them. */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OutputError, sameFile, systemReason } from '../capture/files.ts';
import { parsePolicy } from '../policy/parse.ts';
import { validatePolicy } from '../policy/validate.ts';
import type { Policy } from '../policy/model.ts';
import type { PolicyDocument } from '../simulate/document.ts';
import { readDocument } from '../simulate/read-document.ts';
import { type FabricSize, generateFabric } from '../simulate/generate.ts';
import { ecmpPlot } from '../simulate/plot.ts';
import { type Moment, simulate as run } from '../simulate/simulation.ts';
import { everybodyTalks } from '../simulate/traffic.ts';
import { UsageError } from './errors.ts';
import { checkOutput, checkPlotName } from './paths.ts';
import { nameOf, readPolicyText } from './policy-file.ts';
import { cliProgress } from './progress.ts';
import { CapturedTraffic } from './simulate-input.ts';
import { parseFabricSize, parsePaths } from './simulate-options.ts';
import { simulationText } from './simulate-text.ts';
import { writeText } from './text-output.ts';

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
  checkAlone(policyFile, options.generate);
  const size = options.generate === undefined ? undefined : parseFabricSize(options.generate);
  await checkFiles(policyFile, inputFiles, options);

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
  if (options.plot !== undefined) await writeText(options.plot, ecmpPlot(report.ecmp));
  const from = inputFiles.length === 0 ? 'made up' : `from ${inputFiles.map(nameOf).join(', ')}`;
  const text = options.json === true ? JSON.stringify(report, null, 2) : simulationText(name, from, report);
  if (options.plot === '-') console.error(text);
  else console.log(text);
  if (captured?.fault !== undefined) throw captured.fault;
}

/** All NVGRE, all IP Rewrite, all NVGRE over IPv6; the policy as it is, if it is none of these, is soon done. */
const RUNS = 3;

function checkAlone(policyFile: string | undefined, generate: string | undefined): void {
  if (generate === undefined) {
    if (policyFile === undefined) throw new UsageError('expected either POLICY or --generate');
    return;
  }
  if (policyFile === undefined) return;
  const hint = policyFile.includes('=') ? 'quote a value with spaces' : 'its VMs make the traffic';
  throw new UsageError(
    `--generate: expected no POLICY and no captures with it, got "${policyFile}": ${hint}`,
  );
}

/** Each is read once, none is written to. */
async function checkFiles(
  policyFile: string | undefined,
  inputFiles: readonly string[],
  { plot, json }: SimulateOptions,
): Promise<void> {
  if ([policyFile, ...inputFiles].filter((file) => file === '-').length > 1)
    throw new UsageError('expected - once, got it for several inputs');
  for (const [index, file] of inputFiles.entries()) {
    for (const other of inputFiles.slice(0, index))
      if (await sameFile(file, other))
        throw new UsageError(
          `${nameOf(file)}: expected every capture once, got it again as ${nameOf(other)}`,
        );
  }
  if (plot === undefined) return;
  if (plot === '-' && json === true) throw new UsageError('--json and --plot - both need stdout');
  const captures = inputFiles.map((file) => [`capture ${nameOf(file)}`, file] as const);
  await checkOutput(plot, {
    ...(policyFile === undefined ? {} : { policy: policyFile }),
    ...Object.fromEntries(captures),
  });
  await checkPlotName(plot);
  if (plot !== '-') await checkWritable(plot);
}

interface Loaded {
  readonly name: string;
  readonly document: PolicyDocument;
  readonly policy: Policy;
}

async function load(file: string): Promise<Loaded> {
  const name = nameOf(file);
  const text = await readPolicyText(file);
  return { name, policy: parsePolicy(text, { file: name }), document: readDocument(text) };
}

function generated(size: FabricSize): Loaded {
  const document = generateFabric(size);
  return { name: 'generated fabric', document, policy: validatePolicy(document) };
}

function madeUp(policy: Policy, seed: number): Moment {
  return { now: 0, frames: [...everybodyTalks(policy, seed)], strangers: 0 };
}

/** A long run should not end with a file that cannot be written: in its folder, but for a pipe or a device. */
async function checkWritable(file: string): Promise<void> {
  try {
    const existing = await stat(file).catch(() => undefined);
    await access(existing === undefined || existing.isFile() ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw new OutputError(`${file}: ${systemReason(error)}`);
  }
}
