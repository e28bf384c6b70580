/** Broadcast and multicast: a copy for everybody in the subnet, and for nobody else (V5). */

import {
  DROP_ECN_CE,
  DROP_FLOOD,
  DROP_FLOOD_RATE,
  DROP_NO_LOCAL_PORT,
  DROP_NO_RECORD,
  DROP_SOURCE_ADDRESS,
  DROP_SOURCE_MAC,
  DROP_TUNNEL_SOURCE,
} from '../../src/abi/verdict.ts';
import {
  ETHER_TYPE,
  type Upper,
  arp,
  dhcpDiscover,
  ethernet,
  groupMac,
  icmpv4Echo,
  ipv4,
  ipv6,
  linkLocal,
  listenerReport,
  listenerReport2,
  pattern,
  routerAdvertisement,
  routerAlert,
  udp,
  vlan,
} from '../packets/index.ts';
import { type Case, type EnvelopeFields, envelope4, envelope6, fromUplink, fromVm } from './case.ts';
import {
  BLUE,
  BLUE_QUIET,
  BLUE_SECOND,
  BLUE_V4,
  GREEN,
  type HostName,
  VMS,
  type VmName,
  vm,
} from './fabric.ts';
import { copies, flooded, localCopies } from './flooding.ts';
import { ALL_NODES, message } from './nd.ts';

const V5 = ['V5'];
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));

const broadcast = (by: VmName, upper: Upper = datagram, fields: Partial<Parameters<typeof ipv4>[0]> = {}) =>
  ethernet(
    { src: vm(by).mac, dst: BROADCAST },
    ipv4({ src: vm(by).ipv4!, dst: '255.255.255.255', ...fields }, upper),
  );
const multicast = (by: VmName, group: string, fields: Partial<Parameters<typeof ipv4>[0]> = {}) =>
  ethernet(
    { src: vm(by).mac, dst: groupMac(group) },
    group.includes(':')
      ? ipv6({ src: vm(by).ipv6!, dst: group }, datagram)
      : ipv4({ src: vm(by).ipv4!, dst: group, ttl: 1, ...fields }, datagram),
  );

const sent = (by: VmName, name: string, frame: Uint8Array, rules = V5): Case =>
  fromVm(by, rules, name, frame, flooded(by, frame));

const report = { src: linkLocal(VMS.a.mac), hopLimit: 1, headers: [routerAlert()] };

const TARGETS: Case[] = [
  sent('a', 'IPv4 broadcast', broadcast('a')),
  sent('a', 'broadcast inside the subnet', broadcast('a', datagram, { dst: '10.0.0.255' })),
  sent('a', 'IPv4 multicast with TTL 1', multicast('a', '224.0.0.251')),
  sent('a', 'IPv6 multicast', multicast('a', 'ff02::fb')),
  sent(
    'a',
    'what is not IP',
    ethernet({ src: VMS.a.mac, dst: BROADCAST, type: ETHER_TYPE.experiment }, pattern(46)),
  ),
  sent('a', 'a VM’s address under the broadcast MAC', broadcast('a', datagram, { dst: VMS.b.ipv4 })),
  sent(
    'a',
    'the gateway’s address under the broadcast MAC',
    broadcast('a', icmpv4Echo(pattern(8)), { dst: '10.0.0.1' }),
  ),
  sent('a', 'a fragment to everybody', broadcast('a', datagram, { mf: true })),
  sent('ra', 'from a rewrite endpoint, by NVGRE to all', broadcast('ra'), ['V5', 'W1']),
  sent('d', 'from a host without IPv4', broadcast('d')),
  sent('b', 'from a host with other VMs', broadcast('b')),
  sent('s', 'in the second subnet: a tag for the VM that has it on a VLAN', broadcast('s'), ['V5', 'N6']),
  sent('ga', 'green’s frame does not reach blue', broadcast('ga'), ['V5', 'V1']),
  fromVm(
    'trunk',
    ['V5', 'N6'],
    'from a VLAN into its subnet, and not back',
    vlan({ vid: 100, priority: 3 }, broadcast('trunk', datagram, { src: '10.0.1.41' })),
    flooded('trunk', broadcast('trunk', datagram, { src: '10.0.1.41' }), BLUE_SECOND),
  ),
  sent('trunk', 'without a tag into the subnet of the port', broadcast('trunk'), ['V5', 'N6']),
  fromVm(
    'a',
    ['V5', 'DSCP', 'ECN'],
    'all envelopes have DSCP and ECN of the frame',
    multicast('a', '224.0.0.251', { tos: 0xba }),
    flooded('a', multicast('a', '224.0.0.251', { tos: 0xba }), BLUE, { tos: 0xba }),
  ),
  fromVm('f', V5, 'nobody else is in the subnet', broadcast('f'), DROP_NO_RECORD),
];

