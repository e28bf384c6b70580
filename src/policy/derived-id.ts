/** The id of a routing domain whose document gives none. */

const FNV_OFFSET = 0x6c62272e_07bb0142_62b82175_6295c58dn;
const FNV_PRIME = 0x01000000_00000000_0000013bn;
const ONES = (1n << 128n) - 1n;

/**
 * A UUID of version 8 (RFC 9562 §5.8) that every host derives alike: FNV-1a of 128 bits (RFC 9923) over the UTF-8 of both
 * names, each with a zero byte behind it (no name has one), six bits of it replaced by version and variant.
 */
export function derivedId(customer: string, domain: string): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(`${customer}\0${domain}\0`)) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & ONES;
  }
  hash = (hash & ~(0xfn << 76n)) | (0x8n << 76n);
  hash = (hash & ~(0x3n << 62n)) | (0x2n << 62n);
  const hex = hash.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
