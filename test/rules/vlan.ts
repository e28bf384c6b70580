/** VLANs on a VM's port that stand for virtual subnets (N6): tags end at the port, on the way in and on the way out. */

import {
  DROP_FRAME_TRUNCATED,
  DROP_OVER_MTU,
  DROP_SAME_PORT,
  DROP_SOURCE_ADDRESS,
  DROP_SOURCE_MAC,
  DROP_TTL_EXCEEDED,
  DROP_VLAN_TAG,
} from '../../src/abi/verdict.ts';
import { ETHER_TYPE, ethernet, icmpv4, ipv4, ipv6, linkLocal, pattern, udp, vlan } from '../packets/index.ts';
import {
  type Case,
  envelope4,
  envelope6,
  fromUplink,
  fromVm,
  pieces,
  refused,
  replied,
  tunnelled4,
} from './case.ts';
import { BLUE, BLUE_SECOND, ROUTER_MAC, VMS, type VmName, vm } from './fabric.ts';
import { ERROR4, ERROR6, error4, error6, routed4, routed6, toRouter4, toRouter6 } from './gateway.ts';

const N6 = ['N6'];
const TRUNK4 = '10.0.1.41';
const TRUNK6 = 'fd00:0:0:1::41';
const datagram = udp({ srcPort: 1000, dstPort: 2000 }, pattern(20));

const on = (frame: Uint8Array, more: Partial<Parameters<typeof vlan>[0]> = {}) =>
  vlan({ vid: 100, ...more }, frame);
/** From the trunk's VM, or to it, with its address in the second subnet. */
const out4 = (to: VmName, upper = datagram, fields = {}) =>
  ethernet(
    { src: VMS.trunk.mac, dst: vm(to).mac },
    ipv4({ src: TRUNK4, dst: vm(to).ipv4!, ...fields }, upper),
  );
const out6 = (to: VmName, src = TRUNK6, upper = datagram) =>
  ethernet({ src: VMS.trunk.mac, dst: vm(to).mac }, ipv6({ src, dst: vm(to).ipv6! }, upper));
const in4 = (from: VmName) =>
  ethernet({ src: vm(from).mac, dst: VMS.trunk.mac }, ipv4({ src: vm(from).ipv4!, dst: TRUNK4 }, datagram));
const in6 = (from: VmName) =>
  ethernet({ src: vm(from).mac, dst: VMS.trunk.mac }, ipv6({ src: vm(from).ipv6!, dst: TRUNK6 }, datagram));

const experiment = (to: VmName) =>
  ethernet({ src: VMS.trunk.mac, dst: vm(to).mac, type: ETHER_TYPE.experiment }, pattern(46));
const plain4 = (to: VmName) =>
  ethernet(
    { src: VMS.trunk.mac, dst: vm(to).mac },
    ipv4({ src: VMS.trunk.ipv4, dst: vm(to).ipv4! }, datagram),
  );

const sent = (name: string, frame: Uint8Array, inner: Uint8Array, vsid = BLUE_SECOND): Case =>
  fromVm('trunk', N6, name, frame, tunnelled4('h1', 'h2', vsid, inner));

