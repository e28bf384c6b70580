/** Output descriptors and counters, laid out as the WASM side lays them out. */

import { COUNTER_BLOCK_SIZE, COUNTER_BYTES } from '../../src/abi/layout.ts';
import { FORWARD, PUNT } from '../../src/abi/verdict.ts';

const BLOCK = COUNTER_BLOCK_SIZE / 8;

export class Emit {
  /** Four words each: address, length, port | verdict << 16, input. */
  readonly outputs: Uint32Array;
  /** By subnet and verdict; doubles hold counts exactly up to 2^53. */
  readonly counters: Float64Array;
  #count = 0;
  #input = 0;

  constructor(ringEntries: number, subnets: number) {
    this.outputs = new Uint32Array(ringEntries * 4);
    this.counters = new Float64Array((subnets + 1) * BLOCK);
  }

  begin(): void {
    this.#count = 0;
  }

  beginInput(index: number): void {
    this.#input = index;
  }

  get count(): number {
    return this.#count;
  }

  forward(subnet: number, port: number, frame: number, length: number, bytes: number): void {
    this.counters[subnet * BLOCK + COUNTER_BYTES / 8]! += bytes;
    this.#emit(subnet, FORWARD, frame, length, port);
  }

  punt(frame: number, length: number): void {
    this.#emit(0, PUNT, frame, length, 0);
  }

  drop(subnet: number, reason: number): void {
    this.#emit(subnet, reason, 0, 0, 0);
  }

  #emit(subnet: number, verdict: number, frame: number, length: number, port: number): void {
    this.counters[subnet * BLOCK + verdict]!++;
    const at = this.#count++ * 4;
    const { outputs } = this;
    outputs[at] = frame;
    outputs[at + 1] = length;
    outputs[at + 2] = port | (verdict << 16);
    outputs[at + 3] = this.#input;
  }
}
