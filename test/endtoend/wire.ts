/** The physical network, as small as can be: a frame goes to the host that has its outer destination address. */

import { hex, ip } from '../packets/index.ts';

/** What it reads of a policy document. */
export interface WireDocument {
  readonly hosts: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly customers: readonly {
    readonly routingDomains: readonly {
      readonly endpoints: readonly {
        readonly name: string;
        readonly host: string;
        readonly providerAddresses?: readonly string[];
      }[];
    }[];
  }[];
}

/** The address as a key; empty for what is not IP. */
function addressKey(frame: Uint8Array, end: 'src' | 'dst'): string {
  const type = frame[12]! * 256 + frame[13]!;
  const at = end === 'src' ? 0 : 1;
  if (type === 0x0800) return hex(frame.subarray(26 + at * 4, 30 + at * 4));
  return type === 0x86dd ? hex(frame.subarray(22 + at * 16, 38 + at * 16)) : '';
}

export const sourceKey = (frame: Uint8Array): string => addressKey(frame, 'src');
export const destinationKey = (frame: Uint8Array): string => addressKey(frame, 'dst');
export const keyOf = (address: string): string => hex(ip(address.replace(/\/.*/, '')));

/** Whose a provider address is. */
export interface Owner {
  readonly host: string;
  /** undefined: the host's own. */
  readonly endpoint: string | undefined;
}

export class Wire {
  readonly owners: ReadonlyMap<string, Owner>;

  constructor({ hosts, customers }: WireDocument) {
    const owners = new Map<string, Owner>();
    for (const { name, addresses } of hosts)
      for (const address of addresses) owners.set(keyOf(address), { host: name, endpoint: undefined });
    for (const { endpoints } of customers.flatMap(({ routingDomains }) => routingDomains))
      for (const { name, host, providerAddresses = [] } of endpoints)
        for (const address of providerAddresses) owners.set(keyOf(address), { host, endpoint: name });
    this.owners = owners;
  }

  /** The host that a frame from an uplink reaches. */
  hostOf(frame: Uint8Array): string | undefined {
    return this.owners.get(destinationKey(frame))?.host;
  }
}
