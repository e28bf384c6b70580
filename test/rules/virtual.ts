/** The virtual network: who may send, to whom it goes, who may have sent it. V1, V3, V6, V7, V8. */

import {
  DROP_ARP_SENDER,
  DROP_CUT_CAPTURE,
  DROP_INNER_MALFORMED,
  DROP_INNER_TRUNCATED,
  DROP_NO_LOCAL_PORT,
  DROP_NO_RECORD,
  DROP_SAME_PORT,
  DROP_SOURCE_ADDRESS,
  DROP_SOURCE_MAC,
  DROP_TUNNEL_SOURCE,
  DROP_TUNNEL_TYPE,
  DROP_VSID_UNKNOWN,
} from '../../src/abi/verdict.ts';
import {
  type ArpFields,
  ETHER_TYPE,
  type Upper,
  arp,
  ethernet,
  fragment,
  ipv4,
  ipv6,
  linkLocal,
  padded,
  pattern,
  tcp,
  udp,
} from '../packets/index.ts';
import { type Case, envelope4, envelope6, frame4, frame6, tunnelled4 } from './case.ts';
import { BLUE, GREEN, VMS, type VmName, vm } from './fabric.ts';

const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));
const segment = tcp({ srcPort: 1000, dstPort: 80 }, pattern(10));

/** A frame with addresses as they are given, from one VM's MAC to another's. */
const spoof4 = (from: VmName, to: VmName, src: string, dst: string, upper: Upper = datagram) =>
  ethernet({ src: vm(from).mac, dst: vm(to).mac }, ipv4({ src, dst }, upper));
const spoof6 = (from: VmName, to: VmName, src: string, dst: string, upper: Upper = datagram) =>
  ethernet({ src: vm(from).mac, dst: vm(to).mac }, ipv6({ src, dst }, upper));
const experiment = (from: VmName, to: VmName) =>
  ethernet({ src: vm(from).mac, dst: vm(to).mac, type: ETHER_TYPE.experiment }, pattern(46));

const from = (
  port: VmName,
  name: string,
  rules: string[],
  frame: Uint8Array,
  expected: Case['expected'],
): Case => ({
  name,
  rules,
  host: vm(port).host,
  port,
  frame,
  expected,
});

const FORWARDING: Case[] = [
  from(
    'a',
    'a destination address leads to its host',
    ['V3'],
    frame4('a', 'b', datagram),
    tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', datagram)),
  ),
  from(
    'a',
    'by address even when the MAC is another VM’s',
    ['V3'],
    spoof4('a', 'a2', VMS.a.ipv4, VMS.b.ipv4),
    tunnelled4('h1', 'h2', BLUE, spoof4('a', 'a2', VMS.a.ipv4, VMS.b.ipv4)),
  ),
  from(
    'a',
    'an unknown IPv4 address by MAC',
    ['V3'],
    spoof4('a', 'gate', VMS.a.ipv4, '8.8.8.8'),
    tunnelled4('h1', 'h2', BLUE, spoof4('a', 'gate', VMS.a.ipv4, '8.8.8.8')),
  ),
  from(
    'a',
    'an unknown IPv6 address by MAC',
    ['V3'],
    spoof6('a', 'gate', VMS.a.ipv6, '2600::1'),
    tunnelled4('h1', 'h2', BLUE, spoof6('a', 'gate', VMS.a.ipv6, '2600::1')),
  ),
  from(
    'a',
    'a link-local address by MAC',
    ['V3'],
    spoof6('a', 'b', VMS.a.ipv6, linkLocal(VMS.b.mac)),
    tunnelled4('h1', 'h2', BLUE, spoof6('a', 'b', VMS.a.ipv6, linkLocal(VMS.b.mac))),
  ),
  from(
    'a',
    'what is not IP by MAC',
    ['V3'],
    experiment('a', 'b'),
    tunnelled4('h1', 'h2', BLUE, experiment('a', 'b')),
  ),
  from(
    'a',
    'neither address nor MAC known',
    ['V3'],
    ethernet(
      { src: VMS.a.mac, dst: '02:15:5d:99:99:99' },
      ipv4({ src: VMS.a.ipv4, dst: '8.8.8.8' }, datagram),
    ),
    DROP_NO_RECORD,
  ),
  from(
    'a',
    'not IP, MAC unknown',
    ['V3'],
    ethernet({ src: VMS.a.mac, dst: '02:15:5d:99:99:99', type: 0x88b5 }, pattern(46)),
    DROP_NO_RECORD,
  ),
  from(
    'a',
    'the address of another virtual subnet is not in this one',
    ['V3', 'V1'],
    spoof4('a', 's', VMS.a.ipv4, VMS.s.ipv4),
    DROP_NO_RECORD,
  ),
];

