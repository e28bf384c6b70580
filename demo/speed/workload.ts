/** A fabric of the asked size, and the frames that one of its hosts has to process. */

import { Dataplane, type Policy, validatePolicy, verdicts } from 'netvirt/core';
import { allRewrite, generateFabric, udp } from 'netvirt/simulate';
import type { Operation } from './messages.ts';

const VMS = 64;
const FRAMES = 4096;
/** Of the frame, bytes: the shortest are the hardest. */
const LENGTH = 64;
const HEADERS = 42;

export interface Input {
  readonly frame: Uint8Array;
  readonly port: number;
}

export interface Workload {
  readonly policy: Policy;
  readonly host: string;
  readonly inputs: readonly Input[];
}

export async function workload(operation: Operation, endpoints: number): Promise<Workload> {
  const policy = policyOf(operation, endpoints);
  const sent = await framesOf(policy, operation === 'ingress');
  if (operation !== 'ingress') return { policy, host: 'host1', inputs: sent };
  return { policy, host: 'host2', inputs: await envelopes(policy, sent) };
}

function policyOf(operation: Operation, endpoints: number): Policy {
  const hosts = Math.max(2, Math.round(endpoints / VMS));
  const document = generateFabric({ hosts, vms: VMS, customers: 1, seed: 1 });
  const policy = validatePolicy(document);
  if (operation !== 'rewrite') return policy;
  const variant = allRewrite(document, policy);
  if ('reason' in variant) throw new RangeError(variant.reason);
  return variant.policy;
}

/** From VMs of host1 to VMs of their subnet elsewhere, or on host2 alone. */
async function framesOf(policy: Policy, toHost2: boolean): Promise<Input[]> {
  const dataplane = await Dataplane.create({ policy, host: 'host1' });
  const all = policy.customers[0]!.routingDomains[0]!.endpoints;
  const random = numbers();
  const payload = 'x'.repeat(LENGTH - HEADERS);
  const party = ({ mac, addresses }: (typeof all)[number]) => ({ mac, address: addresses[0]!.customer });
  const peers = new Map(
    [...new Set(all.map(({ vsid }) => vsid))].map((vsid) => [
      vsid,
      all.filter((one) => one.vsid === vsid && (toHost2 ? one.host === 1 : one.host !== 0)),
    ]),
  );
  const senders = dataplane.ports.filter(({ endpoint }) => peers.get(endpoint.vsid)!.length > 0);
  return Array.from({ length: FRAMES }, () => {
    const { number: port, endpoint } = senders[random(senders.length)]!;
    const possible = peers.get(endpoint.vsid)!;
    const receiver = possible[random(possible.length)]!;
    return { port, frame: udp(party(endpoint), party(receiver), [1024 + random(60_000), 53], payload) };
  });
}

async function envelopes(policy: Policy, sent: readonly Input[]): Promise<Input[]> {
  const dataplane = await Dataplane.create({ policy, host: 'host1' });
  const { batch } = dataplane;
  return sent.flatMap(({ frame, port }) => {
    batch.push(frame, port);
    dataplane.process(0);
    return [...batch.outputs()]
      .filter(({ verdict }) => verdict === verdicts.FORWARD)
      .map((output) => ({ frame: output.frame.slice(), port: 0 }));
  });
}

/** The same in every run. */
function numbers(): (below: number) => number {
  let seed = 12345;
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}
