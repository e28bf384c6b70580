/**
 * Where the text of a policy is accepted beside the policy itself. Reading YAML takes as much code as all the rest, so the entry
 * `netvirt/core` does without; `netvirt` brings the reader.
 */

import type { Policy } from './model.ts';

let reader: ((text: string) => Policy) | undefined;

/** Called by the module that reads texts, when it is loaded. */
export function setTextReader(read: (text: string) => Policy): void {
  reader = read;
}

/**
 * @throws PolicyError with every problem.
 * @throws TypeError where no reader was loaded.
 */
export function readPolicy(text: string): Policy {
  if (reader === undefined)
    throw new TypeError(
      "policy: expected a policy or its document, got text, which 'netvirt/core' does not read",
    );
  return reader(text);
}
