/** Frames in, frames out: the slots and descriptor rings of one dataplane. */

import {
  INPUT_SIZE,
  INPUT_TOO_LONG,
  INPUT_VNET,
  LARGE_SLOT_SIZE,
  OUTPUT_SIZE,
  SLOT_HEADROOM,
  SLOT_SIZE,
} from '../abi/layout.ts';
import { FIRST_DROP } from '../abi/verdict.ts';
import { VNET_SIZE } from '../abi/vnet.ts';
import { show } from '../policy/errors.ts';
import type { Instance, SlotCapacity } from './instance.ts';

/** Longest frames that fit into the two kinds of slot, bytes. */
export const SLOT_FRAME = SLOT_SIZE - SLOT_HEADROOM;
export const LARGE_SLOT_FRAME = LARGE_SLOT_SIZE - SLOT_HEADROOM;

/** A frame that leaves: forwarded, punted or generated. */
export interface Output {
  /** FORWARD, PUNT, REPLY or ICMP_ERROR. */
  readonly verdict: number;
  /** 0 is the uplink. */
  readonly port: number;
  /**
   * A view of the dataplane's memory, without FCS, to be read only; valid until the next `push`, `reserve`, `clear`,
   * `process`, `apply` or `load`.
   */
  readonly frame: Uint8Array;
  /** Which `push` of the batch it came from, counted from 0. */
  readonly input: number;
  /** Build `live`: what is left to be done to the frame, see `Batch.push`; a view as `frame`. Other builds leave nothing. */
  readonly vnet?: Uint8Array;
}

export interface Drop {
  /** One of the DROP_… numbers. */
  readonly verdict: number;
  /** Which `push` of the batch it was, counted from 0. */
  readonly input: number;
}

/**
 * One batch at a time: `push` frames (or fill slots in place by `reserve` and `commit`), call `Dataplane.process`, then
 * read `outputs` and `drops`. The first `push` after `process` begins the next batch.
 */
