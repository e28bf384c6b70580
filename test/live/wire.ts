/** The far end of a veth pair: sends frames and shows those that arrive, whole, with the VLAN tag that the kernel takes out. */

import type { System } from '../../src/live/system.ts';

const AF_PACKET = 17;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const SNAP = 70_000;

export class Wire {
  readonly #system: System;
  readonly #fd: number;
  readonly #frame = new Uint8Array(SNAP);
  readonly #control = new Uint8Array(64);
  readonly #vector = new Uint8Array(16);
  readonly #message = new Uint8Array(64);

  constructor(system: System, ifindex: number) {
    this.#system = system;
    this.#fd = system.socket(AF_PACKET, 3 | 0o4000, 0);
    const one = new Uint8Array([1, 0, 0, 0]);
    system.setsockopt(this.#fd, SOL_PACKET, PACKET_AUXDATA, one, 4);
    system.setsockopt(this.#fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, one, 4);
    system.setsockopt(this.#fd, 1, 33, new Uint8Array([0, 0, 0, 1]), 4);
    const address = new Uint8Array(20);
    const view = new DataView(address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setUint16(2, 3, false);
    view.setInt32(4, ifindex, true);
    if (this.#fd < 0 || system.bind(this.#fd, address, 20) < 0) throw new Error('no socket for the wire');
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, BigInt(system.pointer(this.#frame)), true);
    vector.setBigUint64(8, BigInt(SNAP), true);
  }

  /** False: the kernel did not take it. */
  send(frame: Uint8Array): boolean {
    this.#frame.set(frame);
    return this.#system.sendto(this.#fd, this.#system.pointer(this.#frame), frame.length, 0, 0, 0) >= 0;
  }

  /** What has arrived and was not received yet: at most so many frames. */
  receive(most = Infinity): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const view = new DataView(this.#message.buffer);
    while (frames.length < most) {
      this.#message.fill(0);
      view.setBigUint64(16, BigInt(this.#system.pointer(this.#vector)), true);
      view.setBigUint64(24, 1n, true);
      view.setBigUint64(32, BigInt(this.#system.pointer(this.#control)), true);
      view.setBigUint64(40, 64n, true);
      const message = this.#system.pointer(this.#message);
      if (this.#system.recvmmsg(this.#fd, message, 1, 0x40, 0) !== 1) break;
      frames.push(this.#whole(this.#frame.slice(0, view.getUint32(56, true))));
    }
    return frames;
  }

  #whole(frame: Uint8Array): Uint8Array {
    const control = new DataView(this.#control.buffer);
    const status = control.getUint32(16, true);
    if ((status & 0x10) === 0) return frame;
    const tag = new Uint8Array(4);
    new DataView(tag.buffer).setUint16(0, (status & 0x40) === 0 ? 0x8100 : control.getUint16(34, true));
    new DataView(tag.buffer).setUint16(2, control.getUint16(32, true));
    return new Uint8Array([...frame.subarray(0, 12), ...tag, ...frame.subarray(12)]);
  }

  close(): void {
    this.#system.close(this.#fd);
  }
}
