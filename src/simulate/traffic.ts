/** Traffic of which every VM sends and gets some: to others of its virtual subnet, on other hosts where there are any. */

import { isLinkLocal } from '../policy/addresses.ts';
import { type Party, PSH_ACK, tcp, udp } from '../frames/build.ts';
import type { Endpoint, Policy } from '../policy/model.ts';
import { copyOf } from './copy.ts';
import type { Sent } from './fabric.ts';
import { membersOf } from './members.ts';
import { randomNumbers } from './random.ts';

/** From where systems take the ports of clients (RFC 6335 §6). */
const FIRST_DYNAMIC_PORT = 49152;
const DYNAMIC_PORTS = 16384;
const HTTPS = 443;
const QUIC = 443;

/**
 * A UDP and a TCP packet from every VM. In the list of a subnet's VMs by host, each sends to the one that is as far on as
 * the largest group on one host is long: nobody is left out, and sender and receiver are on different hosts, unless more
 * than half of the VMs are on one host. Those send to a VM elsewhere as well.
 */
export function* everybodyTalks(policy: Policy, seed: number): Generator<Sent> {
  const random = randomNumbers(seed);
  for (const vms of subnetsOf(policy)) {
    const largest = largestGroup(vms);
    const shift = largest < vms.length ? largest : 1;
    const isSpread = shift * 2 < vms.length;
    for (const [index, sender] of vms.entries()) {
      const at = (distance: number) => vms[(index + distance) % vms.length]!;
      const receivers = [at(shift), at(isSpread ? shift + 1 : shift)];
      if (receivers[0]!.host === sender.host) {
        const elsewhere = vms.find(({ host }) => host !== sender.host);
        if (elsewhere !== undefined) receivers.push(elsewhere);
      }
      for (const [number, receiver] of receivers.entries()) {
        if (receiver !== sender) yield* talk(sender, receiver, number === 1, random);
      }
    }
  }
}

/** VMs that have an address, by virtual subnet, in the order of their hosts. */
function subnetsOf(policy: Policy): Iterable<Endpoint[]> {
  const subnets = new Map<number, Endpoint[]>();
  for (const { endpoint } of membersOf(policy)) {
    if (endpoint.addresses.length === 0) continue;
    const vms = subnets.get(endpoint.vsid);
    if (vms === undefined) subnets.set(endpoint.vsid, [endpoint]);
    else vms.push(endpoint);
  }
  for (const vms of subnets.values()) vms.sort((a, b) => a.host - b.host);
  return subnets.values();
}

function largestGroup(vms: readonly Endpoint[]): number {
  const groups = new Map<number, number>();
  for (const { host } of vms) groups.set(host, (groups.get(host) ?? 0) + 1);
  return Math.max(...groups.values());
}

/** One packet from each address of the sender, so that the wire shows them all. */
function* talk(
  sender: Endpoint,
  receiver: Endpoint,
  isTcp: boolean,
  random: (below: number) => number,
): Generator<Sent> {
  for (const [from, to] of parties(sender, receiver)) {
    const port = FIRST_DYNAMIC_PORT + random(DYNAMIC_PORTS);
    const frame = isTcp
      ? tcp(from, to, [port, HTTPS], PSH_ACK, 'hello')
      : udp(from, to, [port, QUIC], 'hello');
    yield { endpoint: sender.name, frame: copyOf(frame), flags: 0 };
  }
}

/** Pairs of addresses of one family that are valid beyond the link. */
function parties(sender: Endpoint, receiver: Endpoint): [Party, Party][] {
  return sender.addresses.flatMap(({ customer: address }): [Party, Party][] => {
    const other = receiver.addresses.find(
      ({ customer }) => customer.family === address.family && !isLinkLocal(customer),
    );
    if (other === undefined || isLinkLocal(address)) return [];
    return [
      [
        { mac: sender.mac, address },
        { mac: receiver.mac, address: other.customer },
      ],
    ];
  });
}

/** Many flows between one VM and another one of its subnet on another host. */
export interface Pair {
  readonly sender: Endpoint;
  readonly receiver: Endpoint;
  readonly frames: Sent[];
}

/** @returns undefined where no two hosts have VMs that can talk. */
export function pairTraffic(policy: Policy, flows: number): Pair | undefined {
  for (const vms of subnetsOf(policy)) {
    const [sender] = vms;
    for (const receiver of vms) {
      const [parts] = receiver.host === sender!.host ? [] : parties(sender!, receiver);
      if (parts === undefined) continue;
      const random = randomNumbers(flows);
      const ports = new Set<number>();
      while (ports.size < flows) ports.add(FIRST_DYNAMIC_PORT + random(DYNAMIC_PORTS));
      const frames = [...ports].map((port) => ({
        endpoint: sender!.name,
        frame: copyOf(udp(...parts, [port, QUIC], 'hello')),
        flags: 0,
      }));
      return { sender: sender!, receiver, frames };
    }
  }
  return undefined;
}
