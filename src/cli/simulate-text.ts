/** What `netvirt simulate` prints for people. */

import type { Spread } from '../simulate/ecmp.ts';
import { LOSSES, type Loss } from '../simulate/network.ts';
import type { Learnt, Report } from '../simulate/report.ts';
import { count, dropLines, plural, sum, table } from './report.ts';

/** Rows of a table for people; `--json` has all of them. */
const SHOWN = 40;

export function simulationText(name: string, traffic: string, report: Report): string {
  const { fabric, steps, learned, ecmp, replies } = report;
  const answered =
    replies === 0 ? '' : ` (${count(replies)} of them answers of the gateway or from the records)`;
  return [
    `${name}: ${plural(fabric.hosts, 'host')} on ${plural(fabric.switches, 'switch', 'switches')} and a router, ` +
      `${plural(fabric.endpoints, 'endpoint')} of ${plural(fabric.customers, 'customer')}; traffic ${traffic}`,
    '',
    ...shortened(
      ['endpoint', 'customer', 'host', 'sent', 'received', 'bytes'],
      report.endpoints.map(({ name, customer, host, sent, received, bytes }) => [
        name,
        customer,
        host,
        sent,
        received,
        bytes,
      ]),
    ),
    '',
    `${plural(report.inputs, 'frame')} sent, ${count(report.received)} received${answered}, ` +
      `${count(report.punts)} not for a virtual network, ${count(sum(report.drops))} dropped, ` +
      `${count(report.strays)} reached another customer’s network`,
    ...dropLines(report.drops, 'of the policy'),
    ...(Object.entries(report.losses) as [Loss, number][]).map(
      ([loss, frames]) => `lost ${count(frames)} ${loss}: ${LOSSES[loss]}`,
    ),
    steps === null
      ? 'latency: nothing was received'
      : `latency in steps: at least ${steps.min}, median ${steps.median}, at most ${steps.max} ` +
        '(2 on one host, 4 by a switch, 6 by the router)',
    '',
    ...shortened(
      ['switch', 'hosts', 'provider addresses', 'MACs', 'flooded'],
      report.switches.map(({ name, hosts, addresses, macs, flooded }) => [
        name,
        hosts,
        addresses,
        macs,
        flooded,
      ]),
    ),
    '',
    table(
      ['the physical network learns', 'frames', 'provider addresses', 'MACs', 'received', 'dropped'],
      [
        learntRow('with the policy as it is', learned.asIs),
        learntRow('with all VMs by IP Rewrite', learned.rewrite),
        learntRow('with all VMs by NVGRE', learned.nvgre),
      ],
    ),
    ...[learned.rewrite, learned.nvgre].flatMap(({ reason }) =>
      reason === undefined ? [] : [`not run: ${reason}`],
    ),
    learned.factor === null
      ? 'factor: none, nothing to compare'
      : `factor ${decimal(learned.factor)}: ${count(learned.perVm ?? 0)} addresses with one per VM on the wire, ` +
        `${count(learned.perHost ?? 0)} with one per host`,
    '',
    ...(ecmp.pair === null
      ? []
      : [
          spreadTable(`flows between two hosts (${ecmp.pair.from} → ${ecmp.pair.to})`, ecmp.pair.methods),
          '',
        ]),
    spreadTable('all flows', ecmp.traffic.methods),
    '',
    `ECMP: ${ecmp.paths} equal paths, ${ecmp.hash}; chi-square has ${plural(ecmp.degreesOfFreedom, 'degree')} of freedom: ` +
      `about ${ecmp.degreesOfFreedom} is chance, above ${decimal(ecmp.limit)} is uneven (1 in 100 by chance)`,
  ].join('\n');
}

function shortened(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const lines = [table(head, rows.slice(0, SHOWN))];
  if (rows.length > SHOWN) lines.push(`… and ${count(rows.length - SHOWN)} more; --json has all`);
  return lines;
}

const NOTHING = '–';

function learntRow(name: string, { frames, addresses, macs, received, drops }: Learnt): (string | number)[] {
  const dropped = drops === null ? NOTHING : sum(drops);
  return [name, frames ?? NOTHING, addresses ?? NOTHING, macs ?? NOTHING, received ?? NOTHING, dropped];
}

function spreadTable(title: string, methods: readonly Spread[]): string {
  return table(
    [title, 'hashed by', 'flows', 'largest share', 'chi-square'],
    methods.map(({ title: method, fields, flows, largestShare, chiSquare }) => [
      method,
      fields,
      flows,
      largestShare === null ? NOTHING : `${decimal(largestShare * 100)} %`,
      chiSquare === null ? NOTHING : decimal(chiSquare),
    ]),
  );
}

function decimal(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}
