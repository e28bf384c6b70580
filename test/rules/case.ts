/** A named packet: what comes in where, and what must come out, byte for byte. */

import { FORWARD, ICMP_ERROR, REPLY } from '../../src/abi/verdict.ts';
import { ETHER_TYPE, type Upper, ethernet, ipv4, ipv6, nvgre } from '../packets/index.ts';
import { type HostName, type ProviderFields, type Vm, type VmName, host, vm } from './fabric.ts';

/** Bits that the standard leaves to the sender: a mask over bytes from `offset` on; they may have any value. */
export interface AnyBits {
  readonly offset: number;
  readonly mask: readonly number[];
}

/** What goes in before the frame that is judged, a batch each. */
export interface Before {
  readonly port: VmName | 'uplink';
  readonly frame: Uint8Array;
  readonly now?: number;
}

/** A frame that leaves. */
export interface Leaving {
  readonly port: VmName | 'uplink';
  readonly frame: Uint8Array;
  readonly any?: readonly AnyBits[];
  /** The virtio-net header in front of it; default: nothing is left to be done. */
  readonly vnet?: Uint8Array;
}

/** Several frames that leave, or one that is not the input: `verdict` is what became of the input itself. */
export interface Outcome {
  readonly verdict: number;
  /** `verdict` of an output: FORWARD (default), REPLY or ICMP_ERROR. */
  readonly outputs: readonly (Leaving & { readonly verdict?: number })[];
  /** Copies of one frame: their order is the engine's choice. */
  readonly anyOrder?: true;
}

export type Takes = Partial<Record<VmName | 'uplink', number>>;

export interface Case {
  /** Ids of docs/protocol.md. */
  readonly rules: readonly string[];
  readonly name: string;
  readonly host: HostName;
  readonly port: VmName | 'uplink';
  readonly frame: Uint8Array;
  /** The capture kept only the beginning of the frame. */
  readonly cut?: boolean;
  readonly provider?: ProviderFields;
  /** The virtio-net header that the frame comes with (W7); only the live build knows it. */
  readonly vnet?: Uint8Array;
  /** What ports take of what senders leave to be done: sums of OFFLOAD_…, default none. */
  readonly takes?: Takes;
  /** Milliseconds at which the frame is processed; default 0. With `now` or `before` the engine is a fresh one. */
  readonly now?: number;
  readonly before?: readonly Before[];
  /** A number of src/abi/verdict.ts: nothing leaves. A frame: it leaves alone, forwarded. */
  readonly expected: number | Leaving | Outcome;
}

export const fromVm = (
  port: VmName,
  rules: readonly string[],
  name: string,
  frame: Uint8Array,
  expected: Case['expected'],
  more: Partial<Case> = {},
): Case => ({ rules, name, host: vm(port).host, port, frame, expected, ...more });

export const fromUplink = (
  to: HostName,
  rules: readonly string[],
  name: string,
  frame: Uint8Array,
  expected: Case['expected'],
  more: Partial<Case> = {},
): Case => ({ rules, name, host: to, port: 'uplink', frame, expected, ...more });

/** The host answers in somebody's name. */
export const replied = (port: VmName, frame: Uint8Array, fate = REPLY): Outcome => ({
  verdict: fate,
  outputs: [{ verdict: REPLY, port, frame }],
});

/** The packet is dropped, and its sender is told. */
export const refused = (fate: number, port: VmName, error: Uint8Array): Outcome => ({
  verdict: fate,
  outputs: [{ verdict: ICMP_ERROR, port, frame: error }],
});

/** One packet leaves as several, in this order. */
export const pieces = (outputs: readonly Leaving[]): Outcome => ({ verdict: FORWARD, outputs });

export const OUTER4 = 42;
export const OUTER6 = 62;
const FLOW_LABEL: AnyBits = { offset: 15, mask: [0x0f, 0xff, 0xff] };

const isOld = (from: HostName, to: HostName): boolean =>
  host(from).nvgreKey === 'draft00' || host(to).nvgreKey === 'draft00';

/** The last byte of the key, the first one in the old layout. */
const flowIdAt = (from: HostName, to: HostName, end: number): AnyBits => ({
  offset: isOld(from, to) ? end - 4 : end - 1,
  mask: [0xff],
});

export interface EnvelopeFields {
  readonly tos?: number;
  readonly ttl?: number;
  readonly vsid?: number;
  readonly flowId?: number;
  readonly flags?: number;
  readonly protocolType?: number;
  /** Only to be received: what no sender of ours writes. */
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  readonly offset?: number;
  readonly options?: Uint8Array;
  readonly checksumError?: number;
  readonly totalLength?: number;
  readonly ihl?: number;
  readonly version?: number;
  readonly payloadLength?: number;
  readonly flowLabel?: number;
  /** Default: by the two hosts (N10). */
  readonly layout?: 'rfc7637' | 'draft00';
}

const keyOf = (from: HostName, to: HostName, vsid: number, fields: EnvelopeFields) => ({
  layout: isOld(from, to) ? ('draft00' as const) : ('rfc7637' as const),
  ...fields,
  vsid: fields.vsid ?? vsid,
});

