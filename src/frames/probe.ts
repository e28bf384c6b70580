/** The frame that an endpoint would send to an address: source by scope, destination MAC as its ARP table would have it. */

import { contains, formatIp, isLinkLocal, sameAddress } from '../policy/addresses.ts';
import type { Endpoint, IpAddress, MacAddress, Policy, RoutingDomain, Subnet } from '../policy/model.ts';
import { PSH_ACK, type Party, ping, tcp, udp } from './build.ts';

export interface Probe {
  readonly frame: Uint8Array;
  /** Where a real VM would have stopped before it sent anything. */
  readonly notes: readonly string[];
}

export interface ProbeOptions {
  /** Of the packet; default a few words. */
  readonly payload?: string | undefined;
  /** Whose address and MAC the frame claims to come from; default the sender's. A dataplane should not believe it. */
  readonly as?: Endpoint | undefined;
}

export type ProbeProtocol = 'icmp' | 'udp' | 'tcp';

/** @throws RangeError where the endpoint has no address to send from, or for another protocol. */
export function probe(
  policy: Policy,
  sender: Endpoint,
  to: IpAddress,
  proto: ProbeProtocol,
  { payload, as: claimed = sender }: ProbeOptions = {},
): Probe {
  const domain = policy.customers
    .flatMap(({ routingDomains }) => routingDomains)
    .find(({ endpoints }) => endpoints.includes(sender))!;
  const subnet = domain.subnets.find(({ vsid }) => vsid === sender.vsid)!;
  const { mac, note } = destinationMac(policy, domain, subnet, to);
  const from = { mac: claimed.mac, address: sourceFor(claimed, to) };
  return {
    frame: frameOf(proto, from, { mac, address: to }, payload),
    notes: note === undefined ? [] : [note],
  };
}

const PAYLOAD = 'netvirt explain';

function frameOf(proto: string, from: Party, to: Party, payload: string | undefined): Uint8Array {
  if (proto === 'icmp') return ping(from, to, 1, payload);
  if (proto === 'udp') return udp(from, to, [49152, 7], payload ?? PAYLOAD);
  if (proto === 'tcp') return tcp(from, to, [49152, 80], PSH_ACK, payload ?? PAYLOAD);
  throw new RangeError(`proto: expected icmp, udp or tcp, got "${proto}"`);
}

/** RFC 6724 §5 rule 2: an address of the destination's scope. */
function sourceFor({ name, mac, addresses }: Endpoint, to: IpAddress): IpAddress {
  const own = addresses.map(({ customer }) => customer).filter(({ family }) => family === to.family);
  if (isOnLinkOnly(to)) return own.find(isLinkLocal) ?? linkLocalOf(mac);
  const source = own.find((address) => !isLinkLocal(address));
  if (source !== undefined) return source;
  const kind = own.length > 0 ? 'global IPv6' : `IPv${to.family}`;
  throw new RangeError(`to: ${name} has no ${kind} address to send from`);
}

function isOnLinkOnly(address: IpAddress): boolean {
  if (isLinkLocal(address)) return true;
  // Multicast of interface-local and link-local scope (RFC 4291 §2.7).
  return address.family === 6 && isMulticast(address) && ((address.value >> 112n) & 0xfn) <= 2n;
}

function isMulticast({ family, value }: IpAddress): boolean {
  return family === 6 ? value >> 120n === 0xffn : value >>> 28 === 0xe;
}

/** EUI-64 from the MAC (RFC 4291 appendix A). */
function linkLocalOf(mac: MacAddress): IpAddress {
  const bytes = BigInt(mac) ^ 0x02_00_00_00_00_00n;
  const identifier = ((bytes >> 24n) << 40n) | 0xff_fe_00_00_00n | (bytes & 0xff_ff_ffn);
  return { family: 6, value: (0xfe80n << 112n) | identifier };
}

interface NextMac {
  readonly mac: MacAddress;
  readonly note?: string;
}

/** Nobody's: locally administered, and no policy is likely to have it. */
const NOBODY = 0x02_00_00_00_00_00;

function destinationMac(policy: Policy, domain: RoutingDomain, subnet: Subnet, to: IpAddress): NextMac {
  const group = groupMac(subnet, to);
  if (group !== undefined) return { mac: group };
  const { routerMac } = policy.provider;
  const isGateway = [...subnet.gateways, linkLocalOf(routerMac)].some((own) => sameAddress(own, to));
  if (isGateway) return { mac: routerMac };
  const isOnLink = isLinkLocal(to) || subnet.prefixes.some((prefix) => contains(prefix, to));
  if (!isOnLink) {
    if (subnet.gateways.some(({ family }) => family === to.family)) return { mac: routerMac };
    const note = `virtual subnet ${subnet.vsid} has no IPv${to.family} gateway: a VM would not know where to send this`;
    return { mac: routerMac, note };
  }
  const neighbor =
    domain.endpoints.find((endpoint) => endpoint.vsid === subnet.vsid && has(endpoint, to)) ??
    domain.endpoints.find(({ vsid, mac }) => vsid === subnet.vsid && sameAddress(linkLocalOf(mac), to));
  if (neighbor !== undefined) return { mac: neighbor.mac };
  const question = to.family === 4 ? 'ARP' : 'neighbour discovery';
  const note = `nobody in virtual subnet ${subnet.vsid} has ${formatIp(to)}: ${question} would get no answer and a VM would send nothing; this frame goes to a MAC that nobody has`;
  return { mac: NOBODY, note };
}

function has({ addresses }: Endpoint, address: IpAddress): boolean {
  return addresses.some(({ customer }) => sameAddress(customer, address));
}

/** RFC 1112 §6.4, RFC 2464 §7, and broadcast: to everybody, or to everybody in a prefix. */
function groupMac({ prefixes }: Subnet, to: IpAddress): MacAddress | undefined {
  if (to.family === 6)
    return isMulticast(to) ? 0x33_33_00_00_00_00 + Number(to.value & 0xffff_ffffn) : undefined;
  if (isMulticast(to)) return 0x01_00_5e_00_00_00 + (to.value & 0x7f_ffff);
  const isBroadcast =
    to.value === 0xffff_ffff ||
    prefixes.some(({ address, length }) => {
      if (address.family !== 4 || length > 30) return false;
      return contains({ address, length }, to) && to.value === lastOf(address.value, length);
    });
  return isBroadcast ? 0xff_ff_ff_ff_ff_ff : undefined;
}

function lastOf(network: number, length: number): number {
  return network + 2 ** (32 - length) - 1;
}
