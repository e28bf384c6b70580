/**
 * RFC 1071, always in full over all bytes. The engine updates incrementally (RFC 1624); that both agree is what the
 * tests show, so nothing here may take a short cut.
 */

const fold = (sum: number): number => {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
};

/** Ones-complement addition of two 16-bit numbers. */
export const addOnesComplement = (a: number, b: number): number => fold(a + b);

/** The sum of all 16-bit words of the parts laid end to end; an odd last byte counts as if a zero followed. */
export function onesComplementSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  let position = 0;
  for (const part of parts) {
    for (const byte of part) {
      sum += position % 2 === 0 ? byte * 256 : byte;
      position++;
    }
  }
  return fold(sum);
}

export const internetChecksum = (...parts: readonly Uint8Array[]): number =>
  onesComplementSum(...parts) ^ 0xffff;

export interface ChecksumChoice {
  /** Exactly this value instead of the right one. */
  readonly checksum?: number;
  /** The right value plus this, in ones-complement: wrong by a known difference. */
  readonly checksumError?: number;
}

export function chosenChecksum(right: number, choice: ChecksumChoice): number {
  if (choice.checksum !== undefined) return choice.checksum;
  return addOnesComplement(right, choice.checksumError ?? 0);
}
