/** ARP: answered from the records, by the host of the VM that asks (V4). */

import {
  DROP_ADDRESS_TAKEN,
  DROP_ARP_SENDER,
  DROP_INNER_MALFORMED,
  DROP_NEIGHBOR_NEEDLESS,
  DROP_NEIGHBOR_UNKNOWN,
  DROP_REWRITE_NON_IP,
} from '../../src/abi/verdict.ts';
import { type ArpFields, ETHER_TYPE, arp, ethernet, padded, vlan } from '../packets/index.ts';
import { type Case, fromVm, replied, tunnelled4 } from './case.ts';
import { BLUE, ROUTER_MAC, VMS, type VmName, vm } from './fabric.ts';

const V4 = ['V4'];
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '0.0.0.0';

/** By default a request to everybody, from the VM's first address. */
const asked = (by: VmName, targetIp: string, fields: Partial<ArpFields> = {}, dst = BROADCAST) =>
  ethernet(
    { src: vm(by).mac, dst, type: ETHER_TYPE.arp },
    arp({ senderMac: vm(by).mac, senderIp: vm(by).ipv4!, targetIp, ...fields }),
  );

/** 42 bytes: `mac` has `address`. */
const answer = (to: VmName, mac: string, address: string, toIp = vm(to).ipv4!) =>
  ethernet(
    { src: mac, dst: vm(to).mac, type: ETHER_TYPE.arp },
    arp({ operation: 'reply', senderMac: mac, senderIp: address, targetMac: vm(to).mac, targetIp: toIp }),
  );

interface Known {
  readonly by: VmName;
  readonly address: string;
  readonly mac: string;
  readonly name: string;
}

const KNOWN: readonly Known[] = [
  { by: 'a', address: VMS.a2.ipv4, mac: VMS.a2.mac, name: 'a VM on this host' },
  { by: 'a', address: VMS.b.ipv4, mac: VMS.b.mac, name: 'a VM on another host' },
  { by: 'a', address: VMS.d.ipv4, mac: VMS.d.mac, name: 'a VM on a host without IPv4' },
  { by: 'a', address: VMS.rb.ipv4, mac: VMS.rb.mac, name: 'a rewrite endpoint' },
  { by: 'ra', address: VMS.rb.ipv4, mac: VMS.rb.mac, name: 'a rewrite endpoint, asked by one' },
  { by: 'a', address: '10.0.0.14', mac: VMS.many.mac, name: 'a VM’s second address' },
  { by: 'a', address: '10.0.0.1', mac: ROUTER_MAC, name: 'the gateway' },
  { by: 's', address: '10.0.1.2', mac: ROUTER_MAC, name: 'the second gateway of a subnet' },
  { by: 's', address: '10.0.1.41', mac: VMS.trunk.mac, name: 'a VM that has this subnet on a VLAN' },
  { by: 'q', address: VMS.qb.ipv4, mac: VMS.qb.mac, name: 'a VM of a subnet that floods nothing' },
  { by: 'ga', address: VMS.gc.ipv4, mac: VMS.gc.mac, name: 'green’s VM, whose address blue has too' },
];

const ANSWERED: Case[] = KNOWN.flatMap(({ by, address, mac, name }) => [
  fromVm(by, V4, `who has ${name}`, asked(by, address), replied(by, answer(by, mac, address))),
  fromVm(
    by,
    V4,
    `a probe for the address of ${name} is answered and dropped`,
    asked(by, address, { senderIp: NOBODY }),
    replied(by, answer(by, mac, address, NOBODY), DROP_ADDRESS_TAKEN),
  ),
]);

