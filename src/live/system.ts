/**
 * System calls, through koffi: everything of libc that live I/O calls, and nothing else. Loaded when the first live I/O starts, so
 * that whoever has none needs no koffi.
 *
 * Buffers are addresses: `base` (where the WASM memory begins) plus an offset, or what `pointer` says of a small buffer. An
 * int64 is a number here, since no address of a process has more than 48 bits.
 */

import { POLLIN } from './linux.ts';
import { LiveError, type LiveErrorKind } from './types.ts';

/** As in the manual, section 2; −1 means an error, which `errno` names. */
export interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  mmap(address: number, length: number, prot: number, flags: number, fd: number, offset: number): number;
  poll(fds: number, count: number, milliseconds: number): number;
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, messages: number, count: number, flags: number): number;
  sendto(fd: number, buffer: number, length: number, flags: number, address: number, size: number): number;
  send(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  read(fd: number, buffer: number, length: number): number;
  write(fd: number, buffer: Uint8Array, length: number): number;
  writev(fd: number, vectors: number, count: number): number;
  /** @param time address of a struct timespec. */
  nanosleep(time: number, rest: number): number;
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  open(path: string, flags: number): number;
  close(fd: number): number;
  eventfd(value: number, flags: number): number;
  unshare(flags: number): number;
  /** The argument by reference. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** The argument by value. */
  ioctlValue(fd: number, request: number, argument: number): number;
  /** `bpf(2)` has no function in libc. @param number of the system call on this machine. */
  syscall(number: number, command: number, attributes: Uint8Array, size: number): number;
}

export interface System extends Calls {
  /** Of the last call of this thread that returned −1. */
  errno(): number;
  /** Address of a buffer that stays referenced as long as the address is used. */
  pointer(buffer: Uint8Array): number;
  /**
   * Sleeps in poll(2) on a thread of Node's pool. Resolves when one of the files can be read, with which; or never: then an
   * eventfd is to be among them.
   */
  wait(fds: readonly number[]): Promise<boolean[]>;
  /** Number of `bpf(2)`. */
  readonly bpfNumber: number;
}

const BPF_NUMBERS: Partial<Record<string, number>> = { x64: 321, arm64: 280 };

let loaded: System | undefined;

/** @throws LiveError where this is not Linux, or koffi is missing. */
export async function loadSystem(): Promise<System> {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux')
    throw new LiveError('unsupported', `live I/O needs Linux; this is ${process.platform}`);
  const bpfNumber = BPF_NUMBERS[process.arch];
  if (bpfNumber === undefined)
    throw new LiveError('unsupported', `live I/O needs x64 or arm64; this is ${process.arch}`);
  let koffi: typeof import('koffi');
  try {
    const module = await import('koffi');
    koffi = (module as unknown as { default?: typeof import('koffi') }).default ?? module;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new LiveError(
      'unsupported',
      `live I/O needs the optional package koffi: npm install koffi (${reason})`,
    );
  }
  const libc = koffi.load(null);
  const func = (name: string, result: string, ...types: string[]) =>
    libc.func(name, result, types) as unknown;
  const calls = {
    socket: func('socket', 'int', 'int', 'int', 'int'),
    bind: func('bind', 'int', 'int', 'void *', 'uint32'),
    setsockopt: func('setsockopt', 'int', 'int', 'int', 'int', 'void *', 'uint32'),
    getsockopt: func('getsockopt', 'int', 'int', 'int', 'int', 'void *', 'void *'),
    mmap: func('mmap', 'int64', 'int64', 'uint64', 'int', 'int', 'int', 'int64'),
    poll: func('poll', 'int', 'int64', 'uint64', 'int'),
    recvmmsg: func('recvmmsg', 'int', 'int', 'int64', 'uint32', 'int', 'int64'),
    sendmmsg: func('sendmmsg', 'int', 'int', 'int64', 'uint32', 'int'),
    sendto: func('sendto', 'int64', 'int', 'int64', 'uint64', 'int', 'int64', 'uint32'),
    send: func('send', 'int64', 'int', 'void *', 'uint64', 'int'),
    recv: func('recv', 'int64', 'int', 'void *', 'uint64', 'int'),
    read: func('read', 'int64', 'int', 'int64', 'uint64'),
    write: func('write', 'int64', 'int', 'void *', 'uint64'),
    writev: func('writev', 'int64', 'int', 'int64', 'int'),
    nanosleep: func('nanosleep', 'int', 'int64', 'int64'),
    prctl: func('prctl', 'int', 'int', 'uint64', 'uint64', 'uint64', 'uint64'),
    open: func('open', 'int', 'str', 'int'),
    close: func('close', 'int', 'int'),
    eventfd: func('eventfd', 'int', 'uint32', 'int'),
    unshare: func('unshare', 'int', 'int'),
    ioctl: func('ioctl', 'int', 'int', 'uint64', 'void *'),
    ioctlValue: func('ioctl', 'int', 'int', 'uint64', 'uint64'),
    syscall: func('syscall', 'int64', 'int64', 'int', 'void *', 'uint64'),
  } as Calls;
  loaded = {
    ...calls,
    errno: () => koffi.errno(),
    pointer: (buffer) => Number(koffi.address(buffer)),
    wait: (fds) => waitFor(libc.func('poll', 'int', ['void *', 'uint64', 'int']), fds),
    bpfNumber,
  };
  return loaded;
}

