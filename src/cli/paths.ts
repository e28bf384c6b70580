/** Which files a command may read and write: none is both, and each standard stream serves one thing. */

import { stat } from 'node:fs/promises';
import { sameFile } from '../capture/files.ts';
import { UsageError } from './errors.ts';

/** What is read, by its name in messages: `{ policy: 'p.yaml', input: '-' }`. */
export type Inputs = Readonly<Record<string, string>>;

/** The stream behind its name in the file system: as a path it could be a file that must not be replaced. */
export function standardStream(path: string): string {
  return path === '/dev/stdin' || path === '/dev/stdout' ? '-' : path;
}

/** @throws UsageError when two inputs are stdin. */
export function checkInputs(inputs: Inputs): void {
  const fromStdin = Object.keys(inputs).filter((what) => inputs[what] === '-');
  if (fromStdin.length > 1)
    throw new UsageError(`${fromStdin.join(' and ')}: expected one of them as -, got both`);
}

/** @throws UsageError when the output is one of the inputs, or a folder. */
export async function checkOutput(output: string, inputs: Inputs): Promise<void> {
  if (output === '-') return;
  const existing = await stat(output).catch(() => undefined);
  if (existing?.isDirectory() === true)
    throw new UsageError(`${output}: expected a file to write, got a directory`);
  for (const [what, input] of Object.entries(inputs)) {
    if (await sameFile(output, input))
      throw new UsageError(`${output}: expected another file than the ${what}`);
  }
}

/** @throws UsageError for a name that says neither pcap nor pcapng; pipes and devices need not. */
export async function checkCaptureName(output: string): Promise<void> {
  if (/\.pcap(ng)?$/i.test(output) || (await needsNoName(output))) return;
  throw new UsageError(`${output}: expected a name that ends in .pcap or .pcapng`);
}

/** @throws UsageError for a name that does not say SVG. */
export async function checkPlotName(output: string): Promise<void> {
  if (/\.svg$/i.test(output) || (await needsNoName(output))) return;
  throw new UsageError(`${output}: expected a name that ends in .svg`);
}

/** A standard stream, a pipe or a device. */
async function needsNoName(output: string): Promise<boolean> {
  if (output === '-') return true;
  const existing = await stat(output).catch(() => undefined);
  return existing !== undefined && !existing.isFile();
}

/** @throws UsageError where a file would be replaced that may have been edited. */
export async function checkAbsent(output: string): Promise<void> {
  if (await needsNoName(output)) return;
  const existing = await stat(output).catch(() => undefined);
  if (existing !== undefined)
    throw new UsageError(`${output}: expected no such file yet, got one (--force replaces it)`);
}

/** @throws UsageError for what encap and decap cannot be asked. */
export async function checkTransfer(
  policy: string,
  input: string,
  { output, json }: { output: string; json?: boolean },
): Promise<void> {
  checkInputs({ policy, input });
  if (output === '-' && json === true) throw new UsageError('--json and -o - both need stdout');
  await checkOutput(output, { policy, input });
  await checkCaptureName(output);
}
