/**
 * Answers routers that ask for the MAC of a rewrite address of this host (ARP, RFC 826; neighbour discovery, RFC 4861): the host's own
 * stack does not have these addresses. Hosts of the fabric need not ask, they know from the policy where an address is.
 */

import type { IpAddress, MacAddress } from '../../policy/model.ts';
import { type Question, advertisement, announcement, arpReply, readQuestion } from './neighbor-frames.ts';
import type { Kernel } from './kernel.ts';
import { systemError } from './kernel.ts';
import type { PacketSender } from './packet-sender.ts';
import { AF_PACKET, SOCK_CLOEXEC, SOCK_RAW, readAll } from './sockets.ts';

const SOL_SOCKET = 1;
const SOL_PACKET = 263;
const SO_ATTACH_FILTER = 26;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_ALLMULTI = 2;
const ETH_P_ALL_WIRE = 0x0300;

export class Responder {
  readonly #kernel: Kernel;
  readonly #sender: PacketSender;
  readonly #buffer = new Uint8Array(2048);
  #fd = -1;
  #link: number;
  #mac: MacAddress;
  #own = new Map<number | bigint, IpAddress>();

  /** @param link index of the uplink. @param mac that is answered. */
  constructor(kernel: Kernel, sender: PacketSender, link: number, mac: MacAddress) {
    this.#kernel = kernel;
    this.#sender = sender;
    this.#link = link;
    this.#mac = mac;
  }

  /** Can be read when somebody asked; −1: there is nothing to answer for. */
  get fd(): number {
    return this.#fd;
  }

  /** The uplink is another one, or has another MAC. */
  moveTo(link: number, mac: MacAddress): void {
    this.#link = link;
    this.#mac = mac;
    this.#close();
    this.setAddresses([...this.#own.values()]);
  }

  /**
   * The rewrite addresses of this host, all of them. New ones are announced, so that routers that knew them elsewhere follow.
   * @throws LiveError
   */
  setAddresses(addresses: readonly IpAddress[]): void {
    const before = this.#own;
    this.#own = new Map(addresses.map((address) => [address.value, address]));
    if (this.#own.size > 0 && this.#fd < 0) this.#open();
    for (const address of addresses)
      if (!before.has(address.value)) this.#sender.send(this.#link, announcement(address, this.#mac));
  }

  /** Answers what was asked. */
  answer(): void {
    readAll(this.#kernel.sockets, this.#fd, this.#buffer, (frame) => {
      const question = readQuestion(frame);
      if (question === undefined || !this.#own.has(question.target.value)) return;
      this.#sender.send(this.#link, this.#answerTo(question));
    });
  }

  close(): void {
    this.#close();
  }

  #answerTo(question: Question): Uint8Array {
    return question.target.family === 4 ? arpReply(question, this.#mac) : advertisement(question, this.#mac);
  }

  #close(): void {
    if (this.#fd >= 0) this.#kernel.sockets.close(this.#fd);
    this.#fd = -1;
  }

  #open(): void {
    const { sockets } = this.#kernel;
    const fd = sockets.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) throw systemError('packet socket', sockets.errno());
    const filter = sockets.socketFilter(QUESTIONS);
    const membership = new Uint8Array(16);
    const view = new DataView(membership.buffer);
    view.setInt32(0, this.#link, true);
    view.setUint16(4, PACKET_MR_ALLMULTI, true);
    const address = new Uint8Array(20);
    new DataView(address.buffer).setUint16(0, AF_PACKET, true);
    new DataView(address.buffer).setUint16(2, ETH_P_ALL_WIRE, true);
    new DataView(address.buffer).setInt32(4, this.#link, true);
    const isOpen =
      sockets.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, filter.length) === 0 &&
      sockets.bind(fd, address, address.length) === 0 &&
      sockets.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, membership.length) === 0;
    if (isOpen) {
      this.#fd = fd;
      return;
    }
    const code = sockets.errno();
    sockets.close(fd);
    throw systemError('packet socket', code);
  }
}

/** Classic BPF: ARP requests, and ICMPv6 neighbour solicitations without extension headers. */
const QUESTIONS: readonly (readonly [code: number, yes: number, no: number, value: number])[] = [
  [0x28, 0, 0, 12], // EtherType
  [0x15, 0, 2, 0x0806],
  [0x28, 0, 0, 20], // operation
  [0x15, 5, 6, 1],
  [0x15, 0, 5, 0x86dd],
  [0x30, 0, 0, 20], // next header
  [0x15, 0, 3, 58],
  [0x30, 0, 0, 54], // type
  [0x15, 0, 1, 135],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];