const SENDING: Case[] = [
  sent('a tag names the subnet: IPv4', on(out4('st')), out4('st')),
  sent('a tag names the subnet: IPv6', on(out6('st')), out6('st')),
  sent('a tag names the subnet: not IP', on(experiment('st')), experiment('st')),
  sent('an 802.1ad tag does too', on(out4('st'), { type: ETHER_TYPE.serviceVlan }), out4('st')),
  sent(
    'priority and drop eligibility end at the port',
    on(out4('st'), { priority: 7, dropEligible: true }),
    out4('st'),
  ),
  sent('a priority tag in front of it', vlan({ vid: 0, priority: 5 }, on(out4('st'))), out4('st')),
  sent('a priority tag behind it', on(vlan({ vid: 0, priority: 5 }, out4('st'))), out4('st')),
  sent(
    'a link-local source on a VLAN',
    on(out6('st', linkLocal(VMS.trunk.mac))),
    out6('st', linkLocal(VMS.trunk.mac)),
  ),
  sent('no tag: the subnet of the port', plain4('b'), plain4('b'), BLUE),
  sent('a priority tag alone: the subnet of the port', vlan({ vid: 0 }, plain4('b')), plain4('b'), BLUE),
  fromVm('trunk', ['N6', 'V8'], 'from a VLAN to a VM of this host without one', on(out4('s')), {
    port: 's',
    frame: out4('s'),
  }),
  fromVm('trunk', ['N6', 'V8'], 'from the subnet of the port to a VM of this host', plain4('a'), {
    port: 'a',
    frame: plain4('a'),
  }),
  ...(
    [
      ['a VLAN that the port does not have', vlan({ vid: 200 }, out4('st')), DROP_VLAN_TAG],
      ['the same VLAN twice', on(on(out4('st'))), DROP_VLAN_TAG],
      ['another VLAN inside', on(vlan({ vid: 200 }, out4('st'))), DROP_VLAN_TAG],
      ['its VLAN inside another', vlan({ vid: 200 }, on(out4('st'))), DROP_VLAN_TAG],
      ['a priority tag between two', on(vlan({ vid: 0 }, on(out4('st')))), DROP_VLAN_TAG],
      ['a tag behind which the EtherType is missing', on(out4('st')).slice(0, 17), DROP_FRAME_TRUNCATED],
      [
        'another VM’s MAC behind a tag',
        on(ethernet({ src: VMS.s.mac, dst: VMS.st.mac }, out4('st').subarray(14))),
        DROP_SOURCE_MAC,
      ],
      ['an address of the port’s subnet behind a tag', on(plain4('st')), DROP_SOURCE_ADDRESS],
      ['an address of the VLAN’s subnet without a tag', out4('b'), DROP_SOURCE_ADDRESS],
      ['an IPv6 address of the VLAN’s subnet without a tag', out6('b'), DROP_SOURCE_ADDRESS],
    ] as const
  ).map(([name, frame, verdict]) => fromVm('trunk', ['N6', 'V6'], name, frame, verdict)),
  fromVm('a', N6, 'the VLAN of another VM’s port', on(out4('st')), DROP_VLAN_TAG),
];

const RECEIVING: Case[] = [
  ...([envelope4, envelope6] as const).flatMap((envelope, index) => [
    fromUplink(
      'h1',
      N6,
      `IPv4 arrives with the tag, envelope ${index === 0 ? 4 : 6}`,
      envelope('h2', 'h1', BLUE_SECOND, in4('st')),
      {
        port: 'trunk',
        frame: on(in4('st')),
      },
    ),
    fromUplink(
      'h1',
      N6,
      `IPv6 arrives with the tag, envelope ${index === 0 ? 4 : 6}`,
      envelope('h2', 'h1', BLUE_SECOND, in6('st')),
      {
        port: 'trunk',
        frame: on(in6('st')),
      },
    ),
  ]),
  fromUplink(
    'h1',
    N6,
    'what is for the subnet of the port arrives without a tag',
    envelope4(
      'h2',
      'h1',
      BLUE,
      ethernet(
        { src: VMS.b.mac, dst: VMS.trunk.mac },
        ipv4({ src: VMS.b.ipv4, dst: VMS.trunk.ipv4 }, datagram),
      ),
    ),
    {
      port: 'trunk',
      frame: ethernet(
        { src: VMS.b.mac, dst: VMS.trunk.mac },
        ipv4({ src: VMS.b.ipv4, dst: VMS.trunk.ipv4 }, datagram),
      ),
    },
  ),
  fromUplink(
    'h1',
    ['N6', 'ECN'],
    'congestion on the way shows behind the tag',
    envelope4(
      'h2',
      'h1',
      BLUE_SECOND,
      ethernet(
        { src: VMS.st.mac, dst: VMS.trunk.mac },
        ipv4({ src: VMS.st.ipv4, dst: TRUNK4, tos: 2 }, datagram),
      ),
      { tos: 3 },
    ),
    {
      port: 'trunk',
      frame: on(
        ethernet(
          { src: VMS.st.mac, dst: VMS.trunk.mac },
          ipv4({ src: VMS.st.ipv4, dst: TRUNK4, tos: 3 }, datagram),
        ),
      ),
    },
  ),
  fromVm('s', ['N6', 'V8'], 'from a VM of this host, with the tag', in4('s'), {
    port: 'trunk',
    frame: on(in4('s')),
  }),
  fromVm('s', ['N6', 'V8'], 'IPv6 from a VM of this host, with the tag', in6('s'), {
    port: 'trunk',
    frame: on(in6('s')),
  }),
];

const toTrunk4 = ethernet(
  { src: ROUTER_MAC, dst: VMS.trunk.mac },
  routed4('a', 's', datagram, { dst: TRUNK4 }).subarray(14),
);
const toTrunk6 = ethernet(
  { src: ROUTER_MAC, dst: VMS.trunk.mac },
  routed6('a', 's', datagram, { dst: TRUNK6 }).subarray(14),
);

