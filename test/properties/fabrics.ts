/**
 * Random fabrics in which everything overlaps that may: every routing domain has the same networks, addresses, gateways and
 * MACs, so that whatever leaks has somewhere to arrive. A few numbers and a seed make a fabric, so that it shrinks well.
 */

import fc from 'fast-check';
import { Random } from './random.ts';

export const ROUTER_MAC = '02:00:5e:00:00:01';

export interface FabricHost {
  readonly name: string;
  readonly mac: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly nvgreKey: 'rfc7637' | 'draft00';
}

/** A vNIC in one virtual subnet: its own, or one on a VLAN. */
export interface Attachment {
  readonly vsid: number;
  readonly vid: number | undefined;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

export interface Vm {
  readonly name: string;
  readonly host: string;
  readonly domain: number;
  readonly mac: string;
  readonly forwarding: boolean;
  readonly method: 'nvgre' | 'rewrite';
  /** Its own subnet first. */
  readonly attachments: readonly Attachment[];
  readonly providers: readonly string[];
}

/** A VM in one of its virtual subnets, ready to send. */
export interface Station {
  readonly vm: Vm;
  readonly at: Attachment;
}

export interface FabricSubnet {
  readonly vsid: number;
  readonly domain: number;
  /** Third byte of its IPv4 addresses, fourth group of its IPv6 addresses. */
  readonly number: number;
  readonly hasGateway: boolean;
}

export interface Fabric {
  readonly hosts: readonly FabricHost[];
  readonly subnets: readonly FabricSubnet[];
  readonly vms: readonly Vm[];
  readonly stations: readonly Station[];
  readonly mtu: number;
  readonly document: FabricDocument;
}

export type FabricDocument = ReturnType<typeof documentOf>;

export const gateway4 = (subnet: number): string => `10.0.${subnet}.1`;
export const gateway6 = (subnet: number): string => `fd00:0:0:${subnet}::1`;

export const shapes = fc.record({
  seed: fc.nat(),
  hosts: fc.integer({ min: 2, max: 4 }),
  families: fc.constantFrom('both', 'ipv4', 'ipv6', 'both, one ipv4', 'both, one ipv6'),
  /** Every host behind a gateway of its own. */
  isSpread: fc.boolean(),
  method: fc.constantFrom('nvgre', 'rewrite', 'mixed'),
  domains: fc.integer({ min: 2, max: 4 }),
  subnets: fc.integer({ min: 1, max: 3 }),
  vms: fc.integer({ min: 1, max: 4 }),
  hasVlans: fc.boolean(),
  isOld: fc.boolean(),
  provider: fc.record({
    mtu: fc.constantFrom(1280, 1500, 9000),
    prefer: fc.constantFrom('ipv4', 'ipv6'),
    ecn: fc.constantFrom('normal', 'compatibility'),
    dscp: fc.constantFrom('uniform', 0, 46),
    flowId: fc.constantFrom('hash', 'zero'),
    clampMss: fc.boolean(),
    ttl: fc.integer({ min: 1, max: 255 }),
    floodLimit: fc.constantFrom(0, 100, 1_000_000),
    icmpLimit: fc.constantFrom(0, 100, 1_000_000),
  }),
});

export type Shape = typeof shapes extends fc.Arbitrary<infer Value> ? Value : never;

export function fabricOf(shape: Shape): Fabric {
  const random = new Random(shape.seed);
  const hosts = Array.from({ length: shape.hosts }, (_, index) => hostOf(shape, random, index));
  const subnets = Array.from({ length: shape.domains * shape.subnets }, (_, index) => ({
    vsid: 0x5000 + index * 0x1111,
    domain: Math.floor(index / shape.subnets),
    number: index % shape.subnets,
    hasGateway: !random.oneIn(5),
  }));
  const vms = subnets.flatMap((subnet) =>
    Array.from({ length: shape.vms }, (_, index) => vmOf(shape, random, hosts, subnets, subnet, index)),
  );
  return {
    hosts,
    subnets,
    vms,
    mtu: shape.provider.mtu,
    stations: vms.flatMap((vm) => vm.attachments.map((at) => ({ vm, at }))),
    document: documentOf(shape, random, hosts, subnets, vms),
  };
}

function hostOf(shape: Shape, random: Random, index: number): FabricHost {
  const net = shape.isSpread ? index + 1 : 0;
  const isOdd = index === 0;
  const has4 = shape.families !== 'ipv6' && !(isOdd && shape.families === 'both, one ipv6');
  const has6 = shape.families !== 'ipv4' && !(isOdd && shape.families === 'both, one ipv4');
  return {
    name: `h${index}`,
    mac: `02:00:00:00:00:0${index + 1}`,
    ipv4: has4 ? `192.168.${net}.${index + 1}` : undefined,
    ipv6: has6 ? `2001:db8:0:${net}::${index + 1}` : undefined,
    nvgreKey: shape.isOld && random.oneIn(2) ? 'draft00' : 'rfc7637',
  };
}

function vmOf(
  shape: Shape,
  random: Random,
  hosts: readonly FabricHost[],
  subnets: readonly FabricSubnet[],
  { vsid, domain, number }: FabricSubnet,
  index: number,
): Vm {
  const host = random.pick(hosts);
  const families = random.pick(['46', '46', '46', '4', '6']);
  const addresses = (subnet: number, last: number) => ({
    ipv4: families.includes('4') ? `10.0.${subnet}.${last}` : undefined,
    ipv6: families.includes('6') ? `fd00:0:0:${subnet}::${last}` : undefined,
  });
  const attachments: Attachment[] = [{ vsid, vid: undefined, ...addresses(number, 10 + index) }];
  if (shape.hasVlans && random.oneIn(3)) {
    for (const other of subnets.filter((one) => one.domain === domain && one.vsid !== vsid)) {
      const last = 100 + number * 10 + index;
      attachments.push({ vsid: other.vsid, vid: 100 + other.number, ...addresses(other.number, last) });
    }
  }
  const wants = shape.method === 'rewrite' || (shape.method === 'mixed' && random.oneIn(2));
  const isPossible =
    (!families.includes('4') || host.ipv4 !== undefined) &&
    (!families.includes('6') || host.ipv6 !== undefined);
  const isRewrite = wants && isPossible;
  return {
    name: `d${domain}s${number}v${index}`,
    host: host.name,
    domain,
    mac: `02:15:5d:00:0${number}:1${index}`,
    forwarding: index === 0 && random.oneIn(2),
    method: isRewrite ? 'rewrite' : 'nvgre',
    attachments,
    providers: isRewrite ? providersOf(host, attachments, domain * 64 + number * 16 + index * 4) : [],
  };
}

/** In the network of the host, like its own address. */
function providersOf(host: FabricHost, attachments: readonly Attachment[], first: number): string[] {
  return attachments.flatMap(({ ipv4, ipv6 }, index) => [
    ...(ipv4 === undefined ? [] : [host.ipv4!.replace(/\d+$/, String(10 + ((first + index) % 245)))]),
    ...(ipv6 === undefined ? [] : [host.ipv6!.replace(/::.*/, `::5:${(first + index).toString(16)}`)]),
  ]);
}

function documentOf(
  shape: Shape,
  random: Random,
  hosts: readonly FabricHost[],
  subnets: readonly FabricSubnet[],
  vms: readonly Vm[],
) {
  const some = (...texts: (string | false | undefined)[]) => texts.filter((text) => typeof text === 'string');
  return {
    version: 1,
    provider: { ...shape.provider, routerMac: ROUTER_MAC },
    hosts: hosts.map(({ name, mac, ipv4, ipv6, nvgreKey }) => ({
      name,
      mac,
      nvgreKey,
      addresses: some(ipv4 !== undefined && `${ipv4}/24`, ipv6 !== undefined && `${ipv6}/64`),
      gateway: {
        address: ipv4?.replace(/\d+$/, '254') ?? ipv6!.replace(/::.*/, '::fffe'),
        mac: `02:00:00:00:ff:${mac.slice(-2)}`,
      },
    })),
    customers: Array.from({ length: shape.domains }, (_, domain) => ({
      name: `customer ${domain}`,
      routingDomains: [
        {
          name: 'net',
          subnets: subnets
            .filter((one) => one.domain === domain)
            .map(({ vsid, number, hasGateway }) => ({
              vsid,
              prefixes: [`10.0.${number}.0/24`, `fd00:0:0:${number}::/64`],
              gateways: hasGateway ? [gateway4(number), gateway6(number)] : [],
              flood: random.oneIn(4) ? 'drop' : 'replicate',
            })),
          routes: vms.filter((vm) => vm.domain === domain && vm.forwarding).flatMap(routesVia),
          endpoints: vms.filter((vm) => vm.domain === domain).map(endpointOf),
        },
      ],
    })),
  };
}

/** Metrics by subnet: several gateway VMs may lead to one network. */
function routesVia({ attachments: [own] }: Vm) {
  const metric = (own!.vsid / 0x1111) & 0xff;
  const to = (network: string, via: string | undefined) =>
    via === undefined ? [] : [{ to: network, via, metric }];
  return [
    ...to('0.0.0.0/0', own!.ipv4),
    ...to('10.77.0.0/16', own!.ipv4),
    ...to('::/0', own!.ipv6),
    ...to('2001:db8:77::/48', own!.ipv6),
  ];
}

function endpointOf({ name, host, mac, forwarding, method, attachments, providers }: Vm) {
  const [own, ...tagged] = attachments;
  return {
    name,
    host,
    mac,
    forwarding,
    vsid: own!.vsid,
    addresses: attachments.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((one) => one !== undefined)),
    vlans: Object.fromEntries(tagged.map(({ vid, vsid }) => [String(vid), vsid])),
    ...(method === 'rewrite' ? { method, providerAddresses: providers, useVmMac: name.endsWith('3') } : {}),
  };
}
