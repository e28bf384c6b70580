/** Headers in plain JavaScript: one buffer, one DataView; what kind of packet it is goes into one reused object. */

export const TRUNCATED = 1;
export const MALFORMED = 2;

/** Filled by `classifyIpv4` and `classifyIpv6`; one per engine. */
export class Shape {
  /** 0, TRUNCATED or MALFORMED. */
  fault = 0;
  protocol = 0;
  /** Address of the transport header and of the first byte behind the packet. */
  transport = 0;
  end = 0;
  flowProtocol = 0;
  isFragment = false;
  isLaterFragment = false;
  isBroken = false;
  /** A first fragment without the whole chain of headers. */
  isShortFirst = false;
  hasSegmentsLeft = false;
  isAuthenticated = false;

  reset(): void {
    this.fault = 0;
    this.isFragment = false;
    this.isLaterFragment = false;
    this.isBroken = false;
    this.isShortFirst = false;
    this.hasSegmentsLeft = false;
    this.isAuthenticated = false;
  }
}

export function classifyIpv4(view: DataView, packet: number, available: number, shape: Shape): void {
  shape.reset();
  if (available < 20) {
    shape.fault = TRUNCATED;
    return;
  }
  const first = view.getUint8(packet);
  const headerLength = (first & 15) * 4;
  const totalLength = view.getUint16(packet + 2);
  if (first >> 4 !== 4 || headerLength < 20) shape.fault = MALFORMED;
  else if (headerLength > available) shape.fault = TRUNCATED;
  else if (totalLength < headerLength) shape.fault = MALFORMED;
  else if (totalLength > available) shape.fault = TRUNCATED;
  if (shape.fault !== 0) return;
  shapeIpv4(view, packet, packet + totalLength, shape);
}

/** A header that is known to be whole; the packet may be cut, as in an ICMP quote. */
export function shapeIpv4(view: DataView, packet: number, end: number, shape: Shape): void {
  const fragment = view.getUint16(packet + 6);
  shape.isFragment = (fragment & 0x3fff) !== 0;
  shape.isLaterFragment = (fragment & 0x1fff) !== 0;
  shape.protocol = view.getUint8(packet + 9);
  shape.flowProtocol = shape.protocol;
  shape.isAuthenticated = shape.protocol === 51;
  shape.transport = packet + (view.getUint8(packet) & 15) * 4;
  shape.end = end;
}

export function classifyIpv6(view: DataView, packet: number, available: number, shape: Shape): void {
  shape.reset();
  if (available < 40) {
    shape.fault = TRUNCATED;
    return;
  }
  const length = 40 + view.getUint16(packet + 4);
  if (view.getUint8(packet) >> 4 !== 6) shape.fault = MALFORMED;
  else if (length > available) shape.fault = TRUNCATED;
  if (shape.fault === 0) shapeIpv6(view, packet, packet + length, shape);
}

const MAX_HEADERS = 8;

/** Walks the extension headers (RFC 8200 §4) of a packet that ends at `end`. */
export function shapeIpv6(view: DataView, packet: number, end: number, shape: Shape): void {
  let protocol = view.getUint8(packet + 6);
  let at = packet + 40;
  let fragmentProtocol = 0;
  for (let count = 0; isExtension(protocol); count++) {
    if (count === MAX_HEADERS || at + 8 > end) {
      shape.isBroken = true;
      break;
    }
    let size = (view.getUint8(at + 1) + 1) * 8;
    if (protocol === 44) {
      size = 8;
      fragmentProtocol = view.getUint8(at);
      const word = view.getUint16(at + 2);
      if (word >> 3 !== 0) shape.isLaterFragment = true;
      if (word >> 3 !== 0 || (word & 1) !== 0) shape.isFragment = true;
    } else if (protocol === 51) {
      size = (view.getUint8(at + 1) + 2) * 4;
      shape.isAuthenticated = true;
    } else if (protocol === 43 && view.getUint8(at + 3) !== 0) {
      shape.hasSegmentsLeft = true;
    }
    protocol = view.getUint8(at);
    at += size;
    if (at > end) {
      shape.isBroken = true;
      break;
    }
    if (shape.isLaterFragment) break;
  }
  const headerLength = protocol === 59 ? 0 : protocol === 6 ? 20 : 8;
  shape.isShortFirst = shape.isFragment && !shape.isLaterFragment && at + headerLength > end;
  shape.protocol = protocol;
  shape.flowProtocol = shape.isFragment ? fragmentProtocol : protocol;
  shape.transport = at;
  shape.end = end;
}

function isExtension(protocol: number): boolean {
  return protocol === 0 || protocol === 43 || protocol === 44 || protocol === 51 || protocol === 60;
}

export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/** RFC 1624 eqn. 3; `change` is the sum of ~m + m' over the 16-bit words that change. */
export function updated(checksum: number, change: number): number {
  return ~fold((~checksum & 0xffff) + change) & 0xffff;
}

/** ~m + m' of a 32-bit word, in its two halves. */
export function change32(before: number, after: number): number {
  return (~before >>> 16) + (~before & 0xffff) + (after >>> 16) + (after & 0xffff);
}
