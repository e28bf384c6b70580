/** Text to address bytes. Deliberately simple: the tests write the addresses themselves. */

export function mac(text: string): Uint8Array {
  const bytes = Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
  if (bytes.length !== 6) throw new TypeError(`not a MAC address: ${text}`);
  return bytes;
}

/** 4 bytes for dotted quads, 16 for everything with a colon. */
export function ip(text: string): Uint8Array {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

function ipv4Bytes(text: string): Uint8Array {
  const bytes = Uint8Array.from(text.split('.'), Number);
  if (bytes.length !== 4) throw new TypeError(`not an IPv4 address: ${text}`);
  return bytes;
}

function ipv6Bytes(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = 8 - front.length - back.length;
  if (zeros < 0 || (tail === undefined && zeros !== 0)) throw new TypeError(`not an IPv6 address: ${text}`);
  const all = [...front, ...Array.from({ length: zeros }, () => 0), ...back];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The link-local address of RFC 4291 appendix A: fe80::/64 and the modified EUI-64 of the MAC. */
export function linkLocal(macText: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac(macText);
  const group = (high: number, low: number): string => ((high << 8) | low).toString(16);
  return `fe80::${group(a ^ 0x02, b)}:${group(c, 0xff)}:${group(0xfe, d)}:${group(e, f)}`;
}

/** RFC 4291 §2.7.1: the group that an address is asked for in. */
export function solicitedNode(text: string): string {
  const [a = 0, b = 0, c = 0] = ip(text).subarray(13);
  return `ff02::1:ff${a.toString(16).padStart(2, '0')}:${((b << 8) | c).toString(16)}`;
}

/** RFC 1112 §6.4 and RFC 2464 §7: the MAC of a group. */
export function groupMac(text: string): string {
  const address = ip(text);
  const bytes =
    address.length === 4
      ? [0x01, 0x00, 0x5e, address[1]! & 0x7f, address[2]!, address[3]!]
      : [0x33, 0x33, ...address.subarray(12)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
