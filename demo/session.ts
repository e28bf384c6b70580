/** What all views share: the policy that is in force and the fabric that runs it. */

import { type Policy, PolicyError, validatePolicy } from 'netvirt/core';
import { LiveFabric } from 'netvirt/simulate';
import document from './example.yaml?document';
import { Store } from './ui/store.ts';

export interface Session {
  readonly fabric: LiveFabric | undefined;
  /** Why there is none, in words. */
  readonly failure: string | undefined;
  /** The document of the policy that is in force; undefined: the example as it is. */
  readonly text: string | undefined;
  /** A change of the fabric could not be written into the text. */
  readonly isTextBehind: boolean;
  /** Goes up with every change of the policy. */
  readonly revision: number;
}

export const session = new Store<Session>({
  fabric: undefined,
  failure: undefined,
  text: undefined,
  isTextBehind: false,
  revision: 0,
});

/** Puts the example in force. */
export async function startSession(): Promise<void> {
  const missing = missingFeature();
  if (missing !== undefined) session.update({ failure: missing });
  else await usePolicy(validatePolicy(document), undefined);
}

/** @returns whether it is in force; the session says why not. */
export async function usePolicy(policy: Policy, text: string | undefined): Promise<boolean> {
  try {
    const fabric = await LiveFabric.create(policy);
    const { revision } = session.value;
    session.update({ fabric, failure: undefined, text, isTextBehind: false, revision: revision + 1 });
    return true;
  } catch (error) {
    session.update({ failure: messageOf(error) });
    return false;
  }
}

/** Changes the fabric but not its policy. @returns what is wrong, in words, or undefined. */
export function change(make: (fabric: LiveFabric) => void): string | undefined {
  const { fabric, revision } = session.value;
  if (fabric === undefined) return 'there is no fabric';
  try {
    make(fabric);
  } catch (error) {
    return messageOf(error);
  }
  session.update({ revision: revision + 1 });
  return undefined;
}

/** Changes an endpoint, in the fabric and in its document. @returns what is wrong, in words, or undefined. */
export function changeEndpoint(name: string, make: (fabric: LiveFabric) => void): string | undefined {
  // By the time of the writing, another policy may have brought another fabric.
  const { fabric } = session.value;
  const problem = change(make);
  if (problem === undefined) writing = writing.then(() => write(name, fabric));
  return problem;
}

/** One after the other: each begins with the text of the one before. */
let writing = Promise.resolve();

/** Brings the document up to what the fabric has of an endpoint. Loaded by then: the first view needs no YAML. */
async function write(name: string, fabric: LiveFabric | undefined): Promise<void> {
  try {
    const [{ writeEndpoint }, { default: example }] = await Promise.all([
      import('./policy/written.ts'),
      import('./example.yaml?raw'),
    ]);
    // Another policy has come meanwhile, with a text of its own.
    if (fabric === undefined || fabric !== session.value.fabric) return;
    session.update({ text: writeEndpoint(session.value.text ?? example, name, fabric.policy) });
  } catch (error) {
    const failure = `The policy’s text is not what the fabric runs: ${messageOf(error)}`;
    session.update({ failure, isTextBehind: true });
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof PolicyError) return error.problems.map(({ message }) => message).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** `(func (result v128) i32.const 0, i8x16.splat)`: what a browser without SIMD refuses. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11],
);

function missingFeature(): string | undefined {
  if (typeof WebAssembly === 'undefined')
    return 'This browser has no WebAssembly. The dataplane of this page is written in it: any browser since 2021 will do.';
  if (!WebAssembly.validate(SIMD))
    return 'This browser’s WebAssembly has no SIMD instructions, which the dataplane uses: any browser since 2021 will do.';
  return undefined;
}
