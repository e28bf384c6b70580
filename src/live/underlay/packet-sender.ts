/** Sends single frames out of an interface, with their virtio-net header: for what no I/O thread has at hand. */

import { AF_PACKET, MSG_DONTWAIT, PACKET_VNET_HDR, SOCK_CLOEXEC, SOCK_RAW, SOL_PACKET } from '../linux.ts';
import { type System, check, setInt } from '../system.ts';

export class PacketSender {
  readonly #system: System;
  readonly #fd: number;

  /** @throws LiveError without CAP_NET_RAW. */
  constructor(system: System) {
    this.#system = system;
    // Protocol 0: it receives nothing.
    this.#fd = check(system, system.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'packet socket');
    try {
      check(system, setInt(system, this.#fd, SOL_PACKET, PACKET_VNET_HDR, 1), 'packet socket');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param link index of the interface. @returns whether the kernel took it. */
  send(link: number, bytes: Uint8Array): boolean {
    return this.#bind(link) && this.#system.send(this.#fd, bytes, bytes.length, MSG_DONTWAIT) >= 0;
  }

  close(): void {
    this.#system.close(this.#fd);
  }

  #bound = 0;

  /** An interface that vanished and came back has another number. */
  #bind(link: number): boolean {
    if (this.#bound === link) return true;
    const address = new Uint8Array(20);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setInt32(4, link, true);
    if (this.#system.bind(this.#fd, address, address.length) !== 0) return false;
    this.#bound = link;
    return true;
  }
}
