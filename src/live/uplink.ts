/** A policy as it is on this machine's uplink: the MAC that it has, the MTU that it allows. */

import { formatMac } from '../policy/addresses.ts';
import type { Host, Policy } from '../policy/model.ts';
import { tunnelFamily } from '../policy/next-hops.ts';
import { IPV6_MIN_MTU } from '../policy/underlay.ts';
import { markValid } from '../policy/valid.ts';
import { LiveError } from './types.ts';
import type { Link } from './underlay/netlink.ts';

/** The smallest that `provider.mtu` can be. */
const LEAST_MTU = 576;
/** Bytes of an envelope beside the customer’s packet (N11): outer IP header, GRE, inner Ethernet. */
const OVERHEAD = { 4: 42, 6: 62 } as const;

/**
 * @param policy may leave MACs to be learnt.
 * @returns it with the uplink's MAC for a host that has none, and the uplink's MTU where that is smaller.
 * @throws LiveError where the uplink cannot carry what the policy asks, or has another MAC than others are told.
 */
export function onUplink(policy: Policy, host: Host, link: Pick<Link, 'name' | 'mac' | 'mtu'>): Policy {
  if (host.mac !== 0 && host.mac !== link.mac) {
    const expected = formatMac(host.mac);
    throw new LiveError(
      'unsupported',
      `${link.name}: expected the MAC that the policy gives ${host.name}, ${expected}, got ${formatMac(link.mac)}: ` +
        `ip link set dev ${link.name} address ${expected}, or leave it out of the policy`,
    );
  }
  const mtu = Math.min(policy.provider.mtu, link.mtu);
  if (mtu < policy.provider.mtu) checkMtu(policy, host, link, mtu);
  if (mtu === policy.provider.mtu && host.mac === link.mac) return policy;
  const hosts = policy.hosts.map((one) => (one === host ? { ...one, mac: link.mac } : one));
  return markValid({ ...policy, provider: { ...policy.provider, mtu }, hosts });
}

function checkMtu(policy: Policy, host: Host, { name }: Pick<Link, 'name'>, mtu: number): void {
  const { least, reason } = leastMtu(policy, host);
  if (mtu >= least) return;
  throw new LiveError(
    'unsupported',
    `${name}: expected an MTU of at least ${least}, ${reason}, got ${mtu}: ip link set dev ${name} mtu ${policy.provider.mtu}`,
  );
}

/** What the packets of this host need at least, and why. */
function leastMtu(policy: Policy, host: Host): { least: number; reason: string } {
  const domains = policy.customers
    .flatMap(({ routingDomains }) => routingDomains)
    .filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.host === host.index));
  const peers = new Set(domains.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.host)));
  peers.delete(host.index);
  const isOver6 = [...peers].some((peer) => tunnelFamily(policy, host, policy.hosts[peer]!) === 6);
  const carries6 = domains.some(({ endpoints }) =>
    endpoints.some(
      ({ method, addresses }) =>
        method === 'nvgre' && addresses.some(({ customer }) => customer.family === 6),
    ),
  );
  if (peers.size > 0 && carries6) {
    const overhead = OVERHEAD[isOver6 ? 6 : 4];
    const reason = `because virtual networks of this host carry IPv6 (RFC 8200 §5) in envelopes of ${overhead} bytes`;
    return { least: IPV6_MIN_MTU + overhead, reason };
  }
  if (isOver6) return { least: IPV6_MIN_MTU, reason: 'because hosts talk over IPv6 (RFC 8200 §5)' };
  return { least: LEAST_MTU, reason: 'as IPv4 needs' };
}
