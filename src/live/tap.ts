/** Ports of kind `tap`: an interface that is made here, for a VM, and is gone when its file is closed. Documentation/networking/tuntap.rst */

import { OFFLOAD_CHECKSUM, OFFLOAD_TSO4, OFFLOAD_TSO6, OFFLOAD_USO } from '../abi/layout.ts';
import { VNET_SIZE } from '../abi/vnet.ts';
import type { Opened } from './channel.ts';
import { type Interfaces, requestFor } from './interfaces.ts';
import {
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN_EXCL,
  IFF_VNET_HDR,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  POLLOUT,
  TUNGETIFF,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_USO4,
  TUN_F_USO6,
} from './linux.ts';
import { type System, check, errnoText, words } from './system.ts';
import { LiveError } from './types.ts';

const SEGMENTS = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

/** @returns the file of a new tap, which is up. @throws LiveError 'busy' where there is an interface of that name. */
export function createTap(
  system: System,
  interfaces: Interfaces,
  name: string,
): { fd: number; uso: boolean } {
  const fd = system.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC);
  check(system, fd, `${name}: cannot open /dev/net/tun`, 'it needs the kernel module tun: modprobe tun');
  try {
    const request = requestFor(name);
    const flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL;
    new DataView(request.buffer).setUint16(16, flags, true);
    if (system.ioctl(fd, TUNSETIFF, request) < 0) refuse(system, name);
    check(system, system.ioctl(fd, TUNSETVNETHDRSZ, words(VNET_SIZE)), `${name}: cannot set the header`);
    // Since Linux 6.2 a tap takes UDP super-segments.
    const uso = system.ioctlValue(fd, TUNSETOFFLOAD, SEGMENTS | TUN_F_USO4 | TUN_F_USO6) === 0;
    if (!uso) check(system, system.ioctlValue(fd, TUNSETOFFLOAD, SEGMENTS), `${name}: cannot set offloads`);
    interfaces.setUp(name);
    return { fd, uso };
  } catch (error) {
    system.close(fd);
    throw error;
  }
}

function refuse(system: System, name: string): void {
  const { name: errno } = errnoText(system.errno());
  if (errno === 'EBUSY' || errno === 'EEXIST' || errno === 'EINVAL')
    throw new LiveError(
      'busy',
      `${name}: there is an interface of that name; choose another one for the tap`,
      errno,
    );
  check(system, -1, `${name}: cannot make a tap`);
}

/** One thread reads it; all write. */
export function openTap(
  system: System,
  fd: number,
  uso: boolean,
  port: number,
  lane: number,
  threads: number,
): Opened {
  const offloads = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | (uso ? OFFLOAD_USO : 0);
  return {
    backend: 'tap',
    offloads,
    channels: Array.from({ length: threads }, (_, thread) => [
      {
        port,
        lane,
        hasVnet: true,
        source: thread === port % threads ? { kind: 'tap', fd } : undefined,
        sink: { kind: 'tap', fd },
      },
    ]),
    state: () => stateOf(system, fd),
    takeDrops: () => 0,
    close: () => {
      system.close(fd);
    },
  };
}

/** By its file: the interface may have another name by now, in the network namespace of a container. */
function stateOf(system: System, fd: number): 'up' | 'down' | 'gone' {
  if (system.ioctl(fd, TUNGETIFF, requestFor('')) < 0) return 'gone';
  // It takes frames while it is up. struct pollfd: fd, events u16, revents u16
  const entry = words(fd, POLLOUT);
  const ready = system.poll(system.pointer(entry), 1, 0);
  return ready > 0 && (new DataView(entry.buffer).getUint16(6, true) & POLLOUT) !== 0 ? 'up' : 'down';
}
