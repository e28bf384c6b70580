/** The fabric that the named packets live in: four hosts, two customers with the same addresses. */

export interface HostFields {
  readonly mac: string;
  readonly ipv4?: string;
  readonly ipv6: string;
  readonly gatewayMac: string;
}

/** h1 and h2 share a provider prefix; h3 is behind a gateway; h6 has IPv6 only. */
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
  h6: { mac: '02:00:00:00:06:06', ipv6: '2001:db8:6::6', gatewayMac: '02:00:00:00:06:fe' },
} as const satisfies Record<string, HostFields>;

export type HostName = keyof typeof HOSTS;

export const ROUTER_MAC = '02:00:5e:00:00:01';

export interface Vm {
  readonly host: HostName;
  readonly vsid: number;
  readonly mac: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** Further addresses. */
  readonly more?: readonly string[];
  /** Provider addresses: this is a rewrite endpoint. */
  readonly provider4?: string;
  readonly provider6?: string;
  readonly forwarding?: boolean;
  readonly useVmMac?: boolean;
}

export const BLUE = 5001;
export const BLUE_SECOND = 5002;
export const GREEN = 6001;

const mac = (last: string) => `02:15:5d:00:${last}`;

/** Blue and green use the same customer addresses; green's VMs even have blue's MACs. */
export const VMS = {
  a: { host: 'h1', vsid: BLUE, mac: mac('01:11'), ipv4: '10.0.0.11', ipv6: 'fd00::11' },
  a2: { host: 'h1', vsid: BLUE, mac: mac('01:12'), ipv4: '10.0.0.12', ipv6: 'fd00::12' },
  many: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('01:13'),
    ipv4: '10.0.0.13',
    ipv6: 'fd00::13',
    more: ['10.0.0.14', 'fd00::14', 'fe80::99'],
  },
  b: { host: 'h2', vsid: BLUE, mac: mac('02:21'), ipv4: '10.0.0.21', ipv6: 'fd00::21' },
  gate: { host: 'h2', vsid: BLUE, mac: mac('02:fe'), ipv4: '10.0.0.254', ipv6: 'fd00::fe', forwarding: true },
  gate1: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('01:fe'),
    ipv4: '10.0.0.253',
    ipv6: 'fd00::fd',
    forwarding: true,
  },
  c: { host: 'h3', vsid: BLUE, mac: mac('03:31'), ipv4: '10.0.0.31', ipv6: 'fd00::31' },
  d: { host: 'h6', vsid: BLUE, mac: mac('06:61'), ipv4: '10.0.0.61', ipv6: 'fd00::61' },
  ra: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('11:11'),
    ipv4: '10.0.0.111',
    ipv6: 'fd00::111',
    provider4: '192.168.1.111',
    provider6: '2001:db8:1::111',
  },
  ra2: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('11:12'),
    ipv4: '10.0.0.112',
    ipv6: 'fd00::112',
    provider4: '192.168.1.112',
    provider6: '2001:db8:1::112',
  },
  rb: {
    host: 'h2',
    vsid: BLUE,
    mac: mac('12:21'),
    ipv4: '10.0.0.121',
    ipv6: 'fd00::121',
    provider4: '192.168.1.121',
    provider6: '2001:db8:1::121',
  },
  rc: {
    host: 'h3',
    vsid: BLUE,
    mac: mac('13:31'),
    ipv4: '10.0.0.131',
    ipv6: 'fd00::131',
    provider4: '192.168.3.131',
    provider6: '2001:db8:3::131',
  },
  va: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('21:11'),
    ipv4: '10.0.0.113',
    provider4: '192.168.1.113',
    useVmMac: true,
  },
  vb: {
    host: 'h2',
    vsid: BLUE,
    mac: mac('22:21'),
    ipv4: '10.0.0.123',
    provider4: '192.168.1.123',
    useVmMac: true,
  },
  vc: {
    host: 'h3',
    vsid: BLUE,
    mac: mac('23:31'),
    ipv4: '10.0.0.133',
    provider4: '192.168.3.133',
    useVmMac: true,
  },
  s: { host: 'h1', vsid: BLUE_SECOND, mac: mac('31:11'), ipv4: '10.0.1.11' },
  sr: { host: 'h2', vsid: BLUE_SECOND, mac: mac('32:21'), ipv4: '10.0.1.121', provider4: '192.168.1.221' },
  ga: { host: 'h1', vsid: GREEN, mac: mac('01:11'), ipv4: '10.0.0.11', ipv6: 'fd00::11' },
  gb: { host: 'h2', vsid: GREEN, mac: mac('02:21'), ipv4: '10.0.0.21', ipv6: 'fd00::21' },
  gra: {
    host: 'h1',
    vsid: GREEN,
    mac: mac('11:11'),
    ipv4: '10.0.0.111',
    ipv6: 'fd00::111',
    provider4: '192.168.1.211',
    provider6: '2001:db8:1::211',
  },
  grb: {
    host: 'h2',
    vsid: GREEN,
    mac: mac('12:21'),
    ipv4: '10.0.0.121',
    ipv6: 'fd00::121',
    provider4: '192.168.1.222',
    provider6: '2001:db8:1::221',
  },
} as const satisfies Record<string, Vm>;

export type VmName = keyof typeof VMS;

export const vm = (name: VmName): Vm => VMS[name];
export const host = (name: HostName): HostFields => HOSTS[name];

export type ProviderFields = Readonly<Record<string, string | number | boolean>>;

/** The policy document with these fields of `provider`. */
export function policy(provider: ProviderFields = {}): object {
  const addresses = (fields: HostFields) => [
    ...(fields.ipv4 === undefined ? [] : [`${fields.ipv4}/24`]),
    `${fields.ipv6}/64`,
  ];
  const subnet = (vsid: number, third: number) => ({
    vsid,
    prefixes: [`10.0.${third}.0/24`, `fd00:0:0:${third}::/64`],
  });
  return {
    version: 1,
    provider,
    hosts: Object.entries(HOSTS).map(([name, fields]) => ({
      name,
      addresses: addresses(fields),
      mac: fields.mac,
      gateway: { address: gatewayAddress(name), mac: fields.gatewayMac },
    })),
    customers: [
      customer('blue', 1, [subnet(BLUE, 0), subnet(BLUE_SECOND, 1)], [BLUE, BLUE_SECOND]),
      customer('green', 2, [subnet(GREEN, 0)], [GREEN]),
    ],
  };
}

function gatewayAddress(name: string): string {
  return name === 'h6' ? '2001:db8:6::fe' : `192.168.${name === 'h3' ? 3 : 1}.254`;
}

function customer(name: string, id: number, subnets: object[], vsids: readonly number[]): object {
  const endpoints = (Object.entries(VMS) as [string, Vm][]).filter(([, { vsid }]) => vsids.includes(vsid));
  return {
    name,
    routingDomains: [
      {
        name: `${name}-net`,
        id: `00000000-0000-4000-8000-00000000000${id}`,
        subnets,
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
    ...(providerAddresses.length === 0
      ? {}
      : { method: 'rewrite', providerAddresses, useVmMac: fields.useVmMac ?? false }),
  };
}
