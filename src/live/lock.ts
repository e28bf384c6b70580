/**
 * One `netvirt run` for each interface: a socket with an abstract name (unix(7)), which belongs to the network namespace as the
 * interface does, and is gone with the process, however that ends.
 */

import { systemError } from './underlay/kernel.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, type Sockets } from './underlay/sockets.ts';
import { LiveError } from './types.ts';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/**
 * @param index of the interface: it stays when that is renamed.
 * @returns releases it.
 * @throws LiveError `busy` where another process has it.
 */
export function lockInterface(sockets: Sockets, name: string, index: number): () => void {
  const address = abstractAddress(`netvirt/interface/${index}`);
  const fd = open(sockets);
  if (sockets.bind(fd, address, address.length) === 0 && sockets.listen(fd, 1) === 0) {
    return () => {
      sockets.close(fd);
    };
  }
  const code = sockets.errno();
  sockets.close(fd);
  if (code !== 'EADDRINUSE') throw systemError(name, code);
  const owner = ownerOf(sockets, address);
  const who = owner === undefined ? 'another netvirt run' : `another netvirt run (process ${owner})`;
  throw new LiveError('busy', `${name}: ${who} has this interface`);
}

function open(sockets: Sockets): number {
  const fd = sockets.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('socket', sockets.errno());
  return fd;
}

/** The process that listens there. */
function ownerOf(sockets: Sockets, address: Uint8Array): number | undefined {
  const fd = open(sockets);
  try {
    if (sockets.connect(fd, address, address.length) !== 0) return undefined;
    const credentials = new Uint8Array(12);
    const length = new Uint32Array([credentials.length]);
    if (sockets.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
    const process = new DataView(credentials.buffer).getInt32(0, true);
    return process > 0 ? process : undefined;
  } finally {
    sockets.close(fd);
  }
}

/** `sockaddr_un` of a name that begins with a zero byte: it is in no file system. */
function abstractAddress(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const address = new Uint8Array(3 + text.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(text, 3);
  return address;
}
