/** Ethernet (IEEE 802.3), 802.1Q tags and ARP (RFC 826). */

import { formatIpv4, formatMac } from '../policy/addresses.ts';
import { type Dissection, type Next, hex } from './dissection.ts';
import { ipv4, ipv6 } from './network.ts';

const ETHERTYPES: ReadonlyMap<number, { readonly name: string; readonly read: Next['read'] }> = new Map([
  [0x0800, { name: 'IPv4', read: ipv4 }],
  [0x86dd, { name: 'IPv6', read: ipv6 }],
  [0x0806, { name: 'ARP', read: arp }],
  [0x8100, { name: 'VLAN tag', read: vlan }],
  [0x88a8, { name: 'service VLAN tag', read: vlan }],
]);

export function ethernet(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('ethernet', 'Ethernet', at, 14)) return undefined;
  frame.field('Destination MAC', at, 6, macAt(frame, at), macNote(frame, at));
  frame.field('Source MAC', at + 6, 6, macAt(frame, at + 6));
  return etherType(frame, at + 12);
}

function vlan(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('vlan', 'VLAN tag', at, 4)) return undefined;
  const tci = frame.u16(at);
  frame.field('Priority', at, 1, tci >>> 13);
  frame.field('VLAN id', at, 2, tci & 0xfff);
  return etherType(frame, at + 2);
}

function etherType(frame: Dissection, at: number): Next | undefined {
  const type = frame.u16(at);
  const known = ETHERTYPES.get(type);
  // Up to 1500 it is a length (IEEE 802.3 §3.2.6).
  const note = known?.name ?? (type <= 1500 ? 'a length' : undefined);
  frame.field('EtherType', at, 2, hex(type, 4), note);
  return known === undefined ? frame.payload(at + 2) : { read: known.read, at: at + 2 };
}

function arp(frame: Dissection, at: number): Next | undefined {
  if (!frame.open('arp', 'ARP', at, 28)) return undefined;
  const operation = frame.u16(at + 6);
  frame.field('Operation', at + 6, 2, operation, { 1: 'request', 2: 'reply' }[operation]);
  frame.field('Sender MAC', at + 8, 6, macAt(frame, at + 8));
  frame.field('Sender address', at + 14, 4, formatIpv4(frame.u32(at + 14)));
  frame.field('Target MAC', at + 18, 6, macAt(frame, at + 18));
  frame.field('Target address', at + 24, 4, formatIpv4(frame.u32(at + 24)));
  frame.end = at + 28;
  return undefined;
}

function macAt(frame: Dissection, at: number): string {
  return formatMac(frame.u16(at) * 0x1_0000_0000 + frame.u32(at + 2));
}

function macNote(frame: Dissection, at: number): string | undefined {
  if ((frame.u8(at) & 1) === 0) return undefined;
  return frame.u16(at) === 0xffff && frame.u32(at + 2) === 0xffff_ffff ? 'broadcast' : 'multicast';
}
