/** What may change while a dataplane runs, and what each change means to those who keep records of a policy. */

import type { EndpointInput, HostInput, RouteInput, SubnetInput } from './inputs.ts';
import type { Endpoint, Host, Route, RoutingDomain, Subnet } from './model.ts';

/** `domain`: the id of a routing domain (RDID). Elements are written as in the document, and judged by its rules. */
export type Change =
  | { readonly op: 'add-endpoint'; readonly domain: string; readonly endpoint: EndpointInput }
  /** Refused while a route's next hop is one of its addresses. */
  | { readonly op: 'remove-endpoint'; readonly name: string }
  /** To where it is already is allowed, and an effect like any other. */
  | { readonly op: 'move-endpoint'; readonly name: string; readonly host: string }
  | SetMethod
  | { readonly op: 'add-subnet'; readonly domain: string; readonly subnet: SubnetInput }
  /** Refused while an endpoint is in it, on a VLAN too, and for the last one of a routing domain. */
  | { readonly op: 'remove-subnet'; readonly vsid: number }
  | { readonly op: 'add-route'; readonly domain: string; readonly route: RouteInput }
  /** `metric`: 0 if left out, as in the document. */
  | { readonly op: 'remove-route'; readonly domain: string; readonly to: string; readonly metric?: number }
  | { readonly op: 'add-host'; readonly host: HostInput }
  /** Refused while an endpoint is on it, and for the last one. */
  | { readonly op: 'remove-host'; readonly name: string };

/** Sets `method`, `providerAddresses` and `useVmMac` as the document would: what is left out is the default. */
export type SetMethod =
  | { readonly op: 'set-method'; readonly name: string; readonly method: 'nvgre' }
  | {
      readonly op: 'set-method';
      readonly name: string;
      readonly method: 'rewrite';
      readonly providerAddresses: readonly string[];
      readonly useVmMac?: boolean;
    };

/**
 * What a compiler of records needs to know: one for each change, in the same order. `domain` is a live view: its name and
 * id stay, its lists are those after the last change that was applied. Tell domains apart by `id`.
 */
export type Effect =
  | {
      readonly kind: 'endpoint-added' | 'endpoint-removed';
      readonly domain: RoutingDomain;
      readonly endpoint: Endpoint;
    }
  /** Moved, or another method. */
  | {
      readonly kind: 'endpoint-changed';
      readonly domain: RoutingDomain;
      readonly before: Endpoint;
      readonly after: Endpoint;
    }
  | {
      readonly kind: 'subnet-added' | 'subnet-removed';
      readonly domain: RoutingDomain;
      readonly subnet: Subnet;
    }
  /** `routes`: all of the domain, as this change leaves them. */
  | { readonly kind: 'routes-changed'; readonly domain: RoutingDomain; readonly routes: readonly Route[] }
  | { readonly kind: 'host-added' | 'host-removed'; readonly host: Host };
