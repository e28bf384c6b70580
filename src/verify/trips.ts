/** Packets that are sent to see where they go: who sends, to whom, and how they must arrive. */

import { udp } from '../frames/build.ts';
import { ipBytes } from '../policy/addresses.ts';
import type { Endpoint, IpAddress, MacAddress } from '../policy/model.ts';
import { vidOf } from './fabric.ts';

/** An endpoint in one of its virtual subnets, with an address that it has there. */
export interface Place {
  readonly endpoint: Endpoint;
  readonly vsid: number;
  readonly address: IpAddress;
}

/** Who sends: a VM that forwards for others may have no address of its own. */
export interface Sender extends Omit<Place, 'address'> {
  readonly address: IpAddress | undefined;
}

interface Sent {
  /** `foreign`: it must not leave the sender's routing domain, wherever else it goes. */
  readonly kind: 'subnet' | 'routed' | 'foreign' | 'broadcast';
  readonly from: Sender;
  /** As it leaves the sender, with a tag where the virtual subnet is a VLAN of its port. */
  readonly frame: Uint8Array;
}

export interface Packet extends Sent {
  readonly kind: 'subnet' | 'routed' | 'foreign';
  readonly from: Place;
  readonly to: Place;
}

/** To everybody else in the virtual subnet. */
export interface Broadcast extends Sent {
  readonly kind: 'broadcast';
}

export type Trip = Packet | Broadcast;

const FIRST_PORT = 49152;

/** Between two endpoints of a virtual subnet. @param number makes the packet one of its kind. */
export function subnetTrip(from: Place, to: Place, number: number): Packet {
  return packet('subnet', from, to, to.endpoint.mac, number);
}

/** Between two virtual subnets of a routing domain. */
export function routedTrip(from: Place, to: Place, routerMac: MacAddress, number: number): Packet {
  return packet('routed', from, to, routerMac, number);
}

/** To an address that is another routing domain's, or the physical network's. */
export function foreignTrip(from: Place, to: Place, mac: MacAddress, number: number): Packet {
  return packet('foreign', from, to, mac, number);
}

function packet(kind: Packet['kind'], from: Place, to: Place, mac: MacAddress, number: number): Packet {
  const frame = datagram(from, { mac, address: to.address }, number);
  return { kind, from, to, frame: addTag(frame, vidOf(from.endpoint, from.vsid)) };
}

const BROADCAST = {
  4: { mac: 0xffff_ffff_ffff, address: { family: 4, value: 0xffff_ffff } },
  /** All nodes of the link (RFC 4291 §2.7.1). */
  6: { mac: 0x3333_0000_0001, address: { family: 6, value: (0xff02n << 112n) | 1n } },
} as const;

export function broadcastTrip(from: Sender, number: number): Broadcast {
  const { endpoint, vsid, address } = from;
  const frame =
    address === undefined
      ? withoutIp(endpoint.mac, number)
      : datagram({ endpoint, vsid, address }, BROADCAST[address.family], number);
  return { kind: 'broadcast', from, frame: addTag(frame, vidOf(endpoint, vsid)) };
}

function datagram(from: Place, to: { mac: MacAddress; address: IpAddress }, number: number): Uint8Array {
  const ports = [FIRST_PORT + (number & 0x3fff), 7] as const;
  return udp({ mac: from.endpoint.mac, address: from.address }, to, ports, textOf(number));
}

function textOf(number: number): string {
  return `netvirt verify ${number}`;
}

/** IEEE 802, for experiments. */
const ETHERTYPE_EXPERIMENT = 0x88b5;
const ETHERNET = 14;
const ETHERTYPE = 12;
const TAG = 4;

function withoutIp(source: MacAddress, number: number): Uint8Array {
  const text = new TextEncoder().encode(textOf(number));
  const frame = new Uint8Array(ETHERNET + text.length);
  frame.set(macBytes(BROADCAST[4].mac), 0);
  frame.set(macBytes(source), 6);
  new DataView(frame.buffer).setUint16(ETHERTYPE, ETHERTYPE_EXPERIMENT);
  frame.set(text, ETHERNET);
  return frame;
}

/** IEEE 802.1Q, priority 0. */
function addTag(frame: Uint8Array, vid: number): Uint8Array {
  if (vid === 0) return frame;
  const tagged = new Uint8Array(frame.length + TAG);
  tagged.set(frame.subarray(0, ETHERTYPE), 0);
  new DataView(tagged.buffer).setUint32(ETHERTYPE, 0x8100_0000 + vid);
  tagged.set(frame.subarray(ETHERTYPE), ETHERTYPE + TAG);
  return tagged;
}

function removeTag(frame: Uint8Array): Uint8Array {
  const untagged = new Uint8Array(frame.length - TAG);
  untagged.set(frame.subarray(0, ETHERTYPE), 0);
  untagged.set(frame.subarray(ETHERTYPE + TAG), ETHERTYPE);
  return untagged;
}

const IPV4_TTL = ETHERNET + 8;
const IPV4_CHECKSUM = ETHERNET + 10;
const IPV6_HOP_LIMIT = ETHERNET + 7;

/** The frame as a receiver must get it: as it was sent or as a router passes it on, with the tag of the receiver's VLAN. */
export function arrival(trip: Trip, receiver: Endpoint, routerMac: MacAddress): Uint8Array {
  const { endpoint, vsid } = trip.from;
  const sent = vidOf(endpoint, vsid) === 0 ? trip.frame : removeTag(trip.frame);
  if (trip.kind !== 'routed') return addTag(sent, vidOf(receiver, vsid));
  return addTag(routed(sent, trip.to, routerMac), vidOf(receiver, trip.to.vsid));
}

function routed(sent: Uint8Array, to: Place, routerMac: MacAddress): Uint8Array {
  const frame = sent.slice();
  frame.set(macBytes(to.endpoint.mac), 0);
  frame.set(macBytes(routerMac), 6);
  if (to.address.family === 6) {
    frame[IPV6_HOP_LIMIT]!--;
    return frame;
  }
  frame[IPV4_TTL]!--;
  frame.fill(0, IPV4_CHECKSUM, IPV4_CHECKSUM + 2);
  const view = new DataView(frame.buffer);
  let sum = 0;
  for (let at = ETHERNET; at < ETHERNET + 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(IPV4_CHECKSUM, ~sum);
  return frame;
}

/** The last six bytes of the MAC as an IPv6 address would have it. */
function macBytes(mac: MacAddress): Uint8Array {
  return ipBytes({ family: 6, value: BigInt(mac) }).subarray(10);
}
