/** From the uplink, in the order of docs/protocol.md. */

import * as verdict from '../../src/abi/verdict.ts';
import { innerFault } from './egress.ts';
import type { Emit } from './emit.ts';
import { Shape, TRUNCATED, classifyIpv4, classifyIpv6, fold, shapeIpv6, updated } from './packet.ts';
import {
  FORWARDING,
  HOP,
  MAC_FLAGS,
  MAC_HIGH,
  MAC_HOP,
  MAC_LOW,
  PROVIDER,
  PROVIDER_CUSTOMER4,
  PROVIDER_CUSTOMER6,
  PROVIDER_VALUE4,
  PROVIDER_VALUE6,
  P_HOP,
  P_MAC_HIGH,
  P_MAC_LOW,
  P_VSID,
  type State,
  VALUE4,
  VALUE6,
} from './state.ts';
import { Translator, hasAddress6 } from './translate.ts';

export class Ingress {
  readonly #view: DataView;
  readonly #state: State;
  readonly #emit: Emit;
  readonly #translator: Translator;
  readonly #shape = new Shape();

  constructor(buffer: ArrayBuffer, state: State, emit: Emit) {
    this.#view = new DataView(buffer);
    this.#state = state;
    this.#emit = emit;
    this.#translator = new Translator(this.#view, state);
  }

  process(frame: number, length: number): void {
    if (length < 14) {
      this.#emit.drop(0, verdict.DROP_FRAME_TRUNCATED);
      return;
    }
    const type = this.#view.getUint16(frame + 12);
    if (type === 0x0800) this.#ipv4(frame, length);
    else if (type === 0x86dd) this.#ipv6(frame, length);
    else this.#emit.punt(frame, length);
  }