const MORE_ANSWERED: Case[] = [
  fromVm(
    'many',
    V4,
    'asked from the second address, answered to the second address',
    asked('many', VMS.b.ipv4, { senderIp: '10.0.0.14' }),
    replied('many', answer('many', VMS.b.mac, VMS.b.ipv4, '10.0.0.14')),
  ),
  fromVm(
    'a',
    V4,
    'a request that is padded to 60 bytes gets a reply of 42',
    padded(asked('a', VMS.b.ipv4), 60),
    replied('a', answer('a', VMS.b.mac, VMS.b.ipv4)),
  ),
  fromVm(
    'a',
    V4,
    'the target MAC of a request means nothing',
    asked('a', VMS.b.ipv4, { targetMac: VMS.c.mac }),
    replied('a', answer('a', VMS.b.mac, VMS.b.ipv4)),
  ),
  fromVm(
    'a',
    V4,
    'a request to a multicast MAC',
    asked('a', VMS.b.ipv4, {}, '01:00:5e:00:00:01'),
    replied('a', answer('a', VMS.b.mac, VMS.b.ipv4)),
  ),
  fromVm(
    'a',
    V4,
    'a request to the router’s MAC for the gateway',
    asked('a', '10.0.0.1', {}, ROUTER_MAC),
    replied('a', answer('a', ROUTER_MAC, '10.0.0.1')),
  ),
  fromVm(
    'a',
    V4,
    'a request to the router’s MAC for a VM',
    asked('a', VMS.b.ipv4, {}, ROUTER_MAC),
    replied('a', answer('a', VMS.b.mac, VMS.b.ipv4)),
  ),
  fromVm(
    'ra',
    ['V4', 'W8'],
    'a request to one VM’s MAC, between rewrite endpoints on two hosts',
    asked('ra', VMS.rb.ipv4, {}, VMS.rb.mac),
    replied('ra', answer('ra', VMS.rb.mac, VMS.rb.ipv4)),
  ),
  fromVm(
    'ra',
    ['V4', 'W8'],
    'a probe to one VM’s MAC, between rewrite endpoints on two hosts',
    asked('ra', VMS.rb.ipv4, { senderIp: NOBODY }, VMS.rb.mac),
    replied('ra', answer('ra', VMS.rb.mac, VMS.rb.ipv4, NOBODY), DROP_ADDRESS_TAKEN),
  ),
  fromVm(
    'trunk',
    ['V4', 'N6'],
    'asked on a VLAN, answered on the VLAN, from the records of its subnet',
    vlan({ vid: 100 }, asked('trunk', VMS.st.ipv4, { senderIp: '10.0.1.41' })),
    replied('trunk', vlan({ vid: 100 }, answer('trunk', VMS.st.mac, VMS.st.ipv4, '10.0.1.41'))),
  ),
  fromVm(
    'gate1',
    V4,
    'a gateway VM asks in its own name',
    asked('gate1', VMS.b.ipv4),
    replied('gate1', answer('gate1', VMS.b.mac, VMS.b.ipv4)),
  ),
];

