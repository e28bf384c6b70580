import { ip, mac } from './addresses.ts';
import { concat, u16, u8 } from './bytes.ts';

export const ETHER_TYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  /** 802.1Q */
  vlan: 0x8100,
  ipv6: 0x86dd,
  /** 802.1ad */
  serviceVlan: 0x88a8,
  /** IEEE 802 local experimental EtherType 1: a frame that is not IP. */
  experiment: 0x88b5,
} as const;

export interface EthernetFields {
  readonly src: string;
  readonly dst: string;
  /** Default: the family that the payload's first nibble names. */
  readonly type?: number;
}

export function ethernet({ src, dst, type }: EthernetFields, payload: Uint8Array): Uint8Array {
  return concat(mac(dst), mac(src), u16(type ?? etherTypeOf(payload)), payload);
}

function etherTypeOf(payload: Uint8Array): number {
  const version = (payload[0] ?? 0) >> 4;
  if (version === 4) return ETHER_TYPE.ipv4;
  if (version === 6) return ETHER_TYPE.ipv6;
  throw new TypeError('name the EtherType of a payload that is not IP');
}

export interface VlanFields {
  readonly vid: number;
  readonly priority?: number;
  readonly dropEligible?: boolean;
  /** 0x8100 (802.1Q) or 0x88A8 (802.1ad). */
  readonly type?: number;
}

/** Puts a tag into a frame, in front of the EtherType (and of the tags) that it has. */
export function vlan(fields: VlanFields, frame: Uint8Array): Uint8Array {
  const control = ((fields.priority ?? 0) << 13) | ((fields.dropEligible ?? false) ? 0x1000 : 0) | fields.vid;
  return concat(frame.subarray(0, 12), u16(fields.type ?? ETHER_TYPE.vlan), u16(control), frame.subarray(12));
}

export interface ArpFields {
  readonly operation?: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac?: string;
  readonly targetIp: string;
  readonly hardwareType?: number;
  readonly protocolType?: number;
  readonly hardwareLength?: number;
  readonly protocolLength?: number;
}

/** RFC 826, for Ethernet and IPv4: 28 bytes. */
export function arp(fields: ArpFields): Uint8Array {
  return concat(
    u16(fields.hardwareType ?? 1),
    u16(fields.protocolType ?? ETHER_TYPE.ipv4),
    u8(fields.hardwareLength ?? 6),
    u8(fields.protocolLength ?? 4),
    u16(fields.operation === 'reply' ? 2 : 1),
    mac(fields.senderMac),
    ip(fields.senderIp),
    mac(fields.targetMac ?? '00:00:00:00:00:00'),
    ip(fields.targetIp),
  );
}
