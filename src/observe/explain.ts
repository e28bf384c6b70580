/** The decisions of the trace build in words: which rule, what was found, what was done. */

import { TRACE_HEADER, TRACE_SIZE } from '../abi/layout.ts';
import * as events from '../abi/trace.ts';
import { PUNT } from '../abi/verdict.ts';
import type { Batch } from '../engine/batch.ts';
import type { Instance } from '../engine/instance.ts';
import { formatIpv4, formatIpv6, formatMac } from '../policy/addresses.ts';
import type { Plan } from '../policy/compile.ts';
import { type Verdict, verdictOf } from './verdicts.ts';

export interface Step {
  /** Id of docs/protocol.md. */
  readonly rule: string;
  readonly text: string;
}

/** A frame that leaves. */
export interface Leaving {
  /** FORWARD, PUNT, REPLY or ICMP_ERROR. */
  readonly verdict: Verdict;
  /** Name of the endpoint that it leaves to, or `uplink`; undefined for PUNT. */
  readonly port: string | undefined;
  readonly frame: Uint8Array;
}

export interface Explanation {
  /** What the frame counts as. */
  readonly verdict: Verdict;
  /** Where the first frame leaves to, undefined where none does. */
  readonly port: string | undefined;
  readonly steps: readonly Step[];
  /** The frame as it came in. */
  readonly before: Uint8Array;
  /** The first frame that leaves, undefined where none does. */
  readonly after: Uint8Array | undefined;
  /** All that leave: copies, pieces, answers, errors. */
  readonly outputs: readonly Leaving[];
}

/** Reads what the trace build noted about the one frame of a batch. */
export function readExplanation(
  instance: Instance,
  batch: Batch,
  plan: Plan,
  port: number,
  before: Uint8Array,
): Explanation {
  const outputs = [...batch.outputs()].map(({ verdict, port, frame }) => ({
    verdict: verdictOf(verdict),
    port: verdict === PUNT ? undefined : portName(plan, port),
    frame: frame.slice(),
  }));
  const [drop] = batch.drops();
  const verdict = drop === undefined ? outputs[0]!.verdict : verdictOf(drop.verdict);
  const ends = outputs.map((one) => ({ rule: one.verdict.rule, text: endOf(one) }));
  const steps = [
    {
      rule: 'V6',
      text: `came in by ${portName(plan, port)}, ${before.length} ${before.length === 1 ? 'byte' : 'bytes'}`,
    },
    ...withoutRepeats(readEvents(instance)).map(([event, a, b]) => describe(plan, event, a, b)),
    ...(drop === undefined ? [] : [{ rule: verdict.rule, text: `${verdict.name}: ${verdict.sentence}` }]),
    ...ends,
  ];
  const [first] = outputs;
  return { verdict, port: first?.port, steps, before: before.slice(), after: first?.frame, outputs };
}

/** A routed packet is held against the limit before it is changed, and again, padding included, when it is sent. */
function withoutRepeats(noted: readonly Event[]): Event[] {
  const isLimit = (event: Event | undefined) => event?.[0] === events.TRACE_SIZE_LIMIT;
  return noted.filter((event, index) => {
    const next = noted[index + 1];
    return !(isLimit(event) && isLimit(next) && event[2] === next![2]);
  });
}

function endOf({ verdict, port }: Leaving): string {
  return `${verdict.name}: ${verdict.sentence}${port === undefined ? '' : ` (${port})`}`;
}

type Event = [event: number, a: bigint, b: bigint];

function readEvents(instance: Instance): Event[] {
  const view = new DataView(instance.memory.buffer);
  const count = view.getUint32(instance.traces, true);
  return Array.from({ length: count }, (_, index) => {
    const at = instance.traces + TRACE_HEADER + index * TRACE_SIZE;
    return [view.getUint32(at, true), view.getBigUint64(at + 8, true), view.getBigUint64(at + 16, true)];
  });
}

function portName(plan: Plan, port: number): string {
  if (port === 0) return 'uplink';
  return plan.ports.get(port)?.endpoint.name ?? `port ${port}`;
}

