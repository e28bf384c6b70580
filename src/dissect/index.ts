/** Frames taken apart for people: layers, fields and what has changed. Nothing here takes part in processing packets. */

import { Dissection, type FrameLayer, type Next } from './dissection.ts';
import { ethernet } from './link.ts';

export type { FrameLayer, LayerField, LayerKind } from './dissection.ts';

/**
 * The layers of an Ethernet frame, in the order of their bytes; together they are the whole frame. Any bytes will do: what is
 * broken is said in `fault`, what is not known is payload.
 */
export function dissect(frame: Uint8Array): FrameLayer[] {
  const dissection = new Dissection(frame);
  let next: Next | undefined = { read: ethernet, at: 0 };
  while (next !== undefined) next = next.read(dissection, next.at);
  const { layers } = dissection;
  const last = layers.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  if (end < frame.length) {
    dissection.end = frame.length;
    dissection.depth = 0;
    dissection.open('padding', 'Padding', end, frame.length - end);
  }
  return layers;
}

/**
 * Which bytes of a frame are not those of another one. They are laid over each other at their ends: envelopes go on and off at
 * the front.
 * @returns one entry for every byte of `frame`.
 */
export function changedBytes(frame: Uint8Array, before: Uint8Array): boolean[] {
  const shift = frame.length - before.length;
  return Array.from(frame, (byte, offset) => byte !== before[offset - shift]);
}