const LOCAL: Case[] = [
  from('a', 'IPv4 to a VM on the same host', ['V8'], frame4('a', 'a2', datagram), {
    port: 'a2',
    frame: frame4('a', 'a2', datagram),
  }),
  from('a', 'IPv6 to a VM on the same host', ['V8'], frame6('a', 'a2', segment), {
    port: 'a2',
    frame: frame6('a', 'a2', segment),
  }),
  from('a', 'not IP to a VM on the same host', ['V8'], experiment('a', 'a2'), {
    port: 'a2',
    frame: experiment('a', 'a2'),
  }),
  from(
    'a',
    'an unknown address by the MAC of a VM on the same host',
    ['V8', 'V3'],
    spoof4('a', 'gate1', VMS.a.ipv4, '8.8.8.8'),
    { port: 'gate1', frame: spoof4('a', 'gate1', VMS.a.ipv4, '8.8.8.8') },
  ),
  from('ra', 'rewrite endpoints of one host talk as they are', ['V8'], frame4('ra', 'ra2', datagram), {
    port: 'ra2',
    frame: frame4('ra', 'ra2', datagram),
  }),
  from('ra', 'not IP between rewrite endpoints of one host', ['V8', 'W8'], experiment('ra', 'ra2'), {
    port: 'ra2',
    frame: experiment('ra', 'ra2'),
  }),
  from(
    'a',
    'a frame of any size, it meets no provider MTU',
    ['V8'],
    frame4('a', 'a2', udp({ srcPort: 1, dstPort: 2 }, pattern(1800))),
    { port: 'a2', frame: frame4('a', 'a2', udp({ srcPort: 1, dstPort: 2 }, pattern(1800))) },
  ),
  from('a', 'to itself', ['V8'], frame4('a', 'a', datagram), DROP_SAME_PORT),
  from('a', 'green has the same addresses and gets nothing', ['V1', 'V8'], frame4('a', 'a2', segment), {
    port: 'a2',
    frame: frame4('a', 'a2', segment),
  }),
  from(
    'ga',
    'green’s 10.0.0.12 does not exist, though blue’s does',
    ['V1'],
    ethernet({ src: VMS.ga.mac, dst: VMS.a2.mac }, ipv4({ src: VMS.ga.ipv4, dst: VMS.a2.ipv4 }, datagram)),
    DROP_NO_RECORD,
  ),
  from(
    'ga',
    'the same addresses in green’s envelope',
    ['V1', 'N2'],
    frame4('ga', 'gb', datagram),
    tunnelled4('h1', 'h2', GREEN, frame4('ga', 'gb', datagram)),
  ),
];

const arpFrom = (sender: VmName, fields: Partial<ArpFields>, dst = VMS.b.mac) =>
  ethernet(
    { src: vm(sender).mac, dst, type: ETHER_TYPE.arp },
    arp({ senderMac: vm(sender).mac, senderIp: vm(sender).ipv4!, targetIp: VMS.b.ipv4, ...fields }),
  );
const through = (frame: Uint8Array) => tunnelled4('h1', 'h2', BLUE, frame);
const dhcp = (srcPort: number, dstPort: number) =>
  spoof4('a', 'b', '0.0.0.0', VMS.b.ipv4, udp({ srcPort, dstPort }, pattern(20)));

