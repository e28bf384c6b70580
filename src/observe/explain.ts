/** The decisions of the trace build in words: which rule, what was found, what was done. */

import { TRACE_SIZE } from '../abi/layout.ts';
import * as events from '../abi/trace.ts';
import type { Batch } from '../engine/batch.ts';
import type { Instance } from '../engine/instance.ts';
import { formatIpv4, formatIpv6, formatMac } from '../policy/addresses.ts';
import type { Plan } from '../policy/compile.ts';
import { type Verdict, isDrop, verdictOf } from './verdicts.ts';

export interface Step {
  /** Id of docs/protocol.md. */
  readonly rule: string;
  readonly text: string;
}

export interface Explanation {
  readonly verdict: Verdict;
  /** Name of the endpoint that it leaves to, `uplink`, or undefined where it does not leave. */
  readonly port: string | undefined;
  readonly steps: readonly Step[];
  /** The frame as it came in. */
  readonly before: Uint8Array;
  /** The frame as it leaves, undefined where it does not. */
  readonly after: Uint8Array | undefined;
}

/** Reads what the trace build noted about the one frame of a batch. */
export function readExplanation(
  instance: Instance,
  batch: Batch,
  plan: Plan,
  port: number,
  before: Uint8Array,
): Explanation {
  const verdict = verdictOf(batch.verdictAt(0));
  const after = isDrop(verdict.number) ? undefined : batch.frameAt(0).slice();
  const leaves = after === undefined || verdict.name === 'PUNT' ? undefined : portName(plan, batch.portAt(0));
  const steps = [
    { rule: 'V6', text: `came in by ${portName(plan, port)}, ${before.length} bytes` },
    ...readEvents(instance).map(([event, a, b]) => describe(plan, event, a, b)),
    {
      rule: verdict.rule,
      text: `${verdict.name}: ${verdict.sentence}${leaves === undefined ? '' : ` (${leaves})`}`,
    },
  ];
  return { verdict, port: leaves, steps, before: before.slice(), after };
}

type Event = [event: number, a: bigint, b: bigint];

function readEvents(instance: Instance): Event[] {
  const view = new DataView(instance.memory.buffer);
  const count = view.getUint32(instance.traceCount, true);
  return Array.from({ length: count }, (_, index) => {
    const at = instance.traces + index * TRACE_SIZE;
    return [view.getUint32(at, true), view.getBigUint64(at + 8, true), view.getBigUint64(at + 16, true)];
  });
}

function portName(plan: Plan, port: number): string {
  if (port === 0) return 'uplink';
  return plan.ports[port - 1]?.endpoint.name ?? `port ${port}`;
}

const ECN_NAMES = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];

type Describe = (plan: Plan, a: bigint, b: bigint) => Step;

const step = (rule: string, text: string): Step => ({ rule, text });

