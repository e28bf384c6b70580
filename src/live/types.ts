/** What `LiveIo` takes, tells and counts. */

import type { Dataplane } from '../engine/dataplane.ts';

/** How frames come in and go out. `tap` is what a port of that kind has; nobody chooses it. */
export type Backend = 'packet' | 'xdp' | 'mmsg' | 'tap';

/** `auto`: for every port the best of them that works. */
export type IoChoice = 'packet' | 'xdp' | 'mmsg' | 'auto';

/** Where a port of the dataplane is on this machine. */
export interface LivePort {
  /** Number in the dataplane; 0 is the uplink. */
  readonly port: number;
  /** `interface`: it exists. `tap`: it is made at the start and is gone when it stops. */
  readonly kind: 'interface' | 'tap';
  /** Of the interface, at most 15 bytes. */
  readonly name: string;
}

export interface LiveEvent {
  /**
   * `backend`: which one a port has, or another one after it came back, and why. `port-down`: it has no carrier or is not up.
   * `port-gone`: there is no interface of that name any more. `port-up`: frames pass again. `error`: frames are lost.
   * `thread`: an I/O thread has died, and another one takes its place. `failed`: none does any more.
   */
  readonly type: 'backend' | 'port-down' | 'port-gone' | 'port-up' | 'error' | 'thread' | 'failed';
  /** Undefined: it is about no single port. */
  readonly port: number | undefined;
  /** Of the interface; '' where it is about none. */
  readonly name: string;
  /** Set with `backend`. */
  readonly backend?: Backend;
  /** One sentence for people. */
  readonly message: string;
}

export interface LiveOptions {
  /** Created with `build: 'live'` and one worker more than there are I/O threads. */
  readonly dataplane: Dataplane;
  readonly ports: readonly LivePort[];
  /** How many ports there may be at once (`LiveIo.setPorts`); default as many as at the start. */
  readonly most?: number;
  /** Default `auto`. */
  readonly io?: IoChoice;
  /** I/O threads, default 1. Flows are spread over them by the kernel. */
  readonly workers?: number;
  readonly onEvent?: (event: LiveEvent) => void;
}

/** Since the start, also over times in which the interface was away. */
export interface PortCounters {
  readonly port: number;
  readonly name: string;
  /** Undefined while the interface is away. */
  readonly backend: Backend | undefined;
  readonly state: 'up' | 'down' | 'gone';
  /** Frames that came in: a super-segment is one. */
  readonly received: number;
  readonly receivedBytes: number;
  readonly sent: number;
  readonly sentBytes: number;
  /** Frames that the kernel had no room for, because they came faster than they were read. */
  readonly kernelDrops: number;
  /** Frames that the kernel refused to send, or that no room was left for. */
  readonly errors: number;
  /** Frames that were to leave while the interface was down or gone. */
  readonly down: number;
}

/** Why there is no live I/O, for people; `LiveError.kind` for programs. */
export type LiveErrorKind =
  /** A capability is missing; the message says which, and how to give it. */
  | 'permission'
  /** No such interface. */
  | 'missing'
  /** Another program has it. */
  | 'busy'
  /** The system, the kernel or the kind of interface cannot do this. */
  | 'unsupported'
  /** Everything else that a system call answered. */
  | 'system';

export class LiveError extends Error {
  override readonly name = 'LiveError';
  readonly kind: LiveErrorKind;
  /** Name of the errno, such as EPERM; undefined where no system call failed. */
  readonly code: string | undefined;

  constructor(kind: LiveErrorKind, message: string, code?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}