const SOURCE_GUARD: Case[] = [
  from('a', 'another MAC', ['V6'], frame4('a2', 'b', datagram), DROP_SOURCE_MAC),
  from('a', 'another IPv4 address', ['V6'], spoof4('a', 'b', VMS.a2.ipv4, VMS.b.ipv4), DROP_SOURCE_ADDRESS),
  from(
    'a',
    'an IPv4 address that nobody has',
    ['V6'],
    spoof4('a', 'b', '1.2.3.4', VMS.b.ipv4),
    DROP_SOURCE_ADDRESS,
  ),
  from('a', 'another IPv6 address', ['V6'], spoof6('a', 'b', VMS.a2.ipv6, VMS.b.ipv6), DROP_SOURCE_ADDRESS),
  from(
    'va',
    'an IPv6 address where it has none',
    ['V6'],
    ethernet({ src: VMS.va.mac, dst: VMS.b.mac }, ipv6({ src: '::', dst: VMS.b.ipv6 }, datagram)),
    DROP_SOURCE_ADDRESS,
  ),
  from(
    'many',
    'its second IPv4 address',
    ['V6'],
    spoof4('many', 'b', '10.0.0.14', VMS.b.ipv4),
    through(spoof4('many', 'b', '10.0.0.14', VMS.b.ipv4)),
  ),
  from(
    'many',
    'its second IPv6 address',
    ['V6'],
    spoof6('many', 'b', 'fd00::14', VMS.b.ipv6),
    through(spoof6('many', 'b', 'fd00::14', VMS.b.ipv6)),
  ),
  from(
    'many',
    'a listed link-local address',
    ['V6'],
    spoof6('many', 'b', 'fe80::99', VMS.b.ipv6),
    through(spoof6('many', 'b', 'fe80::99', VMS.b.ipv6)),
  ),
  from(
    'a',
    'the link-local address of its MAC',
    ['V6'],
    spoof6('a', 'b', linkLocal(VMS.a.mac), VMS.b.ipv6),
    through(spoof6('a', 'b', linkLocal(VMS.a.mac), VMS.b.ipv6)),
  ),
  from(
    'a',
    'another link-local address',
    ['V6'],
    spoof6('a', 'b', 'fe80::99', VMS.b.ipv6),
    DROP_SOURCE_ADDRESS,
  ),
  from(
    'a',
    'the link-local address of another MAC',
    ['V6'],
    spoof6('a', 'b', linkLocal(VMS.a2.mac), VMS.b.ipv6),
    DROP_SOURCE_ADDRESS,
  ),
  from('a', 'a DHCP client without an address (unicast)', ['V6'], dhcp(68, 67), through(dhcp(68, 67))),
  from('a', '0.0.0.0 from another port', ['V6'], dhcp(69, 67), DROP_SOURCE_ADDRESS),
  from('a', '0.0.0.0 to another port', ['V6'], dhcp(68, 68), DROP_SOURCE_ADDRESS),
  from(
    'a',
    '0.0.0.0 in a fragment',
    ['V6'],
    ethernet(
      { src: VMS.a.mac, dst: VMS.b.mac },
      ipv4({ src: '0.0.0.0', dst: VMS.b.ipv4, mf: true }, udp({ srcPort: 68, dstPort: 67 }, pattern(20))),
    ),
    DROP_SOURCE_ADDRESS,
  ),
  from('a', ':: to a unicast address', ['V6'], spoof6('a', 'b', '::', VMS.b.ipv6), DROP_SOURCE_ADDRESS),
  from(
    'gate1',
    'a forwarding endpoint sends for others (IPv4)',
    ['V6'],
    spoof4('gate1', 'b', '8.8.8.8', VMS.b.ipv4),
    through(spoof4('gate1', 'b', '8.8.8.8', VMS.b.ipv4)),
  ),
  from(
    'gate1',
    'a forwarding endpoint sends for others (IPv6)',
    ['V6'],
    spoof6('gate1', 'b', '2600::1', VMS.b.ipv6),
    through(spoof6('gate1', 'b', '2600::1', VMS.b.ipv6)),
  ),
  from(
    'gate1',
    'a forwarding endpoint keeps its MAC',
    ['V6'],
    spoof4('a', 'b', '8.8.8.8', VMS.b.ipv4),
    DROP_SOURCE_MAC,
  ),
  from('a', 'ARP with its own addresses', ['V6'], arpFrom('a', {}), through(arpFrom('a', {}))),
  from(
    'a',
    'an ARP probe from 0.0.0.0',
    ['V6'],
    arpFrom('a', { senderIp: '0.0.0.0' }),
    through(arpFrom('a', { senderIp: '0.0.0.0' })),
  ),
  from(
    'many',
    'ARP with its second address',
    ['V6'],
    arpFrom('many', { senderIp: '10.0.0.14' }),
    through(arpFrom('many', { senderIp: '10.0.0.14' })),
  ),
  from(
    'a',
    'ARP that claims another’s address',
    ['V6', 'V4'],
    arpFrom('a', { senderIp: VMS.b.ipv4, operation: 'reply' }),
    DROP_ARP_SENDER,
  ),
  from(
    'a',
    'ARP that claims another’s MAC',
    ['V6', 'V4'],
    arpFrom('a', { senderMac: VMS.b.mac }),
    DROP_ARP_SENDER,
  ),
  from(
    'gate1',
    'a forwarding endpoint may answer ARP for others',
    ['V6'],
    arpFrom('gate1', { senderIp: '8.8.8.8', operation: 'reply' }),
    through(arpFrom('gate1', { senderIp: '8.8.8.8', operation: 'reply' })),
  ),
  from('a', 'ARP of 27 bytes', ['V6', 'N8'], arpFrom('a', {}).slice(0, 41), DROP_INNER_TRUNCATED),
  from(
    'a',
    'ARP with hardware length 8',
    ['V6', 'N8'],
    arpFrom('a', { hardwareLength: 8 }),
    DROP_INNER_MALFORMED,
  ),
  from(
    'a',
    'ARP for IPv6, which does not exist',
    ['V6', 'N8'],
    arpFrom('a', { protocolType: 0x86dd }),
    DROP_INNER_MALFORMED,
  ),
  {
    ...from('a', 'a frame that the capture cut', ['N8'], frame4('a', 'b', datagram), DROP_CUT_CAPTURE),
    cut: true,
  },
  {
    name: 'an envelope that the capture cut',
    rules: ['N8'],
    host: 'h2',
    port: 'uplink',
    frame: envelope4('h1', 'h2', BLUE, frame4('a', 'b', datagram)),
    cut: true,
    expected: DROP_CUT_CAPTURE,
  },
];