export class Batch {
  readonly #instance: Instance;
  #bytes = new Uint8Array(0);
  #inputs = new Uint32Array(0);
  #outputs = new Uint32Array(0);
  readonly #slots: number;
  readonly #largeSlots: number;
  readonly #capacity: SlotCapacity;
  #length = 0;
  #smallUsed = 0;
  #largeUsed = 0;
  #processed = -1;
  #reserved = 0;
  #reservedLength = 0;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#slots = instance.slots;
    this.#largeSlots = instance.largeSlots;
    this.#capacity = instance.capacity;
    this.refresh();
  }

  /**
   * Called by the dataplane: the memory may have grown, which takes away what was looked at through the old buffer, and there
   * may be more room for outputs, elsewhere.
   */
  refresh(): void {
    const { memory, inputs, outputs, ringEntries, outputEntries } = this.#instance;
    if (this.#bytes.buffer === memory.buffer && this.#outputs.byteOffset === outputs) return;
    // Another thread has grown it; this one may not have noticed.
    if (memory.buffer.byteLength < outputs + outputEntries * OUTPUT_SIZE) memory.grow(0);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#inputs = new Uint32Array(memory.buffer, inputs, (ringEntries * INPUT_SIZE) / 4);
    this.#outputs = new Uint32Array(memory.buffer, outputs, (outputEntries * OUTPUT_SIZE) / 4);
  }

  /** Frames pushed and not yet processed, or processed last. */
  get length(): number {
    return this.#length;
  }

  /** Empties the batch. */
  clear(): void {
    this.#length = 0;
    this.#smallUsed = 0;
    this.#largeUsed = 0;
    this.#processed = -1;
  }

  /**
   * Copies a frame into a slot. False: the batch is full, call `process` first.
   * @throws TypeError for a frame that is no Uint8Array: it would be taken for zeros.
   * @throws RangeError for a port number that cannot be; one that no endpoint has is counted as DROP_UNKNOWN_PORT.
   * @param frame Ethernet frame without FCS. Longer than every slot: it is counted as DROP_FRAME_TOO_LONG.
   * @param port where it came in: 0 is the uplink, `Dataplane.port` knows the endpoints'.
   * @param flags INPUT_CUT where the capture kept only the beginning of the frame.
   * @param vnet what the sender left to be done (partial checksum, segmentation): the 10 bytes of a virtio-net header
   *   (`src/abi/vnet.ts`), as Linux has it in front of the frame. Build `live` only.
   * @throws TypeError for a header in another build, RangeError for one of another length.
   */
  push(frame: Uint8Array, port: number, flags = 0, vnet?: Uint8Array): boolean {
    checkFrame(frame);
    checkPort(port);
    if (vnet !== undefined) this.#checkVnet(vnet);
    if (this.#processed >= 0) this.clear();
    const length = frame.length;
    const isTooLong = length > LARGE_SLOT_FRAME;
    const address = this.#take(isTooLong ? 0 : length);
    if (address === 0) return false;
    if (!isTooLong) this.#bytes.set(frame, address);
    if (vnet !== undefined) {
      this.#bytes.set(vnet, address - VNET_SIZE);
      flags |= INPUT_VNET;
    }
    this.#describe(address, isTooLong ? 0 : length, port, isTooLong ? flags | INPUT_TOO_LONG : flags);
    return true;
  }

  /**
   * A slot to fill in place, `length` bytes; nothing is in the batch before `commit`. Undefined: the batch is full.
   * @throws RangeError when no slot is that long.
   */
  reserve(length: number): Uint8Array | undefined {
    if (this.#processed >= 0) this.clear();
    if (length > LARGE_SLOT_FRAME)
      throw new RangeError(`length: expected at most ${LARGE_SLOT_FRAME} bytes, got ${length}`);
    checkLength(length, LARGE_SLOT_FRAME);
    const address = this.#take(length);
    if (address === 0) return undefined;
    this.#reserved = address;
    this.#reservedLength = length;
    return this.#bytes.subarray(address, address + length);
  }

  /**
   * Puts the slot of the last `reserve` into the batch.
   * @param length of the frame in it, at most what was reserved.
   */
  commit(length: number, port: number, flags = 0): void {
    if (this.#reserved === 0) throw new TypeError('commit: expected a slot from reserve before');
    checkLength(length, this.#reservedLength);
    checkPort(port);
    this.#describe(this.#reserved, length, port, flags);
    this.#reserved = 0;
  }

  #checkVnet(vnet: Uint8Array): void {
    if (this.#instance.setOffloads === undefined)
      throw new TypeError('vnet: expected none, only build "live" knows offload headers');
    checkFrame(vnet, 'vnet');
    if (vnet.length !== VNET_SIZE)
      throw new RangeError(`vnet: expected ${VNET_SIZE} bytes, got ${vnet.length}`);
  }

  #take(length: number): number {
    if (length <= SLOT_FRAME && this.#smallUsed < this.#capacity.slots) {
      return this.#slots + this.#smallUsed++ * SLOT_SIZE + SLOT_HEADROOM;
    }
    if (this.#largeUsed === this.#capacity.largeSlots) return 0;
    return this.#largeSlots + this.#largeUsed++ * LARGE_SLOT_SIZE + SLOT_HEADROOM;
  }

  #describe(address: number, length: number, port: number, flags: number): void {
    const at = this.#length++ * (INPUT_SIZE / 4);
    const inputs = this.#inputs;
    inputs[at] = address;
    inputs[at + 1] = length;
    inputs[at + 2] = port | (flags << 16);
  }

  /** Called by the dataplane: how many frames wait. A batch is processed once. */
  take(): number {
    if (this.#processed >= 0) this.clear();
    return this.#length;
  }

  /** Called by the dataplane: `count` output descriptors have been written. */
  finish(count: number): void {
    this.#processed = count;
    if (this.#outputs.byteOffset !== this.#instance.outputs) this.refresh();
  }

  /** Output descriptors of the processed batch, drops included. For loops that cannot afford an object per packet. */
  get count(): number {
    return Math.max(this.#processed, 0);
  }

  verdictAt(index: number): number {
    return this.#outputs[index * 4 + 2]! >>> 16;
  }

  portAt(index: number): number {
    return this.#outputs[index * 4 + 2]! & 0xffff;
  }

  inputAt(index: number): number {
    return this.#outputs[index * 4 + 3]!;
  }

  /** A view, as `Output.frame`; empty for a drop. */
  frameAt(index: number): Uint8Array {
    const address = this.#outputs[index * 4]!;
    return this.#bytes.subarray(address, address + this.#outputs[index * 4 + 1]!);
  }

  /** Behind a frame that left, in build `live`: its header, a view. */
  vnetAt(index: number): Uint8Array {
    const address = this.#outputs[index * 4]!;
    return this.#bytes.subarray(address - VNET_SIZE, address);
  }

  /** What left, in the order of the inputs. */
  *outputs(): IterableIterator<Output> {
    for (let index = 0; index < this.count; index++) {
      const verdict = this.verdictAt(index);
      if (verdict >= FIRST_DROP) continue;
      const vnet = this.#instance.setOffloads === undefined ? {} : { vnet: this.vnetAt(index) };
      yield {
        verdict,
        port: this.portAt(index),
        frame: this.frameAt(index),
        input: this.inputAt(index),
        ...vnet,
      };
    }
  }

  /** What was dropped, in the order of the inputs. */
  *drops(): IterableIterator<Drop> {
    for (let index = 0; index < this.count; index++) {
      const verdict = this.verdictAt(index);
      if (verdict >= FIRST_DROP) yield { verdict, input: this.inputAt(index) };
    }
  }
}

/**
 * A name is a mistake that looks right: `Dataplane.port` has its number.
 * @throws TypeError, RangeError
 */
/** JavaScript has no compiler that would say it: a list of numbers would be taken for zeros. */
export function checkFrame(frame: unknown, name = 'frame'): void {
  if (!(frame instanceof Uint8Array))
    throw new TypeError(`${name}: expected a Uint8Array, got ${typeof frame}`);
}

export function checkPort(port: unknown): void {
  if (typeof port === 'number' && (port & 0xffff) === port) return;
  if (typeof port === 'number')
    throw new RangeError(`port: expected an integer from 0 to 65535, got ${port}`);
  const hint = typeof port === 'string' ? `: dataplane.port(${show(port)}) is an endpoint’s` : '';
  throw new TypeError(`port: expected a number from 0 to 65535, got ${show(port)}${hint}`);
}

function checkLength(length: number, most: number): void {
  if (Number.isInteger(length) && length >= 0 && length <= most) return;
  throw new RangeError(`length: expected an integer from 0 to ${most}, got ${length}`);
}
