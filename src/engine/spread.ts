/**
 * Which worker a frame goes to, so that no flow is ever out of order. The WASM side hashes (`assembly/path/spread.ts`).
 *
 * A flow goes by addresses and ports to one worker. Where one packet between two addresses is a fragment, whose flow cannot be told,
 * everything between addresses of that hash goes by the hash of the addresses from then on. The change itself would let the
 * fragment overtake what is in flight: so no frame is taken before that has come out. That happens at most once per hash in the
 * life of a pool.
 */

import type { Instance } from './instance.ts';
import type { Lane } from './lane.ts';

/** As much of a frame as is hashed, bytes: what an envelope, VLAN tags and extension headers take, and more. */
const HEADERS = 256;
/** Values of the hash of addresses. */
const PAIRS = 0x8000;

export class Spread {
  readonly #instance: Instance;
  readonly #lanes: readonly Lane[];
  /** The staging region, which nobody uses outside of changes of the policy. */
  readonly #bytes: Uint8Array;
  readonly #byAddresses = new Uint8Array(PAIRS);
  #isSettling = false;

  constructor(instance: Instance, lanes: readonly Lane[]) {
    this.#instance = instance;
    this.#lanes = lanes;
    this.#bytes = new Uint8Array(instance.memory.buffer, instance.staging, HEADERS);
  }

  /** Undefined: not before everything that is in flight has come out. */
  choose(frame: Uint8Array, port: number): Lane | undefined {
    const lanes = this.#lanes;
    if (lanes.length === 1) return lanes[0];
    if (this.isSettling()) return undefined;
    const length = Math.min(frame.length, HEADERS);
    this.#bytes.set(frame.length > HEADERS ? frame.subarray(0, HEADERS) : frame);
    const hash = this.#instance.spread(this.#instance.staging, length, port);
    const pair = (hash >>> 16) & (PAIRS - 1);
    if (hash < 0 && this.#byAddresses[pair] === 0) {
      this.#byAddresses[pair] = 1;
      this.#isSettling = true;
      if (this.isSettling()) return undefined;
    }
    if (this.#byAddresses[pair] === 1) return lanes[(pair * lanes.length) >>> 15];
    return lanes[((hash & 0xffff) * lanes.length) >>> 16];
  }

  /** Waits for what is in flight. */
  isSettling(): boolean {
    if (this.#isSettling && this.#lanes.every(({ inFlight }) => inFlight === 0)) this.#isSettling = false;
    return this.#isSettling;
  }
}
