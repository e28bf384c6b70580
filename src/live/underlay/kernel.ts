/** What the kernel of this network namespace knows: interfaces, routes, neighbours; and what changes of it. */

import { formatIp } from '../../policy/addresses.ts';
import type { IpAddress } from '../../policy/model.ts';
import { LiveError } from '../types.ts';
import * as netlink from './netlink.ts';
import {
  AF_NETLINK,
  SOCK_CLOEXEC,
  SOCK_RAW,
  type Sockets,
  errnoName,
  loadSockets,
  readAll,
} from './sockets.ts';

/** Groups of rtnetlink(7): links, neighbours, routes of both families. */
const CHANGES = 0x1 | 0x4 | 0x40 | 0x400;
/** Dumps come in datagrams of at most 32 KiB. */
const DATAGRAM = 65536;
/** Changes are few, but a link that goes down takes all of its neighbours. */
const RECEIVE_BUFFER = 1 << 20;
const SO_RCVBUF = 8;

export class Kernel {
  readonly sockets: Sockets;
  readonly #requests: number;
  readonly #changes: number;
  readonly #buffer = new Uint8Array(DATAGRAM);
  #sequence = 0;

  private constructor(sockets: Sockets, requests: number, changes: number) {
    this.sockets = sockets;
    this.#requests = requests;
    this.#changes = changes;
  }

  /** @throws LiveError where there is no koffi, or no netlink. */
  static async open(): Promise<Kernel> {
    const sockets = await loadSockets();
    return new Kernel(sockets, openNetlink(sockets, 0), openNetlink(sockets, CHANGES));
  }

  /** Can be read (`Sockets.poll`) when something has changed; `readChanges` empties it. */
  get changes(): number {
    return this.#changes;
  }

  close(): void {
    this.sockets.close(this.#requests);
    this.sockets.close(this.#changes);
  }

  links(): netlink.Link[] {
    return this.#ask(netlink.linkRequest).flatMap((message) => netlink.readLink(message) ?? []);
  }

  link(name: string): netlink.Link | undefined {
    return this.links().find((link) => link.name === name);
  }

  /** Addresses of an interface. */
  addresses(link: number): IpAddress[] {
    return this.#ask(netlink.addressRequest).flatMap((message) => {
      const found = netlink.readAddress(message);
      return found?.interface === link ? [found.address] : [];
    });
  }

  /** Undefined: there is no way there. */
  route(to: IpAddress): netlink.Route | undefined {
    try {
      const [answer] = this.#ask((sequence) => netlink.routeRequest(sequence, to));
      return answer === undefined ? undefined : netlink.readRoute(answer);
    } catch (error) {
      if (error instanceof LiveError && UNROUTABLE.has(error.code ?? '')) return undefined;
      throw error;
    }
  }

  neighbors(): netlink.KernelNeighbor[] {
    return this.#ask(netlink.neighborRequest).flatMap((message) => netlink.readNeighbor(message) ?? []);
  }

  /**
   * Has the kernel ask for a MAC (ARP, neighbour discovery), or confirm the one it has; the answer comes as a change.
   * @returns false where the interface is down or gone.
   * @throws LiveError without CAP_NET_ADMIN.
   */
  resolve(link: number, address: IpAddress): boolean {
    try {
      this.#ask((sequence) => netlink.resolveRequest(sequence, link, address));
      return true;
    } catch (error) {
      if (error instanceof LiveError && error.kind !== 'permission') return false;
      throw error;
    }
  }

  /** @throws LiveError without CAP_NET_ADMIN, or where there is such an interface. */
  makeVeth(name: string, peer: string): void {
    this.#ask((sequence) => netlink.vethRequest(sequence, name, peer));
  }

  /**
   * What has changed since the last call.
   * @returns false: there was more than the socket could keep, so that everything may have changed.
   */
  readChanges(onNeighbor: (neighbor: netlink.KernelNeighbor) => void, onOther: () => void): boolean {
    readAll(this.sockets, this.#changes, this.#buffer, (datagram) => {
      for (const message of netlink.messagesIn(datagram)) {
        const isNeighbor = message.type === netlink.RTM_NEWNEIGH || message.type === netlink.RTM_DELNEIGH;
        const neighbor = isNeighbor ? netlink.readNeighbor(message) : undefined;
        if (neighbor !== undefined) onNeighbor(neighbor);
        else if (!isNeighbor) onOther();
      }
    });
    return this.sockets.errno() !== 'ENOBUFS';
  }

  /** Sends a request and reads its answers to the end. They come at once: this never waits for the network. */
  #ask(request: (sequence: number) => Uint8Array): netlink.Message[] {
    const sequence = ++this.#sequence;
    const bytes = request(sequence);
    if (this.sockets.send(this.#requests, bytes, bytes.length, 0) < 0)
      throw systemError('netlink', this.sockets.errno());
    const isDump =
      (new DataView(bytes.buffer).getUint16(6, true) & netlink.NLM_F_DUMP) === netlink.NLM_F_DUMP;
    const answers: netlink.Message[] = [];
    for (;;) {
      const length = this.sockets.recv(this.#requests, this.#buffer, DATAGRAM, 0);
      if (length < 0) throw systemError('netlink', this.sockets.errno());
      for (const message of netlink.messagesIn(this.#buffer.slice(0, length))) {
        if (message.sequence !== sequence) continue;
        if (message.type === netlink.NLMSG_DONE) return answers;
        if (message.type === netlink.NLMSG_ERROR) {
          const errno = netlink.errorIn(message);
          if (errno === 0) return answers;
          throw systemError('netlink', errnoName(errno));
        }
        answers.push(message);
        if (!isDump) return answers;
      }
    }
  }
}

/** Routes that say no. */
const UNROUTABLE: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EACCES',
  'EINVAL',
  'ENONET',
]);

export function systemError(what: string, code: string): LiveError {
  const kind =
    code === 'EPERM' || code === 'EACCES' ? 'permission' : code === 'ENODEV' ? 'missing' : 'system';
  return new LiveError(kind, `${what}: ${code}`, code);
}

function openNetlink(sockets: Sockets, groups: number): number {
  const fd = sockets.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('netlink', sockets.errno());
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setInt32(0, RECEIVE_BUFFER, true);
  sockets.setsockopt(fd, 1, SO_RCVBUF, size, 4);
  if (sockets.bind(fd, address, address.length) === 0) return fd;
  const code = sockets.errno();
  sockets.close(fd);
  throw systemError('netlink', code);
}

/** For messages. */
export function describeRoute(to: IpAddress, route: netlink.Route | undefined): string {
  if (route === undefined) return `the kernel has no route to ${formatIp(to)}`;
  return `the kernel’s route to ${formatIp(to)} is no way to another host`;
}
