/** `netvirt check POLICY`: validates, and says what the policy amounts to. */

import pc from 'picocolors';
import { PolicyError } from '../policy/errors.ts';
import type { Policy } from '../policy/model.ts';
import { type PolicySummary, summarize } from '../observe/summary.ts';
import { loadPolicy, nameOf } from './policy-file.ts';
import { count, plural, table } from './report.ts';

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
