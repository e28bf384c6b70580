/** Frames of ARP and neighbour discovery on the provider network, each behind an empty virtio-net header. */

import type { IpAddress, MacAddress } from '../../policy/model.ts';

const VNET = 10;
const BROADCAST: MacAddress = 0xffff_ffff_ffff;
/** 33:33:00:00:00:01, all nodes. */
const ALL_NODES_MAC: MacAddress = 0x3333_0000_0001;
const ALL_NODES = (0xff02n << 112n) | 1n;
/** Solicited, override (RFC 4861 §4.4). */
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;

/** Who has `target`? */
export interface Question {
  readonly target: IpAddress;
  readonly sender: IpAddress;
  readonly senderMac: MacAddress;
}

/** @param frame from the wire. Undefined: it asks nothing, or is broken. */
export function readQuestion(frame: Uint8Array): Question | undefined {
  if (frame.length < 42) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const etherType = view.getUint16(12);
  if (etherType === 0x0806) {
    if (view.getUint32(14) !== 0x0001_0800 || view.getUint32(18) !== 0x0604_0001) return undefined;
    return {
      target: { family: 4, value: view.getUint32(38) },
      sender: { family: 4, value: view.getUint32(28) },
      senderMac: macAt(view, 22),
    };
  }
  // Hop limit 255: it came from this link (RFC 4861 §7.1.1).
  if (etherType !== 0x86dd || frame.length < 78 || view.getUint8(20) !== 58 || view.getUint8(21) !== 255)
    return undefined;
  if (view.getUint8(54) !== 135) return undefined;
  return {
    target: { family: 6, value: addressAt(view, 62) },
    sender: { family: 6, value: addressAt(view, 22) },
    senderMac: macAt(view, 6),
  };
}

export function arpReply({ target, sender, senderMac }: Question, mac: MacAddress): Uint8Array {
  return arp(2, senderMac, { mac, address: target }, { mac: senderMac, address: sender });
}

/** Tells everybody where an address is: an ARP announcement (RFC 5227 §3), an unsolicited advertisement (RFC 4861 §7.2.6). */
export function announcement(address: IpAddress, mac: MacAddress): Uint8Array {
  if (address.family === 4) return arp(1, BROADCAST, { mac, address }, { mac: 0, address });
  return advertise(address.value, mac, ALL_NODES, ALL_NODES_MAC, OVERRIDE);
}

/** To who asks without an address, because it looks for a free one, goes to everybody (RFC 4861 §7.2.4). */
export function advertisement({ target, sender, senderMac }: Question, mac: MacAddress): Uint8Array {
  const own = BigInt(target.value);
  if (BigInt(sender.value) === 0n) return advertise(own, mac, ALL_NODES, ALL_NODES_MAC, OVERRIDE);
  return advertise(own, mac, BigInt(sender.value), senderMac, SOLICITED | OVERRIDE);
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

function macAt(view: DataView, at: number): MacAddress {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

function setMac(view: DataView, at: number, mac: MacAddress): void {
  view.setUint16(at, Math.floor(mac / 2 ** 32));
  view.setUint32(at + 2, mac % 2 ** 32);
}

function addressAt(view: DataView, at: number): bigint {
  return (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
}

function setAddress(view: DataView, at: number, address: bigint): void {
  view.setBigUint64(at, address >> 64n);
  view.setBigUint64(at + 8, address & 0xffff_ffff_ffff_ffffn);
}