const discover = ethernet(
  { src: VMS.a.mac, dst: BROADCAST },
  ipv4({ src: '0.0.0.0', dst: '255.255.255.255', id: 0 }, dhcpDiscover(VMS.a.mac)),
);

const NEEDED: Case[] = [
  sent('a', 'DHCP discover from 0.0.0.0', discover, ['V5', 'V6']),
  sent(
    'a',
    'a multicast listener report (MLDv2)',
    message('a', 'ff02::16', listenerReport2('ff02::fb'), report),
  ),
  sent(
    'a',
    'a multicast listener report from ::',
    message('a', 'ff02::16', listenerReport2('ff02::1:ff00:11'), { ...report, src: '::' }),
    ['V5', 'V6'],
  ),
  sent(
    'a',
    'a multicast listener report (MLDv1)',
    message('a', 'ff02::fb', listenerReport('ff02::fb'), report),
  ),
  sent(
    'gate1',
    'a gateway VM’s router advertisement',
    message('gate1', ALL_NODES, routerAdvertisement(), { src: linkLocal(VMS.gate1.mac) }),
    ['V5', 'V4'],
  ),
];

const REFUSED: Case[] = [
  fromVm('q', V5, 'a subnet that floods nothing', broadcast('q'), DROP_FLOOD),
  fromVm('q', V5, 'multicast in a subnet that floods nothing', multicast('q', 'ff02::fb'), DROP_FLOOD),
  fromVm('a', ['V5', 'V6'], 'broadcast with another VM’s MAC', broadcast('a2'), DROP_SOURCE_MAC),
  fromVm(
    'a',
    ['V5', 'V6'],
    'broadcast with another VM’s address',
    broadcast('a', datagram, { src: VMS.a2.ipv4 }),
    DROP_SOURCE_ADDRESS,
  ),
];

// —— Rate: a bucket as deep as one second ——

const limited = { floodLimit: 2 };
const one = { port: 'a', frame: broadcast('a') } as const;

const rate = (
  name: string,
  before: Case['before'],
  now: number,
  expected: Case['expected'],
  by: VmName = 'a',
) => fromVm(by, V5, name, broadcast(by), expected, { provider: limited, before: before ?? [], now });

const RATES: Case[] = [
  rate('the second frame of a second, where two are allowed', [one], 0, flooded('a', one.frame)),
  rate('the third frame of a second, where two are allowed', [one, one], 0, DROP_FLOOD_RATE),
  rate('the third frame after 400 ms', [one, one], 400, DROP_FLOOD_RATE),
  rate('the third frame after 600 ms', [one, one], 600, flooded('a', one.frame)),
  rate('another port has a bucket of its own', [one, one, one], 0, flooded('a2', broadcast('a2')), 'a2'),
  rate(
    'a long silence fills the bucket for one second only',
    [one, one, { ...one, now: 60_000 }, { ...one, now: 60_000 }],
    60_000,
    DROP_FLOOD_RATE,
  ),
  rate(
    'what the rate drops takes nothing from the bucket',
    [one, one, one, one, one, { ...one, now: 600 }],
    1100,
    flooded('a', one.frame),
  ),
  fromVm(
    'a',
    V5,
    'unicast is not counted',
    ethernet({ src: VMS.a.mac, dst: VMS.a2.mac }, ipv4({ src: VMS.a.ipv4, dst: VMS.a2.ipv4 }, datagram)),
    {
      port: 'a2',
      frame: ethernet(
        { src: VMS.a.mac, dst: VMS.a2.mac },
        ipv4({ src: VMS.a.ipv4, dst: VMS.a2.ipv4 }, datagram),
      ),
    },
    { provider: limited, before: [one, one, one] },
  ),
];