const DESCRIPTIONS: ReadonlyMap<number, Describe> = new Map<number, Describe>([
  [
    events.TRACE_PORT,
    (_, a, b) => step('V1', `the port belongs to virtual subnet ${vsid(a)}, MAC ${mac(b)}`),
  ],
  [events.TRACE_VLAN_REMOVED, (_, a) => step('N6', `priority tag removed (TCI ${hex(a, 4)})`)],
  [
    events.TRACE_SOURCE_MAC,
    (_, a, b) =>
      step(
        'V6',
        a === b ? `source MAC ${mac(a)} is the port’s` : `source MAC ${mac(a)}, but the port’s is ${mac(b)}`,
      ),
  ],
  [events.TRACE_SOURCE_ADDRESS4, (_, a) => step('V6', `source address ${ipv4(a)} is the endpoint’s`)],
  [events.TRACE_SOURCE_ADDRESS6, (_, a, b) => step('V6', `source address ${ipv6(a, b)} is the endpoint’s`)],
  [
    events.TRACE_SOURCE_FORWARDING,
    () => step('V6', 'the endpoint is forwarding: any source address may pass'),
  ],
  [
    events.TRACE_SOURCE_UNSPECIFIED,
    () => step('V6', 'unspecified source address of a VM that is getting its address'),
  ],
  [events.TRACE_SOURCE_LINK_LOCAL, () => step('V6', 'source is the link-local address of the MAC')],
  [events.TRACE_LOOKUP_ADDRESS4, (plan, a, b) => step('V3', `destination ${ipv4(a)}: ${place(plan, b)}`)],
  [events.TRACE_LOOKUP_ADDRESS6, (plan, a, b) => step('V3', `destination …${half6(a)}: ${place(plan, b)}`)],
  [events.TRACE_LOOKUP_MAC, (plan, a, b) => step('V3', `destination MAC ${mac(a)}: ${place(plan, b)}`)],
  [
    events.TRACE_LOCAL_PORT,
    (plan, a) => step('V8', `on this host: to ${portName(plan, Number(a))}, not onto the wire`),
  ],
  [events.TRACE_METHOD_NVGRE, (_, a) => step('N1', `NVGRE envelope with VSID ${vsid(a)}`)],
  [
    events.TRACE_METHOD_REWRITE4,
    (_, a, b) => step('W1', `IP Rewrite: provider addresses ${ipv4(a)} → ${ipv4(b)}`),
  ],
  [
    events.TRACE_METHOD_REWRITE6,
    (_, a, b) => step('W1', `IP Rewrite: provider addresses …${half6(a)} → …${half6(b)}`),
  ],
  [events.TRACE_SIZE_LIMIT, (_, a, b) => step('T1', `${a} bytes of IP on the wire, the path carries ${b}`)],
  [
    events.TRACE_FLOW,
    (_, a, b) => step('N3', `FlowID ${hex(a, 2)}${b === 0n ? '' : `, flow label ${hex(b, 5)} (N12)`}`),
  ],
  [events.TRACE_OUTER_TOS, (_, a, b) => step('DSCP', `TOS ${hex(a, 2)} inside gives ${hex(b, 2)} outside`)],
  [events.TRACE_IP_CHECKSUM, (_, a, b) => step('W3', `IPv4 header checksum ${hex(a, 4)} → ${hex(b, 4)}`)],
  [events.TRACE_L4_CHECKSUM, (_, a, b) => step('W3', `transport checksum ${hex(a, 4)} → ${hex(b, 4)}`)],
  [events.TRACE_QUOTE, () => step('W6', 'an ICMP error: the quoted packet is translated too')],
  [events.TRACE_OUTER4, (_, a, b) => step('N9', `outer IPv4 ${ipv4(a)} → ${ipv4(b)}`)],
  [events.TRACE_OUTER6, (_, a, b) => step('N9', `outer IPv6 …${half6(a)} → …${half6(b)}`)],
  [
    events.TRACE_OUTER_CHECKSUM,
    (_, a) => step('N8', `outer header checksum is ${a === 1n ? 'right' : 'wrong'}`),
  ],
  [events.TRACE_GRE, (_, a, b) => step('N8', `GRE ${wire(a, 4)}, key ${wire(b, 4)}`)],
  [events.TRACE_VSID, (_, a, b) => step('N2', `VSID ${vsid(a)} is ${b === 0n ? 'unknown' : 'known'} here`)],
  [
    events.TRACE_TUNNEL_GUARD,
    (plan, a, b) =>
      step(
        'V7',
        `inner source: ${place(plan, a)}, which ${b === 1n ? 'owns' : 'does not own'} the outer source`,
      ),
  ],
  [
    events.TRACE_ECN,
    (_, a, b) => step('ECN', `inner ${ECN_NAMES[Number(a)] ?? a}, outer ${ECN_NAMES[Number(b)] ?? b}`),
  ],
  [events.TRACE_NOT_OURS, () => step('N8', 'neither a tunnel to this host nor a rewritten packet for it')],
]);

function describe(plan: Plan, event: number, a: bigint, b: bigint): Step {
  const known = DESCRIPTIONS.get(event);
  if (known === undefined)
    throw new RangeError(`trace event: expected a number of src/abi/trace.ts, got ${event}`);
  return known(plan, a, b);
}

/** What a next hop (+ 1, 0 = none) is for people. */
function place(plan: Plan, nextHop: bigint): string {
  if (nextHop === 0n) return 'no record';
  const index = Number(nextHop) - 1;
  const local = plan.ports[index];
  if (local !== undefined) return `${local.endpoint.name} on this host`;
  const peer = plan.hops.peers[index - plan.ports.length];
  return peer === undefined ? `next hop ${index}` : `an endpoint on ${peer.host.name}`;
}

// Values come as they lie in WASM's memory: the first byte on the wire is the lowest.

function wire(value: bigint, bytes: number): string {
  let text = '';
  for (let index = 0n; index < bytes; index++)
    text += ((value >> (index * 8n)) & 0xffn).toString(16).padStart(2, '0');
  return text;
}

function vsid(value: bigint): string {
  return String(parseInt(wire(value, 3), 16));
}

function mac(value: bigint): string {
  return formatMac(parseInt(wire(value, 6), 16));
}

function ipv4(value: bigint): string {
  return formatIpv4(parseInt(wire(value, 4), 16));
}

function ipv6(high: bigint, low: bigint): string {
  return formatIpv6(BigInt(`0x${wire(high, 8)}${wire(low, 8)}`));
}

function half6(low: bigint): string {
  return wire(low, 8).replace(/(....)(?=.)/g, '$1:');
}

function hex(value: bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
