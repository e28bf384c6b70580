/** The fabric that the named packets live in: seven hosts, two customers with the same addresses. */

import { linkLocal } from '../packets/index.ts';
import { BLUE, BLUE_QUIET, BLUE_SECOND, BLUE_V4, GREEN, VMS, type Vm } from './vms.ts';

export * from './vms.ts';

export interface HostFields {
  readonly mac: string;
  readonly ipv4?: string;
  readonly ipv6: string;
  readonly gatewayMac: string;
  readonly nvgreKey?: 'draft00';
}

/** h1 and h2 share a provider prefix, the others are behind gateways; h4 has only green; h6 has IPv6 only. */
export const HOSTS = {
  h1: {
    mac: '02:00:00:00:01:01',
    ipv4: '192.168.1.1',
    ipv6: '2001:db8:1::1',
    gatewayMac: '02:00:00:00:01:fe',
  },
  h2: {
    mac: '02:00:00:00:01:02',
    ipv4: '192.168.1.2',
    ipv6: '2001:db8:1::2',
    gatewayMac: '02:00:00:00:01:fe',
  },
  h3: {
    mac: '02:00:00:00:03:03',
    ipv4: '192.168.3.3',
    ipv6: '2001:db8:3::3',
    gatewayMac: '02:00:00:00:03:fe',
  },
  h4: {
    mac: '02:00:00:00:04:04',
    ipv4: '192.168.4.4',
    ipv6: '2001:db8:4::4',
    gatewayMac: '02:00:00:00:04:fe',
  },
  h5: {
    mac: '02:00:00:00:05:05',
    ipv4: '192.168.5.5',
    ipv6: '2001:db8:5::5',
    gatewayMac: '02:00:00:00:05:fe',
    nvgreKey: 'draft00',
  },
  h6: { mac: '02:00:00:00:06:06', ipv6: '2001:db8:6::6', gatewayMac: '02:00:00:00:06:fe' },
} as const satisfies Record<string, HostFields>;

export type HostName = keyof typeof HOSTS;
export const host = (name: HostName): HostFields => HOSTS[name];

export const ROUTER_MAC = '02:00:5e:00:00:01';
export const ROUTER_LINK_LOCAL = linkLocal(ROUTER_MAC);

export interface SubnetFields {
  readonly prefixes: readonly string[];
  /** The first of a family is where ICMP errors come from. */
  readonly gateways?: readonly string[];
  readonly flood?: 'drop';
}

const BLUE_SUBNETS: Record<number, SubnetFields> = {
  [BLUE]: { prefixes: ['10.0.0.0/24', 'fd00::/64'], gateways: ['10.0.0.1', 'fd00::1'] },
  [BLUE_SECOND]: {
    prefixes: ['10.0.1.0/24', 'fd00:0:0:1::/64', 'fd00:0:0:8::/72'],
    gateways: ['10.0.1.1', 'fd00:0:0:1::1', '10.0.1.2'],
  },
  [BLUE_QUIET]: { prefixes: ['10.0.2.0/24', 'fd00:0:0:2::/64'], flood: 'drop' },
  [BLUE_V4]: { prefixes: ['10.0.3.0/24'], gateways: ['10.0.3.1'] },
};
const GREEN_SUBNETS: Record<number, SubnetFields> = {
  [GREEN]: { prefixes: ['10.0.0.0/24', 'fd00::/64'], gateways: ['10.0.0.1', 'fd00::1'] },
};

export const subnet = (vsid: number): SubnetFields => (BLUE_SUBNETS[vsid] ?? GREEN_SUBNETS[vsid])!;

/** Green has none: what is beyond its subnet is nowhere. The worse of two routes stands first. */
const BLUE_ROUTES = [
  { to: '0.0.0.0/0', via: VMS.gate.ipv4 },
  { to: '::/0', via: VMS.gate.ipv6 },
  { to: '10.99.0.0/16', via: VMS.gate1.ipv4 },
  { to: '2001:db8:99::/48', via: VMS.gate1.ipv6 },
  { to: '10.98.0.0/16', via: VMS.gate.ipv4, metric: 20 },
  { to: '10.98.0.0/16', via: VMS.gate1.ipv4, metric: 10 },
  { to: '2001:db8:98::/48', via: VMS.gate.ipv6, metric: 20 },
  { to: '2001:db8:98::/48', via: VMS.gate1.ipv6, metric: 10 },
  // Longer than the second subnet's own prefix.
  { to: '10.0.1.192/26', via: VMS.gate1.ipv4 },
  // By way of an endpoint that uses IP Rewrite.
  { to: '10.97.0.0/16', via: VMS.rb.ipv4 },
];

export type ProviderFields = Readonly<Record<string, string | number | boolean>>;

/** The policy document with these fields of `provider`. */
export function policy(provider: ProviderFields = {}): object {
  const addresses = (fields: HostFields) => [
    ...(fields.ipv4 === undefined ? [] : [`${fields.ipv4}/24`]),
    `${fields.ipv6}/64`,
  ];
  return {
    version: 1,
    provider,
    hosts: Object.entries<HostFields>(HOSTS).map(([name, fields]) => ({
      name,
      addresses: addresses(fields),
      mac: fields.mac,
      gateway: { address: gatewayAddress(fields), mac: fields.gatewayMac },
      ...(fields.nvgreKey === undefined ? {} : { nvgreKey: fields.nvgreKey }),
    })),
    customers: [customer('blue', 1, BLUE_SUBNETS, BLUE_ROUTES), customer('green', 2, GREEN_SUBNETS, [])],
  };
}

/** The last of its network: .254, ::fe. */
const gatewayAddress = ({ ipv4, ipv6 }: HostFields): string =>
  ipv4 === undefined ? ipv6.replace(/::.*/, '::fe') : ipv4.replace(/\d+$/, '254');

function customer(
  name: string,
  id: number,
  subnets: Readonly<Record<number, SubnetFields>>,
  routes: readonly object[],
): object {
  const endpoints = Object.entries<Vm>(VMS).filter(([, { vsid }]) => vsid in subnets);
  return {
    name,
    routingDomains: [
      {
        name: `${name}-net`,
        id: `00000000-0000-4000-8000-00000000000${id}`,
        subnets: Object.entries(subnets).map(([vsid, fields]) => ({ vsid: Number(vsid), ...fields })),
        routes,
        endpoints: endpoints.map(([endpoint, fields]) => endpointDocument(endpoint, fields)),
      },
    ],
  };
}

function endpointDocument(name: string, fields: Vm): object {
  const some = (...values: (string | undefined)[]) => values.filter((value) => value !== undefined);
  const providerAddresses = some(fields.provider4, fields.provider6);
  return {
    name,
    vsid: fields.vsid,
    mac: fields.mac,
    addresses: [...some(fields.ipv4, fields.ipv6), ...(fields.more ?? [])],
    host: fields.host,
    forwarding: fields.forwarding ?? false,
    ...(fields.vlans === undefined ? {} : { vlans: fields.vlans }),
    ...(providerAddresses.length === 0
      ? {}
      : { method: 'rewrite', providerAddresses, useVmMac: fields.useVmMac ?? false }),
  };
}
