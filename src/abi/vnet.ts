/**
 * What a sender left to be done to a frame, and what a receiver need not do: `struct virtio_net_hdr` (VIRTIO 1.2 §5.1.6), as Linux has it
 * on packet sockets (PACKET_VNET_HDR) and taps (IFF_VNET_HDR): 10 bytes in front of the frame, little-endian.
 */

export const VNET_SIZE = 10;
export const VNET_FLAGS = 0; // u8, VNET_NEEDS_CSUM | VNET_DATA_VALID; others mean nothing here
export const VNET_GSO_TYPE = 1; // u8, VNET_GSO_…
export const VNET_HDR_LEN = 2; // u16, bytes of all headers: a hint
export const VNET_GSO_SIZE = 4; // u16, payload bytes of every segment but the last
export const VNET_CSUM_START = 6; // u16, offset in the frame from which on is summed
export const VNET_CSUM_OFFSET = 8; // u16, where the sum goes, from there

/** The checksum field holds only the sum of the pseudo-header, not complemented. */
export const VNET_NEEDS_CSUM = 1;
/** Somebody has verified the checksum. */
export const VNET_DATA_VALID = 2;

export const VNET_GSO_NONE = 0;
export const VNET_GSO_TCPV4 = 1;
/** UDP to be fragmented by IP (UFO). */
export const VNET_GSO_UDP = 3;
export const VNET_GSO_TCPV6 = 4;
/** UDP to be sent as datagrams of `gso_size` bytes, over either family. */
export const VNET_GSO_UDP_L4 = 5;
/** Beside a TCP type: the segment has CWR set, which only the first may keep (RFC 3168 §6.1.2). */
export const VNET_GSO_ECN = 0x80;
