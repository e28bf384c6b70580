/** What the kernel of this network namespace knows: interfaces, routes, neighbours; and what changes of it. */

import type { IpAddress } from '../../policy/model.ts';
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVTIMEO,
} from '../linux.ts';
import { type System, check, errnoText, loadSystem, setInt, systemError, words } from '../system.ts';
import { LiveError } from '../types.ts';
import { Conversation } from './conversation.ts';
import * as netlink from './netlink.ts';

/** Groups of rtnetlink(7): links, neighbours, addresses and routes of both families. */
const CHANGES = 0x1 | 0x4 | 0x10 | 0x100 | 0x40 | 0x400;
/** Dumps come in datagrams of at most 32 KiB. */
const DATAGRAM = 65536;
/** Changes are few, but a link that goes down takes all of its neighbours. */
const RECEIVE_BUFFER = 1 << 20;
/** A kernel that does not answer is no reason to stand still, seconds. */
const PATIENCE = 2;

export class Kernel {
  readonly system: System;
  readonly #requests: number;
  readonly #changes: number;
  readonly #buffer = new Uint8Array(DATAGRAM);
  readonly #conversation: Conversation;

  private constructor(system: System, requests: number, changes: number) {
    this.system = system;
    this.#requests = requests;
    this.#changes = changes;
    this.#conversation = new Conversation({
      send: (request) => {
        check(system, system.send(requests, request, request.length, 0), 'netlink');
      },
      receive: () => {
        const length = check(system, system.recv(requests, this.#buffer, DATAGRAM, 0), 'netlink');
        return this.#buffer.slice(0, length);
      },
    });
  }

  /** @throws LiveError where there is no koffi, or no netlink. */
  static async open(): Promise<Kernel> {
    const system = await loadSystem();
    return new Kernel(system, openNetlink(system, 0), openNetlink(system, CHANGES));
  }

  /** Can be read (`System.wait`) when something has changed; `readChanges` empties it. */
  get changes(): number {
    return this.#changes;
  }

  close(): void {
    this.system.close(this.#requests);
    this.system.close(this.#changes);
  }

  links(): netlink.Link[] {
    return this.#conversation.ask(netlink.linkRequest).flatMap((message) => netlink.readLink(message) ?? []);
  }

  link(name: string): netlink.Link | undefined {
    return this.links().find((link) => link.name === name);
  }

  /** Of all interfaces. */
  addresses(): netlink.KernelAddress[] {
    return this.#conversation
      .ask(netlink.addressRequest)
      .flatMap((message) => netlink.readAddress(message) ?? []);
  }

  /** Undefined: there is no way there. */
  route(to: IpAddress): netlink.Route | undefined {
    try {
      const [answer] = this.#conversation.ask((sequence) => netlink.routeRequest(sequence, to));
      return answer === undefined ? undefined : netlink.readRoute(answer);
    } catch (error) {
      if (error instanceof LiveError && UNROUTABLE.has(error.code ?? '')) return undefined;
      throw error;
    }
  }

  neighbors(): netlink.KernelNeighbor[] {
    return this.#conversation
      .ask(netlink.neighborRequest)
      .flatMap((message) => netlink.readNeighbor(message) ?? []);
  }

  /**
   * Has the kernel ask for a MAC (ARP, neighbour discovery), or confirm the one it has; the answer comes as a change.
   * @returns false where the interface is down or gone.
   * @throws LiveError without CAP_NET_ADMIN.
   */
  resolve(link: number, address: IpAddress): boolean {
    try {
      this.#conversation.ask((sequence) => netlink.resolveRequest(sequence, link, address));
      return true;
    } catch (error) {
      if (error instanceof LiveError && error.kind !== 'permission') return false;
      throw error;
    }
  }

  /** @throws LiveError without CAP_NET_ADMIN, or where there is such an interface. */
  makeVeth(name: string, peer: string): void {
    this.#conversation.ask((sequence) => netlink.vethRequest(sequence, name, peer));
  }

  /**
   * What has changed since the last call.
   * @returns false: there was more than the socket could keep, so that everything may have changed.
   */
  readChanges(onNeighbor: (neighbor: netlink.KernelNeighbor) => void, onOther: () => void): boolean {
    for (;;) {
      const length = this.system.recv(this.#changes, this.#buffer, DATAGRAM, MSG_DONTWAIT);
      if (length <= 0) return errnoText(this.system.errno()).name !== 'ENOBUFS';
      for (const message of netlink.messagesIn(this.#buffer.subarray(0, length))) {
        const isNeighbor = message.type === netlink.RTM_NEWNEIGH || message.type === netlink.RTM_DELNEIGH;
        const neighbor = isNeighbor ? netlink.readNeighbor(message) : undefined;
        if (neighbor !== undefined) onNeighbor(neighbor);
        else if (!isNeighbor) onOther();
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

function openNetlink(system: System, groups: number): number {
  const fd = check(system, system.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), 'netlink');
  // struct sockaddr_nl: family, pid, groups; struct timeval: seconds and microseconds, u64
  const address = words(AF_NETLINK, 0, groups);
  setInt(system, fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  system.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, words(PATIENCE, 0, 0, 0), 16);
  if (system.bind(fd, address, address.length) === 0) return fd;
  const error = systemError(system, 'netlink');
  system.close(fd);
  throw error;
}
