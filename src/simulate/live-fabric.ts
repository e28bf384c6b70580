/**
 * A fabric to play with: every host of a policy runs its dataplane, frames are sent one at a time and followed from stop to
 * stop, and the policy changes in between.
 */

import { PUNT } from '../abi/verdict.ts';
import { Dataplane } from '../engine/dataplane.ts';
import { verdictOf } from '../observe/verdicts.ts';
import { formatIp, isLinkLocal } from '../policy/addresses.ts';
import { mostCopies } from '../policy/copies.ts';
import type { Change } from '../policy/delta.ts';
import { didYouMean } from '../policy/errors.ts';
import { FabricState } from '../policy/fabric-state.ts';
import type { Endpoint, Host, Policy } from '../policy/model.ts';
import { FreeAddresses, prefixOf } from './free-addresses.ts';
import { CUT, type Journey, JourneyLog, deedOf } from './journey.ts';
import { membersOf } from './members.ts';
import { type Loss, Network } from './network.ts';

/** A frame on its way to a host. */
interface Arrival {
  readonly host: Host;
  readonly port: number;
  readonly frame: Uint8Array;
  /** The stop that it comes from. */
  readonly from: number;
}

/** Frames that one may become; more go in circles. */
const MAX_STOPS = 1024;

export class LiveFabric {
  readonly #state: FabricState;
  readonly #dataplanes: Map<string, Dataplane>;
  readonly #cut = new Set<string>();
  #network: Network;

  private constructor(policy: Policy, dataplanes: Map<string, Dataplane>) {
    this.#state = new FabricState(policy);
    this.#dataplanes = dataplanes;
    this.#network = new Network(policy);
  }

  /**
   * @param policy from `parsePolicy`, `validatePolicy` or a `FabricState`.
   * @throws RangeError where a host's tables do not fit into the memory.
   */
  static async create(policy: Policy): Promise<LiveFabric> {
    const hosts = policy.hosts.filter(({ name }) => name !== '');
    const dataplanes = hosts.map((host) => {
      const capacity = { slots: 8, largeSlots: 1, copySlots: mostCopies(policy, host) };
      return Dataplane.create({ policy, host: host.name, capacity });
    });
    const made = await Promise.all(dataplanes);
    return new LiveFabric(policy, new Map(made.map((dataplane) => [dataplane.host.name, dataplane])));
  }

  get policy(): Policy {
    return this.#state.policy;
  }

