/**
 * Tells the provider network where rewrite addresses are that come to this host: routers that knew them elsewhere follow. Who asks for
 * one is answered by the dataplane (`assembly/live/proxy.ts`).
 */

import type { IpAddress, MacAddress } from '../../policy/model.ts';
import { announcement } from './announcement.ts';

export class Announcer {
  readonly #send: (frame: Uint8Array) => boolean;
  #known = new Set<number | bigint>();

  /** @param send a frame behind a virtio-net header, out of the uplink. */
  constructor(send: (frame: Uint8Array) => boolean) {
    this.#send = send;
  }

  /** The rewrite addresses of this host, all of them; the new ones are announced. @param mac of the uplink. */
  setAddresses(addresses: readonly IpAddress[], mac: MacAddress): void {
    for (const address of addresses)
      if (!this.#known.has(address.value)) this.#send(announcement(address, mac));
    this.#known = new Set(addresses.map(({ value }) => value));
  }

  /** The uplink is another one, or has another MAC: all of them are new. */
  forget(): void {
    this.#known.clear();
  }
}
