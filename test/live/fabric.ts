/** The fabric of the system tests: two customers with the same addresses on two hosts. */

import type { HostSpec, VmSpec } from './topology.ts';

export type Method = 'nvgre' | 'rewrite';

export interface FabricVm extends VmSpec {
  readonly host: string;
  readonly vsid: number;
  readonly customer: 'contoso' | 'fabrikam';
}

export const HOSTS: readonly HostSpec[] = [
  { name: 'h1', addresses: ['192.0.2.1/24', 'fd00:a::1/64'], mac: '02:00:00:00:00:01' },
  { name: 'h2', addresses: ['192.0.2.2/24', 'fd00:a::2/64'], mac: '02:00:00:00:00:02' },
];

/** The same hosts with a router of the kernel's between them. */
export const ROUTED_HOSTS: readonly HostSpec[] = [
  {
    name: 'h1',
    addresses: ['192.0.2.1/24', 'fd00:a::1/64'],
    mac: '02:00:00:00:00:01',
    gateways: ['192.0.2.254', 'fd00:a::fe'],
  },
  {
    name: 'h2',
    addresses: ['198.51.100.2/24', 'fd00:b::2/64'],
    mac: '02:00:00:00:00:02',
    gateways: ['198.51.100.254', 'fd00:b::fe'],
  },
];

function vm(
  customer: FabricVm['customer'],
  role: string,
  host: string,
  subnet: number,
  last: number,
): FabricVm {
  const [letter, base] = customer === 'contoso' ? ['c', 5000] : ['f', 6000];
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return {
    name: `${letter}-${role}`,
    customer,
    host,
    vsid: base + subnet,
    mac: `02:15:5d:${hex(base / 100)}:${hex(subnet)}:${hex(last)}`,
    addresses: [`10.1.${subnet}.${last}/24`, `fd00:${subnet}::${last}/64`],
    gateways: [`10.1.${subnet}.1`, `fd00:${subnet}::1`],
  };
}

export const VMS: readonly FabricVm[] = [
  vm('contoso', 'sql', 'h1', 1, 11),
  vm('contoso', 'web', 'h2', 1, 12),
  vm('contoso', 'app', 'h2', 2, 13),
  vm('fabrikam', 'sql', 'h1', 1, 11),
  vm('fabrikam', 'web', 'h2', 1, 12),
];

export interface FabricOptions {
  readonly method?: Method;
  readonly hosts?: readonly HostSpec[];
  readonly vms?: readonly FabricVm[];
  /** MACs of hosts are in the policy; else they are learnt. */
  readonly hasMacs?: boolean;
  readonly provider?: string;
}

export function fabricPolicy(options: FabricOptions = {}): string {
  const { method = 'nvgre', hosts = HOSTS, vms = VMS, hasMacs = false, provider = '{ mtu: 1500 }' } = options;
  const hostLines = hosts.map(({ name, addresses, mac }) => {
    const fields = [
      `name: ${name}`,
      `addresses: [${quoted(addresses)}]`,
      ...(hasMacs ? [`mac: '${mac}'`] : []),
    ];
    return `  - { ${fields.join(', ')} }`;
  });
  const customers = [...new Set(vms.map(({ customer }) => customer))].map((customer) => {
    const own = vms.filter((one) => one.customer === customer);
    const subnets = [...new Set(own.map(({ vsid }) => vsid))].sort();
    return [
      `  - name: ${customer}`,
      '    routingDomains:',
      '      - name: net',
      '        subnets:',
      ...subnets.map((vsid) => {
        const number = vsid % 1000;
        return `          - { vsid: ${vsid}, prefixes: [10.1.${number}.0/24, 'fd00:${number}::/64'], gateways: [10.1.${number}.1, 'fd00:${number}::1'] }`;
      }),
      '        endpoints:',
      ...own.map((one) => endpoint(one, method, hosts)),
    ].join('\n');
  });
  return ['version: 1', `provider: ${provider}`, 'hosts:', ...hostLines, 'customers:', ...customers, ''].join(
    '\n',
  );
}

function endpoint(one: FabricVm, method: Method, hosts: readonly HostSpec[]): string {
  const fields = [
    `name: ${one.name}`,
    `vsid: ${one.vsid}`,
    `mac: '${one.mac}'`,
    `addresses: [${quoted(one.addresses.map(withoutLength))}]`,
    `host: ${one.host}`,
  ];
  if (method === 'rewrite')
    fields.push('method: rewrite', `providerAddresses: [${quoted(providerAddresses(one, hosts))}]`);
  return `          - { ${fields.join(', ')} }`;
}

/** In the host's own prefixes, each VM's its own. */
function providerAddresses(one: FabricVm, hosts: readonly HostSpec[]): string[] {
  const number = 100 + VMS.findIndex(({ name }) => name === one.name);
  return hosts
    .find(({ name }) => name === one.host)!
    .addresses.map((address) => {
      const own = withoutLength(address);
      return own.includes(':') ? own.replace(/[^:]+$/, String(number)) : own.replace(/\d+$/, String(number));
    });
}

function withoutLength(address: string): string {
  return address.split('/')[0]!;
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(', ');
}
