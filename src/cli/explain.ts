/** `netvirt explain`: one frame through the real code path, each decision with its rule, the bytes before and after. */

import pc from 'picocolors';
import { parseIp } from '../policy/addresses.ts';
import type { Dataplane } from '../engine/dataplane.ts';
import type { Explanation, Leaving } from '../observe/explain.ts';
import { type Probe, type ProbeProtocol, probe } from '../frames/probe.ts';
import { UsageError } from './errors.ts';
import { hexDump, parseHex } from './hex.ts';
import { createDataplane, findPort } from './names.ts';
import { loadPolicy } from './policy-file.ts';
import { plural } from './report.ts';

export interface ExplainOptions {
  host: string;
  port: string;
  frame?: string;
  to?: string;
  proto?: string;
  json?: boolean;
}

export async function explain(file: string, options: ExplainOptions): Promise<void> {
  if ((options.frame === undefined) === (options.to === undefined)) {
    throw new UsageError('expected either --frame HEX or --to ADDRESS');
  }
  const dataplane = await createDataplane(await loadPolicy(file), options.host);
  const port = options.port === 'uplink' ? 0 : findPort(dataplane, options.port);
  const { frame, notes } =
    options.frame === undefined
      ? build(dataplane, port, options)
      : { frame: parseHex(options.frame), notes: [] };
  const explanation = await dataplane.explain(port, frame);
  const text =
    options.json === true
      ? JSON.stringify({ ...toJson(explanation), notes }, null, 2)
      : [...notes.map((note) => `note: ${note}`), explanationText(explanation)].join('\n');
  console.log(text);
}

/** @throws UsageError where nobody could send to it. */
function build(
  { policy, ports }: Dataplane,
  port: number,
  { to = '', proto = 'icmp' }: ExplainOptions,
): Probe {
  const address = parseIp(to);
  if (address === undefined) throw new UsageError(`--to: expected an IPv4 or IPv6 address, got "${to}"`);
  const sender = ports.find(({ number }) => number === port)?.endpoint;
  if (sender === undefined)
    throw new UsageError('--to: expected --port with an endpoint; from the uplink give --frame');
  try {
    return probe(policy, sender, address, proto as ProbeProtocol);
  } catch (error) {
    // `to: …` and `proto: …` are what the options are called.
    if (error instanceof RangeError) throw new UsageError(`--${error.message}`);
    throw error;
  }
}

function toJson({ verdict, port, steps, before, after, outputs }: Explanation) {
  const hex = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? null : Buffer.from(bytes).toString('hex');
  return {
    verdict: verdict.name,
    rule: verdict.rule,
    sentence: verdict.sentence,
    port: port ?? null,
    steps,
    before: hex(before),
    after: hex(after),
    outputs: outputs.map((one) => ({
      verdict: one.verdict.name,
      port: one.port ?? null,
      frame: hex(one.frame),
    })),
  };
}

/** Frames whose bytes are shown: of a broadcast, there is a copy for every host. */
const FRAMES_SHOWN = 8;

function explanationText({ steps, before, outputs }: Explanation): string {
  const width = Math.max(...steps.map(({ rule }) => rule.length));
  const lines = steps.map(({ rule, text }) => `${rule.padEnd(width)}  ${text}`);
  lines.push('', `before, ${plural(before.length, 'byte')}:`, ...hexDump(before));
  for (const output of outputs.slice(0, FRAMES_SHOWN))
    lines.push('', ...outputLines(before, output, outputs.length));
  const more = outputs.length - FRAMES_SHOWN;
  if (more > 0) lines.push('', `… and ${plural(more, 'more frame')} (--json has all)`);
  return lines.join('\n');
}

function outputLines(before: Uint8Array, { verdict, port, frame }: Leaving, among: number): string[] {
  // What both have in common lies at the end: envelopes go on and off at the front.
  const shift = frame.length - before.length;
  const isNew = (offset: number) => frame[offset] !== before[offset - shift];
  const which = among === 1 || port === undefined ? '' : `, ${verdict.name} to ${port}`;
  const marks = pc.isColorSupported ? ' (new and changed bytes are marked)' : '';
  return [`after, ${plural(frame.length, 'byte')}${which}${marks}:`, ...hexDump(frame, isNew)];
}
