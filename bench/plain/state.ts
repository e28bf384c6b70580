/** What one host knows, in the shapes that plain JavaScript reads fastest; filled from the same plan as the WASM tables. */

import { contains, ipBytes } from '../../src/policy/addresses.ts';
import type { Plan } from '../../src/policy/compile.ts';
import { domainsOf } from '../../src/policy/measure.ts';
import { tunnelFamily } from '../../src/policy/next-hops.ts';
import type { Endpoint, Host, IpAddress, MacAddress, Policy } from '../../src/policy/model.ts';
import { WordTable } from './tables.ts';

export interface Port {
  readonly vsid: number;
  readonly macHigh: number;
  readonly macLow: number;
  readonly hop: number;
  readonly subnet: number;
  readonly forwarding: boolean;
  readonly rewrite: boolean;
  readonly useVmMac: boolean;
  /** The link-local address of the MAC, four words. */
  readonly linkLocal: Int32Array;
}

/** A local port, or a peer with its outer header. */
export interface Hop {
  /** 0: local. */
  readonly family: 0 | 4 | 6;
  readonly port: number;
  readonly header: Uint8Array;
  /** Sum of the IPv4 header without TOS, total length and checksum. */
  readonly headerSum: number;
  readonly mtu: number;
  readonly provider4: number;
  readonly hasProvider4: boolean;
  readonly provider6: Int32Array;
  readonly hasProvider6: boolean;
  readonly rewriteMacHigh: number;
  readonly rewriteMacLow: number;
  readonly useVmMac: boolean;
}

// Words behind the key of an address entry.
export const MAC_HIGH = 0;
export const MAC_LOW = 1;
export const HOP = 2;
export const PROVIDER = 3;
/** addresses4: key VSID, address. addresses6: key VSID, four words. */
export const VALUE4 = 2;
export const VALUE6 = 5;
// macs: key VSID, MAC high, MAC low.
export const MAC_HOP = 3;
export const MAC_FLAGS = 4;
export const FORWARDING = 1;
export const REWRITE = 2;
// providers4: key address, 0; providers6: key four words, 0. Values: customer words, VSID, MAC, hop.
export const PROVIDER_CUSTOMER4 = 2;
export const PROVIDER_VALUE4 = 3;
export const PROVIDER_CUSTOMER6 = 5;
export const PROVIDER_VALUE6 = 9;
// Behind PROVIDER_VALUE.
export const P_VSID = 0;
export const P_MAC_HIGH = 1;
export const P_MAC_LOW = 2;
export const P_HOP = 3;

export interface State {
  readonly ports: (Port | undefined)[];
  readonly hops: Hop[];
  readonly subnets: Map<number, number>;
  readonly addresses4: WordTable;
  readonly addresses6: WordTable;
  readonly macs: WordTable;
  readonly providers4: WordTable;
  readonly providers6: WordTable;
  readonly macHigh: number;
  readonly macLow: number;
  readonly routerHigh: number;
  readonly routerLow: number;
  readonly own4: number;
  readonly hasOwn4: boolean;
  readonly own6: Int32Array;
  readonly hasOwn6: boolean;
  readonly tosMask: number;
  readonly tosFixed: number;
  readonly flowIdMask: number;
}

const high = (mac: MacAddress) => Math.floor(mac / 0x1_0000_0000);
const low = (mac: MacAddress) => (mac % 0x1_0000_0000) | 0;

function words(address: IpAddress | undefined): Int32Array {
  const bytes = address === undefined ? new Uint8Array(16) : ipBytes(address);
  const view = new DataView(bytes.buffer);
  return Int32Array.from({ length: bytes.length / 4 }, (_, index) => view.getInt32(index * 4));
}

export function createState(policy: Policy, plan: Plan): State {
  const { host, capacity } = plan;
  const { provider } = policy;
  const ecnMask = provider.ecn === 'compatibility' ? 0 : 3;
  const state: State = {
    ports: [undefined],
    hops: [],
    subnets: new Map([...plan.subnets.values()].map(({ index, subnet }) => [subnet.vsid, index])),
    addresses4: new WordTable(capacity.addresses4, 2, 4),
    addresses6: new WordTable(capacity.addresses6, 5, 7),
    macs: new WordTable(capacity.macs, 3, 2),
    providers4: new WordTable(capacity.providers4, 2, 5),
    providers6: new WordTable(capacity.providers6, 5, 8),
    macHigh: high(host.mac),
    macLow: low(host.mac),
    routerHigh: high(provider.routerMac),
    routerLow: low(provider.routerMac),
    own4: words(host.ipv4?.address)[0]!,
    hasOwn4: host.ipv4 !== undefined,
    own6: words(host.ipv6?.address ?? { family: 6, value: 0n }),
    hasOwn6: host.ipv6 !== undefined,
    tosMask: provider.dscp === 'uniform' ? 0xfc | ecnMask : ecnMask,
    tosFixed: provider.dscp === 'uniform' ? 0 : provider.dscp << 2,
    flowIdMask: provider.flowId === 'zero' ? 0 : 0xff,
  };
  addPorts(state, plan);
  addPeers(state, plan);
  for (const { domain } of domainsOf(policy, host))
    for (const endpoint of domain.endpoints) addEndpoint(state, plan, endpoint);
  return state;
}

