/** The `mmsg` backend: recvmmsg and sendmmsg on packet sockets, which every kernel has. */

import type { Channel, Opened, Receiver } from './channel.ts';
import type { MessageBuffers } from './messages.ts';
import type { PortContext } from './port-context.ts';
import { joinFanout, openPacketSocket, takeSocketDrops } from './sockets.ts';

export function openMmsg(context: PortContext): Opened {
  const { system, name, ifindex, threads, hasVnet, port, lane, offloads } = context;
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds) system.close(fd);
  };
  let group: number | undefined;
  try {
    for (let thread = 0; thread < threads; thread++) {
      const fd = openPacketSocket(system, { name, ifindex, hasVnet, receives: true });
      fds.push(fd);
      if (threads > 1) group = joinFanout(system, fd, group, name);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    backend: 'mmsg',
    offloads,
    channels: fds.map((fd) => [
      { port, lane, hasVnet, source: { kind: 'mmsg', fd }, sink: { kind: 'socket', fd } },
    ]),
    takeDrops: () => fds.reduce((sum, fd) => sum + takeSocketDrops(system, fd), 0),
    close,
  };
}

/** Reads packet sockets and taps. */
export class MessageReceiver implements Receiver {
  readonly isRing = false;
  readonly fd: number;
  readonly #buffers: MessageBuffers;
  readonly #port: number;
  readonly #vnet: number;
  readonly #isTap: boolean;

  constructor(fd: number, isTap: boolean, channel: Channel, buffers: MessageBuffers) {
    this.fd = fd;
    this.#buffers = buffers;
    this.#port = channel.port;
    this.#vnet = channel.hasVnet ? 1 : 0;
    this.#isTap = isTap;
  }

  receive(most: number): number {
    return this.#isTap
      ? this.#buffers.receiveFromTap(this.fd, most, this.#port, this.#vnet)
      : this.#buffers.receive(this.fd, most, this.#port, this.#vnet);
  }

  get isPending(): boolean {
    return this.#buffers.isPending;
  }

  /** The frames were copied. */
  release(): void {
    return;
  }
}
