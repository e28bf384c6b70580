/** A named packet: what comes in where, and what must come out, byte for byte. */

import { ETHER_TYPE, type Upper, ethernet, ipv4, ipv6, nvgre } from '../packets/index.ts';
import { type HostName, type ProviderFields, type Vm, type VmName, host, vm } from './fabric.ts';

/** Bits that the standard leaves to the sender: a mask over bytes from `offset` on; they may have any value. */
export interface AnyBits {
  readonly offset: number;
  readonly mask: readonly number[];
}

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
  /** A number of src/abi/verdict.ts, or what leaves and where. */
  readonly expected:
    | number
    | { readonly port: VmName | 'uplink'; readonly frame: Uint8Array; readonly any?: readonly AnyBits[] };
}

export const OUTER4 = 42;
export const OUTER6 = 62;
const FLOW_ID_4: AnyBits = { offset: OUTER4 - 1, mask: [0xff] };
const FLOW_ID_6: AnyBits = { offset: OUTER6 - 1, mask: [0xff] };
const FLOW_LABEL: AnyBits = { offset: 15, mask: [0x0f, 0xff, 0xff] };

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
}

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
    ipv4(outer, nvgre({ ...fields, vsid: fields.vsid ?? vsid }, inner)),
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
    ipv6(outer, nvgre({ ...fields, vsid: fields.vsid ?? vsid }, inner)),
  );
}

/** What leaves in an envelope; FlowID and flow label are the sender's choice. */
export function tunnelled4(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
) {
  return { port: 'uplink' as const, frame: envelope4(from, to, vsid, inner, fields), any: [FLOW_ID_4] };
}

export function tunnelled6(
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
) {
  return {
    port: 'uplink' as const,
    frame: envelope6(from, to, vsid, inner, fields),
    any: [FLOW_ID_6, FLOW_LABEL],
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
  fields: { tos?: number; ttl?: number; headers?: Parameters<typeof ipv6>[0]['headers'] } = {},
): Uint8Array {
  const { tos = 0, ttl = 64, headers = [] } = fields;
  const packet = ipv6(
    { src: vm(from).ipv6!, dst: vm(to).ipv6!, trafficClass: tos, hopLimit: ttl, headers },
    upper,
  );
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
  fields: { tos?: number; ttl?: number; headers?: Parameters<typeof ipv6>[0]['headers'] } = {},
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
