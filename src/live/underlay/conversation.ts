/** Requests to rtnetlink and their answers, to the end (netlink(7)). */

import { errnoError } from '../system.ts';
import {
  type Message,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  errorIn,
  isRequest,
  messagesIn,
} from './netlink.ts';

/** A netlink socket. Both throw LiveError. */
export interface NetlinkSocket {
  send(request: Uint8Array): void;
  /** The next datagram; it waits for it. */
  receive(): Uint8Array;
}

/** How often a list is asked for that changes while the kernel tells it. What changes after that is news of its own. */
const ATTEMPTS = 5;

export class Conversation {
  readonly #socket: NetlinkSocket;
  #sequence = 0;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** @throws LiveError where the kernel refuses. */
  ask(request: (sequence: number) => Uint8Array): Message[] {
    for (let attempt = 1; ; attempt++) {
      const { answers, isTorn } = this.#once(request(++this.#sequence));
      if (!isTorn || attempt === ATTEMPTS) return answers;
    }
  }

  #once(request: Uint8Array): { answers: Message[]; isTorn: boolean } {
    const isDump = isRequest(request, NLM_F_DUMP);
    const answers: Message[] = [];
    let isTorn = false;
    this.#socket.send(request);
    for (;;) {
      for (const message of messagesIn(this.#socket.receive())) {
        if (message.sequence !== this.#sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) isTorn = true;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          const errno = errorIn(message);
          if (errno !== 0) throw errnoError(errno, 'netlink');
          return { answers, isTorn };
        }
        answers.push(message);
        if (!isDump) return { answers, isTorn };
      }
    }
  }
}
