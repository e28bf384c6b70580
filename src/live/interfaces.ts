/** What the kernel says of its interfaces, by ioctl: netdevice(7). */

import {
  AF_INET,
  AF_UNIX,
  ARPHRD_ETHER,
  IFF_RUNNING,
  IFF_UP,
  SIOCETHTOOL,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCSIFFLAGS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from './linux.ts';
import { type System, check, errnoText, systemError, words } from './system.ts';
import { LiveError } from './types.ts';

/** `struct ifreq`: 16 bytes of name, then a union. */
const REQUEST_SIZE = 40;
const UNION = 16;
/** Bytes of a name, the final zero not counted. */
const LONGEST_NAME = 15;

export interface InterfaceState {
  /** Changes when an interface is removed and made again. */
  readonly index: number;
  /** It is up and has a carrier. */
  readonly isRunning: boolean;
}

export class Interfaces {
  readonly #system: System;
  readonly #fd: number;

  constructor(system: System) {
    this.#system = system;
    const fd = system.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    this.#fd = check(system, fd, 'cannot ask for interfaces');
  }

  close(): void {
    this.#system.close(this.#fd);
  }

  /** Undefined: there is none of that name. */
  state(name: string): InterfaceState | undefined {
    const index = this.#ask(SIOCGIFINDEX, name);
    const flags = this.#ask(SIOCGIFFLAGS, name);
    if (index === undefined || flags === undefined) return undefined;
    const bits = flags.getUint16(UNION, true);
    return {
      index: index.getInt32(UNION, true),
      isRunning: (bits & IFF_UP) !== 0 && (bits & IFF_RUNNING) !== 0,
    };
  }

  /** @throws LiveError where there is none of that name, or it is not Ethernet. */
  require(name: string): InterfaceState {
    const state = this.state(name);
    if (state === undefined) throw new LiveError('missing', `${name}: there is no such interface`, 'ENODEV');
    const type = this.#ask(SIOCGIFHWADDR, name)?.getUint16(UNION, true);
    if (type !== ARPHRD_ETHER)
      throw new LiveError('unsupported', `${name}: expected an Ethernet interface, this is another kind`);
    return state;
  }

  /** Largest IP packet, bytes; undefined: there is no such interface. */
  mtu(name: string): number | undefined {
    return this.#ask(SIOCGIFMTU, name)?.getInt32(UNION, true);
  }

  /** Receive queues; where the driver does not tell there is one. */
  queues(name: string): number {
    // struct ethtool_channels: cmd, max rx, tx, other, combined, count of rx, tx, other, combined
    const channels = words(ETHTOOL_GCHANNELS, 0, 0, 0, 0, 0, 0, 0, 0);
    const request = requestFor(name);
    new DataView(request.buffer).setBigUint64(UNION, BigInt(this.#system.pointer(channels)), true);
    if (this.#system.ioctl(this.#fd, SIOCETHTOOL, request) < 0) return 1;
    const view = new DataView(channels.buffer);
    return Math.max(view.getUint32(20, true), view.getUint32(32, true), 1);
  }

  /** @throws LiveError */
  setUp(name: string): void {
    const request = requestFor(name);
    const view = new DataView(request.buffer);
    check(this.#system, this.#system.ioctl(this.#fd, SIOCGIFFLAGS, request), `${name}: cannot ask`);
    view.setUint16(UNION, view.getUint16(UNION, true) | IFF_UP, true);
    check(this.#system, this.#system.ioctl(this.#fd, SIOCSIFFLAGS, request), `${name}: cannot set it up`);
  }

  #ask(request: number, name: string): DataView | undefined {
    const buffer = requestFor(name);
    if (this.#system.ioctl(this.#fd, request, buffer) >= 0) return new DataView(buffer.buffer);
    const errno = errnoText(this.#system.errno()).name;
    if (errno === 'ENODEV' || errno === 'ENXIO') return undefined;
    throw systemError(this.#system, `${name}: cannot ask for the interface`);
  }
}

const ETHTOOL_GCHANNELS = 0x3c;

/** `struct ifreq` of a name. */
export function requestFor(name: string): Uint8Array {
  const request = new Uint8Array(REQUEST_SIZE);
  request.set(new TextEncoder().encode(name).subarray(0, LONGEST_NAME));
  return request;
}

/** @throws RangeError for what no interface can be called. */
export function checkName(name: unknown): void {
  const isRight = typeof name === 'string' && /^[^\s/:]+$/.test(name) && name !== '.' && name !== '..';
  if (isRight && new TextEncoder().encode(name).length <= LONGEST_NAME) return;
  throw new RangeError(
    `name: expected an interface's name of 1 to ${LONGEST_NAME} bytes, got ${JSON.stringify(name)}`,
  );
}

/**
 * Makes sure that no other netvirt moves frames on this interface. An abstract socket does it: its names belong to the network
 * namespace, as interfaces do, and the kernel takes it away with the process, however that ends.
 * @returns what is to be closed.
 * @throws LiveError 'busy'
 */
export function lockInterface(system: System, name: string, index: number): number {
  const fd = system.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(system, fd, `${name}: cannot make a lock`);
  const path = new TextEncoder().encode(`netvirt-interface-${index}`);
  // struct sockaddr_un: family, then a zero, which makes the name abstract
  const address = new Uint8Array(3 + path.length);
  address[0] = AF_UNIX;
  address.set(path, 3);
  if (system.bind(fd, address, address.length) === 0) return fd;
  const { name: errno } = errnoText(system.errno());
  const error =
    errno === 'EADDRINUSE'
      ? new LiveError('busy', `${name}: another netvirt uses this interface; stop that one first`, errno)
      : systemError(system, `${name}: cannot make a lock`);
  system.close(fd);
  throw error;
}
