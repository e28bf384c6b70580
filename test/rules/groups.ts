/** Super-segments to groups (V5, W7): nobody gets them whole, everybody gets every datagram. */

import { DROP_NO_LOCAL_PORT, DROP_NO_RECORD } from '../../src/abi/verdict.ts';
import { type Upper, ethernet, ipv4, partial } from '../packets/index.ts';
import { type Case, envelope4, frame4, fromUplink, fromVm, type PacketFields } from './case.ts';
import { BLUE, BLUE_SECOND, VMS, type VmName, vm } from './fabric.ts';
import { copies, delivered, localCopies, otherHosts, tunnelled } from './flooding.ts';
import { OVER4, type Super, UDP4, leftWhole, segmentsOf, wholeOf } from './supersegments.ts';

const V5 = ['W7', 'V5'];
const ALL = 15;
const three: Super = { bytes: 1200, size: 500, isUdp: true };
const left = leftWhole(UDP4, three.size);

const toGroup = (from: VmName, upper: Upper, fields: PacketFields = {}) =>
  ethernet(
    { src: vm(from).mac, dst: '01:00:5e:01:02:03' },
    ipv4({ src: vm(from).ipv4!, dst: '239.1.2.3', ...fields }, upper),
  );
const datagrams = (from: VmName, one = three) =>
  segmentsOf(one).map(({ upper, fields }) => toGroup(from, upper, fields));

export const GROUP_CASES: readonly Case[] = [
  fromVm(
    'a',
    V5,
    'UDP datagrams in one, from a VM: to every port and host, each',
    toGroup('a', partial(wholeOf(three))),
    copies(
      datagrams('a').flatMap((frame) => [
        ...localCopies('h1', BLUE, frame, 'a'),
        ...otherHosts('h1', BLUE).map((to) => tunnelled('h1', to, BLUE, frame)),
      ]),
    ),
    { vnet: left, takes: { a2: ALL, trunk: ALL, uplink: ALL } },
  ),
  fromVm(
    's',
    ['W7', 'V5', 'N6'],
    'UDP datagrams in one to a group with a VLAN in it: each tagged',
    toGroup('s', partial(wholeOf(three))),
    copies(
      datagrams('s').flatMap((frame) => [
        delivered('trunk', BLUE_SECOND, frame),
        ...otherHosts('h1', BLUE_SECOND).map((to) => tunnelled('h1', to, BLUE_SECOND, frame)),
      ]),
    ),
    { vnet: left },
  ),
  fromUplink(
    'h1',
    V5,
    'UDP datagrams merged in an envelope to a group: to every local port, each',
    envelope4('h2', 'h1', BLUE, toGroup('b', partial(wholeOf(three)))),
    copies(datagrams('b').flatMap((frame) => localCopies('h1', BLUE, frame))),
    { vnet: leftWhole({ ...UDP4, at: 42 + OVER4 }, three.size) },
  ),
  fromUplink(
    'h1',
    ['W7', 'V3'],
    'TCP merged in an envelope for nobody here',
    envelope4('h2', 'h1', BLUE, frame4('b', 'c', partial(wholeOf(three)))),
    DROP_NO_LOCAL_PORT,
    { vnet: leftWhole({ ...UDP4, at: 42 + OVER4 }, three.size) },
  ),
  fromVm(
    'f',
    ['W7', 'V5', 'T1'],
    'to a group where nobody else is',
    ethernet(
      { src: VMS.f.mac, dst: '01:00:5e:01:02:03' },
      ipv4({ src: VMS.f.ipv4, dst: '239.1.2.3' }, partial(wholeOf(three))),
    ),
    DROP_NO_RECORD,
    { vnet: left },
  ),
  fromVm(
    'st',
    ['W7', 'V5', 'T1'],
    'datagrams over every path to a group: only who is on this host gets them',
    toGroup('st', partial(wholeOf({ ...three, bytes: 3000, size: 1300 }))),
    copies(
      datagrams('st', { ...three, bytes: 3000, size: 1300 }).flatMap((frame) =>
        localCopies('h2', BLUE_SECOND, frame, 'st'),
      ),
    ),
    { vnet: leftWhole(UDP4, 1300), provider: { mtu: 1280 } },
  ),
];
