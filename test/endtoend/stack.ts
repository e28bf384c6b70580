/**
 * The network stack of a VM, as Linux has it, for tests: it knows nothing of netvirt and shares nothing with it. Without
 * timers: who drives it decides when enough time has passed.
 */

import {
  ETHER_TYPE,
  PROTOCOL,
  type Upper,
  arp,
  ethernet,
  fragment,
  icmpv4,
  icmpv6,
  ip,
  ipv4,
  ipv6,
  raw,
  udp,
} from '../packets/index.ts';
import { Connection } from './connection.ts';
import { Discovery } from './discovery.ts';
import { NeighborCache } from './neighbors.ts';
import {
  Malformed,
  type Packet,
  canonical,
  parseArp,
  parseFrame,
  parseIcmp,
  parseIp,
  parseTcp,
  parseUdp,
} from './parse.ts';
import { Reassembler, cut } from './pieces.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
/** RFC 8201 §4: what every path takes. */
const IPV6_MIN_MTU = 1280;

export interface StackOptions {
  readonly mac: string;
  /** In a /24. */
  readonly ipv4: string;
  readonly gateway: string;
  readonly ipv6: string;
  /** Of the vNIC. */
  readonly mtu: number;
  /** Linux: `accept_ra_mtu`, default true. */
  readonly acceptRaMtu?: boolean;
}

export interface IcmpError {
  readonly from: string;
  readonly type: number;
  readonly code: number;
  readonly mtu: number;
  /** Whereto the packet was that it is about. */
  readonly about: string;
}

export interface SendOptions {
  readonly ttl?: number;
  /** IPv4 without DF, as `IP_PMTUDISC_DONT` does. Otherwise DF is set on what fits, and the rest goes in pieces. */
  readonly noDf?: boolean;
}

export class Stack {
  /** What came, of all kinds; and what a host must not be sent. */
  readonly packets: Packet[] = [];
  readonly faults: string[] = [];
  frames = 0;
  readonly echoReplies: { from: string; sequence: number; data: Uint8Array; ttl: number }[] = [];
  readonly datagrams: { from: string; port: number; data: Uint8Array }[] = [];
  readonly errors: IcmpError[] = [];
  readonly discovery: Discovery;
  readonly arp: NeighborCache;
  readonly #options: StackOptions;
  readonly #own4: string;
  readonly #transmit: (frame: Uint8Array) => void;
  readonly #pathMtus = new Map<string, number>();
  readonly #reassembler = new Reassembler();
  readonly #open = new Set<number>();
  readonly #listening = new Set<number>();
  readonly connections = new Map<string, Connection>();
  #id = 1;

  constructor(options: StackOptions, transmit: (frame: Uint8Array) => void) {
    this.#options = options;
    this.#transmit = transmit;
    this.#own4 = canonical(options.ipv4);
    const { mac } = options;
    this.discovery = new Discovery(mac, options.ipv6, transmit);
    this.arp = new NeighborCache(
      (address) => {
        this.askFor(address);
      },
      (dst, packet) => {
        transmit(ethernet({ src: mac, dst, type: ETHER_TYPE.ipv4 }, packet));
      },
    );
  }

  /** @param from `0.0.0.0` only wants to know whether somebody has the address (RFC 5227 §2.1.1). */
  askFor(address: string, from = this.#own4): void {
    const { mac } = this.#options;
    const request = arp({ senderMac: mac, senderIp: from, targetIp: address });
    this.#transmit(ethernet({ src: mac, dst: BROADCAST, type: ETHER_TYPE.arp }, request));
  }

