/**
 * Whether the kernel has the addresses that it should: the host's own provider addresses are the uplink's, because the kernel answers
 * ARP for them; rewrite addresses are nobody's on this machine, because their packets are the dataplane's.
 */

import { formatIp, formatPrefix, sameAddress } from '../../policy/addresses.ts';
import type { Host, IpAddress, Policy } from '../../policy/model.ts';
import type { KernelAddress, Link } from './netlink.ts';

export type AddressLog = (level: 'info' | 'warn' | 'error', message: string) => void;

/** The part of `Kernel` that this is about. */
export interface AddressSource {
  addresses(): readonly KernelAddress[];
  links(): readonly Link[];
}

interface Expectation {
  readonly address: IpAddress;
  /** Undefined: it is as it should be. */
  readonly problem: string | undefined;
  /** What is said when it is so again. */
  readonly solved: string;
  readonly level: 'warn' | 'error';
}

/** @returns one line for each rewrite address of this host that the kernel has as its own. */
export function rewriteProblems(policy: Policy, host: Host, source: AddressSource): string[] {
  return rewriteExpectations(policy, host, source).flatMap(({ problem }) => problem ?? []);
}

/** Says what is wrong once, and when it is right again. */
export class OwnAddresses {
  readonly #log: AddressLog;
  #wrong = new Set<string>();

  constructor(log: AddressLog) {
    this.#log = log;
  }

  /** To be called at the start, and when addresses, interfaces or the policy have changed. */
  look(policy: Policy, host: Host, uplink: Link, source: AddressSource): void {
    const wrong = new Set<string>();
    for (const { address, problem, solved, level } of [
      ...ownExpectations(host, uplink, source),
      ...rewriteExpectations(policy, host, source),
    ]) {
      const key = formatIp(address);
      if (problem !== undefined) {
        wrong.add(key);
        if (!this.#wrong.has(key)) this.#log(level, problem);
      } else if (this.#wrong.has(key)) this.#log('info', solved);
    }
    this.#wrong = wrong;
  }
}

function ownExpectations(host: Host, uplink: Link, source: AddressSource): Expectation[] {
  const known = source.addresses().filter((one) => one.interface === uplink.index);
  return [host.ipv4, host.ipv6].flatMap((own) => {
    if (own === undefined) return [];
    const [address, name] = [own.address, uplink.name];
    const isThere = known.some((one) => sameAddress(one.address, address));
    const problem =
      `${formatIp(address)}, which the policy gives ${host.name}, is not an address of ${name}: ` +
      `nobody answers peers that ask for it: ip addr add ${formatPrefix(own)} dev ${name}`;
    return [
      {
        address,
        problem: isThere ? undefined : problem,
        solved: `${formatIp(address)} is an address of ${name} now`,
        level: 'warn' as const,
      },
    ];
  });
}

function rewriteExpectations(policy: Policy, host: Host, source: AddressSource): Expectation[] {
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints.filter((endpoint) => endpoint.host === host.index)),
  );
  const rewritten = endpoints.flatMap(({ name, addresses }) =>
    addresses.flatMap(({ provider }) => (provider === undefined ? [] : [{ name, provider }])),
  );
  if (rewritten.length === 0) return [];
  const known = new Map(source.addresses().map((one) => [one.address.value, one]));
  const names = new Map(source.links().map(({ index, name }) => [index, name]));
  return rewritten.map(({ name, provider }) => {
    const taken = known.get(provider.value);
    const at = taken === undefined ? undefined : (names.get(taken.interface) ?? `if${taken.interface}`);
    const text = formatIp(provider);
    const problem =
      taken === undefined || at === undefined
        ? undefined
        : `${text}, the rewrite address of ${name}, is an address of this machine: its kernel answers what is ` +
          `${name}’s: ip addr del ${text}/${taken.length} dev ${at}`;
    const solved = `${text}, the rewrite address of ${name}, is no address of this machine any more`;
    return { address: provider, problem, solved, level: 'error' as const };
  });
}
