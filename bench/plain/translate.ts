/** New addresses for a packet and everything that depends on them, as in docs/protocol.md W2–W6. 0, or the reason to drop. */

import { DROP_REWRITE_AH, DROP_REWRITE_HEADERS, DROP_REWRITE_QUOTE } from '../../src/abi/verdict.ts';
import { Shape, change32, shapeIpv4, shapeIpv6, updated } from './packet.ts';
import {
  PROVIDER,
  PROVIDER_CUSTOMER4,
  PROVIDER_CUSTOMER6,
  PROVIDER_VALUE4,
  PROVIDER_VALUE6,
  P_VSID,
  type State,
  VALUE4,
  VALUE6,
} from './state.ts';

const AMBIGUOUS = -1;

export class Translator {
  readonly #view: DataView;
  readonly #state: State;
  readonly #quoteShape = new Shape();
  /** The result of a lookup of a quoted IPv6 address. */
  readonly #found = new Int32Array(4);
  /** What a quote changes in the ICMP checksum. */
  #quoteChange = 0;

  constructor(view: DataView, state: State) {
    this.#view = view;
    this.#state = state;
  }

  ipv4(vsid: number, packet: number, shape: Shape, src: number, dst: number, leaving: boolean): number {
    if (shape.isAuthenticated) return DROP_REWRITE_AH;
    const view = this.#view;
    const change = change32(view.getInt32(packet + 12), src) + change32(view.getInt32(packet + 16), dst);
    view.setUint16(packet + 10, updated(view.getUint16(packet + 10), change));
    view.setInt32(packet + 12, src);
    view.setInt32(packet + 16, dst);
    if (shape.isLaterFragment) return 0;
    if (shape.protocol !== 1) {
      this.#transport(shape.transport, shape.end, shape.protocol, 4, change);
      return 0;
    }
    if (!isError4(view, shape.transport, shape.end)) return 0;
    if (!this.#quote4(vsid, shape.transport + 8, shape.end, leaving)) return DROP_REWRITE_QUOTE;
    this.#transport(shape.transport, shape.end, 1, 4, this.#quoteChange);
    return 0;
  }

  ipv6(
    vsid: number,
    packet: number,
    shape: Shape,
    src: Int32Array,
    srcAt: number,
    dst: Int32Array,
    dstAt: number,
    leaving: boolean,
  ): number {
    if (shape.isAuthenticated) return DROP_REWRITE_AH;
    if (shape.isBroken) return DROP_REWRITE_HEADERS;
    const view = this.#view;
    let change = this.#replace6(packet + 8, src, srcAt);
    const dstChange = this.#replace6(packet + 24, dst, dstAt);
    if (!shape.hasSegmentsLeft) change += dstChange;
    if (shape.isLaterFragment) return 0;
    const { transport, end, protocol } = shape;
    if (
      protocol === 58 &&
      transport < end &&
      view.getUint8(transport) >= 1 &&
      view.getUint8(transport) <= 4
    ) {
      if (!this.#quote6(vsid, transport + 8, end, leaving)) return DROP_REWRITE_QUOTE;
      change += this.#quoteChange;
    }
    this.#transport(transport, end, protocol, 6, change);
    return 0;
  }

  #replace6(at: number, address: Int32Array, from: number): number {
    let change = 0;
    for (let word = 0; word < 4; word++) {
      const value = address[from + word]!;
      change += change32(this.#view.getInt32(at + word * 4), value);
      this.#view.setInt32(at + word * 4, value);
    }
    return change;
  }

  /** Returns what it changes in the checksum around it. */
  #transport(transport: number, end: number, protocol: number, family: number, change: number): number {
    const offset = checksumOffset(protocol, family);
    if (offset === 0 || transport + offset + 2 > end) return 0;
    const before = this.#view.getUint16(transport + offset);
    if (before === 0 && protocol === 17) return 0;
    let after = updated(before, change);
    if (after === 0 && (protocol === 17 || protocol === 136)) after = 0xffff;
    this.#view.setUint16(transport + offset, after);
    return (~before & 0xffff) + after;
  }

  #quote4(vsid: number, quote: number, end: number, leaving: boolean): boolean {
    const view = this.#view;
    this.#quoteChange = 0;
    if (quote + 20 > end) return true;
    const headerLength = (view.getUint8(quote) & 15) * 4;
    if (view.getUint8(quote) >> 4 !== 4 || headerLength < 20 || quote + headerLength > end) return true;
    const [oldSrc, oldDst] = [view.getInt32(quote + 12), view.getInt32(quote + 16)];
    const src = this.#counterpart4(vsid, oldSrc, leaving);
    const dst = this.#counterpart4(vsid, oldDst, leaving);
    if (src === undefined || dst === undefined) return false;
    const addresses = change32(oldSrc, src) + change32(oldDst, dst);
    const before = view.getUint16(quote + 10);
    const after = updated(before, addresses);
    view.setUint16(quote + 10, after);
    view.setInt32(quote + 12, src);
    view.setInt32(quote + 16, dst);
    this.#quoteChange = addresses + (~before & 0xffff) + after;
    const shape = this.#quoteShape;
    shapeIpv4(view, quote, end, shape);
    if (shape.isLaterFragment || shape.protocol === 1) return true;
    this.#quoteChange += this.#transport(shape.transport, end, shape.protocol, 4, addresses);
    return true;
  }

