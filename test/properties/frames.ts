/** What VMs send: mostly right, some of it to nobody, some of it in somebody else's name, some of it broken. */

import {
  ETHER_TYPE,
  type Upper,
  advertisement,
  arp,
  dhcpDiscover,
  ethernet,
  groupMac,
  icmpv4,
  icmpv4Echo,
  icmpv6,
  icmpv6Echo,
  ipv4,
  ipv6,
  linkLocal,
  neighborSolicitation,
  pattern,
  raw,
  routerSolicitation,
  sctp,
  solicitation,
  solicitedNode,
  sourceLinkLayer,
  targetLinkLayer,
  tcp,
  udp,
  vlan,
} from '../packets/index.ts';
import { type Fabric, ROUTER_MAC, type Station, gateway4, gateway6 } from './fabrics.ts';
import type { Random } from './random.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const UNKNOWN_MAC = '02:15:5d:77:77:77';
/** Frames that are longer than what most paths take: one in so many. */
const LARGE = 40;

interface Target {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** The station at the other end: of the same subnet if possible, of the routing domain, or of any other. */
function partner(random: Random, fabric: Fabric, { vm, at }: Station): Station {
  const others = fabric.stations.filter((one) => one.vm !== vm);
  const domain = others.filter((one) => one.vm.domain === vm.domain);
  const subnet = domain.filter((one) => one.at.vsid === at.vsid);
  const group = [subnet, subnet, subnet, domain, domain, others][random.below(6)]!;
  return random.pick(group.length > 0 ? group : others);
}

/** By the MAC where it is in the same subnet, else by the router's; now and then by another. */
function targetOf(random: Random, fabric: Fabric, station: Station): Target {
  const { vm, at } = partner(random, fabric, station);
  const isNear = vm.domain === station.vm.domain && at.vsid === station.at.vsid;
  const usual = isNear ? vm.mac : ROUTER_MAC;
  const target = {
    mac: random.oneIn(12) ? vm.mac : usual,
    ipv4: at.ipv4 ?? '10.0.0.77',
    ipv6: at.ipv6 ?? 'fd00::77',
  };
  const { number } = fabric.subnets.find(({ vsid }) => vsid === station.at.vsid)!;
  const router = { mac: ROUTER_MAC, ipv4: gateway4(number), ipv6: gateway6(number) };
  switch (random.below(16)) {
    case 0:
      return router;
    case 1:
      return { mac: ROUTER_MAC, ipv4: '10.77.1.1', ipv6: '2001:db8:77::1' };
    case 2:
      return { mac: ROUTER_MAC, ipv4: '10.0.9.9', ipv6: 'fd00:0:0:9::9' };
    // Provider addresses of hosts: what a customer must not reach.
    case 3:
      return { mac: ROUTER_MAC, ipv4: '192.168.0.1', ipv6: '2001:db8::1' };
    case 4:
      return { ...target, mac: UNKNOWN_MAC };
    default:
      return target;
  }
}

/** Two periods of the pattern's 256 bytes and the longest payload. */
const NOISE = pattern(512 + 5000);

export function payload(random: Random): Uint8Array {
  const at = random.below(256);
  return NOISE.subarray(at, at + (random.oneIn(LARGE) ? random.between(1100, 5000) : random.below(100)));
}

/** Protocols without ports or a checksum of ours; AH, IGMP, IP in IP, GRE, ESP, OSPF, L2TP, none. */
const OTHERS = [51, 2, 4, 47, 50, 89, 115, 253];

/** @param withAh also what IP Rewrite refuses. */
export function upper(random: Random, family: 4 | 6, data: Uint8Array, withAh = true): Upper {
  const ports = { srcPort: random.between(1, 65_535), dstPort: random.between(1, 65_535) };
  switch (random.below(7)) {
    case 0:
      return tcp({ ...ports, flags: random.below(64) }, data);
    case 1:
      return family === 4 ? icmpv4Echo(data) : icmpv6Echo(data);
    case 2:
      return sctp(ports, data);
    case 3:
      return raw(random.pick(withAh ? OTHERS : OTHERS.slice(1)), data);
    default:
      return udp({ ...ports, ...(random.oneIn(6) ? { checksum: 0 } : {}) }, data);
  }
}

const ttlOf = (random: Random): number => (random.oneIn(12) ? random.below(2) : 64);

function frame4(random: Random, fabric: Fabric, { vm, at }: Station, src: string): Uint8Array {
  const target = targetOf(random, fabric, { vm, at });
  const fields = {
    src,
    dst: target.ipv4,
    ttl: ttlOf(random),
    tos: random.below(256),
    id: random.below(65_536),
    df: random.oneIn(2),
    ...(random.oneIn(12) ? { mf: random.oneIn(2), offset: random.below(100) } : {}),
    ...(random.oneIn(10) ? { options: pattern(8) } : {}),
  };
  return ethernet({ src: vm.mac, dst: target.mac }, ipv4(fields, upper(random, 4, payload(random))));
}

function frame6(random: Random, fabric: Fabric, { vm, at }: Station, src: string): Uint8Array {
  const target = targetOf(random, fabric, { vm, at });
  const fields = { src, dst: target.ipv6, hopLimit: ttlOf(random), trafficClass: random.below(256) };
  return ethernet({ src: vm.mac, dst: target.mac }, ipv6(fields, upper(random, 6, payload(random))));
}

/** Somebody complains about a packet that he got: the quoted packet went the other way. */
function errorFrame(random: Random, fabric: Fabric, { vm, at }: Station): Uint8Array {
  const target = targetOf(random, fabric, { vm, at });
  const data = payload(random).subarray(0, 64);
  const macs = { src: vm.mac, dst: target.mac };
  if (random.oneIn(2)) {
    const src = at.ipv4 ?? '10.0.0.10';
    const quoted = ipv4({ src: target.ipv4, dst: src }, upper(random, 4, data));
    return ethernet(
      macs,
      ipv4({ src, dst: target.ipv4 }, icmpv4({ type: 3, code: random.below(5) }, quoted)),
    );
  }
  const src = at.ipv6 ?? 'fd00::10';
  const quoted = ipv6({ src: target.ipv6, dst: src }, upper(random, 6, data));
  return ethernet(
    macs,
    ipv6({ src, dst: target.ipv6 }, icmpv6({ type: random.between(1, 4), rest: 1400 }, quoted)),
  );
}

function arpFrame(random: Random, fabric: Fabric, { vm, at }: Station): Uint8Array {
  const target = targetOf(random, fabric, { vm, at });
  const isReply = random.oneIn(3);
  const message = arp({
    operation: isReply ? 'reply' : 'request',
    senderMac: vm.mac,
    senderIp: random.oneIn(4) ? '0.0.0.0' : (at.ipv4 ?? '10.0.0.10'),
    targetIp: target.ipv4,
  });
  return ethernet({ src: vm.mac, dst: isReply ? target.mac : BROADCAST, type: ETHER_TYPE.arp }, message);
}

function discoveryFrame(random: Random, fabric: Fabric, { vm, at }: Station): Uint8Array {
  const { mac, ipv6: target } = targetOf(random, fabric, { vm, at });
  const src = random.oneIn(2) ? linkLocal(vm.mac) : (at.ipv6 ?? linkLocal(vm.mac));
  const send = (dst: string, to: string, message: Upper, from = src) =>
    ethernet({ src: vm.mac, dst: to }, ipv6({ src: from, dst, hopLimit: 255 }, message));
  const group = solicitedNode(target);
  switch (random.below(5)) {
    case 0:
      return send(group, groupMac(group), solicitation({ target }), '::');
    case 1:
      return send('ff02::2', groupMac('ff02::2'), routerSolicitation({ options: [sourceLinkLayer(vm.mac)] }));
    case 2: {
      const own = at.ipv6 ?? linkLocal(vm.mac);
      return send(
        target,
        mac,
        advertisement({ target: own, override: true, options: [targetLinkLayer(vm.mac)] }),
      );
    }
    case 3:
      return send(target, mac, neighborSolicitation(target, vm.mac));
    default:
      return send(group, groupMac(group), neighborSolicitation(target, vm.mac));
  }
}

function groupFrame(random: Random, { vm, at }: Station): Uint8Array {
  const data = payload(random);
  const query = udp({ srcPort: 5353, dstPort: 5353 }, data);
  switch (random.below(4)) {
    case 0:
      return ethernet(
        { src: vm.mac, dst: BROADCAST },
        ipv4({ src: '0.0.0.0', dst: '255.255.255.255' }, dhcpDiscover(vm.mac)),
      );
    case 1:
      return ethernet(
        { src: vm.mac, dst: groupMac('224.0.0.251') },
        ipv4({ src: at.ipv4 ?? '10.0.0.10', dst: '224.0.0.251' }, query),
      );
    case 2:
      return ethernet(
        { src: vm.mac, dst: groupMac('ff02::fb') },
        ipv6({ src: linkLocal(vm.mac), dst: 'ff02::fb' }, query),
      );
    default:
      return ethernet({ src: vm.mac, dst: BROADCAST, type: ETHER_TYPE.experiment }, data);
  }
}

/** Somebody else's source address or MAC, of the same routing domain or another. */
function spoofed(random: Random, fabric: Fabric, { vm, at }: Station): Uint8Array {
  const victim = random.pick(fabric.vms);
  const addresses = random.pick(victim.attachments);
  const station = random.oneIn(2) ? { vm: { ...vm, mac: victim.mac }, at } : { vm, at };
  return random.oneIn(2)
    ? frame4(random, fabric, station, addresses.ipv4 ?? '192.168.0.1')
    : frame6(random, fabric, station, addresses.ipv6 ?? '2001:db8::1');
}

/** A frame of the station's own, without any tag. */
function untagged(random: Random, fabric: Fabric, station: Station): Uint8Array {
  const { vm, at } = station;
  const kind = random.below(24);
  if (kind < 8) return frame4(random, fabric, station, at.ipv4 ?? '10.0.0.10');
  if (kind < 15) return frame6(random, fabric, station, at.ipv6 ?? 'fd00::10');
  if (kind < 17) return arpFrame(random, fabric, station);
  if (kind < 19) return discoveryFrame(random, fabric, station);
  if (kind < 20) return groupFrame(random, station);
  if (kind < 22) return spoofed(random, fabric, station);
  if (kind < 23) return errorFrame(random, fabric, station);
  const { mac } = targetOf(random, fabric, station);
  return ethernet({ src: vm.mac, dst: mac, type: ETHER_TYPE.experiment }, payload(random));
}

/** Anything that a VM may send from one of its subnets. */
export function vmFrame(random: Random, fabric: Fabric, station: Station): Uint8Array {
  const { vid } = station.at;
  let frame = untagged(random, fabric, station);
  if (vid !== undefined) frame = vlan({ vid, priority: random.below(8) }, frame);
  if (random.oneIn(30)) frame = vlan({ vid: random.pick([0, 0, 100, 101, 102, 200]) }, frame);
  return random.oneIn(8) ? mutated(random, frame) : frame;
}

/** Where headers are: changes there get furthest. */
const HEADERS = 120;

export function mutated(random: Random, original: Uint8Array): Uint8Array {
  if (random.oneIn(8)) return original.slice(0, random.below(original.length + 1));
  const frame = original.slice();
  for (let changes = random.between(1, 3); changes > 0 && frame.length > 0; changes--) {
    const at = random.below(Math.min(frame.length, HEADERS));
    frame[at] = random.oneIn(2) ? frame[at]! ^ (1 << random.below(8)) : random.below(256);
  }
  return frame;
}
