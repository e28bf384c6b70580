/** A policy from a file, or from stdin as `-`. */

import { readText } from '../capture/files.ts';
import { PolicyError } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { parsePolicy } from '../policy/parse.ts';

/**
 * @throws PolicyError with every problem of the policy.
 * @throws CaptureError when the file cannot be read.
 */
export async function loadPolicy(file: string): Promise<Policy> {
  return parsePolicy(await readPolicyText(file), { file: nameOf(file) });
}

/**
 * @throws CaptureError when the file cannot be read.
 * @throws PolicyError for what is no text of a policy at first sight: YAML's complaint would say nothing.
 */
export async function readPolicyText(file: string): Promise<string> {
  const text = await readText(file);
  const got = text.trim() === '' ? 'an empty file' : captureIn(text);
  if (got === undefined) return text;
  const message = `expected a policy, got ${got}`;
  throw new PolicyError([{ file: nameOf(file), line: undefined, column: undefined, path: '', message }]);
}

/** What a file is called in messages. */
export function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}

/** By the first bytes, as they are after decoding: what is not UTF-8 became U+FFFD. */
function captureIn(text: string): string | undefined {
  if (text.startsWith('\n\r\r\n')) return 'a capture (pcapng)';
  // d4 c3 b2 a1 and a1 b2 c3 d4; with nanoseconds 4d 3c b2 a1 and a1 b2 3c 4d.
  return /^(\ufffd\u00f2\ufffd|\ufffd{4}\0\u0002|\ufffd{2}<M|M<\ufffd{2})/.test(text)
    ? 'a capture (pcap)'
    : undefined;
}