const ECN_NAMES = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'];

type Describe = (plan: Plan, a: bigint, b: bigint) => Step;

const step = (rule: string, text: string): Step => ({ rule, text });

const DESCRIPTIONS: ReadonlyMap<number, Describe> = new Map<number, Describe>([
  [
    events.TRACE_PORT,
    (_, a, b) => step('V1', `the port belongs to virtual subnet ${vsid(a)}, MAC ${mac(b)}`),
  ],
  [
    events.TRACE_VLAN_REMOVED,
    (_, a, b) => step('N6', `VLAN tag removed (TCI ${hex(a, 4)}): virtual subnet ${vsid(b)}`),
  ],
  [events.TRACE_VLAN_ADDED, (_, a) => step('N6', `the port has the subnet on VLAN ${a}: tag added`)],
  [events.TRACE_GATEWAY4, (_, a) => step('V2', `${ipv4(a)} is a gateway`)],
  [events.TRACE_GATEWAY6, (_, a, b) => step('V2', `${ipv6(a, b)} is a gateway`)],
  [
    events.TRACE_ROUTED4,
    (_, a, b) => step('V2', `routed: ${ipv4(a)} is an endpoint’s in virtual subnet ${vsid(b)}`),
  ],
  [events.TRACE_ROUTED6, (_, a, b) => step('V2', `routed: ${ipv6(a, b)} is an endpoint’s`)],
  [
    events.TRACE_CONNECTED,
    (_, a) =>
      step('V2', `the longest prefix is virtual subnet ${vsid(a)}’s own, where nobody has the address`),
  ],
  [
    events.TRACE_ROUTE4,
    (_, a, b) => step('V2', `the longest prefix is a route’s, via ${ipv4(a)} in virtual subnet ${vsid(b)}`),
  ],
  [events.TRACE_NO_ROUTE4, (_, a) => step('V2', `no route to ${ipv4(a)}`)],
  [events.TRACE_NO_ROUTE6, (_, a, b) => step('V2', `no route to ${ipv6(a, b)}`)],
  [events.TRACE_NO_WAY_IN, () => step('V2', 'that virtual subnet has no gateway: nothing is routed into it')],
  [events.TRACE_ROUTE6, (_, a, b) => step('V2', `the longest prefix is a route’s, via ${ipv6(a, b)}`)],
  [
    events.TRACE_NEIGHBOR4,
    (_, a, b) => step('V4', `who has ${ipv4(a)}? ${b === 0n ? 'nobody in the subnet' : mac(b)}`),
  ],
  [events.TRACE_NEIGHBOR6, (_, a, b) => step('V4', `who has ${ipv6(a, b)}?`)],
  [events.TRACE_FLOOD, (_, a, b) => step('V5', `to ${a} ports and hosts, with ${b} slots for copies`)],
  [events.TRACE_FRAGMENTS, (_, a, b) => step('T1', `cut into ${a} pieces of at most ${b} bytes`)],
  [events.TRACE_MSS, (_, a, b) => step('T3', `TCP maximum segment size ${a} → ${b}`)],
  [
    events.TRACE_PATH_MTU,
    (plan, a, b) =>
      step('T4', a === 0n ? 'it quotes no tunnel of ours' : `path to ${place(plan, a)}: ${b} bytes of IP`),
  ],
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
  [events.TRACE_LOOKUP_ADDRESS6, (_, a, b) => step('V3', `destination ${ipv6(a, b)}`)],
  [events.TRACE_RECORD, (plan, a) => step('V3', `its record leads to ${place(plan, a)}`)],
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
    (_, a, b) => step('W1', `IP Rewrite: provider address of the source ${ipv6(a, b)}`),
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
  [events.TRACE_OUTER6, (_, a, b) => step('N9', `outer IPv6 source ${ipv6(a, b)}`)],
  [events.TRACE_TOWARDS6, (_, a, b) => step('N9', `and destination ${ipv6(a, b)}`)],
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
  return plan.describeHop(Number(nextHop) - 1);
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

function hex(value: bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
