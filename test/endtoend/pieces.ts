/**
 * Packets in pieces. Put together by RFC 791 §3.2 and RFC 8200 §4.5, the strict way: pieces that overlap or contradict each other are refused
 * (RFC 5722).
 */

import { Malformed, type Packet } from './parse.ts';

interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
}

interface Waiting {
  readonly pieces: Piece[];
  /** Bytes of the whole payload, once the last piece is here. */
  total: number | undefined;
  /** Of the piece at offset 0. */
  first: Packet | undefined;
}

export class Reassembler {
  readonly #waiting = new Map<string, Waiting>();

  /** Packets of which pieces are missing. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** @returns the whole packet, when this was the last that was missing; a packet that is no fragment as it is. */
  take(packet: Packet): Packet | undefined {
    const { fragment, payload, src, dst, protocol } = packet;
    if (fragment === undefined) return packet;
    const key = `${src} ${dst} ${protocol} ${fragment.id}`;
    let waiting = this.#waiting.get(key);
    if (waiting === undefined)
      this.#waiting.set(key, (waiting = { pieces: [], total: undefined, first: undefined }));
    const { offset, more } = fragment;
    const end = offset + payload.length;
    if (more && payload.length % 8 !== 0) throw new Malformed('a piece that is no multiple of 8');
    if (waiting.pieces.some((one) => offset < one.offset + one.data.length && one.offset < end))
      throw new Malformed('pieces that overlap');
    if (!more && waiting.total !== undefined) throw new Malformed('two last pieces');
    if (!more) waiting.total = end;
    if (offset === 0) waiting.first = packet;
    waiting.pieces.push({ offset, data: payload });
    return this.#whole(key, waiting);
  }

  #whole(key: string, { pieces, total, first }: Waiting): Packet | undefined {
    const length = pieces.reduce((sum, { data }) => sum + data.length, 0);
    if (total === undefined || first === undefined || length !== total) return undefined;
    this.#waiting.delete(key);
    const payload = new Uint8Array(total);
    for (const { offset, data } of pieces) payload.set(data, offset);
    return { ...first, fragment: undefined, payload };
  }
}

/** Pieces of at most `room` bytes, all but the last a multiple of 8. */
export function cut(whole: Uint8Array, room: number): { offset: number; mf: boolean; data: Uint8Array }[] {
  const size = room - (room % 8);
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => ({
    offset: index * size,
    mf: (index + 1) * size < whole.length,
    data: whole.subarray(index * size, (index + 1) * size),
  }));
}
