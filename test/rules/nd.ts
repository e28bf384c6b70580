/** Neighbour discovery as VMs send it, and as the host answers it (RFC 4861). */

import {
  type ExtensionHeader,
  type Upper,
  advertisement,
  ethernet,
  groupMac,
  ipv6,
  neighborSolicitation,
  solicitation,
  solicitedNode,
  targetLinkLayer,
} from '../packets/index.ts';
import { type VmName, vm } from './fabric.ts';

export const ALL_NODES = 'ff02::1';
export const ALL_ROUTERS = 'ff02::2';
export const UNSPECIFIED = '::';

export interface NdPacket {
  readonly src?: string;
  /** Default: of the group. */
  readonly dstMac?: string;
  readonly hopLimit?: number;
  readonly headers?: readonly ExtensionHeader[];
}

/** An ICMPv6 message of a VM to an address. */
export const message = (by: VmName, dst: string, upper: Upper, fields: NdPacket = {}): Uint8Array =>
  ethernet(
    { src: vm(by).mac, dst: fields.dstMac ?? groupMac(dst) },
    ipv6(
      {
        src: fields.src ?? vm(by).ipv6!,
        dst,
        hopLimit: fields.hopLimit ?? 255,
        headers: fields.headers ?? [],
      },
      upper,
    ),
  );

/** Who has `target`, asked of the group of its address. */
export const asked = (by: VmName, target: string, fields: NdPacket = {}): Uint8Array =>
  message(by, solicitedNode(target), neighborSolicitation(target, vm(by).mac), fields);

/** Duplicate address detection (RFC 4862 §5.4.2): from nobody, without the sender's MAC. */
export const probed = (by: VmName, target: string): Uint8Array =>
  message(by, solicitedNode(target), solicitation({ target }), { src: UNSPECIFIED });

export interface Answered {
  readonly mac: string;
  readonly router?: boolean;
  /** The VM's address that asked. */
  readonly toIp?: string;
}

/** 86 bytes: `mac` has `target`. */
export const answer = (to: VmName, target: string, { mac, router = false, toIp }: Answered): Uint8Array =>
  ethernet(
    { src: mac, dst: vm(to).mac },
    ipv6(
      { src: target, dst: toIp ?? vm(to).ipv6!, hopLimit: 255 },
      advertisement({ target, router, solicited: true, override: true, options: [targetLinkLayer(mac)] }),
    ),
  );

/** To all nodes, because whoever probed has no address yet. */
export const taken = (target: string, { mac, router = false }: Answered): Uint8Array =>
  ethernet(
    { src: mac, dst: groupMac(ALL_NODES) },
    ipv6(
      { src: target, dst: ALL_NODES, hopLimit: 255 },
      advertisement({ target, router, override: true, options: [targetLinkLayer(mac)] }),
    ),
  );
