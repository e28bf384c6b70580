/**
 * Elements of the policy document as programs write them: what a field may hold stands in `schema.ts`, what it means in
 * docs/policy.md. Written out here, because the types of the package must not need zod.
 */

export interface HostInput {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Only what `parsePolicy` reads as `learnable` can do without it, and without the gateway's. */
  readonly mac?: string | undefined;
  readonly gateway?: { readonly address: string; readonly mac?: string | undefined } | undefined;
  readonly nvgreKey?: 'rfc7637' | 'draft00' | undefined;
}

export interface SubnetInput {
  readonly vsid: number;
  readonly prefixes: readonly string[];
  readonly gateways?: readonly string[] | undefined;
  readonly flood?: 'replicate' | 'drop' | undefined;
}

export interface RouteInput {
  readonly to: string;
  readonly via: string;
  readonly metric?: number | undefined;
}

export interface EndpointInput {
  readonly name: string;
  readonly vsid: number;
  readonly mac: string;
  readonly addresses?: readonly string[] | undefined;
  readonly host: string;
  readonly method?: 'nvgre' | 'rewrite' | undefined;
  readonly providerAddresses?: readonly string[] | undefined;
  readonly forwarding?: boolean | undefined;
  readonly useVmMac?: boolean | undefined;
  /** VLAN id on the port → virtual subnet id. */
  readonly vlans?: Readonly<Record<string, number>> | undefined;
}
