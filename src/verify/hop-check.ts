/** Next hops of one host’s records, and the addresses of its peers. */

import * as abi from '../abi/layout.ts';
import { formatMac } from '../policy/addresses.ts';
import type { Host } from '../policy/model.ts';
import type { HostView } from './host-view.ts';

export class HopCheck {
  readonly #view: HostView;
  readonly #peers = new Set<string>();

  constructor(view: HostView) {
    this.#view = view;
  }

  /** Provider addresses of other hosts that are known. */
  get peers(): number {
    return this.#peers.size;
  }

  readHop(): void {
    const { index, family, portNumber } = this.#view.records;
    if (this.#view.targets.has(index) || index === abi.GATEWAY_HOP) {
      const fault = index === abi.GATEWAY_HOP ? 'is not the gateway’s' : 'is described twice';
      this.#view.breaks('isolation', `next hop ${index} ${fault}`);
      return;
    }
    if (family === 0) this.#view.targets.set(index, { kind: 'port', port: portNumber });
    else this.#readPeerHop(index, family);
  }

  #readPeerHop(index: number, family: number): void {
    const { mac, mac2, flags, ring, mtu, ttl } = this.#view.records;
    const host = this.#view.hostOf();
    if (host === undefined) {
      this.#view.breaks('isolation', `next hop ${index} has provider addresses that are no one host’s`);
      return;
    }
    const hasFamily = (one: Host) => (family === 4 ? one.ipv4 : one.ipv6) !== undefined;
    if (!hasFamily(host) || !hasFamily(this.#view.host) || mac === 0)
      this.#view.breaks(
        'reachability',
        `next hop ${index} to ${host.name} has no IPv${family} way there (outer MAC ${formatMac(mac)})`,
      );
    const { provider } = this.#view.fabric.policy;
    if (mtu !== provider.mtu || ttl !== provider.ttl)
      this.#view.breaks('reachability', `next hop ${index} to ${host.name} has MTU ${mtu} and TTL ${ttl}`);
    const isDraft = host.nvgreKey === 'draft00' || this.#view.host.nvgreKey === 'draft00';
    if (((flags & abi.NEXT_HOP_DRAFT00) !== 0) !== isDraft)
      this.#view.breaks(
        'isolation',
        `next hop ${index} to ${host.name} has another layout of keys than the policy`,
      );
    // What is learnt about the path of one is learnt for all of the ring.
    const first = this.#view.targets.get(ring);
    if (ring !== index && (first?.kind !== 'peer' || first.host !== host))
      this.#view.breaks(
        'isolation',
        `next hop ${index} to ${host.name} shares its path with ${this.#view.describe(first)}`,
      );
    const useVmMac = (flags & abi.NEXT_HOP_VM_MAC) !== 0;
    this.#view.targets.set(index, { kind: 'peer', host, rewriteMac: mac2, useVmMac });
  }

  readPeer(): void {
    const { family, provider, hop } = this.#view.records;
    const owner = this.#view.ownerOf(family, provider);
    const target = this.#view.targets.get(hop);
    if (owner === undefined || target?.kind !== 'peer' || target.host !== owner.host) {
      const text = owner === undefined ? 'no host’s address' : owner.host.name;
      this.#view.breaks('isolation', `a peer’s address (${text}) leads to ${this.#view.describe(target)}`);
      return;
    }
    this.#peers.add(`${owner.host.index} ${family}`);
  }

  /** Every peer has its addresses. Returns how many records that takes. */
  checkComplete(): number {
    let required = 0;
    for (const index of this.#neededPeers()) required += this.#checkPeerOf(index);
    return required;
  }

  /** Hosts with which this one has a routing domain in common. */
  #neededPeers(): Set<number> {
    const all = this.#view.fabric.policy.hosts.length;
    const needed = new Set<number>();
    for (const { hosts } of this.#view.domains) {
      for (const index of hosts) if (index !== this.#view.host.index) needed.add(index);
      // A thousand routing domains may have the same thousand hosts.
      if (needed.size === all - 1) break;
    }
    return needed;
  }

  /** Without it the tunnel guard would refuse what comes from there. */
  #checkPeerOf(index: number): number {
    let required = 0;
    const peer = this.#view.fabric.policy.hosts[index]!;
    for (const family of [4, 6] as const) {
      if ((family === 4 ? peer.ipv4 : peer.ipv6) === undefined) continue;
      required++;
      if (!this.#peers.has(`${index} ${family}`))
        this.#view.breaks('reachability', `does not know the IPv${family} address of its peer ${peer.name}`);
    }
    return required;
  }
}
