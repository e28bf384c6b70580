/** What a capture holds: interfaces and records. */

/** The only link type that a dataplane of Ethernet frames can take (LINKTYPE_ETHERNET). */
export const LINKTYPE_ETHERNET = 1;

export interface CaptureInterface {
  /** if_name of pcapng; pcap has no names. */
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** LINKTYPE_… of the tcpdump.org registry. */
  readonly linkType: number;
  /** Longest captured frame, bytes; 0: no limit. */
  readonly snapLength: number;
  /** Units of its timestamps per second. */
  readonly ticksPerSecond: bigint;
  /** Seconds to add to its timestamps (if_tsoffset). */
  readonly timestampOffset: bigint;
  /** Bytes of frame check sequence at the end of every frame; the reader takes them off. */
  readonly fcsLength: number;
}

/** What a capture says about a frame. The reader reuses the object: it is valid until the next `read` or `readHead`. */
export interface RecordHead {
  /** Position in `CaptureReader.interfaces`. */
  interfaceId: number;
  /** Time since 1970-01-01 UTC. */
  seconds: number;
  nanoseconds: number;
  /** Bytes of the frame that the capture holds, without frame check sequence. */
  capturedLength: number;
  /** Length on the wire, bytes; more than `capturedLength` where the snap length cut the frame. */
  originalLength: number;
  /** Where the frame begins in the capture, bytes. */
  offset: number;
  /** opt_comment of pcapng, undefined where there is none. */
  comments: string[] | undefined;
}

/** One frame. The memory behind `data` is reused as well: it is valid until the next `push`. */
export interface CaptureRecord extends RecordHead {
  /** Without frame check sequence. */
  data: Uint8Array;
}

/** The capture is not one, or not whole. `message` names file, record and byte. */
export class CaptureError extends Error {
  override name = 'CaptureError';
}

/** Names of common link types, for messages (tcpdump.org/linktypes.html). */
const LINK_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'ETHERNET'],
  [6, 'IEEE802_5'],
  [9, 'PPP'],
  [10, 'FDDI'],
  [50, 'PPP_HDLC'],
  [101, 'RAW'],
  [104, 'C_HDLC'],
  [105, 'IEEE802_11'],
  [107, 'FRELAY'],
  [108, 'LOOP'],
  [113, 'LINUX_SLL'],
  [117, 'PFLOG'],
  [119, 'IEEE802_11_PRISM'],
  [127, 'IEEE802_11_RADIOTAP'],
  [147, 'USER0'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [195, 'IEEE802_15_4_WITHFCS'],
  [220, 'USB_LINUX_MMAPPED'],
  [228, 'IPV4'],
  [229, 'IPV6'],
  [239, 'NFLOG'],
  [249, 'USBPCAP'],
  [252, 'WIRESHARK_UPPER_PDU'],
  [276, 'LINUX_SLL2'],
]);

export function linkTypeName(linkType: number): string {
  const name = LINK_TYPE_NAMES.get(linkType);
  return name === undefined ? `link type ${linkType}` : `${name} (${linkType})`;
}