  /** Bytes of IP that the way there takes, as far as the stack knows. */
  pathMtu(dst: string): number {
    const { mtu, acceptRaMtu = true } = this.#options;
    const advertised = this.discovery.router?.mtu;
    const isNarrowed = dst.includes(':') && acceptRaMtu && advertised !== undefined;
    const link = isNarrowed ? Math.min(mtu, advertised) : mtu;
    return Math.min(link, this.#pathMtus.get(canonical(dst)) ?? Infinity);
  }

  // —— Sending ——

  ping(to: string, data: Uint8Array, sequence: number, options: SendOptions = {}): void {
    const build = to.includes(':') ? icmpv6 : icmpv4;
    this.#send(to, build({ type: to.includes(':') ? 128 : 8, rest: 0x0100_0000 + sequence }, data), options);
  }

  sendTo(to: string, port: number, data: Uint8Array, options: SendOptions = {}): void {
    this.#send(to, udp({ srcPort: 40_000, dstPort: port }, data), options);
  }

  /** Datagrams to the port are taken; to any other they are refused. */
  openPort(port: number): void {
    this.#open.add(port);
  }

  listen(port: number): void {
    this.#listening.add(port);
  }

  connect(to: string, port: number, srcPort: number): Connection {
    const connection = this.#connection(canonical(to), srcPort, port);
    connection.connect();
    return connection;
  }

  #connection(peer: string, own: number, port: number): Connection {
    const headers = peer.includes(':') ? 40 : 20;
    const path = {
      announced: this.#options.mtu - headers - 20,
      room: () => this.pathMtu(peer) - headers,
      transmit: (segment: Upper) => {
        this.#send(peer, segment, {});
      },
    };
    const first = 0xffff_ff00 + own;
    const connection = new Connection(path, { srcPort: own, dstPort: port }, first);
    this.connections.set(`${peer} ${port} ${own}`, connection);
    return connection;
  }

  #send(to: string, upper: Upper, options: SendOptions): void {
    const dst = canonical(to);
    const packets = dst.includes(':')
      ? this.#packets6(dst, upper, options)
      : this.#packets4(dst, upper, options);
    for (const packet of packets) {
      if (dst.includes(':')) this.discovery.neighbors.send(this.#nextHop6(dst), packet);
      else this.arp.send(this.#nextHop4(dst), packet);
    }
  }

  #nextHop4(dst: string): string {
    const network = (address: string) => address.replace(/\d+$/, '');
    return network(dst) === network(this.#own4) ? dst : this.#options.gateway;
  }

  #nextHop6(dst: string): string {
    if (this.discovery.isOnLink(dst)) return dst;
    const { router } = this.discovery;
    if (router === undefined || router.lifetime === 0) throw new Error(`no route to ${dst}`);
    return router.from;
  }

  #packets4(dst: string, upper: Upper, { ttl = 64, noDf = false }: SendOptions): Uint8Array[] {
    const src = this.#own4;
    const whole = upper.build({ src: ip(src), dst: ip(dst) });
    const fields = { src, dst, ttl, id: this.#id++, protocol: upper.protocol };
    const mtu = this.pathMtu(dst);
    if (20 + whole.length <= mtu) return [ipv4({ ...fields, df: !noDf }, whole)];
    return cut(whole, mtu - 20).map(({ offset, mf, data }) =>
      ipv4({ ...fields, offset: offset / 8, mf }, data),
    );
  }

