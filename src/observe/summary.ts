/** What a policy amounts to: how much of everything, and which addresses the physical network has to know. */

import type { Policy } from '../policy/model.ts';
import { subnetsWithoutGateway } from '../verify/gateways.ts';

export interface PolicySummary {
  hosts: number;
  customers: {
    name: string;
    routingDomains: number;
    subnets: number;
    nvgre: number;
    rewrite: number;
    addresses: number;
  }[];
  /** Addresses that the physical network has to know. */
  providerAddresses: {
    /** Shared by all VMs of a host (NVGRE). */
    hosts: number;
    /** One per address of a VM (IP Rewrite). */
    rewrite: number;
    total: number;
    /** If every address of every VM had one. */
    withoutNvgre: number;
  };
  /** What the policy allows but hardly anybody means; `netvirt verify` has more. */
  notes: {
    /** Customer and routing domain. */
    where: string;
    message: string;
  }[];
}

export function summarize(policy: Policy): PolicySummary {
  const customers = policy.customers.map(({ name, routingDomains }) => {
    const endpoints = routingDomains.flatMap((domain) => domain.endpoints);
    return {
      name,
      routingDomains: routingDomains.length,
      subnets: routingDomains.reduce((subnets, domain) => subnets + domain.subnets.length, 0),
      nvgre: endpoints.filter(({ method }) => method === 'nvgre').length,
      rewrite: endpoints.filter(({ method }) => method === 'rewrite').length,
      addresses: endpoints.reduce((addresses, endpoint) => addresses + endpoint.addresses.length, 0),
    };
  });
  const hosts = policy.hosts.reduce(
    (all, { ipv4, ipv6 }) => all + [ipv4, ipv6].filter((own) => own !== undefined).length,
    0,
  );
  const rewrite = policy.customers
    .flatMap(({ routingDomains }) =>
      routingDomains.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses)),
    )
    .filter(({ provider }) => provider !== undefined).length;
  const addresses = customers.reduce((all, customer) => all + customer.addresses, 0);
  return {
    hosts: policy.hosts.length,
    customers,
    providerAddresses: { hosts, rewrite, total: hosts + rewrite, withoutNvgre: hosts + addresses },
    notes: notesOn(policy),
  };
}

function notesOn({ customers }: Policy): PolicySummary['notes'] {
  return customers.flatMap(({ name, routingDomains }) =>
    routingDomains.flatMap((domain) =>
      subnetsWithoutGateway(domain).map((message) => ({ where: `${name}/${domain.name}`, message })),
    ),
  );
}
