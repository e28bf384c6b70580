/** What `netvirt run` counts, as a table, as JSON and as a line of the log. */

import type { RunCounters } from '../live/runner.ts';
import type { PortCounters } from '../live/types.ts';
import type { DropName } from '../observe/verdicts.ts';
import { count, dropLines, plural, sum, table } from './report.ts';

/** `run --json`, at the end and whenever it is asked (SIGUSR1). */
export interface RunReport {
  host: string;
  /** Since the start, seconds. */
  seconds: number;
  /** Frames that came in by ports of the dataplane; each is one of the following five. */
  inputs: number;
  outputs: number;
  replies: number;
  punts: number;
  /** Kept back at this moment, because the MAC of their next hop is not known. */
  waiting: number;
  drops: Partial<Record<DropName, number>>;
  /** How often an I/O thread died and another one took its place, and frames that were lost with them: none of the inputs. */
  restarts: number;
  lost: number;
  ports: (PortCounters & { /** `uplink` for port 0. */ endpoint: string })[];
  customers: { name: string; vsid: number; packets: number; bytes: number }[];
}

export function runReport(
  host: string,
  seconds: number,
  { packets, held, ports, threads }: RunCounters,
  endpointOf: (port: number) => string | undefined,
): RunReport {
  const { forwarded, replies, punted, subnets } = packets;
  const waiting = packets.held - held.sent - held.dropped;
  const unresolved = (packets.drops.DROP_UNRESOLVED ?? 0) + held.dropped;
  const drops = { ...packets.drops, ...(unresolved === 0 ? {} : { DROP_UNRESOLVED: unresolved }) };
  return {
    host,
    seconds,
    inputs: packets.forwarded + packets.replies + packets.punted + packets.held + sum(packets.drops),
    outputs: forwarded + held.sent,
    replies,
    punts: punted,
    waiting,
    drops,
    restarts: threads.restarts,
    lost: threads.lost,
    ports: ports.map((port) => ({
      ...port,
      endpoint: port.port === 0 ? 'uplink' : (endpointOf(port.port) ?? ''),
    })),
    customers: subnets.map(({ customer, vsid, forwarded: out, bytes }) => ({
      name: customer,
      vsid,
      packets: out,
      bytes,
    })),
  };
}

export function runText(report: RunReport): string {
  const { host, seconds, ports, customers, inputs, outputs, replies, punts, drops, restarts, lost } = report;
  const rows = ports.map((port) => [
    port.endpoint,
    port.name,
    port.state === 'up' ? (port.backend ?? 'up') : port.state,
    port.received,
    port.sent,
    port.kernelDrops,
    port.errors,
    port.down,
  ]);
  return [
    `${host}: ${plural(Math.round(seconds), 'second')}`,
    '',
    table(['port', 'interface', 'i/o', 'received', 'sent', 'kernel drops', 'errors', 'while down'], rows),
    '',
    table(
      ['customer', 'vsid', 'packets', 'bytes'],
      customers.map(({ name, vsid, packets, bytes }) => [name, String(vsid), packets, bytes]),
    ),
    '',
    `${plural(inputs, 'frame')} in, ${count(outputs)} out, ${count(replies)} answered, ` +
      `${count(punts)} left to the host’s stack, ${count(sum(drops))} dropped`,
    ...dropLines(drops, `on ${host}`),
    ...(restarts === 0
      ? []
      : [`${plural(restarts, 'I/O thread')} died and had a successor: ${plural(lost, 'frame')} lost`]),
  ].join('\n');
}

/** What happened between two reports, for a line of the log; undefined: nothing. */
export function difference(before: RunReport, now: RunReport): Record<string, unknown> | undefined {
  const drops = Object.fromEntries(
    (Object.entries(now.drops) as [DropName, number][]).flatMap(([name, packets]) => {
      const more = packets - (before.drops[name] ?? 0);
      return more === 0 ? [] : [[name, more]];
    }),
  );
  const lost = (report: RunReport) => report.ports.reduce((all, { kernelDrops }) => all + kernelDrops, 0);
  const fields = {
    in: now.inputs - before.inputs,
    out: now.outputs - before.outputs,
    answered: now.replies - before.replies,
    punted: now.punts - before.punts,
  };
  const kernelDrops = lost(now) - lost(before);
  if (fields.in === 0 && kernelDrops === 0) return undefined;
  return {
    ...fields,
    ...(kernelDrops === 0 ? {} : { kernelDrops }),
    ...(Object.keys(drops).length === 0 ? {} : { drops }),
  };
}