  #packets6(dst: string, upper: Upper, { ttl: hopLimit = 64 }: SendOptions): Uint8Array[] {
    const src = this.discovery.sourceFor(dst);
    const whole = upper.build({ src: ip(src), dst: ip(dst) });
    const fields = { src, dst, hopLimit, protocol: upper.protocol };
    const mtu = this.pathMtu(dst);
    if (40 + whole.length <= mtu) return [ipv6(fields, whole)];
    const id = this.#id++;
    return cut(whole, mtu - 48).map(({ offset, mf: more, data }) =>
      ipv6({ ...fields, headers: [fragment({ offset: offset / 8, more, id })] }, raw(upper.protocol, data)),
    );
  }

  // —— Receiving ——

  receive(bytes: Uint8Array): void {
    this.frames++;
    try {
      const frame = parseFrame(bytes);
      const isForUs =
        [this.#options.mac, BROADCAST].includes(frame.dst) || this.discovery.groups.has(frame.dst);
      if (!isForUs) return;
      if (frame.type === ETHER_TYPE.arp) this.#receiveArp(frame.payload);
      else if (frame.type === ETHER_TYPE.ipv4 || frame.type === ETHER_TYPE.ipv6)
        this.#receiveIp(frame.payload);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.faults.push(error.message);
    }
  }

  #receiveArp(payload: Uint8Array): void {
    const { operation, senderIp, senderMac, targetIp } = parseArp(payload);
    if (targetIp !== this.#own4 && operation === 1) return;
    this.arp.learn(senderIp, senderMac);
    if (operation !== 1) return;
    const { mac } = this.#options;
    const answer = { operation: 'reply', senderMac: mac, senderIp: targetIp, targetMac: senderMac } as const;
    this.#transmit(
      ethernet({ src: mac, dst: senderMac, type: ETHER_TYPE.arp }, arp({ ...answer, targetIp: senderIp })),
    );
  }

  #receiveIp(payload: Uint8Array): void {
    const piece = parseIp(payload);
    this.packets.push(piece);
    const packet = this.#reassembler.take(piece);
    if (packet === undefined) return;
    const isOwn = [this.#own4, ...this.discovery.own].includes(packet.dst);
    if (packet.protocol === PROTOCOL.icmpv4 || packet.protocol === PROTOCOL.icmpv6) this.#receiveIcmp(packet);
    else if (!isOwn) return;
    else if (packet.protocol === PROTOCOL.udp) this.#receiveUdp(packet);
    else if (packet.protocol === PROTOCOL.tcp) this.#receiveTcp(packet);
  }

  #receiveIcmp(packet: Packet): void {
    const message = parseIcmp(packet);
    const { type, rest, body } = message;
    const isV6 = packet.family === 6;
    if (isV6 && type >= 133 && type <= 137) this.discovery.receive(packet, message);
    else if (type === (isV6 ? 128 : 8)) {
      const build = isV6 ? icmpv6 : icmpv4;
      this.#send(packet.src, build({ type: isV6 ? 129 : 0, rest }, body), {});
    } else if (type === (isV6 ? 129 : 0)) {
      this.echoReplies.push({ from: packet.src, sequence: rest & 0xffff, data: body, ttl: packet.ttl });
    } else if (isV6 ? type < 128 : [3, 11, 12].includes(type)) this.#receiveError(packet, message);
  }

  #receiveError({ src, family }: Packet, { type, code, rest, body }: ReturnType<typeof parseIcmp>): void {
    const quoted = parseIp(body, true);
    if (![this.#own4, ...this.discovery.own].includes(quoted.src))
      throw new Malformed(`an error about a packet from ${quoted.src}`);
    const isSize = family === 4 ? type === 3 && code === 4 : type === 2;
    const mtu = family === 4 ? rest & 0xffff : rest;
    this.errors.push({ from: src, type, code, mtu: isSize ? mtu : 0, about: quoted.dst });
    if (!isSize) return;
    const least = family === 4 ? 68 : IPV6_MIN_MTU;
    this.#pathMtus.set(quoted.dst, Math.min(this.pathMtu(quoted.dst), Math.max(mtu, least)));
    for (const [key, connection] of this.connections)
      if (key.startsWith(`${quoted.dst} `)) connection.sendAgain();
  }

  #receiveUdp(packet: Packet): void {
    const { srcPort, dstPort, data } = parseUdp(packet);
    if (srcPort !== 0 && this.#open.has(dstPort)) {
      this.datagrams.push({ from: packet.src, port: dstPort, data });
      return;
    }
    const isV6 = packet.family === 6;
    const quoted = packet.bytes.slice(0, 512);
    const refusal = isV6 ? icmpv6({ type: 1, code: 4 }, quoted) : icmpv4({ type: 3, code: 3 }, quoted);
    this.#send(packet.src, refusal, {});
  }

  #receiveTcp(packet: Packet): void {
    const segment = parseTcp(packet);
    const key = `${packet.src} ${segment.srcPort} ${segment.dstPort}`;
    let connection = this.connections.get(key);
    if (connection === undefined && this.#listening.has(segment.dstPort) && (segment.flags & 2) !== 0)
      connection = this.#connection(packet.src, segment.dstPort, segment.srcPort);
    connection?.receive(segment);
  }
}
