/**
 * Tries out what live I/O may use of the kernel, in a network namespace that is thrown away: nothing of the machine changes. It
 * moves the calling thread into that namespace and leaves it there: for a process that ends afterwards.
 */

import { closeSync, openSync } from 'node:fs';
import { Kernel } from './underlay/kernel.ts';
import { bpfProgram, linkXdp } from './underlay/bpf.ts';
import { AF_PACKET, SOCK_CLOEXEC, SOCK_RAW, type Sockets, loadSockets } from './underlay/sockets.ts';

export type Trial =
  | { readonly works: true; readonly note?: string }
  /** `code`: name of the errno. */
  | { readonly works: false; readonly code: string };

export interface KernelTrials {
  readonly packetRing: Trial;
  readonly vnetHeader: Trial;
  readonly fanout: Trial;
  readonly tap: Trial;
  readonly xdpSocket: Trial;
  readonly xdpNative: Trial;
  readonly xdpGeneric: Trial;
}

const CLONE_NEWNET = 0x4000_0000;
const ETH_P_ALL_WIRE = 0x0300;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_VERSION = 10;
const PACKET_VNET_HDR = 15;
const PACKET_FANOUT = 18;
const TPACKET_V3 = 2;
const AF_XDP = 44;
const TUNSETIFF = 0x4004_54ca;
/** IFF_TAP | IFF_NO_PI | IFF_VNET_HDR. */
const TAP_FLAGS = 0x2 | 0x1000 | 0x4000;
/** `xdp_md` programs that let every frame pass. */
const XDP_PASS = 2;
const XDP_FLAGS_GENERIC = 2;
const XDP_FLAGS_NATIVE = 4;

/** @throws LiveError without koffi. */
export async function tryKernel(): Promise<KernelTrials> {
  const sockets = await loadSockets();
  if (sockets.unshare(CLONE_NEWNET) !== 0) {
    const denied: Trial = { works: false, code: sockets.errno() };
    const packet = (name: number, value: readonly number[]) => tryPacket(sockets, name, value);
    return {
      packetRing: packet(PACKET_RX_RING, SMALL_RING),
      vnetHeader: packet(PACKET_VNET_HDR, [1]),
      fanout: packet(PACKET_FANOUT, [1]),
      tap: denied,
      xdpSocket: trySocket(sockets, AF_XDP),
      xdpNative: denied,
      xdpGeneric: denied,
    };
  }
  const link = await makeVeth();
  return {
    packetRing: tryPacket(sockets, PACKET_RX_RING, SMALL_RING),
    vnetHeader: tryPacket(sockets, PACKET_VNET_HDR, [1]),
    fanout: tryPacket(sockets, PACKET_FANOUT, [1]),
    tap: tryTap(sockets),
    xdpSocket: trySocket(sockets, AF_XDP),
    xdpNative: tryXdp(sockets, link, XDP_FLAGS_NATIVE),
    xdpGeneric: tryXdp(sockets, link, XDP_FLAGS_GENERIC),
  };
}

/** `tpacket_req3` of one block of 64 KiB: block size, blocks, frame size, frames, timeout, private, features. */
const SMALL_RING = [65536, 1, 2048, 32, 10, 0, 0];

function tryPacket(sockets: Sockets, name: number, value: readonly number[]): Trial {
  const fd = sockets.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, ETH_P_ALL_WIRE);
  if (fd < 0) return { works: false, code: sockets.errno() };
  try {
    const version = words([TPACKET_V3]);
    if (sockets.setsockopt(fd, SOL_PACKET, PACKET_VERSION, version, 4) !== 0)
      return { works: false, code: sockets.errno() };
    const bytes = words(value);
    return resultOf(sockets, sockets.setsockopt(fd, SOL_PACKET, name, bytes, bytes.length));
  } finally {
    sockets.close(fd);
  }
}

function trySocket(sockets: Sockets, family: number): Trial {
  const fd = sockets.socket(family, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) return { works: false, code: sockets.errno() };
  sockets.close(fd);
  return { works: true };
}

function tryTap(sockets: Sockets): Trial {
  let fd: number;
  try {
    fd = openSync('/dev/net/tun', 'r+');
  } catch (error) {
    return { works: false, code: (error as NodeJS.ErrnoException).code ?? '' };
  }
  try {
    const request = new Uint8Array(40);
    request.set(new TextEncoder().encode('netvirt%d'));
    new DataView(request.buffer).setUint16(16, TAP_FLAGS, true);
    return resultOf(sockets, sockets.ioctl(fd, TUNSETIFF, request));
  } finally {
    closeSync(fd);
  }
}

async function makeVeth(): Promise<number> {
  const kernel = await Kernel.open();
  try {
    kernel.makeVeth('nvr-trial0', 'nvr-trial1');
    return kernel.link('nvr-trial0')?.index ?? 0;
  } catch {
    return 0;
  } finally {
    kernel.close();
  }
}

function tryXdp(sockets: Sockets, link: number, flags: number): Trial {
  if (link === 0) return { works: false, code: 'ENODEV' };
  const program = bpfProgram(sockets, XDP_PASS);
  if (program < 0) return { works: false, code: sockets.errno() };
  const attached = linkXdp(sockets, program, link, flags);
  const result = resultOf(sockets, attached);
  if (attached >= 0) sockets.close(attached);
  sockets.close(program);
  return result;
}

function resultOf(sockets: Sockets, status: number): Trial {
  return status >= 0 ? { works: true } : { works: false, code: sockets.errno() };
}

function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
