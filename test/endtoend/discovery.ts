/** IPv6 neighbour discovery of one host (RFC 4861, RFC 4862): its addresses, its router, its neighbours. */

import {
  ETHER_TYPE,
  ND,
  type Upper,
  advertisement,
  ethernet,
  groupMac,
  ip,
  ipv6,
  linkLocal,
  listenerReport2,
  neighborSolicitation,
  routerAlert,
  routerSolicitation,
  solicitation,
  solicitedNode,
  sourceLinkLayer,
  targetLinkLayer,
} from '../packets/index.ts';
import { NeighborCache } from './neighbors.ts';
import {
  type Icmp,
  Malformed,
  type Packet,
  addressText,
  canonical,
  macText,
  ndOptions,
  u32At,
} from './parse.ts';

const ALL_NODES = canonical('ff02::1');
const ALL_ROUTERS = canonical('ff02::2');
const UNSPECIFIED = canonical('::');

export interface RouterAdvertised {
  readonly from: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly mtu: number | undefined;
}

export class Discovery {
  readonly linkLocal: string;
  readonly global: string;
  readonly neighbors: NeighborCache;
  /** Addresses that somebody else turned out to have. */
  readonly duplicates: string[] = [];
  readonly #mac: string;
  readonly #transmit: (frame: Uint8Array) => void;
  readonly #tentative = new Set<string>();
  readonly #prefixes: { readonly address: Uint8Array; readonly length: number }[] = [];
  router: RouterAdvertised | undefined;

  constructor(mac: string, global: string, transmit: (frame: Uint8Array) => void) {
    this.#mac = mac;
    this.#transmit = transmit;
    this.linkLocal = canonical(linkLocal(mac));
    this.global = canonical(global);
    this.neighbors = new NeighborCache(
      (address) => {
        this.#multicast(this.sourceFor(address), solicitedNode(address), neighborSolicitation(address, mac));
      },
      (dst, packet) => {
        transmit(ethernet({ src: mac, dst, type: ETHER_TYPE.ipv6 }, packet));
      },
    );
  }

  get own(): string[] {
    return [this.linkLocal, this.global];
  }

  /** MACs of the groups that the host listens to. */
  get groups(): Set<string> {
    return new Set([ALL_NODES, ...this.own.map(solicitedNode)].map(groupMac));
  }

  sourceFor(dst: string): string {
    return /^(?:fe80|ff02):/.test(dst) ? this.linkLocal : this.global;
  }

  /** Announces its groups, then asks whether anybody has its addresses. */
  start(): void {
    for (const address of this.own) {
      const group = solicitedNode(address);
      const report = ipv6(
        { src: '::', dst: 'ff02::16', hopLimit: 1, headers: [routerAlert()] },
        listenerReport2(group),
      );
      this.#transmit(ethernet({ src: this.#mac, dst: groupMac('ff02::16') }, report));
      this.#tentative.add(address);
      this.#multicast('::', group, solicitation({ target: address }));
    }
  }

  /** Nobody answered in time. */
  finish(): void {
    this.#tentative.clear();
    this.#multicast(
      this.linkLocal,
      ALL_ROUTERS,
      routerSolicitation({ options: [sourceLinkLayer(this.#mac)] }),
    );
  }

  isOnLink(address: string): boolean {
    if (address.startsWith('fe80:')) return true;
    const bytes = ip(address);
    return this.#prefixes.some(({ address: prefix, length }) => {
      const differing = bytes.findIndex((byte, index) => byte !== prefix[index]);
      if (differing < 0) return true;
      const same = differing * 8 + Math.clz32(bytes[differing]! ^ prefix[differing]!) - 24;
      return same >= length;
    });
  }

  receive(packet: Packet, { type, code, rest, body }: Icmp): void {
    if (packet.ttl !== 255 || code !== 0) throw new Malformed('neighbour discovery from beyond the link');
    if (type === ND.routerAdvertisement) this.#advertised(packet, rest, body);
    else if (type === ND.neighborAdvertisement) this.#answered(packet, rest, body);
    else if (type === ND.neighborSolicitation) this.#solicited(packet, body);
  }

  #advertised({ src }: Packet, rest: number, body: Uint8Array): void {
    if (!src.startsWith('fe80:')) throw new Malformed('a router advertisement that is not from the link');
    const options = ndOptions(body.subarray(8));
    const [mtu] = options.get(5) ?? [];
    const [mac] = options.get(1) ?? [];
    this.router = {
      from: src,
      lifetime: rest & 0xffff,
      mtu: mtu === undefined ? undefined : u32At(mtu, 2),
    };
    for (const option of options.get(3) ?? []) {
      const isOnLink = (option[1]! & 0x80) !== 0;
      if (isOnLink) this.#prefixes.push({ address: option.slice(14, 30), length: option[0]! });
    }
    if (mac !== undefined) this.neighbors.learn(src, macText(mac));
  }

  #answered({ dst }: Packet, rest: number, body: Uint8Array): void {
    const target = addressText(body.subarray(0, 16));
    const [mac] = ndOptions(body.subarray(16)).get(2) ?? [];
    if (this.#tentative.has(target)) this.duplicates.push(target);
    const isSolicited = (rest & 0x4000_0000) !== 0;
    if (isSolicited && dst === ALL_NODES) throw new Malformed('a solicited answer to everybody');
    if (mac !== undefined) this.neighbors.learn(target, macText(mac));
  }

  #solicited({ src }: Packet, body: Uint8Array): void {
    const target = addressText(body.subarray(0, 16));
    if (!this.own.includes(target)) return;
    const [mac] = ndOptions(body.subarray(16)).get(1) ?? [];
    if (mac !== undefined && src !== UNSPECIFIED) this.neighbors.learn(src, macText(mac));
    const answer = advertisement({
      target,
      solicited: src !== UNSPECIFIED,
      override: true,
      options: [targetLinkLayer(this.#mac)],
    });
    const dst = src === UNSPECIFIED ? ALL_NODES : src;
    const packet = ipv6({ src: target, dst, hopLimit: 255 }, answer);
    if (dst === ALL_NODES) this.#transmit(ethernet({ src: this.#mac, dst: groupMac(dst) }, packet));
    else this.neighbors.send(src, packet);
  }

  #multicast(src: string, dst: string, message: Upper): void {
    const packet = ipv6({ src, dst, hopLimit: 255 }, message);
    this.#transmit(ethernet({ src: this.#mac, dst: groupMac(dst) }, packet));
  }
}
