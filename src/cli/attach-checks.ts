/** Whether endpoints and interfaces are what `netvirt run` can use: all that is wrong, a line each. */

import type { Link } from '../live/underlay/netlink.ts';
import { didYouMean } from '../policy/errors.ts';
import type { Host, Policy } from '../policy/model.ts';
import { hostOf } from '../policy/whereabouts.ts';
import type { Attachment } from './attachments.ts';

const ARPHRD_ETHER = 1;
/** What else there is, for messages (linux/if_arp.h). */
const KINDS: ReadonlyMap<number, string> = new Map([
  [32, 'InfiniBand'],
  [512, 'PPP'],
  [768, 'an IPv4 tunnel'],
  [769, 'an IPv6 tunnel'],
  [772, 'the loopback interface'],
  [776, 'an IPv6-in-IPv4 tunnel'],
  [778, 'a GRE tunnel'],
  [0xfffe, 'an interface without a link layer'],
]);

/** @returns one line for each problem of the endpoints. */
export function endpointProblems(policy: Policy, host: Host, attachments: readonly Attachment[]): string[] {
  const names = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap(({ endpoints }) => endpoints.map(({ name }) => name)),
  );
  const known = new Set(names);
  return attachments.flatMap(({ option, endpoint, name }) => {
    if (!known.has(endpoint)) {
      // It may come into the policy later.
      if (option === '--await') return [];
      return [
        `${option}: expected an endpoint of the policy, got "${endpoint}"${didYouMean(endpoint, names)}`,
      ];
    }
    const at = hostOf(policy, endpoint)!;
    if (at === host || option === '--await') return [];
    const hint = option === '--attach' ? `; --await ${endpoint}=${name} attaches it when it comes` : '';
    return [
      `${option}: expected an endpoint on ${host.name}, got "${endpoint}", which is on ${at.name}${hint}`,
    ];
  });
}

/** @returns one line for each problem of the interfaces. */
export function interfaceProblems(
  uplink: string,
  attachments: readonly Attachment[],
  links: readonly Link[],
): string[] {
  const byName = new Map(links.map((link) => [link.name, link]));
  const problems = interfaceFault('--uplink', byName.get(uplink), uplink, links);
  for (const { option, name } of attachments) {
    const link = byName.get(name);
    if (option === '--tap') {
      if (link !== undefined) problems.push(`--tap: expected a name that no interface has, got "${name}"`);
    } else if (option === '--attach' || link !== undefined) {
      problems.push(...interfaceFault(option, link, name, links));
    }
  }
  return problems;
}

function interfaceFault(
  option: string,
  link: Link | undefined,
  name: string,
  links: readonly Link[],
): string[] {
  if (link === undefined) {
    const names = links.map((one) => one.name);
    return [`${option}: expected an interface of this machine, got "${name}"${didYouMean(name, names)}`];
  }
  if (link.type !== ARPHRD_ETHER) {
    const kind = KINDS.get(link.type) ?? `an interface of type ${link.type}`;
    return [`${option}: expected an Ethernet interface, got "${name}", ${kind}`];
  }
  if (link.master !== 0) {
    const master = links.find(({ index }) => index === link.master)?.name ?? `interface ${link.master}`;
    return [
      `${option}: expected an interface that nobody else uses, got "${name}", a port of ${master}: ip link set dev ${name} nomaster`,
    ];
  }
  return [];
}