const ROUTED: Case[] = [
  fromVm('a', ['N6', 'V2'], 'IPv4 routed to a VLAN', toRouter4('a', TRUNK4, datagram), {
    port: 'trunk',
    frame: on(toTrunk4),
  }),
  fromVm('a', ['N6', 'V2'], 'IPv6 routed to a VLAN', toRouter6('a', TRUNK6, datagram), {
    port: 'trunk',
    frame: on(toTrunk6),
  }),
  fromVm(
    'trunk',
    ['N6', 'V2'],
    'routed from a VLAN',
    on(toRouter4('trunk', VMS.b.ipv4, datagram, { src: TRUNK4 })),
    tunnelled4('h1', 'h2', BLUE, routed4('trunk', 'b', datagram, { src: TRUNK4 })),
  ),
  fromVm(
    'trunk',
    ['N6', 'V2'],
    'from the VLAN to the VM’s own address in the subnet of the port',
    on(toRouter4('trunk', VMS.trunk.ipv4, datagram, { src: TRUNK4 })),
    DROP_SAME_PORT,
  ),
  fromVm(
    'trunk',
    ['N6', 'V2'],
    'the gateway answers ping on the VLAN',
    on(toRouter4('trunk', '10.0.1.1', icmpv4({ type: 8, rest: 7 }, pattern(9)), { src: TRUNK4 })),
    replied(
      'trunk',
      on(
        ethernet(
          { src: ROUTER_MAC, dst: VMS.trunk.mac },
          ipv4({ src: '10.0.1.1', dst: TRUNK4 }, icmpv4({ type: 0, rest: 7 }, pattern(9))),
        ),
      ),
    ),
  ),
];

/** What the router says on the VLAN comes from that subnet's gateway. */
const second4 = { src: '10.0.1.1', dst: TRUNK4 };
const second6 = { src: 'fd00:0:0:1::1', dst: TRUNK6 };
const expired = toRouter4('trunk', VMS.b.ipv4, datagram, { src: TRUNK4, ttl: 1 });
const long = (length: number, fields = {}) =>
  out4('st', udp({ srcPort: 1, dstPort: 2 }, pattern(length - 42)), fields);
const long6 = out6('st', TRUNK6, udp({ srcPort: 1, dstPort: 2 }, pattern(1500)));
const untagged = toRouter4('trunk', VMS.st.ipv4, datagram, { ttl: 1 });

const ERRORS: Case[] = [
  fromVm(
    'trunk',
    ['N6', 'T2'],
    'an error goes to the VLAN, without the tag in its quote',
    on(expired, { priority: 5 }),
    refused(DROP_TTL_EXCEEDED, 'trunk', on(error4('trunk', expired, { ...ERROR4.timeExceeded, ...second4 }))),
  ),
  fromVm(
    'trunk',
    ['N6', 'T2'],
    'an error about what came without a tag goes without one',
    untagged,
    refused(DROP_TTL_EXCEEDED, 'trunk', error4('trunk', untagged, ERROR4.timeExceeded)),
  ),
  fromVm(
    'trunk',
    ['N6', 'T1'],
    'the tag is no part of the size: 1472 bytes fit',
    on(long(1472, { df: true })),
    tunnelled4('h1', 'h2', BLUE_SECOND, long(1472, { df: true })),
  ),
  fromVm(
    'trunk',
    ['N6', 'T1', 'T2'],
    '1473 bytes and the tag do not',
    on(long(1473, { df: true })),
    refused(
      DROP_OVER_MTU,
      'trunk',
      on(error4('trunk', long(1473, { df: true }), { ...ERROR4.tooBig(1458), ...second4 })),
    ),
  ),
  fromVm(
    'trunk',
    ['N6', 'T1', 'T2'],
    'IPv6 is told on the VLAN',
    on(long6),
    refused(DROP_OVER_MTU, 'trunk', on(error6('trunk', long6, { ...ERROR6.tooBig(1458), ...second6 }))),
  ),
  fromVm(
    'trunk',
    ['N6', 'T1'],
    'pieces of a frame on a VLAN',
    on(long(1473)),
    pieces([
      tunnelled4('h1', 'h2', BLUE_SECOND, cut(long(1473), 0, 1432, { mf: true })),
      tunnelled4('h1', 'h2', BLUE_SECOND, cut(long(1473), 1432, 1439, { offset: 179 })),
    ]),
  ),
];

function cut(frame: Uint8Array, start: number, end: number, fields: object): Uint8Array {
  return ethernet(
    { src: VMS.trunk.mac, dst: VMS.st.mac },
    ipv4({ src: TRUNK4, dst: VMS.st.ipv4, protocol: 17, ...fields }, frame.slice(34 + start, 34 + end)),
  );
}

export const VLAN_CASES: readonly Case[] = [...SENDING, ...RECEIVING, ...ROUTED, ...ERRORS];