/** The MACs between two hosts: direct where they share the provider prefix, else by the sender's gateway. */
export function outerMacs(from: HostName, to: HostName): { src: string; dst: string } {
  const isDirect = ['h1', 'h2'].includes(from) && ['h1', 'h2'].includes(to);
  return { src: host(from).mac, dst: isDirect ? host(to).mac : host(from).gatewayMac };
}

/** RFC 7637 over IPv4. */
export function envelope4(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
): Uint8Array {
  const outer = { src: host(from).ipv4!, dst: host(to).ipv4!, id: 0, df: true, ttl: 64, ...fields };
  return ethernet(
    { ...outerMacs(from, to), type: ETHER_TYPE.ipv4 },
    ipv4(outer, nvgre(keyOf(from, to, vsid, fields), inner)),
  );
}

/** RFC 7637 over IPv6. */
export function envelope6(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
): Uint8Array {
  const { tos, ttl, payloadLength, flowLabel, version } = fields;
  const outer = {
    src: host(from).ipv6,
    dst: host(to).ipv6,
    trafficClass: tos ?? 0,
    hopLimit: ttl ?? 64,
    flowLabel: flowLabel ?? 1,
    ...(payloadLength === undefined ? {} : { payloadLength }),
    ...(version === undefined ? {} : { version }),
  };
  return ethernet(
    { ...outerMacs(from, to), type: ETHER_TYPE.ipv6 },
    ipv6(outer, nvgre(keyOf(from, to, vsid, fields), inner)),
  );
}

/** What leaves in an envelope; FlowID and flow label are the sender's choice. */
export function tunnelled4(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
): Leaving {
  return {
    port: 'uplink' as const,
    frame: envelope4(from, to, vsid, inner, fields),
    any: [flowIdAt(from, to, OUTER4)],
  };
}

export function tunnelled6(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
): Leaving {
  return {
    port: 'uplink' as const,
    frame: envelope6(from, to, vsid, inner, fields),
    any: [flowIdAt(from, to, OUTER6), FLOW_LABEL],
  };
}

export interface PacketFields {
  readonly tos?: number;
  readonly ttl?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  readonly offset?: number;
  readonly options?: Uint8Array;
  readonly checksumError?: number;
  readonly checksum?: number;
}

export interface PacketFields6 {
  readonly tos?: number;
  readonly ttl?: number;
  readonly headers?: Parameters<typeof ipv6>[0]['headers'];
}

/** A frame from VM to VM over IPv4, with the customer addresses. */
export function frame4(
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: PacketFields = {},
): Uint8Array {
  return ethernet(
    { src: vm(from).mac, dst: vm(to).mac },
    ipv4({ src: vm(from).ipv4!, dst: vm(to).ipv4!, ...fields }, upper),
  );
}

/** The same over IPv6; `tos` is the traffic class, `ttl` the hop limit. */
export function frame6(
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: PacketFields6 & { readonly src?: string } = {},
): Uint8Array {
  const { tos = 0, ttl = 64, headers = [], src = vm(from).ipv6! } = fields;
  const packet = ipv6({ src, dst: vm(to).ipv6!, trafficClass: tos, hopLimit: ttl, headers }, upper);
  return ethernet({ src: vm(from).mac, dst: vm(to).mac }, packet);
}

/** The same packet with provider addresses and the hosts' MACs: what IP Rewrite puts on the wire (W2). */
export function rewritten4(
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: PacketFields = {},
): Uint8Array {
  const packet = ipv4({ src: vm(from).provider4!, dst: vm(to).provider4!, ...fields }, upper);
  return ethernet(rewriteMacs(vm(from), vm(to)), packet);
}

export function rewritten6(
  from: VmName,
  to: VmName,
  upper: Upper | Uint8Array,
  fields: PacketFields6 = {},
): Uint8Array {
  const { tos = 0, ttl = 64, headers = [] } = fields;
  const packet = ipv6(
    { src: vm(from).provider6!, dst: vm(to).provider6!, trafficClass: tos, hopLimit: ttl, headers },
    upper,
  );
  return ethernet(rewriteMacs(vm(from), vm(to)), packet);
}

function rewriteMacs(from: Vm, to: Vm): { src: string; dst: string } {
  const macs = outerMacs(from.host, to.host);
  const isDirect = macs.dst === host(to.host).mac;
  return {
    src: from.useVmMac === true ? from.mac : macs.src,
    dst: isDirect && to.useVmMac === true ? to.mac : macs.dst,
  };
}

/** Both directions of a rewritten packet: leaving from one VM's host, arriving at the other's. */
export function rewriteCases(
  rules: readonly string[],
  name: string,
  from: VmName,
  to: VmName,
  customer: Uint8Array,
  provider: Uint8Array,
): Case[] {
  return [
    {
      rules,
      name: `${name}, leaving`,
      host: vm(from).host,
      port: from,
      frame: customer,
      expected: { port: 'uplink', frame: provider },
    },
    {
      rules,
      name: `${name}, arriving`,
      host: vm(to).host,
      port: 'uplink',
      frame: provider,
      expected: { port: to, frame: customer },
    },
  ];
}