  #counterpart4(vsid: number, address: number, leaving: boolean): number | undefined {
    const { providers4, addresses4 } = this.#state;
    const provider = providers4.find2(address, 0);
    const isProvider = provider !== 0 && providers4.words[provider + PROVIDER_VALUE4 + P_VSID] === vsid;
    if (!leaving) return isProvider ? providers4.words[provider + PROVIDER_CUSTOMER4]! : address;
    const entry = addresses4.find2(vsid, address);
    const counterpart = entry === 0 ? 0 : addresses4.words[entry + VALUE4 + PROVIDER]!;
    if (counterpart !== 0) return counterpart;
    return isProvider ? undefined : address;
  }

  #quote6(vsid: number, quote: number, end: number, leaving: boolean): boolean {
    const view = this.#view;
    this.#quoteChange = 0;
    if (quote + 40 > end || view.getUint8(quote) >> 4 !== 6) return true;
    const found = this.#found;
    if (this.#counterpart6(vsid, quote + 8, leaving) === AMBIGUOUS) return false;
    const src = found.slice();
    if (this.#counterpart6(vsid, quote + 24, leaving) === AMBIGUOUS) return false;
    const srcChange = this.#replace6(quote + 8, src, 0);
    const dstChange = this.#replace6(quote + 24, found, 0);
    this.#quoteChange = srcChange + dstChange;
    const shape = this.#quoteShape;
    shape.reset();
    shapeIpv6(view, quote, Math.min(end, quote + 40 + view.getUint16(quote + 4)), shape);
    if (shape.isLaterFragment || shape.isBroken) return true;
    const covered = shape.hasSegmentsLeft ? srcChange : srcChange + dstChange;
    this.#quoteChange += this.#transport(shape.transport, end, shape.protocol, 6, covered);
    return true;
  }

  /** Puts the other address into `#found`. */
  #counterpart6(vsid: number, at: number, leaving: boolean): number {
    const { providers6, addresses6 } = this.#state;
    const found = this.#found;
    for (let word = 0; word < 4; word++) found[word] = this.#view.getInt32(at + word * 4);
    const [a, b, c, d] = [found[0]!, found[1]!, found[2]!, found[3]!];
    const provider = providers6.find5(a, b, c, d, 0);
    const isProvider = provider !== 0 && providers6.words[provider + PROVIDER_VALUE6 + P_VSID] === vsid;
    if (!leaving) {
      if (isProvider)
        found.set(
          providers6.words.subarray(provider + PROVIDER_CUSTOMER6, provider + PROVIDER_CUSTOMER6 + 4),
        );
      return 0;
    }
    const entry = addresses6.find5(vsid, a, b, c, d);
    const from = entry + VALUE6 + PROVIDER;
    if (entry !== 0 && hasAddress6(addresses6.words, from)) {
      found.set(addresses6.words.subarray(from, from + 4));
      return 0;
    }
    return isProvider ? AMBIGUOUS : 0;
  }
}

export function hasAddress6(words: Int32Array, at: number): boolean {
  return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) !== 0;
}

function isError4(view: DataView, icmp: number, end: number): boolean {
  if (icmp >= end) return false;
  const type = view.getUint8(icmp);
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}

function checksumOffset(protocol: number, family: number): number {
  if (protocol === 6) return 16;
  if (protocol === 17 || protocol === 136 || protocol === 33) return 6;
  return protocol === (family === 4 ? 1 : 58) ? 2 : 0;
}
