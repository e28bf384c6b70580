/**
 * Packets from one routing domain towards addresses of another, and of the physical network: none may arrive there. For
 * every pair of a sender's address and a foreign endpoint's address three packets: to the MAC that the address has there, to
 * the router's MAC, and to the provider address behind which the foreign one is.
 */

import { isLinkLocal } from '../policy/addresses.ts';
import type { Endpoint, IpAddress } from '../policy/model.ts';
import type { Fabric } from './fabric.ts';
import { strides } from './pairs.ts';
import type { Part } from './part.ts';
import { type Place, type Packet, foreignTrip } from './trips.ts';

interface Target {
  readonly place: Place;
  readonly provider: IpAddress;
}

/** What a routing domain sends from, and what others may aim at. */
interface Side {
  readonly senders: { readonly 4: readonly Place[]; readonly 6: readonly Place[] };
  readonly targets: readonly Target[];
  readonly values: ReadonlySet<number | bigint>;
}

export class Foreign {
  readonly #fabric: Fabric;
  readonly #sides: readonly Side[];
  /** All such packets. */
  readonly size: number;

  /** @param part of the endpoints that send and that are aimed at; all of them, if left out. */
  constructor(fabric: Fabric, part?: Part) {
    this.#fabric = fabric;
    const all = fabric.domains.map((domain) => sideOf(fabric, domain.domain.endpoints));
    this.size = countAll(all);
    this.#sides =
      part === undefined
        ? all
        : fabric.domains.map(({ domain }) => sideOf(fabric, domain.endpoints.filter(part.has)));
  }

  /** @param limit of packets; above it, they are a sample over pairs of routing domains, in which each sends and is aimed at. */
  *trips(limit: number): Generator<Packet> {
    let number = 0;
    for (const trip of countAll(this.#sides) <= limit ? this.#all() : this.#sample()) {
      if (number++ === limit) return;
      yield trip;
    }
  }

  *#all(): Generator<Packet> {
    for (const own of this.#sides) {
      for (const other of this.#sides) {
        if (other === own) continue;
        for (const from of [...own.senders[4], ...own.senders[6]]) {
          for (const to of other.targets) yield* this.#between([from], to, from.endpoint.mac);
        }
      }
    }
  }

  /** Rounds over all pairs of routing domains; in each, every pair has another combination of sender and target. */
  *#sample(): Generator<Packet> {
    const distances = [...strides(this.#sides.length)];
    for (let round = 0, isEmpty = false; !isEmpty; round++) {
      isEmpty = true;
      for (const stride of distances) {
        for (const [index, own] of this.#sides.entries()) {
          const other = this.#sides[(index + stride) % this.#sides.length]!;
          const chosen = choose(own, other, round, index);
          if (chosen === undefined) continue;
          isEmpty = false;
          yield* this.#between(chosen.from, chosen.to, round);
        }
      }
    }
  }

  *#between(senders: readonly Place[], { place, provider }: Target, number: number): Generator<Packet> {
    const { routerMac } = this.#fabric.policy.provider;
    for (const from of senders) {
      if (from.address.family === place.address.family) {
        yield foreignTrip(from, place, place.endpoint.mac, number);
        yield foreignTrip(from, place, routerMac, number);
      }
      if (from.address.family === provider.family)
        yield foreignTrip(from, { ...place, address: provider }, routerMac, number);
    }
  }
}

function sideOf({ policy }: Fabric, endpoints: readonly Endpoint[]): Side {
  const places = endpoints.flatMap((endpoint) =>
    endpoint.addresses.map(({ customer, provider, vsid }) => ({
      endpoint,
      vsid,
      address: customer,
      provider,
    })),
  );
  const global = places.filter(({ address }) => !isLinkLocal(address));
  return {
    senders: {
      4: global.filter(({ address }) => address.family === 4),
      6: global.filter(({ address }) => address.family === 6),
    },
    targets: global.map(({ endpoint, vsid, address, provider }) => {
      const { ipv4, ipv6 } = policy.hosts[endpoint.host]!;
      return { place: { endpoint, vsid, address }, provider: provider ?? (ipv4 ?? ipv6)!.address };
    }),
    values: new Set(global.map(({ address }) => address.value)),
  };
}

function countAll(sides: readonly Side[]): number {
  const aimed = sides.map(({ targets }) => ({ 4: aimedAt(targets, 4), 6: aimedAt(targets, 6) }));
  const all = {
    4: aimed.reduce((sum, one) => sum + one[4], 0),
    6: aimed.reduce((sum, one) => sum + one[6], 0),
  };
  return sides.reduce(
    (sum, { senders }, index) =>
      sum + senders[4].length * (all[4] - aimed[index]![4]) + senders[6].length * (all[6] - aimed[index]![6]),
    0,
  );
}

/** Packets that one sender of a family has for these targets. */
function aimedAt(targets: readonly Target[], family: 4 | 6): number {
  return targets.reduce(
    (sum, { place, provider }) =>
      sum + (place.address.family === family ? 2 : 0) + (provider.family === family ? 1 : 0),
    0,
  );
}

/** Undefined: all combinations had their turn. Addresses that only the other domain has, as far as there are any. */
function choose(
  { senders, values }: Side,
  { targets }: Side,
  round: number,
  offset: number,
): { from: Place[]; to: Target } | undefined {
  const usable = targets.filter(({ place }) => senders[place.address.family].length > 0);
  const only = usable.filter(({ place }) => !values.has(place.address.value));
  const candidates = only.length > 0 ? only : usable;
  const most = Math.max(senders[4].length, senders[6].length);
  if (round >= candidates.length * most) return undefined;
  const turn = (round + offset) % candidates.length;
  const next = turn + Math.floor(round / candidates.length);
  const from = [senders[4], senders[6]].flatMap((some) =>
    some.length === 0 ? [] : [some[next % some.length]!],
  );
  return { from, to: candidates[turn]! };
}