function addPorts({ ports, hops, subnets }: State, plan: Plan): void {
  for (const { number, endpoint } of plan.ports.values()) {
    const macLow = low(endpoint.mac);
    const macHigh = high(endpoint.mac);
    const linkLocal = Int32Array.of(
      0xfe800000 | 0,
      0,
      ((macHigh ^ 0x200) << 16) | ((macLow >>> 16) & 0xff00) | 0xff,
      0xfe000000 | (macLow & 0xffffff),
    );
    ports[number] = {
      vsid: endpoint.vsid,
      macHigh,
      macLow,
      hop: plan.hops.ofPort(number),
      subnet: subnets.get(endpoint.vsid)!,
      forwarding: endpoint.forwarding,
      rewrite: endpoint.method === 'rewrite',
      useVmMac: endpoint.useVmMac,
      linkLocal,
    };
    hops[plan.hops.ofPort(number)] = localHop(number);
  }
}

function localHop(port: number): Hop {
  return {
    family: 0,
    port,
    header: new Uint8Array(0),
    headerSum: 0,
    mtu: 0,
    provider4: 0,
    hasProvider4: false,
    provider6: new Int32Array(4),
    hasProvider6: false,
    rewriteMacHigh: 0,
    rewriteMacLow: 0,
    useVmMac: false,
  };
}

function addPeers(state: State, plan: Plan): void {
  const { host, hops, provider } = plan;
  const known = new Set<Host>();
  for (const peer of hops.peers.values()) {
    const family = tunnelFamily(plan, host, peer.host);
    const outer = family === 4 ? peer.host.ipv4! : peer.host.ipv6!;
    const own = family === 4 ? host.ipv4! : host.ipv6!;
    const mac = contains(own, outer.address) ? peer.host.mac : (host.gateway?.mac ?? 0);
    const header = outerHeader(host.mac, mac, own.address, outer.address, provider.ttl);
    state.hops[peer.index] = {
      family,
      port: 0,
      header,
      headerSum: family === 4 ? sumOf(header.subarray(14, 34)) : 0,
      mtu: provider.mtu,
      provider4: words(peer.host.ipv4?.address)[0]!,
      hasProvider4: peer.host.ipv4 !== undefined,
      provider6: words(peer.host.ipv6?.address ?? { family: 6, value: 0n }),
      hasProvider6: peer.host.ipv6 !== undefined,
      rewriteMacHigh: high(peer.rewriteMac),
      rewriteMacLow: low(peer.rewriteMac),
      useVmMac: peer.useVmMac,
    };
    if (known.has(peer.host)) continue;
    known.add(peer.host);
    if (peer.host.ipv4 !== undefined)
      state.providers4.add(words(peer.host.ipv4.address)[0]!, 0, 0, 0, 0, 0, peer.index);
    if (peer.host.ipv6 !== undefined)
      state.providers6.add(...words(peer.host.ipv6.address), 0, 0, 0, 0, 0, 0, 0, 0, peer.index);
  }
}

function outerHeader(
  srcMac: MacAddress,
  dstMac: MacAddress,
  src: IpAddress,
  dst: IpAddress,
  ttl: number,
): Uint8Array {
  const header = new Uint8Array(src.family === 4 ? 42 : 62);
  const view = new DataView(header.buffer);
  view.setUint16(0, high(dstMac));
  view.setInt32(2, low(dstMac));
  view.setUint16(6, high(srcMac));
  view.setInt32(8, low(srcMac));
  view.setUint16(12, src.family === 4 ? 0x0800 : 0x86dd);
  if (src.family === 4) {
    header.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, ttl, 47, 0, 0], 14);
    header.set(ipBytes(src), 26);
    header.set(ipBytes(dst), 30);
  } else {
    header.set([0x60, 0, 0, 0, 0, 0, 47, ttl], 14);
    header.set(ipBytes(src), 22);
    header.set(ipBytes(dst), 38);
  }
  view.setUint32(header.length - 8, 0x20006558);
  return header;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += (bytes[index]! << 8) | bytes[index + 1]!;
  return sum;
}

function addEndpoint(state: State, { host, hosts, hops, portOf }: Plan, endpoint: Endpoint): void {
  const peer = hosts[endpoint.host]!;
  const hopOf = (provider: IpAddress | undefined) =>
    peer === host
      ? hops.ofPort(portOf.get(endpoint.name)!)
      : hops.ofEndpoint(peer, endpoint.useVmMac, provider);
  const { vsid } = endpoint;
  const [macHigh, macLow] = [high(endpoint.mac), low(endpoint.mac)];
  const flags = (endpoint.forwarding ? FORWARDING : 0) | (endpoint.method === 'rewrite' ? REWRITE : 0);
  state.macs.add(vsid, macHigh, macLow, hopOf(undefined), flags);
  for (const { customer, provider } of endpoint.addresses) {
    const own = words(customer);
    const hop = hopOf(provider);
    const on = provider === undefined ? new Int32Array(own.length) : words(provider);
    if (customer.family === 4) {
      state.addresses4.add(vsid, own[0]!, macHigh, macLow, hop, on[0]!);
      if (provider !== undefined) state.providers4.add(on[0]!, 0, own[0]!, vsid, macHigh, macLow, hop);
    } else {
      state.addresses6.add(vsid, ...own, macHigh, macLow, hop, ...on);
      if (provider !== undefined) state.providers6.add(...on, 0, ...own, vsid, macHigh, macLow, hop);
    }
  }
}
