/** Frames that workers keep back because the MAC of their next hop is not known (`assembly/path/hold.ts`). */

import * as abi from '../abi/layout.ts';
import { VNET_SIZE } from '../abi/vnet.ts';
import type { IpAddress } from '../policy/model.ts';
import type { Instance } from './instance.ts';

/**
 * Takes what there is out of the rings of all workers.
 * @param onFrame `held`: virtio-net header and frame, valid until it returns; `hop`: number of the next hop in the generation at
 *   that address.
 */
export function takeHeld(
  { memory, holdRings, workers }: Instance,
  onFrame: (held: Uint8Array, hop: number, generation: number) => void,
): void {
  if (holdRings === 0) return;
  const words = new Uint32Array(memory.buffer);
  for (let worker = 0; worker < workers; worker++) {
    const ring = holdRings + worker * abi.HOLD_RING_SIZE;
    const consumedAt = (ring + abi.HOLD_CONSUMED) / 4;
    const produced = Atomics.load(words, (ring + abi.HOLD_PRODUCED) / 4);
    for (let number = words[consumedAt]!; number !== produced; number = (number + 1) >>> 0) {
      const slot = ring + abi.HOLD_HEADER + (number % abi.HOLD_SLOTS) * abi.HOLD_SLOT_SIZE;
      const length = words[(slot + abi.HOLD_LENGTH) / 4]! + VNET_SIZE;
      const held = new Uint8Array(memory.buffer, slot + abi.HOLD_FRAME - VNET_SIZE, length);
      onFrame(held, words[(slot + abi.HOLD_NEXT_HOP) / 4]!, words[(slot + abi.HOLD_GENERATION) / 4]!);
    }
    Atomics.store(words, consumedAt, produced);
  }
}

/** Where a frame on the provider network goes. */
export function destinationOf(held: Uint8Array): IpAddress | undefined {
  const view = new DataView(held.buffer, held.byteOffset + VNET_SIZE, held.length - VNET_SIZE);
  const etherType = view.getUint16(12);
  if (etherType === 0x0800) return { family: 4, value: view.getUint32(30) };
  if (etherType !== 0x86dd) return undefined;
  return { family: 6, value: (view.getBigUint64(38) << 64n) | view.getBigUint64(46) };
}
