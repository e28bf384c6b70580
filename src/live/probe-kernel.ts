/**
 * Tries out what live I/O may use of the kernel, in a network namespace that is thrown away: nothing of the machine changes. It
 * moves the calling thread into that namespace and leaves it there: for a process that ends afterwards.
 */

import { Assembler, createLink, loadProgram } from './bpf.ts';
import { requestFor } from './interfaces.ts';
import {
  AF_PACKET,
  AF_XDP,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_XDP,
  BPF_TCX_INGRESS,
  BPF_XDP,
  CLONE_NEWNET,
  IFF_NO_PI,
  IFF_TAP,
  IFF_VNET_HDR,
  O_CLOEXEC,
  O_RDWR,
  PACKET_FANOUT,
  PACKET_RX_RING,
  PACKET_VERSION,
  PACKET_VNET_HDR,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_PACKET,
  TCX_NEXT,
  TPACKET_V2,
  TUNSETIFF,
  XDP_FLAGS_DRV_MODE,
  XDP_FLAGS_SKB_MODE,
  XDP_PASS,
} from './linux.ts';
import { type System, check, loadSystem, setInt, words } from './system.ts';
import { LiveError } from './types.ts';
import { Kernel } from './underlay/kernel.ts';

export type Trial =
  | { readonly works: true }
  /** `code`: name of the errno, or UNTRIED. */
  | { readonly works: false; readonly code: string };

/** There was no namespace to try it in: that takes CAP_SYS_ADMIN. */
export const UNTRIED = 'untried';

export interface KernelTrials {
  readonly packetRing: Trial;
  readonly vnetHeader: Trial;
  readonly fanout: Trial;
  readonly tap: Trial;
  readonly shield: Trial;
  readonly xdpSocket: Trial;
  readonly xdpNative: Trial;
  readonly xdpGeneric: Trial;
}

/** ETH_P_ALL in the byte order of the wire. */
const ETH_P_ALL_WIRE = 0x0300;
/** `struct tpacket_req` of one block of 64 KiB: block size, blocks, slot size, slots. */
const SMALL_RING = [65536, 1, 2048, 32];

/** @throws LiveError without koffi. */
export async function tryKernel(): Promise<KernelTrials> {
  const system = await loadSystem();
  const isAlone = system.unshare(CLONE_NEWNET) === 0;
  const link = isAlone ? await makeVeth() : 0;
  /** What would change the machine is not tried on it. */
  const alone = (work: () => void): Trial => (isAlone ? trial(work) : { works: false, code: UNTRIED });
  return {
    packetRing: trial(() => {
      tryPacket(system, PACKET_RX_RING, SMALL_RING);
    }),
    vnetHeader: trial(() => {
      tryPacket(system, PACKET_VNET_HDR, [1]);
    }),
    fanout: trial(() => {
      tryPacket(system, PACKET_FANOUT, [1]);
    }),
    tap: alone(() => {
      tryTap(system);
    }),
    shield: alone(() => {
      tryProgram(system, BPF_PROG_TYPE_SCHED_CLS, 0, TCX_NEXT, link, BPF_TCX_INGRESS, 0);
    }),
    xdpSocket: trial(() => {
      system.close(check(system, system.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), 'AF_XDP'));
    }),
    xdpNative: alone(() => {
      tryProgram(system, BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS, link, BPF_XDP, XDP_FLAGS_DRV_MODE);
    }),
    xdpGeneric: alone(() => {
      tryProgram(system, BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS, link, BPF_XDP, XDP_FLAGS_SKB_MODE);
    }),
  };
}

function trial(work: () => void): Trial {
  try {
    work();
    return { works: true };
  } catch (error) {
    if (!(error instanceof LiveError)) throw error;
    return { works: false, code: error.code ?? error.kind };
  }
}

function tryPacket(system: System, option: number, value: readonly number[]): void {
  // Fan-out takes only sockets that receive.
  const fd = check(
    system,
    system.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, ETH_P_ALL_WIRE),
    'packet socket',
  );
  try {
    check(system, setInt(system, fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2), 'PACKET_VERSION');
    const bytes = words(...value);
    check(system, system.setsockopt(fd, SOL_PACKET, option, bytes, bytes.length), 'option');
  } finally {
    system.close(fd);
  }
}

function tryTap(system: System): void {
  const fd = check(system, system.open('/dev/net/tun', O_RDWR | O_CLOEXEC), '/dev/net/tun');
  try {
    const request = requestFor('netvirt%d');
    new DataView(request.buffer).setUint16(16, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, true);
    check(system, system.ioctl(fd, TUNSETIFF, request), 'tap');
  } finally {
    system.close(fd);
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

/** A program that answers every frame with `verdict`, attached to `link` for a moment. */
function tryProgram(
  system: System,
  type: number,
  loadedFor: number,
  verdict: number,
  link: number,
  attachType: number,
  flags: number,
): void {
  const program = loadProgram(system, type, loadedFor, new Assembler().set(0, verdict).exit().bytes());
  try {
    system.close(check(system, createLink(system, program, link, attachType, flags), 'program'));
  } finally {
    system.close(program);
  }
}
