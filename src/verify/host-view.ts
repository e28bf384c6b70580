/** What the records of one host have said so far, for the checks of those that refer to it. */

import { formatIp, formatMac } from '../policy/addresses.ts';
import type { Plan } from '../policy/compile.ts';
import type { Endpoint, Host, IpAddress } from '../policy/model.ts';
import type { Domain, Fabric, Item, SubnetIndex } from './fabric.ts';
import type { Failures } from './failures.ts';
import { sameDomainTrip } from './pairs.ts';
import type { AddressValue, Records } from './records.ts';
import type { Routing } from './routing.ts';

/** What the checks of all hosts have in common. */
export interface Shared {
  readonly fabric: Fabric;
  readonly failures: Failures;
  readonly records: Records;
  readonly routing: Routing;
  /** Per item, the host (+ 1) in whose records it was found last. */
  readonly seen: Uint32Array;
}

/** Where a next hop leads. */
export type Target =
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'peer'; readonly host: Host; readonly rewriteMac: number; readonly useVmMac: boolean };

export interface Port {
  readonly endpoint: Endpoint;
  readonly hop: number;
  readonly vids: Set<number>;
}

/** A subnet that was described, and what was found of it. */
export interface Known {
  readonly subnet: SubnetIndex;
  readonly gateways: Set<AddressValue>;
  readonly prefixes: Set<string>;
  /** Who gets copies of what is flooded. */
  readonly endpoints: Set<Endpoint>;
  readonly hosts: Set<number>;
}

export type Proof = 'isolation' | 'reachability';

export class HostView {
  readonly fabric: Fabric;
  readonly host: Host;
  readonly planned: Plan;
  readonly records: Records;
  readonly seen: Uint32Array;
  /** Routing domains that have an endpoint here. */
  readonly domains: ReadonlySet<Domain>;
  readonly targets = new Map<number, Target>();
  readonly ports = new Map<number, Port>();
  /** By their numbers here. */
  readonly subnets = new Map<number, Known>();
  readonly byVsid = new Map<number, Known>();
  readonly #failures: Failures;

  constructor({ fabric, failures, records, seen }: Shared, host: Host, planned: Plan) {
    this.fabric = fabric;
    this.host = host;
    this.planned = planned;
    this.records = records;
    this.seen = seen;
    this.domains = new Set(fabric.domains.filter(({ hosts }) => hosts.has(host.index)));
    this.#failures = failures;
  }

  breaks(check: Proof, message: string, item?: Item): void {
    this.#failures.add(check, `${this.host.name}: ${message}`, () =>
      item === undefined ? undefined : sameDomainTrip(this.host, item),
    );
  }

  /** The host whose provider addresses the record has, all of them. */
  hostOf(): Host | undefined {
    const { provider4, provider6 } = this.records;
    const host = (this.ownerOf(4, provider4) ?? this.ownerOf(6, provider6))?.host;
    const isWhole =
      provider4 === (host?.ipv4?.address.value ?? 0) && provider6 === (host?.ipv6?.address.value ?? 0n);
    return isWhole ? host : undefined;
  }

  /** The host that has a provider address as its own. */
  ownerOf(family: number, value: AddressValue) {
    const owner = this.fabric.ownerOf(addressOf(family, value));
    return owner?.endpoint === undefined ? owner : undefined;
  }

  /** The endpoint whose port a next hop is, where the port says so too. */
  portBehind(target: Target | undefined, hop: number): Endpoint | undefined {
    const port = target?.kind === 'port' ? this.ports.get(target.port) : undefined;
    return port?.hop === hop ? port.endpoint : undefined;
  }

  describe(target: Target | undefined): string {
    const endpoint = target?.kind === 'port' ? this.ports.get(target.port)?.endpoint : undefined;
    if (endpoint !== undefined) return endpoint.name;
    if (target === undefined) return 'no next hop';
    return target.kind === 'port' ? `port ${target.port}` : target.host.name;
  }
}

export function itemName({ endpoint, address }: Item): string {
  return `${endpoint.name} (${address === undefined ? formatMac(endpoint.mac) : formatIp(address)})`;
}

export function addressOf(family: number, value: AddressValue): IpAddress {
  return family === 4 ? { family: 4, value: value as number } : { family: 6, value: value as bigint };
}
