/** Reads captures beside the page, so that it never stands still. */

import { type Policy, validatePolicy } from 'netvirt/core';
import { Capture } from './capture.ts';
import type { Answer, Indexed, Request, SentPolicy } from './messages.ts';
import { transform } from './transform.ts';

interface Scope {
  onmessage: ((event: MessageEvent<{ id: number; request: Request }>) => void) | null;
  postMessage(answer: Answer): void;
}

/** Between two messages about progress, milliseconds. */
const OFTEN = 100;
/** Between two reports. */
const SELDOM = 1000;

const scope = globalThis as unknown as Scope;
let opened: { capture: Capture; policy: Policy } | undefined;
/** Ends what is done for the capture before. */
let ending = new AbortController();

scope.onmessage = ({ data: { id, request } }) => {
  answer(id, request).then(
    (result) => scope.postMessage({ id, result }),
    (error: unknown) => scope.postMessage({ id, failure: messageOf(error) }),
  );
};

async function answer(id: number, request: Request): Promise<unknown> {
  if (request.kind === 'open') return open(id, request.file, request.policy);
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

async function open(opening: number, file: File, sent: SentPolicy): Promise<Indexed> {
  ending.abort(new Error('another capture was opened'));
  ending = new AbortController();
  const { signal } = ending;
  opened = undefined;
  const policy = await policyOf(sent);
  const isTime = every(OFTEN);
  const onProgress = (bytes: number, packets: number) => {
    if (isTime()) scope.postMessage({ opening, progress: { bytes, packets } });
  };
  const capture = await Capture.open(file, policy, { signal, onProgress });
  opened = { capture, policy };
  void judge(opening, capture, signal);
  return capture.indexed;
}

async function judge(opening: number, capture: Capture, signal: AbortSignal): Promise<void> {
  const isTime = every(OFTEN);
  const isReportTime = every(SELDOM);
  const tell = (judged: number, withReport: boolean, failure: { failure?: string } = {}) => {
    const { count } = capture;
    const report = withReport ? capture.report() : undefined;
    scope.postMessage({ opening, judging: { judged, count, report, ...failure } });
  };
  let judged = 0;
  try {
    await capture.judge({
      signal,
      onProgress: (packets) => {
        judged = packets;
        if (judged < capture.indexed.packets && isTime()) tell(judged, isReportTime());
      },
    });
    tell(judged, true);
  } catch (error) {
    if (!signal.aborted) tell(judged, true, { failure: messageOf(error) });
  }
}

/** Is true once in so many milliseconds. */
function every(milliseconds: number): () => boolean {
  let next = performance.now() + milliseconds;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + milliseconds;
    return true;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function policyOf(sent: SentPolicy): Promise<Policy> {
  if ('document' in sent) return validatePolicy(sent.document);
  const { parsePolicy } = await import('netvirt');
  return parsePolicy(sent.text);
}
