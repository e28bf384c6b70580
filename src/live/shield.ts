/**
 * Keeps the host's own stack away from frames of the dataplane. A packet socket shows frames, and the kernel goes on with them: it would
 * answer ARP of VMs, refuse tunnels by ICMP, forward. XDP takes frames away, so that with it none of this is needed.
 */

import { createLink, loadProgram } from './bpf.ts';
import {
  AF_INET,
  AF_INET6,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_TCX_INGRESS,
  IPPROTO_GRE,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from './linux.ts';
import { shieldProgram } from './programs.ts';
import { type System, check } from './system.ts';
import { LiveError } from './types.ts';

export interface Shield {
  /** Undefined: it holds. Else what it does not, for people. */
  readonly gap: string | undefined;
  close(): void;
}

/**
 * @param isTenant nothing is the host's; else what the map of addresses does not name.
 * @throws LiveError 'permission'
 */
export function raiseShield(
  system: System,
  name: string,
  ifindex: number,
  isTenant: boolean,
  addresses: () => number,
): Shield {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds) system.close(fd);
  };
  let error: LiveError;
  try {
    const code = shieldProgram(isTenant ? -1 : addresses(), isTenant);
    fds.push(loadProgram(system, BPF_PROG_TYPE_SCHED_CLS, 0, code));
    const link = createLink(system, fds[0]!, ifindex, BPF_TCX_INGRESS, 0);
    fds.push(check(system, link, `${name}: cannot attach a program to it`));
    return { gap: undefined, close };
  } catch (cause) {
    if (!(cause instanceof LiveError) || cause.kind === 'permission') {
      close();
      throw cause;
    }
    error = cause;
  }
  // Before Linux 6.6. Who listens to GRE at least keeps the kernel from refusing it.
  if (!isTenant)
    for (const family of [AF_INET, AF_INET6]) {
      const fd = system.socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
      if (fd >= 0) fds.push(fd);
    }
  const gap = `the host's own stack sees its frames as well, which Linux 6.6 and --io xdp prevent (${error.code ?? error.kind})`;
  return { gap, close };
}