// —— Arriving ——

const arriving = (
  to: HostName,
  vsid: number,
  name: string,
  frame: Uint8Array,
  rules: readonly string[] = V5,
  fields: EnvelopeFields = {},
): Case[] => [
  fromUplink(
    to,
    rules,
    `${name}, over IPv4`,
    envelope4('h1', to, vsid, frame, fields),
    copies(localCopies(to, vsid, frame)),
  ),
  fromUplink(
    to,
    rules,
    `${name}, over IPv6`,
    envelope6('h1', to, vsid, frame, fields),
    copies(localCopies(to, vsid, frame)),
  ),
];

const arpFrame = ethernet(
  { src: VMS.a.mac, dst: BROADCAST, type: ETHER_TYPE.arp },
  arp({ senderMac: VMS.a.mac, senderIp: VMS.a.ipv4, targetIp: VMS.b.ipv4 }),
);
const second = broadcast('st');
const marked = (tos: number) => broadcast('a', datagram, { tos });

const ARRIVING: Case[] = [
  ...arriving('h2', BLUE, 'a broadcast goes to the VMs here and never back to the wire', broadcast('a')),
  ...arriving('h2', BLUE, 'multicast goes to the VMs here', multicast('a', 'ff02::fb')),
  ...arriving(
    'h2',
    BLUE,
    'what is not IP goes to the VMs here',
    ethernet({ src: VMS.a.mac, dst: BROADCAST, type: 0x88b5 }, pattern(46)),
  ),
  ...arriving('h2', BLUE, 'an ARP request is not answered here', arpFrame, ['V5', 'V4']),
  ...arriving('h2', BLUE, 'a broadcast from a rewrite endpoint', broadcast('ra'), ['V5', 'V7']),
  ...arriving('h2', GREEN, 'green’s broadcast reaches green’s VMs', broadcast('ga'), ['V5', 'V1']),
  ...arriving('h2', BLUE, 'DHCP discover from 0.0.0.0 arrives', discover, ['V5', 'V7']),
  fromUplink(
    'h1',
    ['V5', 'N6'],
    'a VM that has the subnet on a VLAN gets its copy with the tag',
    envelope4('h2', 'h1', BLUE_SECOND, second),
    copies(localCopies('h1', BLUE_SECOND, second)),
  ),
  fromUplink(
    'h2',
    ['V5', 'ECN'],
    'congestion on the way shows in every copy',
    envelope4('h1', 'h2', BLUE, marked(0b10), { tos: 0b11 }),
    copies(localCopies('h2', BLUE, marked(0b11))),
  ),
  fromUplink(
    'h2',
    ['V5', 'ECN'],
    'congestion on the way of a frame that cannot show it',
    envelope4('h1', 'h2', BLUE, marked(0), { tos: 0b11 }),
    DROP_ECN_CE,
  ),
  fromUplink(
    'h2',
    V5,
    'nobody of the subnet is here',
    envelope4('h1', 'h2', BLUE_V4, broadcast('f')),
    DROP_NO_LOCAL_PORT,
  ),
  fromUplink(
    'h2',
    V5,
    'arriving in a subnet that floods nothing',
    envelope4('h1', 'h2', BLUE_QUIET, broadcast('q')),
    DROP_FLOOD,
  ),
  fromUplink(
    'h2',
    ['V5', 'V7'],
    'a broadcast from a host that is not its sender’s',
    envelope4('h3', 'h2', BLUE, broadcast('a')),
    DROP_TUNNEL_SOURCE,
  ),
];

export const FLOOD_CASES: readonly Case[] = [...TARGETS, ...NEEDED, ...REFUSED, ...RATES, ...ARRIVING];
