/** What is in a capture: whose packets, in which tunnels, how many are malformed. */

import { formatMac } from '../policy/addresses.ts';
import type { Endpoint, IpAddress, MacAddress, Policy } from '../policy/model.ts';
import { type Decoded, type Layer, type Tunnel, decode } from './decode.ts';

export interface InspectRow {
  readonly tunnel: Tunnel | 'IP Rewrite';
  /** VSID or VNI; of the endpoint where the policy knows it. */
  readonly network: number | undefined;
  readonly customer: string | undefined;
  /** The sender: an endpoint's name, else its MAC. */
  readonly source: string;
  packets: number;
  bytes: number;
  malformed: number;
}

/** Whose packet a frame is. */
export interface Identity {
  readonly tunnel: InspectRow['tunnel'];
  readonly network: number | undefined;
  readonly customer: string | undefined;
  readonly source: string;
  readonly decoded: Decoded;
  /** Where it was counted: the same object for all packets that have the fields above in common. */
  readonly row: InspectRow;
}

export interface Inspection {
  readonly packets: number;
  readonly bytes: number;
  /** Frames of which the capture kept only the beginning. */
  readonly cut: number;
  readonly rows: readonly InspectRow[];
  /** What was wrong, with the number of packets. */
  readonly faults: Readonly<Record<string, number>>;
}

interface Owner {
  readonly customer: string;
  readonly endpoint: Endpoint;
}

export class Inspector {
  #packets = 0;
  #bytes = 0;
  #cut = 0;
  /** By sender; few have more than one. */
  readonly #rows = new Map<string, InspectRow[]>();
  readonly #faults = new Map<string, number>();
  readonly #customers = new Map<number, string>();
  readonly #byMac = new Map<MacAddress, Owner[]>();
  readonly #byProvider = new Map<IpAddress['value'], Owner>();
  readonly #macNames = new Map<MacAddress, string>();

  /** @param policy names customers and endpoints, and tells rewritten packets from others. */
  constructor(policy?: Policy) {
    for (const customer of policy?.customers ?? []) {
      for (const domain of customer.routingDomains) {
        for (const subnet of domain.subnets) this.#customers.set(subnet.vsid, customer.name);
        for (const endpoint of domain.endpoints) this.#addOwner({ customer: customer.name, endpoint });
      }
    }
  }

  #addOwner(owner: Owner): void {
    const { mac, addresses } = owner.endpoint;
    this.#byMac.set(mac, [...(this.#byMac.get(mac) ?? []), owner]);
    for (const { provider } of addresses) {
      if (provider !== undefined) this.#byProvider.set(provider.value, owner);
    }
  }

  /**
   * @param originalLength length on the wire, bytes; more than the frame's where the capture cut it.
   * @returns whose it is.
   */
  add(frame: Uint8Array, originalLength: number): Identity {
    const isCut = frame.length < originalLength;
    const decoded = decode(frame);
    this.#packets++;
    this.#bytes += originalLength;
    if (isCut) this.#cut++;
    const fault = isCut ? undefined : decoded.fault;
    if (fault !== undefined) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    const row = this.#identify(decoded);
    const { tunnel, network, customer, source } = row;
    row.packets++;
    row.bytes += originalLength;
    if (fault !== undefined) row.malformed++;
    return { tunnel, network, customer, source, decoded, row };
  }

  #identify(decoded: Decoded): InspectRow {
    const { tunnel, network, outer, inner } = decoded;
    const rewritten = this.#rewritten(tunnel, outer);
    if (rewritten !== undefined) {
      const { customer, endpoint } = rewritten;
      return this.#rowOf('IP Rewrite', endpoint.vsid, customer, endpoint.name);
    }
    const sender = inner ?? outer;
    const owner = this.#owner(sender?.srcMac, tunnel === 'NVGRE' ? network : undefined);
    const vsid = network ?? (tunnel === 'none' ? owner?.endpoint.vsid : undefined);
    const customer = tunnel === 'VXLAN' || vsid === undefined ? undefined : this.#customers.get(vsid);
    const name = sender === undefined ? 'no MAC' : this.#macName(sender.srcMac);
    const source = tunnel === 'VXLAN' ? name : (owner?.endpoint.name ?? name);
    return this.#rowOf(tunnel, vsid, customer, source);
  }

  #macName(mac: MacAddress): string {
    let name = this.#macNames.get(mac);
    if (name === undefined) this.#macNames.set(mac, (name = formatMac(mac)));
    return name;
  }

  #rowOf(
    tunnel: InspectRow['tunnel'],
    network: number | undefined,
    customer: string | undefined,
    source: string,
  ): InspectRow {
    const rows = this.#rows.get(source);
    const known = rows?.find((row) => row.tunnel === tunnel && row.network === network);
    if (known !== undefined) return known;
    const row = { tunnel, network, customer, source, packets: 0, bytes: 0, malformed: 0 };
    if (rows === undefined) this.#rows.set(source, [row]);
    else rows.push(row);
    return row;
  }

  /** The sender of a packet between two provider addresses of endpoints. */
  #rewritten(tunnel: Tunnel, outer: Layer | undefined): Owner | undefined {
    if (tunnel !== 'none' || outer?.src === undefined || outer.dst === undefined) return undefined;
    const source = this.#byProvider.get(outer.src.value);
    const destination = this.#byProvider.get(outer.dst.value);
    return source !== undefined && destination !== undefined ? source : undefined;
  }

  /** The one endpoint with this MAC, in the virtual subnet where that is known. */
  #owner(mac: MacAddress | undefined, vsid: number | undefined): Owner | undefined {
    const owners = mac === undefined ? undefined : this.#byMac.get(mac);
    if (owners === undefined) return undefined;
    const candidates = vsid === undefined ? owners : owners.filter(({ endpoint }) => endpoint.vsid === vsid);
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  /** Rows in the order of their packets, most first. */
  result(): Inspection {
    const rows = [...this.#rows.values()].flat().sort((a, b) => b.packets - a.packets);
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      cut: this.#cut,
      rows,
      faults: Object.fromEntries(this.#faults),
    };
  }
}
