/** Announcements of ARP and neighbour discovery, each behind an empty virtio-net header. */

import type { IpAddress, MacAddress } from '../../policy/model.ts';

const VNET = 10;
const BROADCAST: MacAddress = 0xffff_ffff_ffff;
/** 33:33:00:00:00:01, all nodes. */
const ALL_NODES_MAC: MacAddress = 0x3333_0000_0001;
const ALL_NODES = (0xff02n << 112n) | 1n;
/** RFC 4861 §4.4. */
const OVERRIDE = 0x2000_0000;

/** Tells everybody where an address is: an ARP announcement (RFC 5227 §3), an unsolicited advertisement (RFC 4861 §7.2.6). */
export function announcement(address: IpAddress, mac: MacAddress): Uint8Array {
  if (address.family === 4) return arp(1, BROADCAST, { mac, address }, { mac: 0, address });
  return advertise(address.value, mac, ALL_NODES, ALL_NODES_MAC, OVERRIDE);
}

interface Party {
  readonly mac: MacAddress;
  readonly address: IpAddress;
}

function arp(operation: number, to: MacAddress, sender: Party, target: Party): Uint8Array {
  const { bytes, view } = frameOf(42, to, sender.mac, 0x0806);
  view.setUint32(14, 0x0001_0800);
  view.setUint16(18, 0x0604);
  view.setUint16(20, operation);
  setMac(view, 22, sender.mac);
  view.setUint32(28, Number(sender.address.value));
  setMac(view, 32, target.mac);
  view.setUint32(38, Number(target.address.value));
  return bytes;
}

function advertise(own: bigint, mac: MacAddress, to: bigint, toMac: MacAddress, flags: number): Uint8Array {
  const { bytes, view } = frameOf(86, toMac, mac, 0x86dd);
  view.setUint32(14, 0x6000_0000);
  view.setUint16(18, 32);
  view.setUint8(20, 58);
  view.setUint8(21, 255);
  setAddress(view, 22, own);
  setAddress(view, 38, to);
  view.setUint8(54, 136);
  view.setUint32(58, flags);
  setAddress(view, 62, own);
  view.setUint8(78, 2); // target link-layer address
  view.setUint8(79, 1);
  setMac(view, 80, mac);
  view.setUint16(56, checksumOf(view));
  return bytes;
}

/** ICMPv6 over its pseudo-header (RFC 4443 §2.3). */
function checksumOf(view: DataView): number {
  let sum = 32 + 58;
  for (let at = 22; at < 86; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function frameOf(
  length: number,
  to: MacAddress,
  from: MacAddress,
  etherType: number,
): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(VNET + length);
  const view = new DataView(bytes.buffer, VNET);
  setMac(view, 0, to);
  setMac(view, 6, from);
  view.setUint16(12, etherType);
  return { bytes, view };
}

function setMac(view: DataView, at: number, mac: MacAddress): void {
  view.setUint16(at, Math.floor(mac / 2 ** 32));
  view.setUint32(at + 2, mac % 2 ** 32);
}

function setAddress(view: DataView, at: number, address: bigint): void {
  view.setBigUint64(at, address >> 64n);
  view.setBigUint64(at + 8, address & 0xffff_ffff_ffff_ffffn);
}
