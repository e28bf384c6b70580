/** Bytes for people: offsets, hex, what changed; and hex back to bytes. */

import pc from 'picocolors';
import { UsageError } from './errors.ts';

const WIDTH = 16;

/** Lines of 16 bytes; bytes for which `isMarked` holds are highlighted. */
export function hexDump(bytes: Uint8Array, isMarked: (offset: number) => boolean = () => false): string[] {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += WIDTH) {
    const cells = Array.from(bytes.subarray(start, start + WIDTH), (byte, index) => {
      const text = byte.toString(16).padStart(2, '0');
      return isMarked(start + index) ? pc.inverse(text) : text;
    });
    lines.push(
      `  ${start.toString(16).padStart(4, '0')}  ${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}`.trimEnd(),
    );
  }
  return lines;
}

/** @throws UsageError for anything but pairs of hex digits (spaces, colons and line ends are skipped). */
export function parseHex(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, '');
  const bad = /[^0-9a-f]/i.exec(digits);
  if (bad !== null) throw new UsageError(`--frame: expected hex digits, got "${bad[0]}"`);
  if (digits.length === 0 || digits.length % 2 !== 0) {
    throw new UsageError(`--frame: expected an even number of hex digits, got ${digits.length}`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}
