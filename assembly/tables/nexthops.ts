// Where a packet can go: a local port, the gateway, or a peer with its outer header, frozen when the policy is loaded. Packets only
// patch what differs between them: lengths, TOS, checksum, key, flow label.
//
// Frozen over IPv4 (42 bytes):  Ethernet 14 | IPv4 20 | GRE 8       Frozen over IPv6 (62 bytes):  Ethernet 14 | IPv6 40 | GRE 8

import { GATEWAY_HOP, NEXT_HOP_DRAFT00, NEXT_HOP_VM_MAC } from '../../src/abi/layout';
import { publish64 } from '../epoch';
import {
  HOST_MAC,
  HOST_PROVIDER4,
  HOST_PROVIDER6,
  NEXT_HOP_SIZE,
  generation,
  nextHopCapacity,
  nextHops,
} from '../memory';
import { acquire64 } from '../epoch';
import { fold } from '../wire/checksum';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet } from '../wire/ethernet';
import { Gre, NVGRE_FIRST_WORD } from '../wire/gre';
import { Ipv4 } from '../wire/ipv4';
import { Ipv6 } from '../wire/ipv6';

export const PROTOCOL_GRE: u32 = 47;

/** `family` of a next hop that is a local port. */
export const LOCAL: u32 = 0;
/** `family` of the next hop of gateways' addresses: the packet is for the router. */
export const GATEWAY: u32 = 1;

@unmanaged
export class NextHop {
  // 64 bytes of frozen header, as four words of 16.
  private frozen0: u64;
  private frozen1: u64;
  private frozen2: u64;
  private frozen3: u64;
  private frozen4: u64;
  private frozen5: u64;
  private frozen6: u64;
  private frozen7: u64;
  /** LOCAL, GATEWAY, or 4 or 6: the family of the envelope. */
  family: u32;
  port: u32;
  /** IP MTU of the path to the peer, bytes: the policy's, or what the path told (T4). */
  mtu: u32;
  /** Sum of the frozen IPv4 header, with TOS, total length and checksum 0. */
  headerSum: u32;
  /** The peer's own addresses, for the tunnel guard. */
  provider4: u32;
  flags: u32;
  provider6High: u64;
  provider6Low: u64;
  /** Outer destination MAC of rewritten packets. */
  rewriteMac: u64;
  policyMtu: u32;
  /** Another next hop of the same peer; the last one leads to the first. */
  nextOfPeer: u32;
  /** When a lowered `mtu` ends, milliseconds; 0 = it is not lowered. */
  mtuExpiry: f64;

  static at(index: u32): NextHop {
    return changetype<NextHop>(nextHops + <usize>index * NEXT_HOP_SIZE);
  }

  /** Where `mtuExpiry` stands: several workers may change it. */
  get expiryAt(): usize {
    return changetype<usize>(this) + offsetof<NextHop>('mtuExpiry');
  }

  /** Address of the frozen header. */
  get header(): usize {
    return changetype<usize>(this);
  }

  get usesVmMac(): bool {
    return (this.flags & NEXT_HOP_VM_MAC) != 0;
  }

  get hasDraft00Key(): bool {
    return (this.flags & NEXT_HOP_DRAFT00) != 0;
  }

  /** Packets for it do not leave by the uplink. */
  get isHere(): bool {
    return this.family <= GATEWAY;
  }
}

export function isNextHop(index: u32): bool {
  return index < nextHopCapacity;
}

export function putGatewayHop(): void {
  NextHop.at(GATEWAY_HOP).family = GATEWAY;
}

export function putLocalNextHop(index: u32, port: u32): void {
  const hop = NextHop.at(index);
  // It may have been a peer's: a local endpoint has no address on the physical network.
  memory.fill(hop.header, 0, NEXT_HOP_SIZE);
  hop.family = LOCAL;
  hop.port = port;
}

/** Puts a new next hop into the ring of its peer's, of which `other` is one; itself: it is the first. */
export function joinPeer(index: u32, other: u32): void {
  const hop = NextHop.at(index);
  hop.mtuExpiry = 0;
  hop.nextOfPeer = index;
  if (other == index) return;
  // A worker may learn of it, or give it back, between the two.
  hop.mtuExpiry = reinterpret<f64>(acquire64(NextHop.at(other).expiryAt));
  if (hop.mtuExpiry != 0) hop.mtu = NextHop.at(other).mtu;
  hop.nextOfPeer = NextHop.at(other).nextOfPeer;
  NextHop.at(other).nextOfPeer = index;
}

/** Freezes the header towards a peer. */
export function putPeer(index: u32, family: u32, mac: u64, ttl: u32): void {
  const hop = NextHop.at(index);
  hop.family = family;
  Ethernet.at(hop.header).setMacs(mac, load<u64>(generation, HOST_MAC));
  if (family == 4) freezeIpv4(hop, ttl);
  else freezeIpv6(hop, ttl);
}

/** Other MACs towards a peer, each in one store: a packet has the one or the other. */
export function putNeighbor(index: u32, mac: u64, rewriteMac: u64): bool {
  const hop = NextHop.at(index);
  if (hop.isHere) return false;
  // The word ends with the first two bytes of the source MAC, which stay.
  publish64(hop.header, mac | ((<u64>load<u16>(hop.header, 6)) << 48));
  publish64(hop.header + offsetof<NextHop>('rewriteMac'), rewriteMac);
  return true;
}

function freezeIpv4(hop: NextHop, ttl: u32): void {
  store<u16>(hop.header, <u16>ETHERTYPE_IPV4, 12);
  const ip = Ipv4.at(hop.header + ETHERNET_HEADER);
  ip.versionIhl = 0x45;
  ip.fragmentWire = 0x0040; // DF; the identification stays 0 (N7, RFC 6864 §4.1)
  ip.ttl = <u8>ttl;
  ip.protocol = <u8>PROTOCOL_GRE;
  ip.srcAddr = load<u32>(generation, HOST_PROVIDER4);
  ip.dstAddr = hop.provider4;
  let sum: u64 = 0;
  for (let offset: usize = 0; offset < 20; offset += 4) sum += load<u32>(changetype<usize>(ip) + offset);
  hop.headerSum = fold(sum);
  Gre.at(hop.header + ETHERNET_HEADER + 20).firstWord = NVGRE_FIRST_WORD;
}

function freezeIpv6(hop: NextHop, ttl: u32): void {
  store<u16>(hop.header, <u16>ETHERTYPE_IPV6, 12);
  const ip = Ipv6.at(hop.header + ETHERNET_HEADER);
  ip.nextHeader = <u8>PROTOCOL_GRE;
  ip.hopLimit = <u8>ttl;
  ip.srcHigh = load<u64>(generation, HOST_PROVIDER6);
  ip.srcLow = load<u64>(generation, HOST_PROVIDER6 + 8);
  ip.dstHigh = hop.provider6High;
  ip.dstLow = hop.provider6Low;
  Gre.at(hop.header + ETHERNET_HEADER + 40).firstWord = NVGRE_FIRST_WORD;
}
