/** Who has which MAC: the cache that ARP and neighbour discovery fill, and what waits for an answer. */

/** Linux holds back three packets per neighbour; a whole datagram in pieces has to get through here. */
const QUEUE_LIMIT = 64;

export class NeighborCache {
  readonly #macs = new Map<string, string>();
  readonly #waiting = new Map<string, Uint8Array[]>();
  readonly #ask: (address: string) => void;
  readonly #transmit: (mac: string, packet: Uint8Array) => void;

  constructor(ask: (address: string) => void, transmit: (mac: string, packet: Uint8Array) => void) {
    this.#ask = ask;
    this.#transmit = transmit;
  }

  macOf(address: string): string | undefined {
    return this.#macs.get(address);
  }

  /** Addresses that were asked for in vain. */
  get unanswered(): string[] {
    return [...this.#waiting.keys()];
  }

  /** Sends to the neighbour, once its MAC is known. */
  send(address: string, packet: Uint8Array): void {
    const mac = this.#macs.get(address);
    if (mac !== undefined) {
      this.#transmit(mac, packet);
      return;
    }
    const queue = this.#waiting.get(address);
    if (queue === undefined) {
      this.#waiting.set(address, [packet]);
      this.#ask(address);
    } else if (queue.length < QUEUE_LIMIT) queue.push(packet);
  }

  learn(address: string, mac: string): void {
    this.#macs.set(address, mac);
    const queue = this.#waiting.get(address) ?? [];
    this.#waiting.delete(address);
    for (const packet of queue) this.#transmit(mac, packet);
  }
}
