/** `netvirt check POLICY`: validates, and says what the policy amounts to. */

import pc from 'picocolors';
import { PolicyError } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { subnetsWithoutGateway } from '../verify/gateways.ts';
import { loadPolicy, nameOf } from './policy-file.ts';
import { count, plural, table } from './report.ts';

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

export async function check(file: string, options: { json?: boolean }): Promise<void> {
  const summary = summarize(await loadOrReport(file, options.json === true));
  const text =
    options.json === true ? JSON.stringify({ valid: true, ...summary }, null, 2) : summaryText(file, summary);
  console.log(text);
}

/** Problems as JSON on stdout for programs; their lines on stderr come all the same. */
async function loadOrReport(file: string, isJson: boolean): Promise<Policy> {
  try {
    return await loadPolicy(file);
  } catch (error) {
    if (isJson && error instanceof PolicyError)
      console.log(JSON.stringify({ valid: false, problems: error.problems }, null, 2));
    throw error;
  }
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

/** Lines of notes; `--json` has all. */
const NOTES = 10;

function summaryText(file: string, summary: PolicySummary): string {
  const { hosts, customers, providerAddresses, notes } = summary;
  const { total, withoutNvgre } = providerAddresses;
  const rows = customers.map(({ name, routingDomains, subnets, nvgre, rewrite, addresses }) => [
    name,
    routingDomains,
    subnets,
    nvgre,
    rewrite,
    addresses,
  ]);
  return [
    `${nameOf(file)}: valid, ${plural(hosts, 'host')}, ${plural(customers.length, 'customer')}`,
    '',
    table(['customer', 'routing domains', 'subnets', 'nvgre VMs', 'rewrite VMs', 'addresses'], rows),
    '',
    `provider addresses: ${count(providerAddresses.hosts)} of hosts (shared by NVGRE) + ${count(providerAddresses.rewrite)} of ` +
      `IP Rewrite = ${count(total)}`,
    `with one provider address per VM address it would be ${count(withoutNvgre)}: NVGRE saves ${count(withoutNvgre - total)}`,
    ...notes.slice(0, NOTES).map(({ where, message }) => `${pc.yellow('note')} ${where}: ${message}`),
    ...(notes.length > NOTES ? [`… and ${plural(notes.length - NOTES, 'more note')} (--json has all)`] : []),
  ].join('\n');
}
