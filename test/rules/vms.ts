/** The VMs of the fabric, by customer and virtual subnet. */

import type { HostName } from './fabric.ts';

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
  /** 802.1Q VID on the port → VSID. */
  readonly vlans?: Readonly<Record<number, number>>;
}

export const BLUE = 5001;
export const BLUE_SECOND = 5002;
/** Without gateways, and nothing is flooded in it. */
export const BLUE_QUIET = 5003;
/** Without IPv6, and with one VM only. */
export const BLUE_V4 = 5004;
export const GREEN = 6001;

const mac = (last: string) => `02:15:5d:00:${last}`;

const FIRST = {
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
  /** On the host that writes its GRE keys the old way. */
  o: { host: 'h5', vsid: BLUE, mac: mac('05:51'), ipv4: '10.0.0.51', ipv6: 'fd00::51' },
  /** Its second subnet comes on VLAN 100. */
  trunk: {
    host: 'h1',
    vsid: BLUE,
    mac: mac('01:41'),
    ipv4: '10.0.0.41',
    ipv6: 'fd00::41',
    more: ['10.0.1.41', 'fd00:0:0:1::41'],
    vlans: { 100: BLUE_SECOND },
  },
} as const satisfies Record<string, Vm>;

const REWRITTEN = {
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
} as const satisfies Record<string, Vm>;

const SECOND = {
  s: { host: 'h1', vsid: BLUE_SECOND, mac: mac('31:11'), ipv4: '10.0.1.11', ipv6: 'fd00:0:0:1::11' },
  st: { host: 'h2', vsid: BLUE_SECOND, mac: mac('32:22'), ipv4: '10.0.1.21', ipv6: 'fd00:0:0:1::21' },
  sr: {
    host: 'h2',
    vsid: BLUE_SECOND,
    mac: mac('32:21'),
    ipv4: '10.0.1.121',
    ipv6: 'fd00:0:0:1::121',
    provider4: '192.168.1.221',
    provider6: '2001:db8:1::5:c21',
  },
  sc: { host: 'h3', vsid: BLUE_SECOND, mac: mac('33:31'), ipv4: '10.0.1.31', ipv6: 'fd00:0:0:1::31' },
  sd: { host: 'h6', vsid: BLUE_SECOND, mac: mac('36:61'), ipv4: '10.0.1.61', ipv6: 'fd00:0:0:1::61' },
  q: { host: 'h1', vsid: BLUE_QUIET, mac: mac('41:11'), ipv4: '10.0.2.11', ipv6: 'fd00:0:0:2::11' },
  qb: { host: 'h2', vsid: BLUE_QUIET, mac: mac('42:21'), ipv4: '10.0.2.21', ipv6: 'fd00:0:0:2::21' },
  f: { host: 'h1', vsid: BLUE_V4, mac: mac('51:11'), ipv4: '10.0.3.11' },
} as const satisfies Record<string, Vm>;

/** Green uses blue's addresses; its VMs even have blue's MACs. */
const GREENS = {
  ga: { host: 'h1', vsid: GREEN, mac: mac('01:11'), ipv4: '10.0.0.11', ipv6: 'fd00::11' },
  gb: { host: 'h2', vsid: GREEN, mac: mac('02:21'), ipv4: '10.0.0.21', ipv6: 'fd00::21' },
  gc: { host: 'h4', vsid: GREEN, mac: mac('04:41'), ipv4: '10.0.0.41', ipv6: 'fd00::41' },
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

export const VMS = { ...FIRST, ...REWRITTEN, ...SECOND, ...GREENS };

export type VmName = keyof typeof VMS;
export const vm = (name: VmName): Vm => VMS[name];

/** All VMs with a vNIC in a virtual subnet, by its own VSID or by a VLAN. */
export const vmsIn = (vsid: number): VmName[] =>
  (Object.keys(VMS) as VmName[]).filter(
    (name) => vm(name).vsid === vsid || Object.values(vm(name).vlans ?? {}).includes(vsid),
  );
