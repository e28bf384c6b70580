/** `netvirt verify POLICY`: is every routing domain kept apart, and does everybody who should talk reach the other? */

import pc from 'picocolors';
import { type Failure, type Verification, verify as verifyPolicy } from '../verify/index.ts';
import type { Counterexample } from '../verify/counterexample.ts';
import { DEFAULT_RECORDS } from '../verify/part.ts';
import { InputError } from './errors.ts';
import { loadPolicy } from './policy-file.ts';
import { count, plural, table } from './report.ts';

export interface VerifyCommandOptions {
  pairs: number;
  allHosts?: boolean;
  json?: boolean;
}

/** @throws InputError after the report when something failed. */
export async function verify(file: string, { pairs, allHosts, json }: VerifyCommandOptions): Promise<void> {
  const records = allHosts === true ? Infinity : DEFAULT_RECORDS;
  const verification = await verifyPolicy(await loadPolicy(file), { pairs, records });
  const name = file === '-' ? 'stdin' : file;
  console.log(
    json === true ? JSON.stringify(toJson(verification), null, 2) : verificationText(name, verification),
  );
  if (verification.proven) return;
  const failed = verification.checks.filter((check) => check.failed > 0);
  throw new InputError(
    `${name}: expected every check to hold, got failures of ${failed.map((check) => check.name).join(', ')}`,
  );
}

function toJson(verification: Verification) {
  const failures = verification.failures.map(({ check, message, counterexample }) => ({
    check,
    message,
    counterexample: counterexample === undefined ? null : counterexampleJson(counterexample),
  }));
  return { ...verification, failures };
}

function counterexampleJson({ from, to, frame, traces }: Counterexample) {
  const hex = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? null : Buffer.from(bytes).toString('hex');
  return {
    from,
    to,
    frame: hex(frame),
    traces: traces.map((trace) => ({ ...trace, frame: hex(trace.frame) })),
  };
}

/** Rows of a table; the rest is in the JSON. */
const ROWS = 10;

function shortTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const rest = rows.length - ROWS;
  return [
    table(head, rows.slice(0, ROWS)),
    ...(rest > 0 ? [`… and ${count(rest)} more (--json has all)`] : []),
    '',
  ];
}

/** The report for people. */
export function verificationText(
  name: string,
  { proven, checks, domains, hosts, trafficHosts, ...rest }: Verification,
): string {
  const verdict = proven ? pc.green('everything holds') : pc.red('NOT everything holds');
  return [
    `${name}: ${verdict}`,
    '',
    ...shortTable(
      ['check', 'cases', 'of', 'failed', 'how', 'what'],
      checks.map((check) => [check.name, check.cases, check.of, check.failed, check.scope, check.what]),
    ),
    ...(trafficHosts < hosts.length
      ? [
          `packets were sent between ${count(trafficHosts)} of ${count(hosts.length)} hosts, for the time that their dataplanes take (--all-hosts)`,
          '',
        ]
      : []),
    ...shortTable(
      [
        'routing domain',
        'hosts',
        'endpoints',
        'addresses',
        'pairs in subnets',
        'routed pairs',
        'pairs kept apart',
      ],
      domains.map((one) => [
        one.name,
        one.hosts,
        one.endpoints,
        one.addresses,
        one.pairs.subnet,
        one.pairs.routed,
        one.kept,
      ]),
    ),
    'records that each host needs',
    ...shortTable(
      [
        'host',
        'domains',
        'ports',
        'subnets',
        'MACs',
        'addresses',
        'of IP Rewrite',
        'gateways',
        'copies',
        'routes',
        'next hops',
        'peer addresses',
      ],
      hosts.map((one) => [
        one.host,
        one.domains,
        one.ports,
        one.subnets,
        one.macs,
        one.addresses,
        one.rewrite,
        one.gateways,
        one.members,
        one.routes,
        one.nextHops,
        one.peers,
      ]),
    ),
    ...rest.findings.slice(0, ROWS).map(({ where, message }) => `${pc.yellow('note')} ${where}: ${message}`),
    ...(rest.findings.length > ROWS
      ? [`… and ${plural(rest.findings.length - ROWS, 'more note')} (--json has all)`]
      : []),
    ...rest.failures.flatMap(failureLines),
  ]
    .join('\n')
    .trimEnd();
}

function failureLines({ check, message, counterexample }: Failure): string[] {
  const lines = ['', `${pc.red('failed')} ${check}: ${message}`];
  for (const { host, port, steps } of counterexample?.traces ?? []) {
    lines.push(`  on ${host}, from ${port}:`);
    const width = Math.max(...steps.map(({ rule }) => rule.length));
    lines.push(...steps.map(({ rule, text }) => `    ${rule.padEnd(width)}  ${text}`));
  }
  return lines;
}
