/** What tests of live I/O need of the machine; what is missing is said. */

import { spawnSync } from 'node:child_process';

function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

/** In CI a missing tool is a failure, not a reason to skip. */
function reasonTo(skip: boolean, reason: string): string | undefined {
  if (!skip) return undefined;
  if (process.env.NETVIRT_SYSTEM_TESTS === '1') throw new Error(`NETVIRT_SYSTEM_TESTS=1, but ${reason}`);
  return reason;
}

const canMakeNamespaces = () =>
  process.getuid?.() === 0 && works('unshare', '--net', 'true') && works('ip', '-V') && works('ping', '-V');

export const NO_NAMESPACES =
  process.platform === 'linux'
    ? reasonTo(!canMakeNamespaces(), 'network namespaces need root, iproute2 and iputils-ping')
    : 'this is not Linux';

export const NO_IPERF = reasonTo(!works('iperf3', '--version'), 'iperf3 is not installed');
export const NO_OPENVSWITCH = reasonTo(
  !works('ovs-vswitchd', '--version'),
  'openvswitch-switch is not installed',
);
export const NO_ETHTOOL = reasonTo(!works('ethtool', '--version'), 'ethtool is not installed');
export const NO_TCPDUMP = reasonTo(!works('tcpdump', '--version'), 'tcpdump is not installed');
