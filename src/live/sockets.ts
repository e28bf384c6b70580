/** Packet sockets: packet(7). */

import { MESSAGE_SIZE, VECTOR_SIZE } from '../abi/live.ts';
import type { SendCounts } from './channel.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  MSG_DONTWAIT,
  PACKET_ADD_MEMBERSHIP,
  PACKET_AUXDATA,
  PACKET_FANOUT,
  PACKET_FANOUT_FLAG_UNIQUEID,
  PACKET_FANOUT_HASH,
  PACKET_IGNORE_OUTGOING,
  PACKET_MR_PROMISC,
  PACKET_QDISC_BYPASS,
  PACKET_STATISTICS,
  PACKET_VNET_HDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
  SO_ATTACH_FILTER,
  SO_ERROR,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
} from './linux.ts';
import { type System, check, errnoText, setInt, words } from './system.ts';

/** Bytes that wait in a socket at most: super-segments are large. */
const SOCKET_BUFFER = 16 << 20;

export interface SocketOptions {
  readonly name: string;
  readonly ifindex: number;
  readonly hasVnet: boolean;
  /** False: it only sends. */
  readonly receives: boolean;
  /** Called before frames can arrive. */
  readonly prepare?: (fd: number) => void;
}

/** @returns a file descriptor. @throws LiveError */
export function openPacketSocket(system: System, options: SocketOptions): number {
  const { name, ifindex, hasVnet, receives, prepare } = options;
  // Without a protocol nothing arrives before it is bound.
  const fd = system.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(system, fd, `${name}: cannot open a packet socket`);
  try {
    const set = (option: number, value: number, what: string) =>
      check(system, setInt(system, fd, SOL_PACKET, option, value), `${name}: cannot set ${what}`);
    if (hasVnet) set(PACKET_VNET_HDR, 1, 'PACKET_VNET_HDR');
    set(PACKET_QDISC_BYPASS, 1, 'PACKET_QDISC_BYPASS');
    setInt(system, fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER);
    if (receives) {
      set(PACKET_AUXDATA, 1, 'PACKET_AUXDATA');
      set(PACKET_IGNORE_OUTGOING, 1, 'PACKET_IGNORE_OUTGOING');
      setInt(system, fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER);
    }
    prepare?.(fd);
    bind(system, fd, ifindex, receives ? ETH_P_ALL : 0, name);
    if (receives) {
      // struct packet_mreq: ifindex, type u16, length u16, address. The VMs' MACs are not the interface's own.
      const request = words(ifindex, PACKET_MR_PROMISC, 0, 0);
      const result = system.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, 16);
      check(system, result, `${name}: cannot receive every frame (promiscuous mode)`);
    }
    return fd;
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

function bind(system: System, fd: number, ifindex: number, protocol: number, name: string): void {
  // struct sockaddr_ll: family u16, protocol u16 (wire), ifindex, hatype u16, pkttype u8, halen u8, address of 8 bytes
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, protocol, false);
  view.setInt32(4, ifindex, true);
  check(system, system.bind(fd, address, address.length), `${name}: cannot bind a packet socket`);
}

/**
 * Spreads what arrives over sockets by a hash of the flow.
 * @param group of the other sockets; undefined: this is the first. @returns the group's number.
 */
export function joinFanout(system: System, fd: number, group: number | undefined, name: string): number {
  const flags = PACKET_FANOUT_HASH | (group === undefined ? PACKET_FANOUT_FLAG_UNIQUEID : 0);
  const value = ((flags << 16) | (group ?? 0)) >>> 0;
  check(system, setInt(system, fd, SOL_PACKET, PACKET_FANOUT, value), `${name}: cannot spread flows`);
  if (group !== undefined) return group;
  const answer = new Uint8Array(4);
  check(
    system,
    system.getsockopt(fd, SOL_PACKET, PACKET_FANOUT, answer, words(4)),
    `${name}: cannot spread flows`,
  );
  return new DataView(answer.buffer).getUint16(0, true);
}

