/** A policy from a file, or from stdin as `-`. */

import { readText } from '../capture/files.ts';
import type { Policy } from '../policy/model.ts';
import { parsePolicy } from '../policy/parse.ts';

/**
 * @throws PolicyError with every problem of the policy.
 * @throws CaptureError when the file cannot be read.
 */
export async function loadPolicy(file: string): Promise<Policy> {
  return parsePolicy(await readText(file), { file: file === '-' ? 'stdin' : file });
}
