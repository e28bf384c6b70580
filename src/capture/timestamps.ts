/** Timestamps in ticks of 64 bits ↔ seconds and nanoseconds, exact, and without BigInt where it matters. */

const TWO_32 = 0x1_0000_0000;
const NANOS = 1_000_000_000;

export interface Time {
  seconds: number;
  nanoseconds: number;
}

/** Sets `time` from the two halves of a tick count. */
export type ToTime = (high: number, low: number, time: Time) => void;

/** The conversion for a resolution (draft-ietf-opsawg-pcapng §4.2, if_tsresol and if_tsoffset). */
export function ticksToTime(ticksPerSecond: bigint, offset: bigint): ToTime {
  if (offset === 0n && ticksPerSecond === 1_000_000n) return fromMicroseconds;
  if (offset === 0n && ticksPerSecond === 1_000_000_000n) return fromNanoseconds;
  return (high, low, time) => {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    time.seconds = Number(ticks / ticksPerSecond + offset);
    time.nanoseconds = Number(((ticks % ticksPerSecond) * BigInt(NANOS)) / ticksPerSecond);
  };
}

function fromMicroseconds(high: number, low: number, time: Time): void {
  // Exact up to 2^53 microseconds: the year 2255.
  const ticks = high * TWO_32 + low;
  time.seconds = Math.floor(ticks / 1_000_000);
  time.nanoseconds = (ticks - time.seconds * 1_000_000) * 1000;
}

function fromNanoseconds(high: number, low: number, time: Time): void {
  // 10^9 = 2^9 · 5^9: the upper 55 bits are divided by 5^9 as an exact double (up to the year 2116), the lower 9 stay.
  const upper = high * 0x80_0000 + (low >>> 9);
  time.seconds = Math.floor(upper / 1_953_125);
  time.nanoseconds = (upper - time.seconds * 1_953_125) * 512 + (low & 511);
}

/** Nanosecond ticks of a time, as two halves. */
export function nanosecondTicks({ seconds, nanoseconds }: Time, halves: { high: number; low: number }): void {
  const upper = seconds * 1_953_125 + Math.floor(nanoseconds / 512);
  halves.high = Math.floor(upper / 0x80_0000);
  halves.low = (((upper % 0x80_0000) * 512 + (nanoseconds & 511)) % TWO_32) >>> 0;
}
