/** Sockets that Node does not have: netlink, packet, abstract names. By koffi, which is loaded when the first one is needed. */

import { constants } from 'node:os';
import { LiveError } from '../types.ts';

export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_STREAM = 1;
export const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const POLLIN = 1;
/** Number of bpf(2), which the C library has no function for. */
const BPF = process.arch === 'x64' ? 321 : 280;

/** Of the C library. A negative result: `errno` says why. */
interface Functions {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  close(fd: number): number;
  eventfd(initial: number, flags: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  unshare(flags: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
}

export interface Sockets extends Functions {
  bpf(command: number, attributes: Uint8Array, size: number): number;
  /** Where an array lies, for structures that point to others; it must stay referenced until the call has returned. */
  addressOf(bytes: Uint8Array): bigint;
  /** Of the last call that failed: `EPERM`, `ENODEV`, … */
  errno(): string;
  /** Resolves when one of them can be read, or never: then it is to be woken by an `eventfd` among them. */
  poll(fds: readonly number[]): Promise<boolean[]>;
}

const ERRNO_NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

let loading: Promise<Sockets> | undefined;

/** @throws LiveError where there is no koffi for this system. */
export function loadSockets(): Promise<Sockets> {
  return (loading ??= load());
}

async function load(): Promise<Sockets> {
  const koffi = await import('koffi').then(
    (module) => module.default,
    (error: unknown) => {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      throw new LiveError(
        'unsupported',
        `koffi, by which the kernel is called, is not there (npm install koffi): ${reason}`,
      );
    },
  );
  const libc = koffi.load('libc.so.6');
  const name = (prototype: string) => libc.func(prototype) as never;
  const syscall = libc.func(
    'int64_t syscall(int64_t number, int command, uint8_t *attributes, uint32_t size)',
  ) as (...args: unknown[]) => number | bigint;
  const poll = libc.func('int poll(uint8_t *fds, uint64_t count, int timeout)');
  return {
    socket: name('int socket(int domain, int type, int protocol)'),
    bind: name('int bind(int fd, uint8_t *address, uint32_t length)'),
    connect: name('int connect(int fd, uint8_t *address, uint32_t length)'),
    listen: name('int listen(int fd, int backlog)'),
    send: name('int64_t send(int fd, uint8_t *bytes, uint64_t length, int flags)'),
    recv: name('int64_t recv(int fd, _Out_ uint8_t *bytes, uint64_t length, int flags)'),
    getsockopt: name(
      'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
    ),
    setsockopt: name('int setsockopt(int fd, int level, int name, uint8_t *value, uint32_t length)'),
    close: name('int close(int fd)'),
    eventfd: name('int eventfd(uint32_t initial, int flags)'),
    write: name('int64_t write(int fd, uint8_t *bytes, uint64_t length)'),
    unshare: name('int unshare(int flags)'),
    ioctl: name('int ioctl(int fd, uint64_t request, _Inout_ uint8_t *argument)'),
    bpf: (command, attributes, size) => Number(syscall(BPF, command, attributes, size)),
    addressOf: (bytes) => koffi.address(bytes),
    errno: () => errnoName(koffi.errno()),
    poll(fds) {
      const entries = new DataView(new ArrayBuffer(fds.length * 8));
      for (const [index, fd] of fds.entries()) {
        entries.setInt32(index * 8, fd, true);
        entries.setInt16(index * 8 + 4, POLLIN, true);
      }
      const memory = Buffer.from(entries.buffer);
      return new Promise((resolve, reject) => {
        poll.async(memory, fds.length, -1, (error: unknown, result: number) => {
          if (error instanceof Error) reject(error);
          else resolve(fds.map((_, index) => result > 0 && entries.getInt16(index * 8 + 6, true) !== 0));
        });
      });
    },
  };
}

export function errnoName(number: number): string {
  return ERRNO_NAMES.get(number) ?? `errno ${number}`;
}

/** Everything that can be read without waiting. */
export function readAll(
  sockets: Sockets,
  fd: number,
  buffer: Uint8Array,
  onData: (data: Uint8Array) => void,
): void {
  for (;;) {
    const length = sockets.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
    if (length <= 0) return;
    onData(buffer.subarray(0, length));
  }
}

/** A socket option that is an integer. @returns false: `errno` says why. */
export function setOption(
  sockets: Sockets,
  fd: number,
  name: number,
  value: number,
  level = SOL_SOCKET,
): boolean {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return sockets.setsockopt(fd, level, name, bytes, 4) === 0;
}
