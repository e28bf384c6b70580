/**
 * Keeps frames whose next hop has no MAC yet for a moment, sends them when it is known, drops them when that takes too long
 * (`DROP_UNRESOLVED`). As a kernel does for its own packets (RFC 1122 §2.3.2.2), but for a tunnel's peer more than one.
 */

import type { MacAddress } from '../policy/model.ts';

/** The part of a dataplane that this is about. */
export interface Holder {
  takeHeld(onFrame: (held: Uint8Array, macOf: () => MacAddress | undefined) => void): void;
}

interface Kept {
  /** Virtio-net header and frame. */
  readonly bytes: Uint8Array;
  readonly macOf: () => MacAddress | undefined;
  /** Milliseconds. */
  readonly since: number;
}

/** Milliseconds until a frame is dropped. */
export const PATIENCE = 1000;
/** Frames in all: at most so many are late when a peer comes up. */
export const MOST = 512;
/** Milliseconds between two looks. */
export const KEEPER_INTERVAL = 20;
const VNET_SIZE = 10;

export class Keeper {
  readonly #holder: Holder;
  readonly #send: (bytes: Uint8Array) => boolean;
  #kept: Kept[] = [];
  #sent = 0;
  #dropped = 0;

  /** @param send a virtio-net header and a frame, out of the uplink; false: it could not be sent. */
  constructor(holder: Holder, send: (bytes: Uint8Array) => boolean) {
    this.#holder = holder;
    this.#send = send;
  }

  /** What became of the packets that the dataplane counts as `held`; the others are waiting. */
  counters(): { readonly sent: number; readonly dropped: number } {
    return { sent: this.#sent, dropped: this.#dropped };
  }

  /** To be called every `KEEPER_INTERVAL`. @param now milliseconds that never go back. */
  look(now: number): void {
    this.#holder.takeHeld((held, macOf) => {
      if (this.#kept.length < MOST) this.#kept.push({ bytes: held.slice(), macOf, since: now });
      else this.#dropped++;
    });
    if (this.#kept.length > 0) this.#kept = this.#kept.filter((one) => !this.#isDone(one, now));
  }

  /** What still waits is dropped. */
  end(): void {
    this.#dropped += this.#kept.length;
    this.#kept = [];
  }

  #isDone({ bytes, macOf, since }: Kept, now: number): boolean {
    const mac = macOf();
    if (mac === undefined) {
      if (now - since < PATIENCE) return false;
      this.#dropped++;
      return true;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + VNET_SIZE);
    view.setUint16(0, Math.floor(mac / 2 ** 32));
    view.setUint32(2, mac % 2 ** 32);
    if (this.#send(bytes)) this.#sent++;
    else this.#dropped++;
    return true;
  }
}