const UNANSWERED: Case[] = [
  ...(
    [
      ['a', '10.0.0.99', 'an address that nobody has'],
      ['a', VMS.s.ipv4, 'a VM of another subnet'],
      ['a', '10.0.1.1', 'the gateway of another subnet'],
      ['a', '8.8.8.8', 'an address from outside'],
      ['trunk', '10.0.1.41', 'its own address in another subnet'],
      ['q', '10.0.2.1', 'a gateway where there is none'],
    ] as const
  ).flatMap(([by, address, name]) => [
    fromVm(by, V4, `who has ${name}`, asked(by, address), DROP_NEIGHBOR_UNKNOWN),
    fromVm(by, V4, `a probe for ${name}`, asked(by, address, { senderIp: NOBODY }), DROP_NEIGHBOR_UNKNOWN),
  ]),
  fromVm(
    'ga',
    ['V1', 'V4'],
    'who has an address that only blue has',
    asked('ga', VMS.a2.ipv4),
    DROP_NEIGHBOR_UNKNOWN,
  ),
  fromVm(
    'a',
    V4,
    'a request to the router’s MAC for nobody’s address',
    asked('a', '10.0.0.99', {}, ROUTER_MAC),
    DROP_NEIGHBOR_UNKNOWN,
  ),
  fromVm(
    'a',
    V4,
    'a probe for its own address',
    asked('a', VMS.a.ipv4, { senderIp: NOBODY }),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm('many', V4, 'who has its own second address', asked('many', '10.0.0.14'), DROP_NEIGHBOR_NEEDLESS),
  fromVm('a', V4, 'an announcement by request', asked('a', VMS.a.ipv4), DROP_NEIGHBOR_NEEDLESS),
  fromVm(
    'a',
    V4,
    'an announcement by reply',
    asked('a', VMS.a.ipv4, { operation: 'reply', targetMac: BROADCAST }),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'a',
    V4,
    'a reply to everybody',
    asked('a', VMS.b.ipv4, { operation: 'reply', targetMac: VMS.b.mac }),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'a',
    V4,
    'a reply to the router',
    asked('a', '10.0.0.1', { operation: 'reply', targetMac: ROUTER_MAC }, ROUTER_MAC),
    DROP_NEIGHBOR_NEEDLESS,
  ),
  fromVm(
    'gate1',
    V4,
    'a gateway VM’s reply to everybody for an address from outside',
    asked('gate1', VMS.b.ipv4, { operation: 'reply', senderIp: '8.8.8.8' }),
    DROP_NEIGHBOR_NEEDLESS,
  ),
];

const LIES: Case[] = [
  fromVm(
    'a',
    ['V4', 'V6'],
    'an announcement of another VM’s address, by request',
    asked('a', VMS.b.ipv4, { senderIp: VMS.b.ipv4 }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'a',
    ['V4', 'V6'],
    'an announcement of another VM’s address, by reply',
    asked('a', VMS.b.ipv4, { senderIp: VMS.b.ipv4, operation: 'reply' }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'a',
    ['V4', 'V6'],
    'an announcement of the gateway’s address',
    asked('a', '10.0.0.1', { senderIp: '10.0.0.1', operation: 'reply' }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'a',
    ['V4', 'V6'],
    'a broadcast request with another VM’s MAC inside',
    asked('a', VMS.b.ipv4, { senderMac: VMS.a2.mac }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'gate1',
    ['V4', 'V6'],
    'a gateway VM’s request with another VM’s MAC inside',
    asked('gate1', VMS.b.ipv4, { senderMac: VMS.a2.mac }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'trunk',
    ['V4', 'V6', 'N6'],
    'a request on a VLAN with the address of another subnet',
    vlan({ vid: 100 }, asked('trunk', VMS.st.ipv4)),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'trunk',
    ['V4', 'V6', 'N6'],
    'a request without a tag with the address of the VLAN’s subnet',
    asked('trunk', VMS.b.ipv4, { senderIp: '10.0.1.41' }),
    DROP_ARP_SENDER,
  ),
  fromVm(
    'a',
    ['V4', 'N8'],
    'operation 3',
    ((frame) => {
      frame[21] = 3;
      return frame;
    })(asked('a', VMS.b.ipv4)),
    DROP_INNER_MALFORMED,
  ),
];

const reply = asked('a', VMS.b.ipv4, { operation: 'reply', targetMac: VMS.b.mac }, VMS.b.mac);
const check = asked('a', VMS.b.ipv4, { targetMac: VMS.b.mac }, VMS.b.mac);
const local = asked('ra', VMS.ra2.ipv4, {}, VMS.ra2.mac);
const mixed = asked('ra', VMS.b.ipv4, {}, VMS.b.mac);

const PASSED_ON: Case[] = [
  fromVm('a', V4, 'a request to a VM’s MAC goes to the VM', check, tunnelled4('h1', 'h2', BLUE, check)),
  fromVm('a', V4, 'a reply to a VM’s MAC goes to the VM', reply, tunnelled4('h1', 'h2', BLUE, reply)),
  fromVm('ra', ['V4', 'V8'], 'a request between rewrite endpoints of one host goes to the VM', local, {
    port: 'ra2',
    frame: local,
  }),
  fromVm(
    'ra',
    ['V4', 'W8'],
    'a request from a rewrite endpoint to an NVGRE endpoint goes to the VM',
    mixed,
    tunnelled4('h1', 'h2', BLUE, mixed),
  ),
  fromVm(
    'ra',
    ['V4', 'W8'],
    'a reply between rewrite endpoints on two hosts',
    asked('ra', VMS.rb.ipv4, { operation: 'reply', targetMac: VMS.rb.mac }, VMS.rb.mac),
    DROP_REWRITE_NON_IP,
  ),
];

export const ARP_CASES: readonly Case[] = [
  ...ANSWERED,
  ...MORE_ANSWERED,
  ...UNANSWERED,
  ...LIES,
  ...PASSED_ON,
];
