/** One policy from its file into the tables of its first host, for `policy.ts`: what each step took, on standard output. */

import { readText } from '../src/capture/files.ts';
import { Generations, roomFor } from '../src/engine/generations.ts';
import { createInstance, requestGeneration } from '../src/engine/instance.ts';
import type { Policy } from '../src/policy/model.ts';
import { validatePolicy } from '../src/policy/validate.ts';
import { formatOf, parseText } from '../src/policy/text.ts';

/** Seconds. */
const steps = { read: 0, validate: 0, compile: 0, install: 0 };

function timed<Result>(step: keyof typeof steps, action: () => Result): Result {
  const start = performance.now();
  const result = action();
  steps[step] += (performance.now() - start) / 1000;
  return result;
}

/** What `parsePolicy` does. */
async function load(file: string): Promise<Policy> {
  const start = performance.now();
  const text = await readText(file);
  steps.read += (performance.now() - start) / 1000;
  const document = timed('read', () => parseText(text, file, formatOf(file, text)));
  return timed('validate', () => validatePolicy(document));
}

const policy = await load(process.argv[2]!);
const host = policy.hosts[0]!;
const capacity = timed('compile', () => roomFor(policy, host, {}, 0));
const instance = await createInstance('release', { slots: 512, largeSlots: 8, copySlots: 256 });
const generations = new Generations(
  { ...instance, install: (...records) => timed('install', () => instance.install(...records)) },
  crypto.getRandomValues(new Uint8Array(16)),
);
const generation = timed('compile', () => generations.build(policy, host, capacity));
generations.publish(generation, undefined);
// The records were installed while others were written.
steps.compile -= steps.install;
const bytes = requestGeneration(instance, capacity, new Uint8Array(16));
console.log(JSON.stringify({ ...steps, bytes }));