const at = (name: string, rules: string[], frame: Uint8Array, expected: Case['expected']): Case => ({
  name,
  rules,
  host: 'h2',
  port: 'uplink',
  frame,
  expected,
});
const deliver = (port: VmName, frame: Uint8Array) => ({ port, frame });
const routed = spoof4('gate1', 'b', '8.8.8.8', VMS.b.ipv4);
const routed6 = spoof6('gate1', 'b', '2600::1', VMS.b.ipv6);
const probe = arpFrom('a', { senderIp: '0.0.0.0' });

const TUNNEL_GUARD: Case[] = [
  at(
    'from the source’s host over IPv6 though IPv4 is preferred',
    ['V7'],
    envelope6('h1', 'h2', BLUE, frame4('a', 'b', datagram)),
    deliver('b', frame4('a', 'b', datagram)),
  ),
  at(
    'an inner IPv4 source that lives on another host',
    ['V7'],
    envelope4('h3', 'h2', BLUE, frame4('a', 'b', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an inner IPv6 source that lives on another host',
    ['V7'],
    envelope4('h3', 'h2', BLUE, frame6('a', 'b', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'the same over IPv6',
    ['V7'],
    envelope6('h3', 'h2', BLUE, frame4('a', 'b', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an inner source that lives here',
    ['V7'],
    envelope4('h1', 'h2', BLUE, frame4('gate', 'b', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an inner source that nobody has',
    ['V7'],
    envelope4('h1', 'h2', BLUE, spoof4('a', 'b', '9.9.9.9', VMS.b.ipv4)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an address of one VM with the MAC of another',
    ['V7'],
    envelope4('h1', 'h2', BLUE, spoof4('a2', 'b', VMS.a.ipv4, VMS.b.ipv4)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'a source MAC that nobody has',
    ['V7'],
    envelope4(
      'h1',
      'h2',
      BLUE,
      ethernet(
        { src: '02:99:99:99:99:99', dst: VMS.b.mac },
        ipv4({ src: VMS.a.ipv4, dst: VMS.b.ipv4 }, datagram),
      ),
    ),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'what a forwarding endpoint passes on (IPv4)',
    ['V7'],
    envelope4('h1', 'h2', BLUE, routed),
    deliver('b', routed),
  ),
  at(
    'what a forwarding endpoint passes on (IPv6)',
    ['V7'],
    envelope4('h1', 'h2', BLUE, routed6),
    deliver('b', routed6),
  ),
  at(
    'the same from a host that is not the forwarding endpoint’s',
    ['V7'],
    envelope4('h3', 'h2', BLUE, routed),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'what is not IP, from its sender’s host',
    ['V7'],
    envelope4('h1', 'h2', BLUE, experiment('a', 'b')),
    deliver('b', experiment('a', 'b')),
  ),
  at(
    'what is not IP, from another host',
    ['V7'],
    envelope4('h3', 'h2', BLUE, experiment('a', 'b')),
    DROP_TUNNEL_SOURCE,
  ),
  at('an ARP probe', ['V7'], envelope4('h1', 'h2', BLUE, probe), deliver('b', probe)),
  at(
    'a link-local source',
    ['V7'],
    envelope4('h1', 'h2', BLUE, spoof6('a', 'b', linkLocal(VMS.a.mac), VMS.b.ipv6)),
    deliver('b', spoof6('a', 'b', linkLocal(VMS.a.mac), VMS.b.ipv6)),
  ),
  at(
    'a link-local source from another host',
    ['V7'],
    envelope4('h3', 'h2', BLUE, spoof6('a', 'b', linkLocal(VMS.a.mac), VMS.b.ipv6)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an outer source that is no host',
    ['V7'],
    ethernet(
      { src: '02:00:00:00:01:01', dst: '02:00:00:00:01:02' },
      ipv4(
        { src: '192.168.1.99', dst: '192.168.1.2', protocol: 47 },
        Uint8Array.from([0x20, 0, 0x65, 0x58, 0, 0x13, 0x89, 0, ...frame4('a', 'b', datagram)]),
      ),
    ),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'an envelope between two rewrite endpoints (IPv4)',
    ['V7', 'W1'],
    envelope4('h1', 'h2', BLUE, frame4('ra', 'rb', datagram)),
    DROP_TUNNEL_TYPE,
  ),
  at(
    'an envelope between two rewrite endpoints (IPv6)',
    ['V7', 'W1'],
    envelope4('h1', 'h2', BLUE, frame6('ra', 'rb', datagram)),
    DROP_TUNNEL_TYPE,
  ),
  at(
    'an envelope from an NVGRE endpoint to a rewrite endpoint',
    ['V7', 'W1'],
    envelope4('h1', 'h2', BLUE, frame4('a', 'rb', datagram)),
    deliver('rb', frame4('a', 'rb', datagram)),
  ),
  at(
    'blue’s source in green’s envelope',
    ['V1', 'V7'],
    envelope4('h1', 'h2', GREEN, frame4('a2', 'b', datagram)),
    DROP_TUNNEL_SOURCE,
  ),
  at(
    'the same frame in green’s envelope reaches green’s VM',
    ['V1', 'N2'],
    envelope4('h1', 'h2', GREEN, frame4('ga', 'gb', datagram)),
    deliver('gb', frame4('ga', 'gb', datagram)),
  ),
  at(
    'a destination MAC that lives elsewhere',
    ['V3'],
    envelope4('h1', 'h2', BLUE, frame4('a', 'c', datagram)),
    DROP_NO_LOCAL_PORT,
  ),
  at(
    'a destination MAC of another virtual subnet',
    ['V1', 'V3'],
    envelope4(
      'h1',
      'h2',
      GREEN,
      ethernet(
        { src: VMS.ga.mac, dst: VMS.gate.mac },
        ipv4({ src: VMS.ga.ipv4, dst: VMS.gate.ipv4 }, datagram),
      ),
    ),
    DROP_NO_LOCAL_PORT,
  ),
  at(
    'broadcast inside from the wrong host',
    ['V7'],
    envelope4('h3', 'h2', BLUE, arpFrom('a', {}, 'ff:ff:ff:ff:ff:ff')),
    DROP_TUNNEL_SOURCE,
  ),
  {
    ...at(
      'a customer that this host has nothing of',
      ['V1'],
      envelope4('h1', 'h3', GREEN, frame4('ga', 'gb', datagram)),
      DROP_VSID_UNKNOWN,
    ),
    host: 'h3',
  },
  at(
    'an inner fragment',
    ['V7', 'N3'],
    envelope4(
      'h1',
      'h2',
      BLUE,
      frame6('a', 'b', datagram, { headers: [fragment({ offset: 0, more: true })] }),
    ),
    deliver('b', frame6('a', 'b', datagram, { headers: [fragment({ offset: 0, more: true })] })),
  ),
  at(
    'padding of a short frame is cut to the outer length',
    ['N8'],
    padded(envelope4('h1', 'h2', BLUE, frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(1)))), 120),
    deliver('b', frame4('a', 'b', udp({ srcPort: 1, dstPort: 2 }, pattern(1)))),
  ),
];

export const VIRTUAL_CASES: readonly Case[] = [...FORWARDING, ...LOCAL, ...SOURCE_GUARD, ...TUNNEL_GUARD];
