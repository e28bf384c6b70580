/** What a frame on the physical network says about itself, read without the engine's help. */

import { hex } from '../packets/index.ts';
import { u16At, u32At } from '../endtoend/parse.ts';
import { type Owner, Wire, sourceKey, destinationKey } from '../endtoend/wire.ts';
import type { Fabric } from './fabrics.ts';

export interface Named {
  /** undefined: nobody may get it. */
  readonly domain: number | undefined;
  readonly kind: 'tunnel' | 'rewritten' | 'other';
}

const NOBODY: Named = { domain: undefined, kind: 'other' };
const WALKED = [0, 43, 60];

/** Protocol and offset of what the outer header carries. */
export function outerPayload(frame: Uint8Array): { protocol: number; at: number } | undefined {
  const type = u16At(frame, 12);
  if (type === 0x0800) return { protocol: frame[23]!, at: 14 + (frame[14]! & 15) * 4 };
  if (type !== 0x86dd) return undefined;
  let protocol = frame[20]!;
  let at = 54;
  while (WALKED.includes(protocol) && at + 8 <= frame.length) {
    protocol = frame[at]!;
    at += (frame[at + 1]! + 1) * 8;
  }
  return { protocol, at };
}

export class Outer {
  readonly owners: ReadonlyMap<string, Owner>;
  readonly #domainOfVsid: ReadonlyMap<number, number>;
  readonly #domainOfVm: ReadonlyMap<string, number>;
  readonly #domainsOn = new Map<string, Set<number>>();
  readonly #oldHosts: ReadonlySet<string>;

  constructor({ document, subnets, vms, hosts }: Fabric) {
    this.owners = new Wire(document).owners;
    this.#domainOfVsid = new Map(subnets.map(({ vsid, domain }) => [vsid, domain]));
    this.#domainOfVm = new Map(vms.map(({ name, domain }) => [name, domain]));
    for (const { host, domain } of vms)
      this.#domainsOn.set(host, (this.#domainsOn.get(host) ?? new Set()).add(domain));
    this.#oldHosts = new Set(hosts.filter(({ nvgreKey }) => nvgreKey === 'draft00').map(({ name }) => name));
  }

  /** The routing domain that an arriving frame claims to belong to, and whose ports alone it may reach. */
  named(host: string, frame: Uint8Array): Named {
    const to = this.owners.get(destinationKey(frame));
    const payload = outerPayload(frame);
    if (to?.host !== host || payload === undefined) return NOBODY;
    const from = this.owners.get(sourceKey(frame));
    if (to.endpoint !== undefined) return this.#rewritten(to, from, payload.protocol);
    if (payload.protocol !== 47 || payload.at + 8 > frame.length) return NOBODY;
    return { domain: this.#domainOfKey(u32At(frame, payload.at + 4), host, from?.host), kind: 'tunnel' };
  }

  /** V1: both ends are in one routing domain, or it is a report of some router in between (W6). */
  #rewritten(to: Owner, from: Owner | undefined, protocol: number): Named {
    const domain = this.#domainOfVm.get(to.endpoint!);
    const isReport = (protocol === 1 || protocol === 58) && !this.#isKnown(from, to.host);
    const isPeer =
      from?.endpoint !== undefined && from.host !== to.host && this.#domainOfVm.get(from.endpoint) === domain;
    return isReport || isPeer ? { domain, kind: 'rewritten' } : NOBODY;
  }

  /**
   * A host knows the provider addresses of the routing domains that it has an endpoint of; others may be any router's.
   */
  #isKnown(from: Owner | undefined, host: string): boolean {
    if (from === undefined) return false;
    const here = this.#domainsOn.get(host);
    if (from.endpoint !== undefined) return here?.has(this.#domainOfVm.get(from.endpoint)!) === true;
    return from.host === host || [...(this.#domainsOn.get(from.host) ?? [])].some((one) => here?.has(one));
  }

  #domainOfKey(key: number, host: string, from: string | undefined): number | undefined {
    const isOld = this.#oldHosts.has(host) || (from !== undefined && this.#oldHosts.has(from));
    return this.#domainOfVsid.get(isOld ? key % 0x100_0000 : Math.floor(key / 256));
  }

  /** What is wrong with a frame that a host puts on the wire for a routing domain; undefined: nothing. */
  faultOnWire(host: string, frame: Uint8Array, domain: number): string | undefined {
    const from = this.owners.get(sourceKey(frame));
    const to = this.owners.get(destinationKey(frame));
    const seen = `${hex(frame.subarray(0, 54))}…`;
    if (from === undefined || to === undefined) return `no provider address in the outer header: ${seen}`;
    if (from.host !== host) return `from an address of ${from.host}: ${seen}`;
    if (to.host === host) return `to itself: ${seen}`;
    if ((from.endpoint === undefined) !== (to.endpoint === undefined)) return `half rewritten: ${seen}`;
    if (from.endpoint !== undefined && this.#domainOfVm.get(from.endpoint) !== domain)
      return `from ${from.endpoint}, of another customer: ${seen}`;
    const named = this.named(to.host, frame).domain;
    return named === domain ? undefined : `for customer ${named}: ${seen}`;
  }
}
