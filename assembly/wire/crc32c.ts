// CRC32c (RFC 9260 appendix A), reflected polynomial 0x82F63B78, bit by bit: SCTP with a checksum that is left to be
// done is too rare for tables.

const POLYNOMIAL: u32 = 0x82f6_3b78;

/** As it is to be stored, little-endian; where it goes there must be zeros. */
export function crc32c(bytes: usize, length: u32): u32 {
  let crc: u32 = u32.MAX_VALUE;
  for (const end = bytes + length; bytes < end; bytes++) {
    crc ^= <u32>load<u8>(bytes);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0 - (crc & 1)));
  }
  return ~crc;
}
