/** Frames to measure with: UDP packets of endpoints of a fabric, the same ones in every run. */

import { concat, ipv4 as ipv4Header, mac, u16, u32, udp } from '../src/frames/build.ts';
import type { Endpoint, Host, Policy, Route } from '../src/policy/model.ts';
import { type Fabric, ROUTER_MAC, SUBNETS, fabricOf, ipv4 } from './fabric.ts';
import type { Input } from './rivals.ts';

/**
 * What VMs send by NVGRE; what arrives by NVGRE; what VMs send by IP Rewrite; what they send to other subnets; and what they send
 * to addresses that nobody has.
 */
export const OPERATIONS = ['egress', 'ingress', 'rewrite', 'routed', 'drop'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How often an endpoint is the other end of a packet: all alike, or the n-th most popular one with a probability of about 1/n. */
export const DESTINATIONS = ['uniform', 'zipf'] as const;
export type Destination = (typeof DESTINATIONS)[number];

/** Ethernet, IPv4 and UDP, bytes. */
const HEADERS = 14 + 20 + 8;
const NOBODYS_MAC = 0x02_99_00_00_00_00;
const NOBODYS_ADDRESS = 0x0b00_0000;

export interface Workload {
  readonly policy: Policy;
  /** The host whose dataplane is measured. */
  readonly host: Host;
  readonly inputs: readonly Input[];
}

export type Random = (below: number) => number;

/** The same numbers in every run: a linear congruential sequence is random enough to spread over the tables. */
export function generator(): Random {
  let seed = 12345;
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

/** A rank below `count`, of which the n-th has a probability of about 1/n. */
export function zipf(random: Random, count: number): number {
  const part = random(2 ** 31) / 2 ** 31;
  return Math.min(count - 1, Math.floor(Math.exp(part * Math.log(count + 1)) - 1));
}

export function methodFor(operation: Operation): Endpoint['method'] {
  return operation === 'rewrite' ? 'rewrite' : 'nvgre';
}

/** Host 0 sends, host 1 receives. */
export function hostFor({ policy }: Fabric, operation: Operation): Host {
  return policy.hosts[operation === 'ingress' ? 1 : 0]!;
}

/**
 * @param count of endpoints, at least 64.
 * @param packets how many frames.
 * @param length of each VM's frame, bytes.
 */
export function workload(operation: Operation, count: number, packets: number, length: number): Workload {
  const fabric = fabricOf(count, methodFor(operation));
  return workOn(fabric, operation, 'uniform', packets, length);
}

/** Frames for an operation on a fabric with its method. */
export function workOn(
  fabric: Fabric,
  operation: Operation,
  destination: Destination,
  packets: number,
  length: number,
): Workload {
  const random = generator();
  const pick = (among: readonly Endpoint[]) =>
    among[destination === 'zipf' ? zipf(random, among.length) : random(among.length)]!;
  const make =
    operation === 'ingress' ? arrivals(fabric, random, pick) : departures(fabric, operation, random, pick);
  const payload = 'x'.repeat(length - HEADERS);
  const inputs = Array.from({ length: packets }, () => make([1024 + random(60_000), 53], payload));
  return { policy: fabric.policy, host: hostFor(fabric, operation), inputs };
}

type Make = (ports: readonly [number, number], payload: string) => Input;
type Pick = (among: readonly Endpoint[]) => Endpoint;

/** From the first endpoint of a subnet, which is on host 0, to one on another host. */
function departures({ endpoints }: Fabric, operation: Operation, random: Random, pick: Pick): Make {
  const remote = bySubnet(endpoints, ({ host }) => host !== 0);
  return (ports, payload) => {
    const subnet = random(SUBNETS);
    const other = operation === 'routed' ? (subnet + 1 + random(SUBNETS - 1)) % SUBNETS : subnet;
    const to = target(operation, pick(remote[other]!), random);
    // Ports are numbered from 1 in the order of the endpoints.
    return { frame: udp(party(endpoints[subnet]!), to, ports, payload), port: 1 + subnet };
  };
}

/** From any endpoint of the other hosts to one on host 1 in the same subnet. */
function arrivals({ endpoints, policy }: Fabric, random: Random, pick: Pick): Make {
  const remote = bySubnet(endpoints, ({ host }) => host !== 1);
  const local = bySubnet(endpoints, ({ host }) => host === 1);
  const filled = local.flatMap((among, subnet) => (among.length > 0 ? [subnet] : []));
  return (ports, payload) => {
    const subnet = filled[random(filled.length)]!;
    const sender = pick(remote[subnet]!);
    const receiver = local[subnet]![random(local[subnet]!.length)]!;
    const frame = udp(party(sender), party(receiver), ports, payload);
    return { frame: envelope(frame, sender.vsid, policy.hosts[sender.host]!, policy.hosts[1]!), port: 0 };
  };
}

function bySubnet(endpoints: readonly Endpoint[], isMeant: (one: Endpoint) => boolean): Endpoint[][] {
  const subnets = Array.from({ length: SUBNETS }, (): Endpoint[] => []);
  for (const [index, one] of endpoints.entries()) if (isMeant(one)) subnets[index % SUBNETS]!.push(one);
  return subnets;
}

const party = ({ mac, addresses }: Endpoint) => ({ mac, address: addresses[0]!.customer });

function target(operation: Operation, receiver: Endpoint, random: Random) {
  const { mac, address } = party(receiver);
  if (operation === 'routed') return { mac: ROUTER_MAC, address };
  if (operation === 'drop')
    return { mac: NOBODYS_MAC + random(1 << 24), address: ipv4(NOBODYS_ADDRESS + random(1 << 24)) };
  return { mac, address };
}

/** RFC 7637 §3.2 over IPv4; the FlowID is 0. */
function envelope(frame: Uint8Array, vsid: number, from: Host, to: Host): Uint8Array {
  const gre = concat(u16(0x2000), u16(0x6558), u32(vsid * 256));
  const [src, dst] = [from, to].map((host) => u32(host.ipv4!.address.value));
  const outer = ipv4Header(src!, dst!, 47, gre.length + frame.length);
  return concat(mac(to.mac), mac(from.mac), u16(0x0800), outer, gre, frame);
}

/**
 * Packets to the gateway: to endpoints of other subnets, or, where `prefixes` is not 0, to addresses that so many routes lead to, by
 * gateway VMs on other hosts.
 * @param count of endpoints, at least 64.
 */
export function routedWorkload(count: number, prefixes: number, packets: number, length: number): Workload {
  if (prefixes === 0) return workload('routed', count, packets, length);
  const fabric = fabricOf(count, 'nvgre', (endpoints) => {
    const remote = endpoints.filter(({ host }) => host !== 0);
    return Array.from({ length: prefixes }, (_, index) => routeTo(index, remote[index % remote.length]!));
  });
  const { policy, endpoints } = fabric;
  const { routes } = policy.customers[0]!.routingDomains[0]!;
  const random = generator();
  const payload = 'x'.repeat(length - HEADERS);
  const inputs = Array.from({ length: packets }, () => {
    const subnet = random(SUBNETS);
    const prefix = routes[random(prefixes)]!.to.address.value as number;
    const to = { mac: ROUTER_MAC, address: ipv4(prefix + 1 + random(14)) };
    const frame = udp(party(endpoints[subnet]!), to, [1024 + random(60_000), 53], payload);
    return { frame, port: 1 + subnet };
  });
  return { policy, host: policy.hosts[0]!, inputs };
}

/** Prefixes of 20 to 28 bits, scattered over 100.64.0.0/10. */
function routeTo(index: number, via: Endpoint): Route {
  const length = 20 + (index % 9);
  const place = Math.imul(index, 0x9e3779b1) >>> 10;
  const value = 0x6440_0000 + ((place >>> (32 - length)) << (32 - length));
  return { to: { address: ipv4(value), length }, via: via.addresses[0]!.customer, metric: index };
}
