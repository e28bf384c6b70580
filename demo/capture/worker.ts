/** Reads captures beside the page, so that it never stands still. */

import { type Policy, validatePolicy } from 'netvirt/core';
import { Capture } from './capture.ts';
import type { Answer, Request, SentPolicy } from './messages.ts';
import { transform } from './transform.ts';

interface Scope {
  onmessage: ((event: MessageEvent<{ id: number; request: Request }>) => void) | null;
  postMessage(answer: Answer): void;
}

const scope = globalThis as unknown as Scope;
let opened: { capture: Capture; policy: Policy } | undefined;

scope.onmessage = ({ data: { id, request } }) => {
  answer(request).then(
    (result) => scope.postMessage({ id, result }),
    (error: unknown) =>
      scope.postMessage({ id, failure: error instanceof Error ? error.message : String(error) }),
  );
};

async function answer(request: Request): Promise<unknown> {
  if (request.kind === 'open') {
    const policy = await policyOf(request.policy);
    const { capture, overview } = await Capture.read(request.file, policy, (bytes, packets) =>
      scope.postMessage({ progress: { bytes, packets } }),
    );
    opened = { capture, policy };
    return overview;
  }
  if (opened === undefined) throw new Error('no capture is open');
  const { capture, policy } = opened;
  switch (request.kind) {
    case 'filter':
      return capture.filter(request.filter);
    case 'rows':
      return capture.rows(request.from, request.count);
    case 'detail':
      return capture.detail(request.index);
    case 'transform':
      return transform(capture.file, policy, request.transform);
  }
}

async function policyOf(sent: SentPolicy): Promise<Policy> {
  if ('document' in sent) return validatePolicy(sent.document);
  const { parsePolicy } = await import('netvirt');
  return parsePolicy(sent.text);
}
