// A customer's IPv4 packet that is larger than the path carries and may be cut (T1, RFC 791 §3.2). The pieces are built in slots
// of their own; then each goes the way that the packet would have gone.

import * as events from '../../src/abi/trace';
import { SLOT_HEADROOM, SLOT_SIZE } from '../../src/abi/layout';
import { DROP_NO_SLOT } from '../../src/abi/verdict';
import { NextHop } from '../tables/nexthops';
import { Port } from '../tables/ports';
import { Subnet } from '../tables/subnets';
import { trace } from '../trace';
import { fold, sumOf } from '../wire/checksum';
import { ETHERNET_HEADER } from '../wire/ethernet';
import { IPV4_HEADER, Ipv4 } from '../wire/ipv4';
import { shapeIpv4 } from './classify';
import { drop, forward, forwardMore, hasRoom, takeCopy } from './emit';
import { encapsulate } from './encapsulate';
import { flowOfIpv4 } from './flow';
import { providerOf, usesVmMac } from '../tables/records';
import { setOuterMacs } from './rewrite';
import { translateIpv4 } from './translate';

/** Longest packet that a slot holds. */
const SLOT_PACKET: u32 = SLOT_SIZE - SLOT_HEADROOM - ETHERNET_HEADER;
const MORE_FRAGMENTS: u32 = 0x2000;
const OFFSET: u32 = 0x1fff;

/** Where the first of the pieces lies; each is SLOT_SIZE behind the one before. */
let firstPiece: usize = 0;

/** `frame`: of the packet; `most`: longest piece, bytes of IP. */
export function sendPieces(subnet: Subnet, vsid: u32, frame: usize, most: u32, hop: NextHop): void {
  const whole = ETHERNET_HEADER + Ipv4.at(frame + ETHERNET_HEADER).totalLength;
  if (!encapsulatePieces(subnet, vsid, frame, most, hop, whole)) drop(subnet.index, DROP_NO_SLOT);
}

/** `bytes`: as of `encapsulate`. False: too few slots, nothing is sent. */
export function encapsulatePieces(
  subnet: Subnet,
  vsid: u32,
  frame: usize,
  most: u32,
  hop: NextHop,
  bytes: u32,
): bool {
  const pieces = cut(frame, most);
  if (pieces == 0) return false;
  const packet = firstPiece + ETHERNET_HEADER;
  const flow = flowOfIpv4(packet, shapeIpv4(packet), Ipv4.at(packet).totalLength);
  for (let number: u32 = 0; number < pieces; number++) {
    const piece = firstPiece + <usize>number * SLOT_SIZE;
    const ip = Ipv4.at(piece + ETHERNET_HEADER);
    const length = ETHERNET_HEADER + ip.totalLength;
    encapsulate(subnet.index, vsid, piece, length, hop, ip.tos, flow, number == 0 ? bytes : 0);
  }
  return true;
}

/** As `sendPieces`, by IP Rewrite. Only the first piece has a transport header, so only it can be at fault. */
export function rewritePieces(
  port: Port,
  subnet: Subnet,
  frame: usize,
  source: u64,
  destination: u32,
  mac: u64,
  most: u32,
  hop: NextHop,
): void {
  const pieces = cut(frame, most);
  if (pieces == 0) return drop(subnet.index, DROP_NO_SLOT);
  const whole = ETHERNET_HEADER + Ipv4.at(frame + ETHERNET_HEADER).totalLength;
  for (let number: u32 = 0; number < pieces; number++) {
    const piece = firstPiece + <usize>number * SLOT_SIZE;
    const packet = piece + ETHERNET_HEADER;
    const fault = translateIpv4(
      port.domain,
      packet,
      shapeIpv4(packet),
      providerOf(source),
      destination,
      true,
    );
    if (fault != 0) return drop(subnet.index, fault);
    setOuterMacs(port, usesVmMac(source), piece, mac, hop);
    const length = ETHERNET_HEADER + Ipv4.at(packet).totalLength;
    if (number == 0) forward(subnet.index, 0, piece, length, whole);
    else forwardMore(0, piece, length);
  }
}