function waitFor(
  poll: { async: (...args: unknown[]) => unknown },
  fds: readonly number[],
): Promise<boolean[]> {
  // struct pollfd: fd, events u16, revents u16
  const entries = words(...fds.flatMap((fd) => [fd, POLLIN]));
  return new Promise((resolve, reject) => {
    poll.async(entries, fds.length, -1, (error: unknown, ready: number) => {
      if (error instanceof Error) reject(error);
      else {
        const view = new DataView(entries.buffer);
        resolve(fds.map((_, index) => ready > 0 && view.getUint16(index * 8 + 6, true) !== 0));
      }
    });
  });
}

/** What a person does about it. */
const HINTS: Partial<Record<string, string>> = {
  EPERM:
    'run it as root, or give the program the capabilities CAP_NET_RAW, CAP_NET_ADMIN and, for --io xdp, CAP_BPF',
  EACCES:
    'run it as root, or give the program the capabilities CAP_NET_RAW, CAP_NET_ADMIN and, for --io xdp, CAP_BPF',
  ENOMEM: 'the kernel has no memory for it: fewer ports or workers need less',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
};

const KINDS: Partial<Record<string, LiveErrorKind>> = {
  EPERM: 'permission',
  EACCES: 'permission',
  ENODEV: 'missing',
  ENXIO: 'missing',
  EBUSY: 'busy',
  EADDRINUSE: 'busy',
  EOPNOTSUPP: 'unsupported',
  ENOPROTOOPT: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  EPROTONOSUPPORT: 'unsupported',
};

/** Name and meaning of an errno. */
export function errnoText(errno: number): { name: string; meaning: string } {
  const { getSystemErrorMap } = process.getBuiltinModule('node:util');
  const [name, meaning] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return { name, meaning };
}

/**
 * The error of the call that just returned −1.
 * @param what failed, as "eth0: cannot open a packet socket".
 */
export function systemError(system: System, what: string, hint?: string): LiveError {
  return errnoError(system.errno(), what, hint);
}

export function errnoError(errno: number, what: string, hint?: string): LiveError {
  const { name, meaning } = errnoText(errno);
  const advice = hint ?? HINTS[name];
  const message = `${what}: ${meaning} (${name})${advice === undefined ? '' : `; ${advice}`}`;
  return new LiveError(KINDS[name] ?? 'system', message, name);
}

/** @returns what the call returned. @throws LiveError where it is −1. */
export function check(system: System, result: number, what: string, hint?: string): number {
  if (result < 0) throw systemError(system, what, hint);
  return result;
}

/** Sets an option whose value is an int. */
export function setInt(system: System, fd: number, level: number, option: number, value: number): number {
  return system.setsockopt(fd, level, option, words(value), 4);
}

/** Little-endian u32 one after the other, as the kernel takes them. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
