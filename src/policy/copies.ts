/** How many copies and pieces one frame can become: what slots a dataplane needs for them. */

import { LARGE_SLOT_SIZE, SLOT_HEADROOM, SLOT_SIZE } from '../abi/layout.ts';
import { vsidsOf } from './measure.ts';
import type { Host, Policy } from './model.ts';

/** Longest frames that fit into an ordinary slot and into a large one, bytes. */
const SLOT_FRAME = SLOT_SIZE - SLOT_HEADROOM;
export const LONGEST_FRAME = LARGE_SLOT_SIZE - SLOT_HEADROOM;

/** Whom a VM's frame is flooded to in some subnet: local ports, and other hosts. */
interface Members {
  readonly ports: number;
  readonly hosts: number;
}

/** By host index: members of subnets that others have no more of. A policy does not change, and a fabric asks for a thousand hosts. */
const membersByHost = new WeakMap<Policy, readonly Members[][]>();

/**
 * The most that one frame can need on a host, whatever it is.
 * @param flooded how long a flooded one can be, bytes. Default: what fits into an ordinary slot. One of 64 KiB may become 149
 * pieces for every host, 300 KiB: who expects such frames says so.
 */
export function mostCopies(policy: Policy, host: Host, flooded = SLOT_FRAME): number {
  return Math.max(mostFlooded(policy, host, flooded), piecesOf(LONGEST_FRAME));
}

/** The most that a frame of so many bytes can need which a VM of the host floods. */
export function mostFlooded(policy: Policy, { index }: Host, length: number): number {
  let known = membersByHost.get(policy);
  if (known === undefined) membersByHost.set(policy, (known = findMembers(policy)));
  return known[index]!.reduce((most, { ports, hosts }) => Math.max(most, floodedTo(ports, hosts, length)), 0);
}

/** Slots that copies and pieces of a frame take: local ports may need a tag each, other hosts an envelope or pieces. */
export function floodedTo(ports: number, hosts: number, length = SLOT_FRAME): number {
  return ports * slotsOf(length) + hosts * Math.max(slotsOf(length), piecesOf(length));
}

/** Slots in a row that hold one copy. */
export function slotsOf(length: number): number {
  return Math.ceil((SLOT_HEADROOM + length) / SLOT_SIZE);
}

/** The most local ports of a host in one subnet: those to which a frame from the uplink is flooded. */
export function mostLocal(policy: Policy, { index }: Host): number {
  const locals = new Map<number, number>();
  let most = 0;
  for (const { routingDomains } of policy.customers) {
    for (const { endpoints } of routingDomains) {
      for (const endpoint of endpoints) {
        if (endpoint.host !== index) continue;
        for (const vsid of vsidsOf(endpoint)) {
          const count = (locals.get(vsid) ?? 0) + 1;
          locals.set(vsid, count);
          most = Math.max(most, count);
        }
      }
    }
  }
  return most;
}

function findMembers({ hosts, customers }: Policy): Members[][] {
  const found = hosts.map((): Members[] => []);
  for (const { routingDomains } of customers) {
    for (const { subnets, endpoints } of routingDomains) {
      const local = new Map<number, Map<number, number>>();
      for (const { vsid, flood } of subnets) if (flood === 'replicate') local.set(vsid, new Map());
      for (const endpoint of endpoints) {
        for (const vsid of vsidsOf(endpoint)) {
          const ports = local.get(vsid);
          ports?.set(endpoint.host, (ports.get(endpoint.host) ?? 0) + 1);
        }
      }
      for (const ports of local.values()) {
        for (const [host, count] of ports)
          found[host] = withMembers(found[host]!, { ports: count, hosts: ports.size - 1 });
      }
    }
  }
  return found;
}

/** What has no more of either than something else is left out. */
function withMembers(list: Members[], one: Members): Members[] {
  const isLess = (a: Members, b: Members) => a.ports <= b.ports && a.hosts <= b.hosts;
  if (list.some((other) => isLess(one, other))) return list;
  return [...list.filter((other) => !isLess(other, one)), one];
}

/** Bytes of a packet that any piece carries: the least path MTU (T4), less an envelope, less the longest IP header, in words of 8. */
const LEAST_PIECE = (576 - 42 - 60) & ~7;

/**
 * Copy slots that super-segments need at most, as Linux sends them (64 KiB; segments of a 1500 byte MTU or longer): more, smaller
 * segments than that may find no slot.
 */
export const SLOTS_PER_SUPER = 48;

/** At most that many pieces become of a frame, or one error. */
export function piecesOf(length: number): number {
  return 1 + Math.ceil(length / LEAST_PIECE);
}
