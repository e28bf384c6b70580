/** How many copies and pieces one frame can become: what slots a dataplane needs for them. */

import { LARGE_SLOT_SIZE, SLOT_HEADROOM } from '../abi/layout.ts';
import { vsidsOf } from './measure.ts';
import type { Host, Policy } from './model.ts';

/** By host index; a policy does not change, and a fabric asks for a thousand hosts. */
const mostByHost = new WeakMap<Policy, readonly number[]>();

/** The most that one frame can need on a host, whatever it is. */
export function mostCopies(policy: Policy, host: Host): number {
  return Math.max(mostFlooded(policy, host), piecesOf(LARGE_SLOT_SIZE - SLOT_HEADROOM));
}

/** The most members that a subnet of a host has, as one of its VMs floods to them: local ports, and other hosts. */
export function mostFlooded(policy: Policy, { index }: Host): number {
  let most = mostByHost.get(policy);
  if (most === undefined) mostByHost.set(policy, (most = countMembers(policy)));
  return most[index]!;
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

function countMembers({ hosts, customers }: Policy): number[] {
  const most = hosts.map(() => 0);
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
        for (const [host, count] of ports) most[host] = Math.max(most[host]!, ports.size - 1 + count);
      }
    }
  }
  return most;
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
