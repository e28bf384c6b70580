/** Next hops by number: local ports, and peers as endpoints need them. 0 is the gateway. */

import { contains } from './addresses.ts';
import type { Host, InterfaceAddress, IpAddress, Policy } from './model.ts';
import type { Numbers } from './numbers.ts';

export interface PeerHop {
  readonly index: number;
  readonly host: Host;
  /** Outer destination MAC of rewritten packets that the policy gives; the VM's own where `useVmMac` is true. 0: `learns`. */
  readonly rewriteMac: number;
  /** The MAC of rewritten packets is the one that leads to the peer's own address of this family; 0: it is given, or a tunnel's. */
  readonly learns: 0 | 4 | 6;
  readonly useVmMac: boolean;
  /** The first one of this host, itself perhaps. */
  readonly first: number;
}

export class NextHops {
  readonly peers = new Map<number, PeerHop>();
  readonly #byKey = new Map<string, PeerHop>();
  /** By `Host.index`: the next hop of its tunnel. */
  readonly #plain: (PeerHop | undefined)[] = [];
  readonly #ofPort = new Map<number, number>();
  readonly #host: Host;
  readonly #numbers: Numbers;
  readonly #isNew: (hop: PeerHop) => void;

  /** @param isNew is called for every peer hop before its number is used. */
  constructor(host: Host, numbers: Numbers, isNew: (hop: PeerHop) => void) {
    this.#host = host;
    this.#numbers = numbers;
    this.#isNew = isNew;
  }

  addPort(port: number): number {
    const number = this.#numbers.take();
    this.#ofPort.set(port, number);
    return number;
  }

  removePort(port: number): void {
    this.#numbers.release(this.ofPort(port));
    this.#ofPort.delete(port);
  }

  ofPort(port: number): number {
    return this.#ofPort.get(port)!;
  }

  /** The peer by NVGRE. */
  ofHost(peer: Host): number {
    return (this.#plain[peer.index] ?? this.#add(peer, 0, 0, false)).index;
  }

  /** The peer that an endpoint is behind; `provider`: the address that rewritten packets to it carry. */
  ofEndpoint(peer: Host, useVmMac: boolean, provider: IpAddress | undefined): number {
    if (provider === undefined) return this.ofHost(peer);
    const isDirect = isReachedDirectly(this.#host, provider);
    const mac = isDirect ? peer.mac : (this.#host.gateway?.mac ?? 0);
    return this.#of(peer, mac, this.#learns(peer, mac, provider), isDirect && useVmMac);
  }

  /** The host is gone; another one may get its index. */
  forget(host: Host): void {
    for (const hop of this.peers.values()) {
      if (hop.host !== host) continue;
      this.peers.delete(hop.index);
      this.#byKey.delete(keyOf(hop));
      this.#numbers.release(hop.index);
    }
    this.#plain[host.index] = undefined;
  }

  /** A family that one of the two hosts does not have needs no MAC: nothing is sent by it. */
  #learns(peer: Host, mac: number, { family }: IpAddress): 0 | 4 | 6 {
    const isCommon = ownOf(this.#host, family) !== undefined && ownOf(peer, family) !== undefined;
    return mac === 0 && isCommon ? family : 0;
  }

  #of(host: Host, rewriteMac: number, learns: 0 | 4 | 6, useVmMac: boolean): number {
    if (rewriteMac === 0 && learns === 0) return this.ofHost(host);
    const hop =
      this.#byKey.get(keyOf({ host, rewriteMac, learns, useVmMac })) ??
      this.#add(host, rewriteMac, learns, useVmMac);
    return hop.index;
  }

  #add(host: Host, rewriteMac: number, learns: 0 | 4 | 6, useVmMac: boolean): PeerHop {
    const index = this.#numbers.take();
    const isTunnel = rewriteMac === 0 && learns === 0;
    const first = this.#plain[host.index]?.index ?? (isTunnel ? index : this.ofHost(host));
    const hop = { index, host, rewriteMac, learns, useVmMac, first };
    if (isTunnel) this.#plain[host.index] = hop;
    else this.#byKey.set(keyOf(hop), hop);
    this.peers.set(index, hop);
    this.#isNew(hop);
    return hop;
  }
}

function keyOf({
  host,
  rewriteMac,
  learns,
  useVmMac,
}: Pick<PeerHop, 'host' | 'rewriteMac' | 'learns' | 'useVmMac'>): string {
  return `${host.index} ${rewriteMac} ${learns} ${useVmMac}`;
}

/** The host's own address of a family. */
export function ownOf(host: Host, family: 4 | 6): InterfaceAddress | undefined {
  return family === 4 ? host.ipv4 : host.ipv6;
}

/** The address lies in the host's own provider prefix of that family. */
export function isReachedDirectly(host: Host, address: IpAddress): boolean {
  const own = ownOf(host, address.family);
  return own !== undefined && contains(own, address);
}

/** The family of the envelope between two hosts; validation made sure that there is one. */
export function tunnelFamily(policy: Pick<Policy, 'provider'>, from: Host, to: Host): 4 | 6 {
  const isIpv4 = from.ipv4 !== undefined && to.ipv4 !== undefined;
  const isIpv6 = from.ipv6 !== undefined && to.ipv6 !== undefined;
  if (isIpv4 && isIpv6) return policy.provider.prefer === 'ipv4' ? 4 : 6;
  return isIpv4 ? 4 : 6;
}
