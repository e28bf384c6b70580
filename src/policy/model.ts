/**
 * The validated policy: what `parsePolicy` returns and everything else reads. Names are resolved, addresses are
 * numbers, defaults are filled in. Treat it as read-only.
 */

/** 48 bits, the first byte on the wire is the most significant. */
export type MacAddress = number;

/** `value`: the address as an unsigned number, first byte on the wire most significant. */
export type Ipv4Address = { readonly family: 4; readonly value: number };
export type Ipv6Address = { readonly family: 6; readonly value: bigint };
export type IpAddress = Ipv4Address | Ipv6Address;

/** A network: host bits of `address` are zero. */
export type Prefix = { readonly address: IpAddress; readonly length: number };

/** A host's own address with the length of the prefix that it is in (host bits kept). */
export type InterfaceAddress<A extends IpAddress = IpAddress> = {
  readonly address: A;
  readonly length: number;
};

export interface Provider {
  /** IP MTU of the physical network, bytes. */
  readonly mtu: number;
  /** Outer TTL or hop limit. */
  readonly ttl: number;
  /** `uniform`: copied from the inner packet; a number: always this (pipe model of RFC 2983). */
  readonly dscp: 'uniform' | number;
  /** RFC 6040 §4.1 on encapsulation. */
  readonly ecn: 'normal' | 'compatibility';
  /** `zero` for peers that compare all 32 bits of the GRE key. */
  readonly flowId: 'hash' | 'zero';
  /** Outer family where two hosts have both. */
  readonly prefer: 'ipv4' | 'ipv6';
  readonly clampMss: boolean;
  /** MAC of every subnet's gateway. */
  readonly routerMac: MacAddress;
  /** Flooded frames per second and port; 0: none pass. */
  readonly floodLimit: number;
  /** ICMP errors per second and port; 0: none are sent. */
  readonly icmpLimit: number;
}

export interface Gateway {
  readonly addresses: readonly IpAddress[];
  /** 0: to be learnt. */
  readonly mac: MacAddress;
}

export interface Host {
  readonly name: string;
  /** Position in `Policy.hosts`. */
  readonly index: number;
  /** 0: to be learnt. */
  readonly mac: MacAddress;
  readonly ipv4: InterfaceAddress<Ipv4Address> | undefined;
  readonly ipv6: InterfaceAddress<Ipv6Address> | undefined;
  readonly gateway: Gateway | undefined;
  readonly nvgreKey: 'rfc7637' | 'draft00';
}

export interface Subnet {
  readonly vsid: number;
  readonly prefixes: readonly Prefix[];
  readonly gateways: readonly IpAddress[];
  readonly flood: 'replicate' | 'drop';
}

export interface Route {
  readonly to: Prefix;
  readonly via: IpAddress;
  readonly metric: number;
}

export interface EndpointAddress {
  readonly customer: IpAddress;
  /** The subnet that it is in: the endpoint's own, or one of its `vlans`. A link-local address: the endpoint's own. */
  readonly vsid: number;
  /** Same family as `customer`; there exactly when the endpoint's method is `rewrite` and the address is not link-local. */
  readonly provider: IpAddress | undefined;
}

export interface Endpoint {
  readonly name: string;
  readonly vsid: number;
  readonly mac: MacAddress;
  readonly addresses: readonly EndpointAddress[];
  /** Position in `Policy.hosts`. */
  readonly host: number;
  readonly method: 'nvgre' | 'rewrite';
  readonly forwarding: boolean;
  readonly useVmMac: boolean;
  /** 802.1Q VID on the port → VSID; each of another subnet, none of its own. */
  readonly vlans: ReadonlyMap<number, number>;
}

export interface RoutingDomain {
  readonly name: string;
  /** UUID, lower case. */
  readonly id: string;
  readonly subnets: readonly Subnet[];
  readonly routes: readonly Route[];
  readonly endpoints: readonly Endpoint[];
}

export interface Customer {
  readonly name: string;
  readonly routingDomains: readonly RoutingDomain[];
}

export interface Policy {
  readonly version: 1;
  readonly provider: Provider;
  /** By `Host.index`. Where a change removed a host, an entry with an empty name and no addresses stays. */
  readonly hosts: readonly Host[];
  readonly customers: readonly Customer[];
}
