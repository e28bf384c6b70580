/** Bytes for the packet builder. Nothing here is shared with `assembly/` or `src/`: the tests compute on their own. */

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Big-endian, `size` bytes; the value may be as wide as a JavaScript integer. */
export function uint(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export const u8 = (value: number): Uint8Array => uint(value, 1);
export const u16 = (value: number): Uint8Array => uint(value, 2);
export const u32 = (value: number): Uint8Array => uint(value, 4);

/** `length` bytes that differ from their neighbours, so that a shifted copy shows. */
export const pattern = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31 + 0x41) & 0xff);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw new TypeError(`not hex: ${text}`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** A copy with some bytes replaced: `patched(frame, 14, 0x65)`. */
export function patched(bytes: Uint8Array, offset: number, ...values: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, offset);
  return copy;
}

/** Zeros behind the packet, as an Ethernet card pads to `length` bytes. */
export const padded = (frame: Uint8Array, length: number, filler = 0): Uint8Array =>
  concat(frame, new Uint8Array(Math.max(0, length - frame.length)).fill(filler));
