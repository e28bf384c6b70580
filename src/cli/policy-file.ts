/** A policy from a file, or from stdin as `-`. */

import { readFile } from 'node:fs/promises';
import { systemReason } from '../capture/files.ts';
import type { Policy } from '../policy/model.ts';
import { parsePolicy } from '../policy/parse.ts';
import { InputError } from './errors.ts';

export async function loadPolicy(file: string): Promise<Policy> {
  return parsePolicy(await readText(file), { file: file === '-' ? 'stdin' : file });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new InputError(`${file}: ${systemReason(error)}`);
  }
}
