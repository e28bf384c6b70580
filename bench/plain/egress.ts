/** From a VM's port, in the order of docs/protocol.md. */

import * as verdict from '../../src/abi/verdict.ts';
import type { Emit } from './emit.ts';
import { Shape, TRUNCATED, classifyIpv4, classifyIpv6, fold } from './packet.ts';
import {
  HOP,
  type Hop,
  MAC_FLAGS,
  MAC_HIGH,
  MAC_HOP,
  MAC_LOW,
  PROVIDER,
  type Port,
  REWRITE,
  type State,
  VALUE4,
  VALUE6,
} from './state.ts';
import { Translator, hasAddress6 } from './translate.ts';

const DENIED = -1;

export class Egress {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #state: State;
  readonly #emit: Emit;
  readonly #translator: Translator;
  readonly #shape = new Shape();

  constructor(buffer: ArrayBuffer, state: State, emit: Emit) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#state = state;
    this.#emit = emit;
    this.#translator = new Translator(this.#view, state);
  }

  process(port: Port, start: number, frameLength: number): void {
    const view = this.#view;
    let frame = start;
    let length = frameLength;
    if (length < 14) {
      this.#drop(port, verdict.DROP_FRAME_TRUNCATED);
      return;
    }
    let type = view.getUint16(frame + 12);
    while (type === 0x8100 || type === 0x88a8) {
      if (length < 18) {
        this.#drop(port, verdict.DROP_FRAME_TRUNCATED);
        return;
      }
      if ((view.getUint16(frame + 14) & 0xfff) !== 0) {
        this.#drop(port, verdict.DROP_VLAN_TAG);
        return;
      }
      this.#bytes.copyWithin(frame + 4, frame, frame + 12);
      frame += 4;
      length -= 4;
      type = view.getUint16(frame + 12);
    }
    if (view.getUint16(frame + 6) !== port.macHigh || view.getInt32(frame + 8) !== port.macLow) {
      this.#drop(port, verdict.DROP_SOURCE_MAC);
      return;
    }
    if (type === 0x0800) this.#ipv4(port, frame, length);
    else if (type === 0x86dd) this.#ipv6(port, frame, length);
    else this.#other(port, frame, length, type === 0x0806);
  }

  #drop(port: Port, reason: number): void {
    this.#emit.drop(port.subnet, reason);
  }

  #ipv4(port: Port, frame: number, length: number): void {
    const view = this.#view;
    const shape = this.#shape;
    const packet = frame + 14;
    classifyIpv4(view, packet, length - 14, shape);
    if (shape.fault !== 0) {
      this.#drop(port, innerFault(shape.fault));
      return;
    }
    const source = this.#guard4(port, packet, shape);
    if (source === DENIED) {
      this.#drop(port, verdict.DROP_SOURCE_ADDRESS);
      return;
    }
    const obstacle = this.#obstacle(frame);
    if (obstacle !== 0) {
      this.#drop(port, obstacle);
      return;
    }
    const { words } = this.#state.addresses4;
    const entry = this.#state.addresses4.find2(port.vsid, view.getInt32(packet + 16));
    const tos = view.getUint8(packet + 1);
    if (entry === 0) {
      this.#byMac(port, frame, length, tos, this.#flow4(packet, shape));
      return;
    }
    const hop = this.#state.hops[words[entry + VALUE4 + HOP]!]!;
    if (hop.family === 0) {
      this.#deliver(port, frame, length, hop.port);
      return;
    }
    const provider = words[entry + VALUE4 + PROVIDER]!;
    if (source === 0 || provider === 0) {
      this.#encapsulate(port, frame, length, hop, tos, this.#flow4(packet, shape));
      return;
    }
    if (length - 14 > hop.mtu) {
      this.#drop(port, verdict.DROP_OVER_MTU);
      return;
    }
    const fault = this.#translator.ipv4(port.vsid, packet, shape, source, provider, true);
    if (fault !== 0) {
      this.#drop(port, fault);
      return;
    }
    this.#sendRewritten(
      port,
      frame,
      length,
      hop,
      words[entry + VALUE4 + MAC_HIGH]!,
      words[entry + VALUE4 + MAC_LOW]!,
    );
  }

  #sendRewritten(port: Port, frame: number, length: number, hop: Hop, macHigh: number, macLow: number): void {
    const view = this.#view;
    view.setUint16(frame, hop.useVmMac ? macHigh : hop.rewriteMacHigh);
    view.setInt32(frame + 2, hop.useVmMac ? macLow : hop.rewriteMacLow);
    view.setUint16(frame + 6, port.useVmMac ? port.macHigh : this.#state.macHigh);
    view.setInt32(frame + 8, port.useVmMac ? port.macLow : this.#state.macLow);
    this.#emit.forward(port.subnet, 0, frame, length, length);
  }

  /** The provider address of the source, 0 if it has none, DENIED. */
  #guard4(port: Port, packet: number, shape: Shape): number {
    const src = this.#view.getInt32(packet + 12);
    const { words } = this.#state.addresses4;
    if (src === 0) {
      const isDhcp = shape.protocol === 17 && !shape.isFragment && shape.transport + 4 <= shape.end;
      if (isDhcp && this.#view.getUint32(shape.transport) === 0x00440043) return 0;
    }
    const entry = this.#state.addresses4.find2(port.vsid, src);
    if (entry !== 0 && words[entry + VALUE4 + HOP] === port.hop) return words[entry + VALUE4 + PROVIDER]!;
    return port.forwarding ? 0 : DENIED;
  }

  #ipv6(port: Port, frame: number, length: number): void {
    const view = this.#view;
    const shape = this.#shape;
    const packet = frame + 14;
    classifyIpv6(view, packet, length - 14, shape);
    if (shape.fault !== 0) {
      this.#drop(port, innerFault(shape.fault));
      return;
    }
    if (shape.isBroken || shape.isShortFirst) {
      this.#drop(port, verdict.DROP_INNER_MALFORMED);
      return;
    }
    const source = this.#guard6(port, packet);
    if (source === DENIED) {
      this.#drop(port, verdict.DROP_SOURCE_ADDRESS);
      return;
    }
    const obstacle = this.#obstacle(frame);
    if (obstacle !== 0) {
      this.#drop(port, obstacle);
      return;
    }
    const { words } = this.#state.addresses6;
    const entry = this.#find6(port.vsid, packet + 24);
    const tos = (view.getUint16(packet) >> 4) & 0xff;
    if (entry === 0) {
      this.#byMac(port, frame, length, tos, this.#flow6(packet, shape));
      return;
    }
    const hop = this.#state.hops[words[entry + VALUE6 + HOP]!]!;
    if (hop.family === 0) {
      this.#deliver(port, frame, length, hop.port);
      return;
    }
    const provider = entry + VALUE6 + PROVIDER;
    if (source === 0 || !hasAddress6(words, source) || !hasAddress6(words, provider)) {
      this.#encapsulate(port, frame, length, hop, tos, this.#flow6(packet, shape));
      return;
    }
    if (length - 14 > hop.mtu) {
      this.#drop(port, verdict.DROP_OVER_MTU);
      return;
    }
    const fault = this.#translator.ipv6(port.vsid, packet, shape, words, source, words, provider, true);
    if (fault !== 0) {
      this.#drop(port, fault);
      return;
    }
    this.#sendRewritten(
      port,
      frame,
      length,
      hop,
      words[entry + VALUE6 + MAC_HIGH]!,
      words[entry + VALUE6 + MAC_LOW]!,
    );
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

  /** Where the source's provider address stands, 0 if it has no record of its own, DENIED. */
  #guard6(port: Port, packet: number): number {
    const view = this.#view;
    const [a, b, c, d] = [
      view.getInt32(packet + 8),
      view.getInt32(packet + 12),
      view.getInt32(packet + 16),
      view.getInt32(packet + 20),
    ];
    const own = port.linkLocal;
    if (a === own[0] && b === own[1] && c === own[2] && d === own[3]) return 0;
    if ((a | b | c | d) === 0 && view.getUint8(packet + 24) === 0xff) return 0;
    const { addresses6 } = this.#state;
    const entry = addresses6.find5(port.vsid, a, b, c, d);
    if (entry !== 0 && addresses6.words[entry + VALUE6 + HOP] === port.hop) return entry + VALUE6 + PROVIDER;
    return port.forwarding ? 0 : DENIED;
  }

  #other(port: Port, frame: number, length: number, isArp: boolean): void {
    const view = this.#view;
    if (isArp) {
      if (length < 42) {
        this.#drop(port, verdict.DROP_INNER_TRUNCATED);
        return;
      }
      if (view.getUint32(frame + 14) !== 0x00010800 || view.getUint16(frame + 18) !== 0x0604) {
        this.#drop(port, verdict.DROP_INNER_MALFORMED);
        return;
      }
      if (!this.#isArpSender(port, frame + 14)) {
        this.#drop(port, verdict.DROP_ARP_SENDER);
        return;
      }
    }
    const obstacle = this.#obstacle(frame);
    if (obstacle !== 0) {
      this.#drop(port, obstacle);
      return;
    }
    const { macs, hops } = this.#state;
    const entry = macs.find3(port.vsid, view.getUint16(frame), view.getInt32(frame + 2));
    const bothRewrite = entry !== 0 && port.rewrite && (macs.words[entry + MAC_FLAGS]! & REWRITE) !== 0;
    if (bothRewrite && hops[macs.words[entry + MAC_HOP]!]!.family !== 0) {
      this.#drop(port, verdict.DROP_REWRITE_NON_IP);
      return;
    }
    this.#byMac(port, frame, length, 0, this.#flowOfFrame(frame));
  }

  #isArpSender(port: Port, packet: number): boolean {
    const view = this.#view;
    if (view.getUint16(packet + 8) !== port.macHigh || view.getInt32(packet + 10) !== port.macLow)
      return false;
    const address = view.getInt32(packet + 14);
    if (address === 0 || port.forwarding) return true;
    const { addresses4 } = this.#state;
    const entry = addresses4.find2(port.vsid, address);
    return entry !== 0 && addresses4.words[entry + VALUE4 + HOP] === port.hop;
  }

  #obstacle(frame: number): number {
    const high = this.#view.getUint16(frame);
    if ((high & 0x100) !== 0) return verdict.DROP_FLOOD;
    const isRouter =
      high === this.#state.routerHigh && this.#view.getInt32(frame + 2) === this.#state.routerLow;
    return isRouter ? verdict.DROP_NO_GATEWAY : 0;
  }

  #byMac(port: Port, frame: number, length: number, tos: number, flow: number): void {
    const { macs, hops } = this.#state;
    const entry = macs.find3(port.vsid, this.#view.getUint16(frame), this.#view.getInt32(frame + 2));
    if (entry === 0) {
      this.#drop(port, verdict.DROP_NO_RECORD);
      return;
    }
    const hop = hops[macs.words[entry + MAC_HOP]!]!;
    if (hop.family === 0) this.#deliver(port, frame, length, hop.port);
    else this.#encapsulate(port, frame, length, hop, tos, flow);
  }

  #deliver(port: Port, frame: number, length: number, to: number): void {
    if (this.#state.ports[to] === port) {
      this.#drop(port, verdict.DROP_SAME_PORT);
      return;
    }
    this.#emit.forward(port.subnet, to, frame, length, length);
  }

  #encapsulate(port: Port, frame: number, length: number, hop: Hop, tos: number, flow: number): void {
    const view = this.#view;
    const { header } = hop;
    const outer = frame - header.length;
    const packetLength = header.length - 14 + length;
    if (packetLength > hop.mtu) {
      this.#drop(port, verdict.DROP_OVER_MTU);
      return;
    }
    // A loop beats `set` for a few dozen bytes.
    const bytes = this.#bytes;
    for (let index = 0; index < header.length; index++) bytes[outer + index] = header[index]!;
    const outerTos = (tos & this.#state.tosMask) | this.#state.tosFixed;
    if (hop.family === 4) {
      bytes[outer + 15] = outerTos;
      view.setUint16(outer + 16, packetLength);
      view.setUint16(outer + 24, ~fold(hop.headerSum + packetLength + outerTos) & 0xffff);
    } else {
      view.setUint32(outer + 14, ((0x600 | outerTos) * 0x10_0000 + Math.max(flow >>> 12, 1)) >>> 0);
      view.setUint16(outer + 18, packetLength - 40);
    }
    view.setInt32(frame - 4, (port.vsid << 8) | (flow & this.#state.flowIdMask));
    this.#emit.forward(port.subnet, 0, outer, length + header.length, length);
  }

  // The FlowID is the sender's own choice (N3): 32-bit arithmetic, which JavaScript is good at.

  #ports(shape: Shape): number {
    const { protocol, transport } = shape;
    const hasPorts =
      protocol === 6 || protocol === 17 || protocol === 33 || protocol === 132 || protocol === 136;
    if (!hasPorts || shape.isFragment || shape.isBroken || transport + 4 > shape.end) return 0;
    return this.#view.getInt32(transport);
  }

  #flow4(packet: number, shape: Shape): number {
    const view = this.#view;
    return mix(
      mix(view.getInt32(packet + 12), view.getInt32(packet + 16)),
      this.#ports(shape) + shape.flowProtocol,
    );
  }

  #flow6(packet: number, shape: Shape): number {
    let hash = this.#ports(shape) + shape.flowProtocol;
    for (let at = packet + 8; at < packet + 40; at += 4) hash = mix(hash, this.#view.getInt32(at));
    return hash;
  }

  #flowOfFrame(frame: number): number {
    const view = this.#view;
    return mix(
      mix(view.getInt32(frame), view.getInt32(frame + 4)),
      mix(view.getInt32(frame + 8), view.getUint16(frame + 12)),
    );
  }
}

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ (b << 16) ^ (b >>> 16), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

export function innerFault(fault: number): number {
  return fault === TRUNCATED ? verdict.DROP_INNER_TRUNCATED : verdict.DROP_INNER_MALFORMED;
}
