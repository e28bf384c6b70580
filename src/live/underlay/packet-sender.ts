/** Sends single frames out of an interface, with their virtio-net header: for what no I/O thread has at hand. */

import { systemError } from './kernel.ts';
import { AF_PACKET, SOCK_CLOEXEC, SOCK_RAW, type Sockets, setOption } from './sockets.ts';

const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const MSG_DONTWAIT = 0x40;

export class PacketSender {
  readonly #sockets: Sockets;
  readonly #fd: number;

  /** @throws LiveError without CAP_NET_RAW. */
  constructor(sockets: Sockets) {
    this.#sockets = sockets;
    // Protocol 0: it receives nothing.
    this.#fd = sockets.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0 || !setOption(sockets, this.#fd, PACKET_VNET_HDR, 1, SOL_PACKET))
      throw systemError('packet socket', sockets.errno());
  }

  /** @param link index of the interface. @returns whether the kernel took it. */
  send(link: number, bytes: Uint8Array): boolean {
    return this.#bind(link) && this.#sockets.send(this.#fd, bytes, bytes.length, MSG_DONTWAIT) >= 0;
  }

  close(): void {
    this.#sockets.close(this.#fd);
  }

  #bound = 0;

  /** An interface that vanished and came back has another number. */
  #bind(link: number): boolean {
    if (this.#bound === link) return true;
    const address = new Uint8Array(20);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setInt32(4, link, true);
    if (this.#sockets.bind(this.#fd, address, address.length) !== 0) return false;
    this.#bound = link;
    return true;
  }
}