  /** @throws RangeError for a name that no host has. */
  dataplane(host: string): Dataplane {
    const dataplane = this.#dataplanes.get(host);
    if (dataplane !== undefined) return dataplane;
    const hint = didYouMean(host, this.#dataplanes.keys());
    throw new RangeError(`host: expected a host of the policy, got "${host}"${hint}`);
  }

  /** @throws RangeError for a name that no endpoint has. */
  endpoint(name: string): Endpoint {
    const member = membersOf(this.policy).find(({ endpoint }) => endpoint.name === name);
    if (member !== undefined) return member.endpoint;
    throw new RangeError(`endpoint: expected an endpoint of the policy, got "${name}"`);
  }

  /**
   * Changes the policy on all hosts, or on none. The switches begin to learn anew. Hosts can be neither added nor removed.
   * @throws PolicyError with every problem.
   */
  apply(changes: readonly Change[]): void {
    const hosts = changes.find(({ op }) => op === 'add-host' || op === 'remove-host');
    if (hosts !== undefined) throw new RangeError(`apply: expected no change of hosts, got ${hosts.op}`);
    this.#state.apply(changes);
    for (const dataplane of this.#dataplanes.values()) dataplane.apply(changes);
    this.#network = new Network(this.policy);
  }

  /**
   * Changes the mechanism of an endpoint; one that turns to IP Rewrite gets free addresses of its host's provider prefixes.
   * @throws RangeError where its host has no address of a family left, PolicyError where the policy forbids it.
   */
  setMethod(name: string, method: Endpoint['method']): void {
    const { addresses, host } = this.endpoint(name);
    if (method === 'nvgre') {
      this.apply([{ op: 'set-method', name, method }]);
      return;
    }
    const free = new FreeAddresses(this.policy);
    const providerAddresses = addresses
      .filter(({ customer }) => !isLinkLocal(customer))
      .map(({ customer: { family } }) => {
        const prefix = prefixOf(this.policy.hosts[host]!, family);
        const address = prefix === undefined ? undefined : free.take(prefix);
        if (address === undefined)
          throw new RangeError(`${name}: its host has no IPv${family} provider address left`);
        return formatIp(address);
      });
    this.apply([{ op: 'set-method', name, method, providerAddresses }]);
  }

  /** Takes a host off the physical network, or puts it back. */
  setCut(host: string, isCut: boolean): void {
    if (isCut) this.#cut.add(this.dataplane(host).host.name);
    else this.#cut.delete(host);
  }

  /** Name of the switch that a host hangs on, a provider prefix. */
  switchOf(host: string): string {
    return this.#network.switchOf(this.dataplane(host).host);
  }

  isCut(host: string): boolean {
    return this.#cut.has(host);
  }

  /** What the switches have learnt since the policy was changed last. */
  learnt(): { addresses: number; macs: number } {
    return this.#network.learnt();
  }

  /**
   * Sends a frame and follows all that comes of it.
   * @param now milliseconds that never go back, as `Dataplane.process` takes them; default its own clock.
   */
  send(sender: string, frame: Uint8Array, now?: number): Journey {
    const { host } = this.endpoint(sender);
    const log = new JourneyLog();
    const from = log.add({ from: undefined, place: 'vm', name: sender, deed: 'sent', frame });
    const own = this.policy.hosts[host]!;
    const queue: Arrival[] = [{ host: own, port: this.dataplane(own.name).port(sender), frame, from }];
    for (let arrival = queue.shift(); arrival !== undefined; arrival = queue.shift()) {
      const next = this.#arrive(arrival, log, now);
      if (next.length + queue.length > MAX_STOPS)
        throw new Error('send: expected a frame to arrive somewhere, got one in circles');
      queue.push(...next);
    }
    return log.finish();
  }

  #arrive({ host, port, frame, from }: Arrival, log: JourneyLog, now: number | undefined): Arrival[] {
    const dataplane = this.dataplane(host.name);
    const { batch } = dataplane;
    batch.push(frame, port);
    dataplane.process(now);
    const here = { from, place: 'host', name: host.name } as const;
    for (const { verdict } of batch.drops())
      log.add({ ...here, deed: 'dropped', frame, verdict: verdictOf(verdict) });
    const outputs = [...batch.outputs()].map((output) => ({ ...output, frame: output.frame.slice() }));
    return outputs.flatMap(({ verdict: number, port: to, frame: left }) => {
      const verdict = verdictOf(number);
      const deed = deedOf(frame, left, number, port === 0, to === 0);
      const stop = log.add({ ...here, deed, frame: left, verdict });
      if (number === PUNT) return [];
      if (to === 0) return this.#carry(host, left, stop, log);
      const { endpoint } = dataplane.ports.find(({ number }) => number === to)!;
      log.add({ from: stop, place: 'vm', name: endpoint.name, deed: 'received', frame: left });
      return [];
    });
  }

  #carry(host: Host, frame: Uint8Array, from: number, log: JourneyLog): Arrival[] {
    if (this.#cut.has(host.name)) {
      log.lose(from, 'switch', this.#network.switchOf(host), frame, CUT);
      return [];
    }
    const before = this.#network.losses;
    const deliveries = this.#network.carry(host.index, frame);
    const loss = lossBetween(before, this.#network.losses);
    if (loss !== undefined) log.lose(from, 'switch', this.#network.switchOf(host), frame, loss);
    return deliveries.flatMap((delivery) => {
      const receiver = this.policy.hosts[delivery.host]!;
      const name = this.#network.switchOf(host);
      let stop = log.add({ from, place: 'switch', name, deed: 'switched', frame });
      if (delivery.steps > 2)
        stop = log.add({
          from: stop,
          place: 'router',
          name: 'router',
          deed: 'routed',
          frame: delivery.frame,
        });
      if (!this.#cut.has(receiver.name))
        return [{ host: receiver, port: 0, frame: delivery.frame, from: stop }];
      log.lose(stop, 'switch', this.#network.switchOf(receiver), delivery.frame, CUT);
      return [];
    });
  }
}

type Losses = Partial<Record<Loss, number>>;

function lossBetween(before: Losses, after: Losses): Loss | undefined {
  return (Object.keys(after) as Loss[]).find((loss) => (after[loss] ?? 0) > (before[loss] ?? 0));
}
