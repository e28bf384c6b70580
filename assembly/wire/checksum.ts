// The internet checksum (RFC 1071) over words as they lie in memory: the sum of byte-swapped words is the byte-swapped
// sum, so nothing is swapped anywhere.

/** A sum of words, folded to 16 bits with end-around carry. */
export function fold(sum: u64): u32 {
  sum = (sum & 0xffff_ffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u32>((sum & 0xffff) + (sum >> 16));
}

/** The sum of `length` bytes, an odd last one as if a zero followed. */
export function sumOf(bytes: usize, length: u32): u64 {
  let sum: u64 = 0;
  const end = bytes + length;
  for (; bytes + 4 <= end; bytes += 4) sum += <u64>load<u32>(bytes);
  if (bytes + 2 <= end) {
    sum += <u64>load<u16>(bytes);
    bytes += 2;
  }
  return bytes < end ? sum + <u64>load<u8>(bytes) : sum;
}

/** What changes in the sum when the bytes of `before` become those of `after`: ~m + m' of RFC 1624 eqn. 3. */
export function change32(before: u32, after: u32): u64 {
  return <u64>~before + <u64>after;
}

export function change64(before: u64, after: u64): u64 {
  const removed = ~before;
  return (removed & 0xffff_ffff) + (removed >> 32) + (after & 0xffff_ffff) + (after >> 32);
}

/** HC' = ~(~HC + ~m + m'), RFC 1624 eqn. 3: a checksum that was wrong stays wrong by the same difference. */
export function updated(checksum: u32, change: u64): u32 {
  return ~fold(<u64>(~checksum & 0xffff) + change) & 0xffff;
}

/** As `sumOf`, of up to 512 KiB, 16 bytes at a time: each step adds less than 2^17 to lanes of 32 bits. */
export function sumOfMany(bytes: usize, length: u32): u64 {
  let lanes = i32x4.splat(0);
  const end = bytes + (length & ~15);
  for (; bytes < end; bytes += 16) {
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(bytes)));
  }
  return sumOfLanes(lanes) + sumOf(bytes, length & 15);
}

/** Copies bytes that do not overlap, and answers their sum as `sumOfMany`. */
export function copySummed(to: usize, from: usize, length: u32): u64 {
  let lanes = i32x4.splat(0);
  const end = from + (length & ~15);
  for (; from < end; from += 16, to += 16) {
    const word = v128.load(from);
    v128.store(to, word);
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(word));
  }
  memory.copy(to, from, length & 15);
  return sumOfLanes(lanes) + sumOf(from, length & 15);
}

function sumOfLanes(lanes: v128): u64 {
  return (
    <u64>(<u32>i32x4.extract_lane(lanes, 0)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 1)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 2)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 3))
  );
}