  #ipv4(frame: number, length: number): void {
    const view = this.#view;
    const packet = frame + 14;
    const available = length - 14;
    if (available < 20) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    const first = view.getUint8(packet);
    const headerLength = (first & 15) * 4;
    if (first >> 4 !== 4 || headerLength < 20) {
      this.#emit.drop(0, verdict.DROP_OUTER_MALFORMED);
      return;
    }
    if (headerLength > available) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    const dst = view.getInt32(packet + 16);
    if (this.#state.hasOwn4 && dst === this.#state.own4) {
      if (view.getUint8(packet + 9) !== 47) {
        this.#emit.punt(frame, length);
        return;
      }
      let sum = 0;
      for (let at = packet; at < packet + headerLength; at += 2) sum += view.getUint16(at);
      if (fold(sum) !== 0xffff) {
        this.#emit.drop(0, verdict.DROP_OUTER_CHECKSUM);
        return;
      }
      const totalLength = view.getUint16(packet + 2);
      if (totalLength < headerLength) {
        this.#emit.drop(0, verdict.DROP_OUTER_MALFORMED);
        return;
      }
      if (totalLength > available) {
        this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
        return;
      }
      if ((view.getUint16(packet + 6) & 0x3fff) !== 0) {
        this.#emit.drop(0, verdict.DROP_OUTER_FRAGMENT);
        return;
      }
      this.#decapsulate(
        packet + headerLength,
        packet + totalLength,
        4,
        packet + 12,
        view.getUint8(packet + 1),
      );
      return;
    }
    this.#rewritten4(frame, length, dst);
  }

  #rewritten4(frame: number, length: number, dst: number): void {
    const view = this.#view;
    const { providers4, hops, ports } = this.#state;
    const { words } = providers4;
    const to = providers4.find2(dst, 0);
    const vsid = words[to + PROVIDER_VALUE4 + P_VSID]!;
    const hop = hops[words[to + PROVIDER_VALUE4 + P_HOP]!];
    if (to === 0 || vsid === 0 || hop?.family !== 0) {
      this.#emit.punt(frame, length);
      return;
    }
    const shape = this.#shape;
    classifyIpv4(view, frame + 14, length - 14, shape);
    if (shape.fault !== 0) {
      this.#emit.drop(0, outerFault(shape.fault));
      return;
    }
    const { subnet } = ports[hop.port]!;
    const from = providers4.find2(view.getInt32(frame + 26), 0);
    const stranger = this.#stranger(words, from, PROVIDER_VALUE4, vsid, shape.protocol);
    if (stranger !== 0) {
      this.#emit.drop(subnet, stranger);
      return;
    }
    const customer = PROVIDER_CUSTOMER4;
    const fault = this.#translator.ipv4(
      vsid,
      frame + 14,
      shape,
      words[from + customer]!,
      words[to + customer]!,
      false,
    );
    if (fault !== 0) {
      this.#emit.drop(subnet, fault);
      return;
    }
    this.#restore(frame, length, words, to + PROVIDER_VALUE4, from + PROVIDER_VALUE4, subnet, hop.port);
  }

  /** Why a rewritten packet from this record must not pass; 0: it may. */
  #stranger(words: Int32Array, from: number, value: number, vsid: number, protocol: number): number {
    if (from === 0) return verdict.DROP_REWRITE_PEER;
    const fromVsid = words[from + value + P_VSID]!;
    if (fromVsid === 0) return protocol === 47 ? verdict.DROP_TUNNEL_TYPE : verdict.DROP_REWRITE_PEER;
    if (this.#state.hops[words[from + value + P_HOP]!]!.family === 0) return verdict.DROP_TUNNEL_SOURCE;
    return fromVsid === vsid ? 0 : verdict.DROP_REWRITE_PEER;
  }

  #restore(
    frame: number,
    length: number,
    words: Int32Array,
    to: number,
    from: number,
    subnet: number,
    port: number,
  ): void {
    const view = this.#view;
    view.setUint16(frame, words[to + P_MAC_HIGH]!);
    view.setInt32(frame + 2, words[to + P_MAC_LOW]!);
    view.setUint16(frame + 6, words[from + P_MAC_HIGH]!);
    view.setInt32(frame + 8, words[from + P_MAC_LOW]!);
    this.#emit.forward(subnet, port, frame, length, length);
  }

  #ipv6(frame: number, length: number): void {
    const view = this.#view;
    const packet = frame + 14;
    const available = length - 14;
    if (available < 40) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    if (view.getUint8(packet) >> 4 !== 6) {
      this.#emit.drop(0, verdict.DROP_OUTER_MALFORMED);
      return;
    }
    const { own6, hasOwn6 } = this.#state;
    if (!hasOwn6 || !this.#equals6(packet + 24, own6, 0)) {
      this.#rewritten6(frame, length);
      return;
    }
    const packetLength = 40 + view.getUint16(packet + 4);
    const shape = this.#shape;
    shape.reset();
    shapeIpv6(view, packet, packet + Math.min(packetLength, available), shape);
    if (shape.protocol !== 47) {
      this.#emit.punt(frame, length);
      return;
    }
    if (packetLength > available) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    if (shape.isFragment) {
      this.#emit.drop(0, verdict.DROP_OUTER_FRAGMENT);
      return;
    }
    const tos = (view.getUint16(packet) >> 4) & 0xff;
    this.#decapsulate(shape.transport, packet + packetLength, 6, packet + 8, tos);
  }

  #rewritten6(frame: number, length: number): void {
    const { providers6, hops, ports } = this.#state;
    const { words } = providers6;
    const to = this.#findProvider6(frame + 38);
    const vsid = words[to + PROVIDER_VALUE6 + P_VSID]!;
    const hop = hops[words[to + PROVIDER_VALUE6 + P_HOP]!];
    if (to === 0 || vsid === 0 || hop?.family !== 0) {
      this.#emit.punt(frame, length);
      return;
    }
    const shape = this.#shape;
    classifyIpv6(this.#view, frame + 14, length - 14, shape);
    if (shape.fault !== 0) {
      this.#emit.drop(0, outerFault(shape.fault));
      return;
    }
    const { subnet } = ports[hop.port]!;
    const from = this.#findProvider6(frame + 22);
    const stranger = this.#stranger(words, from, PROVIDER_VALUE6, vsid, shape.protocol);
    if (stranger !== 0) {
      this.#emit.drop(subnet, stranger);
      return;
    }
    const customer = PROVIDER_CUSTOMER6;
    const fault = this.#translator.ipv6(
      vsid,
      frame + 14,
      shape,
      words,
      from + customer,
      words,
      to + customer,
      false,
    );
    if (fault !== 0) {
      this.#emit.drop(subnet, fault);
      return;
    }
    this.#restore(frame, length, words, to + PROVIDER_VALUE6, from + PROVIDER_VALUE6, subnet, hop.port);
  }

  #findProvider6(at: number): number {
    const view = this.#view;
    return this.#state.providers6.find5(
      view.getInt32(at),
      view.getInt32(at + 4),
      view.getInt32(at + 8),
      view.getInt32(at + 12),
      0,
    );
  }

  #equals6(at: number, words: Int32Array, from: number): boolean {
    const view = this.#view;
    return (
      view.getInt32(at + 12) === words[from + 3] &&
      view.getInt32(at + 8) === words[from + 2] &&
      view.getInt32(at + 4) === words[from + 1] &&
      view.getInt32(at) === words[from]
    );
  }

  #decapsulate(gre: number, end: number, family: 4 | 6, source: number, outerTos: number): void {
    const view = this.#view;
    if (gre + 4 > end) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    const flags = view.getUint16(gre);
    if ((flags & 7) !== 0) {
      this.#emit.drop(0, verdict.DROP_GRE_VERSION);
      return;
    }
    if ((flags & 0xdc00) !== 0) {
      this.#emit.drop(0, verdict.DROP_GRE_FLAGS);
      return;
    }
    if (view.getUint16(gre + 2) !== 0x6558) {
      this.#emit.drop(0, verdict.DROP_GRE_PROTOCOL);
      return;
    }
    if ((flags & 0x2000) === 0) {
      this.#emit.drop(0, verdict.DROP_GRE_NO_KEY);
      return;
    }
    if (gre + 8 > end) {
      this.#emit.drop(0, verdict.DROP_OUTER_TRUNCATED);
      return;
    }
    const vsid = view.getUint32(gre + 4) >>> 8;
    const frame = gre + 8;
    const length = end - frame;
    const subnet = this.#state.subnets.get(vsid) ?? 0;
    if (subnet === 0) {
      this.#emit.drop(0, unknownVsid(vsid));
      return;
    }
    if (length < 14) {
      this.#emit.drop(subnet, verdict.DROP_INNER_TRUNCATED);
      return;
    }
    this.#inner(vsid, subnet, frame, length, family, source, outerTos);
  }

  #inner(
    vsid: number,
    subnet: number,
    frame: number,
    length: number,
    family: 4 | 6,
    source: number,
    outerTos: number,
  ): void {
    const view = this.#view;
    const { macs, hops, ports } = this.#state;
    const type = view.getUint16(frame + 12);
    if (type === 0x8100 || type === 0x88a8) {
      this.#emit.drop(subnet, verdict.DROP_VLAN_TAG);
      return;
    }
    const entry = macs.find3(vsid, view.getUint16(frame), view.getInt32(frame + 2));
    const hop = entry === 0 ? undefined : hops[macs.words[entry + MAC_HOP]!];
    const port = hop?.family === 0 ? hop.port : 0;
    const fault = this.#check(vsid, frame, length, type, family, source, port !== 0 && ports[port]!.rewrite);
    if (fault !== 0) {
      this.#emit.drop(subnet, fault);
      return;
    }
    if ((view.getUint8(frame) & 1) !== 0) {
      this.#emit.drop(subnet, verdict.DROP_FLOOD);
      return;
    }
    if (port === 0) {
      this.#emit.drop(subnet, verdict.DROP_NO_LOCAL_PORT);
      return;
    }
    if (!this.#takeEcn(frame + 14, type, outerTos)) {
      this.#emit.drop(subnet, verdict.DROP_ECN_CE);
      return;
    }
    this.#emit.forward(subnet, port, frame, length, length);
  }

  #check(
    vsid: number,
    frame: number,
    length: number,
    type: number,
    family: 4 | 6,
    source: number,
    toRewrite: boolean,
  ): number {
    const view = this.#view;
    const packet = frame + 14;
    if (type === 0x0800) {
      classifyIpv4(view, packet, length - 14, this.#shape);
      if (this.#shape.fault !== 0) return innerFault(this.#shape.fault);
      if (!this.#isSource4(vsid, frame, family, source)) return verdict.DROP_TUNNEL_SOURCE;
      const isWrong = toRewrite && this.#isOwnProvider4(vsid, frame) && this.#hasProvider4(vsid, packet + 16);
      return isWrong ? verdict.DROP_TUNNEL_TYPE : 0;
    }
    if (type === 0x86dd) {
      classifyIpv6(view, packet, length - 14, this.#shape);
      if (this.#shape.fault !== 0) return innerFault(this.#shape.fault);
      if (!this.#isSource6(vsid, frame, family, source)) return verdict.DROP_TUNNEL_SOURCE;
      const isWrong = toRewrite && this.#isOwnProvider6(vsid, frame) && this.#hasProvider6(vsid, packet + 24);
      return isWrong ? verdict.DROP_TUNNEL_TYPE : 0;
    }
    return this.#isSourceByMac(vsid, frame, true, family, source) ? 0 : verdict.DROP_TUNNEL_SOURCE;
  }

  /** The source has a provider address, and sent the frame itself. */
  #isOwnProvider4(vsid: number, frame: number): boolean {
    const { addresses4 } = this.#state;
    const value = addresses4.find2(vsid, this.#view.getInt32(frame + 26)) + VALUE4;
    return this.#hasProvider4(vsid, frame + 26) && this.#isSenders(addresses4.words, value, frame);
  }

  #isOwnProvider6(vsid: number, frame: number): boolean {
    const value = this.#find6(vsid, frame + 22) + VALUE6;
    return (
      this.#hasProvider6(vsid, frame + 22) && this.#isSenders(this.#state.addresses6.words, value, frame)
    );
  }

  #isSenders(words: Int32Array, value: number, frame: number): boolean {
    const view = this.#view;
    return (
      words[value + MAC_LOW] === view.getInt32(frame + 8) &&
      words[value + MAC_HIGH] === view.getUint16(frame + 6)
    );
  }

  #isSource4(vsid: number, frame: number, family: 4 | 6, source: number): boolean {
    const view = this.#view;
    const { addresses4 } = this.#state;
    const { words } = addresses4;
    const src = view.getInt32(frame + 26);
    const value = addresses4.find2(vsid, src) + VALUE4;
    if (value !== VALUE4 && this.#isSenders(words, value, frame))
      return this.#owns(words[value + HOP]!, family, source);
    return this.#isSourceByMac(vsid, frame, src === 0, family, source);
  }

  #isSource6(vsid: number, frame: number, family: 4 | 6, source: number): boolean {
    const view = this.#view;
    const { words } = this.#state.addresses6;
    const value = this.#find6(vsid, frame + 22) + VALUE6;
    if (value !== VALUE6 && this.#isSenders(words, value, frame))
      return this.#owns(words[value + HOP]!, family, source);
    const first = view.getInt32(frame + 22);
    const isLinkLocal = first >>> 22 === 0x3fa;
    const isUnspecified =
      (first | view.getInt32(frame + 26) | view.getInt32(frame + 30) | view.getInt32(frame + 34)) === 0;
    return this.#isSourceByMac(vsid, frame, isLinkLocal || isUnspecified, family, source);
  }

  #find6(vsid: number, at: number): number {
    const view = this.#view;
    const { addresses6 } = this.#state;
    return addresses6.find5(
      vsid,
      view.getInt32(at),
      view.getInt32(at + 4),
      view.getInt32(at + 8),
      view.getInt32(at + 12),
    );
  }

  #isSourceByMac(vsid: number, frame: number, anyEndpoint: boolean, family: 4 | 6, source: number): boolean {
    const { macs } = this.#state;
    const entry = macs.find3(vsid, this.#view.getUint16(frame + 6), this.#view.getInt32(frame + 8));
    if (entry === 0) return false;
    if (!anyEndpoint && (macs.words[entry + MAC_FLAGS]! & FORWARDING) === 0) return false;
    return this.#owns(macs.words[entry + MAC_HOP]!, family, source);
  }

  #owns(index: number, family: 4 | 6, source: number): boolean {
    const hop = this.#state.hops[index]!;
    if (family === 4) return hop.hasProvider4 && this.#view.getInt32(source) === hop.provider4;
    return hop.hasProvider6 && this.#equals6(source, hop.provider6, 0);
  }

  #hasProvider4(vsid: number, at: number): boolean {
    const { addresses4 } = this.#state;
    const entry = addresses4.find2(vsid, this.#view.getInt32(at));
    return entry !== 0 && addresses4.words[entry + VALUE4 + PROVIDER] !== 0;
  }

  #hasProvider6(vsid: number, at: number): boolean {
    const entry = this.#find6(vsid, at);
    return entry !== 0 && hasAddress6(this.#state.addresses6.words, entry + VALUE6 + PROVIDER);
  }

  #takeEcn(packet: number, type: number, outerTos: number): boolean {
    if (type !== 0x0800 && type !== 0x86dd) return true;
    const view = this.#view;
    const word = view.getUint16(packet);
    const shift = type === 0x0800 ? 0 : 4;
    const inner = (word >> shift) & 3;
    const outer = outerTos & 3;
    if (inner === 0) return outer !== 3;
    // CE wins; ECT(1) on the way turns ECT(0) into ECT(1): RFC 6040 figure 4.
    const combined = inner === 3 || outer === 3 ? 3 : inner === 2 && outer === 1 ? 1 : inner;
    if (combined === inner) return true;
    const changed = (word & ~(3 << shift)) | (combined << shift);
    view.setUint16(packet, changed);
    if (type === 0x0800)
      view.setUint16(packet + 10, updated(view.getUint16(packet + 10), (~word & 0xffff) + changed));
    return true;
  }
}

function unknownVsid(vsid: number): number {
  if (vsid < 0x1000) return verdict.DROP_VSID_RESERVED;
  return vsid === 0xff_ffff ? verdict.DROP_VSID_ALL_ONES : verdict.DROP_VSID_UNKNOWN;
}

function outerFault(fault: number): number {
  return fault === TRUNCATED ? verdict.DROP_OUTER_TRUNCATED : verdict.DROP_OUTER_MALFORMED;
}