/** Frames that the socket had no room for, since the last call: the kernel begins anew. */
export function takeSocketDrops(system: System, fd: number): number {
  // struct tpacket_stats: packets, drops; _v3 has a third word
  const stats = new Uint8Array(12);
  if (system.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, stats, words(12)) < 0) return 0;
  return new DataView(stats.buffer).getUint32(4, true);
}

/**
 * Lets nothing through but ARP, ICMP and ICMPv6: what the dataplane needs of the host's own packets beside the tunnels.
 * A classic BPF program, struct sock_filter: code u16, jt u8, jf u8, k u32.
 */
export function attachControlFilter(system: System, fd: number, name: string): void {
  const instructions: [code: number, jt: number, jf: number, k: number][] = [
    [0x28, 0, 0, 12], // EtherType
    [0x15, 6, 0, 0x0806], // ARP: accept
    [0x15, 0, 2, 0x0800], // IPv4, else on
    [0x30, 0, 0, 23],
    [0x15, 3, 4, 1], // ICMP: accept, else refuse
    [0x15, 0, 3, 0x86dd], // IPv6, else refuse
    [0x30, 0, 0, 20],
    [0x15, 0, 1, 58], // ICMPv6: accept, else refuse
    [0x06, 0, 0, 0xffff_ffff],
    [0x06, 0, 0, 0],
  ];
  const program = new Uint8Array(instructions.length * 8);
  const view = new DataView(program.buffer);
  instructions.forEach(([code, jt, jf, k], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  // struct sock_fprog: len u16, then a pointer
  const header = new Uint8Array(16);
  new DataView(header.buffer).setUint16(0, instructions.length, true);
  new DataView(header.buffer).setBigUint64(8, BigInt(system.pointer(program)), true);
  const result = system.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, header, header.length);
  check(system, result, `${name}: cannot filter a socket`);
}

const DOWN = new Set(['ENETDOWN', 'ENXIO', 'ENODEV', 'EBADFD', 'EIO']);
/** How often a full queue is tried again. */
const ATTEMPTS = 3;

/**
 * Sends `count` messages; what the kernel does not take is counted and lost, as on any full queue.
 * @param messages address of an array of struct mmsghdr.
 */
export function sendMessages(
  system: System,
  fd: number,
  messages: number,
  count: number,
  counts: SendCounts,
): void {
  let done = 0;
  let attempts = 0;
  while (done < count) {
    const sent = system.sendmmsg(fd, messages + done * MESSAGE_SIZE, count - done, MSG_DONTWAIT);
    if (sent > 0) {
      done += sent;
      counts.sent += sent;
      attempts = 0;
      continue;
    }
    const { name } = errnoText(system.errno());
    if (DOWN.has(name)) {
      counts.down += count - done;
      return;
    }
    if ((name === 'EAGAIN' || name === 'ENOBUFS' || name === 'EINTR') && attempts++ < ATTEMPTS) continue;
    counts.errors++;
    attempts = 0;
    done++;
  }
}

/**
 * As `sendMessages`, to a tap: a system call for each.
 * @param vectors address of an array of struct iovec.
 */
export function writeFrames(
  system: System,
  fd: number,
  vectors: number,
  count: number,
  counts: SendCounts,
): void {
  for (let index = 0; index < count; index++) {
    if (system.writev(fd, vectors + index * VECTOR_SIZE, 1) >= 0) counts.sent++;
    else if (DOWN.has(errnoText(system.errno()).name)) counts.down++;
    else counts.errors++;
  }
}

/** An error that the socket keeps (ENETDOWN) would end every later poll: takes it. */
export function takeSocketError(system: System, fd: number): void {
  system.getsockopt(fd, SOL_SOCKET, SO_ERROR, new Uint8Array(4), words(4));
}