/** Into how many pieces a packet is cut that is longer than `most` or than a slot. */
export function piecesOf(packet: usize, most: u32): u32 {
  const ip = Ipv4.at(packet);
  const size = min(most, SLOT_PACKET);
  const headerLength = ip.headerLength;
  const laterLength = IPV4_HEADER + copiedOptions(packet, headerLength, 0);
  const laterRoom = (size - laterLength) & ~7;
  let left = ip.totalLength - headerLength - ((size - headerLength) & ~7);
  let pieces: u32 = 2;
  for (; left > size - laterLength; left -= laterRoom) pieces++;
  return pieces;
}

/** Builds the pieces. Returns their number, 0 if the slots do not suffice. */
function cut(frame: usize, most: u32): u32 {
  const packet = frame + ETHERNET_HEADER;
  const ip = Ipv4.at(packet);
  const size = min(most, SLOT_PACKET);
  const headerLength = ip.headerLength;
  const laterLength = IPV4_HEADER + copiedOptions(packet, headerLength, 0);
  const firstRoom = (size - headerLength) & ~7;
  const laterRoom = (size - laterLength) & ~7;
  const pieces = piecesOf(packet, most);
  trace(events.TRACE_FRAGMENTS, pieces, size);
  if (!hasRoom(pieces, pieces - 1)) return 0;

  let from = packet + headerLength;
  const end = packet + ip.totalLength;
  for (let number: u32 = 0; number < pieces; number++) {
    const piece = takeCopy();
    if (number == 0) firstPiece = piece;
    memory.copy(piece, frame, ETHERNET_HEADER + (number == 0 ? headerLength : IPV4_HEADER));
    const header = piece + ETHERNET_HEADER;
    const length = number == 0 ? headerLength : laterLength;
    if (number > 0) copiedOptions(packet, headerLength, header + IPV4_HEADER);
    const isLast = number == pieces - 1;
    const bytes = number == 0 ? firstRoom : isLast ? <u32>(end - from) : laterRoom;
    memory.copy(header + length, from, bytes);
    fillPiece(header, length, bytes, ip, <u32>(from - packet) - headerLength, isLast);
    from += bytes;
  }
  return pieces;
}

function fillPiece(
  header: usize,
  headerLength: u32,
  bytes: u32,
  whole: Ipv4,
  offset: u32,
  isLast: bool,
): void {
  const piece = Ipv4.at(header);
  const place = <u32>bswap<u16>(whole.fragmentWire);
  const more = isLast ? place & MORE_FRAGMENTS : MORE_FRAGMENTS;
  const kept = place & ~(MORE_FRAGMENTS | OFFSET);
  piece.versionIhl = <u8>(0x40 | (headerLength >> 2));
  piece.totalLengthWire = bswap<u16>(<u16>(headerLength + bytes));
  piece.fragmentWire = bswap<u16>(<u16>(kept | more | (((place & OFFSET) + (offset >> 3)) & OFFSET)));
  piece.checksum = 0;
  piece.checksum = <u16>~fold(sumOf(header, headerLength));
}

/**
 * Options that go into every piece (RFC 791 §3.1: the copied flag), padded to words. `to`: where they are written, 0 =
 * nowhere. Returns their bytes. An option that lies about its length ends them.
 */
function copiedOptions(packet: usize, headerLength: u32, to: usize): u32 {
  let bytes: u32 = 0;
  let at: u32 = IPV4_HEADER;
  while (at < headerLength) {
    const kind = load<u8>(packet + at);
    if (kind == 0) break;
    if (kind == 1) {
      at++;
      continue;
    }
    const length: u32 = at + 1 < headerLength ? load<u8>(packet + at, 1) : 0;
    if (length < 2 || at + length > headerLength) break;
    if ((kind & 0x80) != 0) {
      if (to != 0) memory.copy(to + bytes, packet + at, length);
      bytes += length;
    }
    at += length;
  }
  const padded = (bytes + 3) & ~3;
  if (to != 0) memory.fill(to + bytes, 0, padded - bytes);
  return padded;
}
