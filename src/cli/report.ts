/** What commands print: tables and the line per drop reason. */

import Table from 'cli-table3';
import pc from 'picocolors';
import type { Counters } from '../observe/counters.ts';
import { type DropName, VERDICTS } from '../observe/verdicts.ts';

/** `encap --json` and `decap --json`. Every input is one of outputs, replies, punts and drops. */
export interface TransferReport {
  inputs: number;
  /** Frames that left by a port; those that were written to the output may be fewer. */
  outputs: number;
  replies: number;
  punts: number;
  drops: Partial<Record<DropName, number>>;
  /** By virtual subnet: what left. Bytes are of the customers' frames. */
  customers: { name: string; vsid: number; packets: number; bytes: number }[];
  written: number;
}

export function transferReport(inputs: number, written: number, counters: Counters): TransferReport {
  return {
    inputs,
    outputs: counters.forwarded,
    replies: counters.replies,
    punts: counters.punted,
    drops: counters.drops,
    customers: counters.subnets.map(({ customer, vsid, forwarded, bytes }) => ({
      name: customer,
      vsid,
      packets: forwarded,
      bytes,
    })),
    written,
  };
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rendered = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    chars: PLAIN,
    colAligns: head.map((_, column) =>
      rows.some((row) => typeof row[column] === 'string') ? 'left' : 'right',
    ),
  });
  rendered.push(
    ...rows.map((row) => [...row].map((cell) => (typeof cell === 'number' ? count(cell) : cell))),
  );
  const [heading = '', ...body] = rendered.toString().split('\n');
  return [pc.bold(heading.trimEnd()), ...body.map((line) => line.trimEnd())].join('\n');
}

// Columns two spaces apart and no lines: readable, and easy to cut with other tools.
const PLAIN = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((corner) => [`${side}${corner}`, '']),
  ),
);

/** 1234567 → 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/**
 * One line per reason, most frequent first, with the sentence that explains it.
 * @param where the endpoints are whose frames were looked for in a capture: `on host1`.
 */
export function dropLines(drops: Partial<Record<DropName, number>>, where: string): string[] {
  const sentences = new Map<string, string>(
    [...VERDICTS.values()].map(({ name, rule, sentence }) => [name, `${sentence} [${rule}]`]),
  );
  // In a capture there are no ports that could be unknown.
  sentences.set(
    'DROP_UNKNOWN_PORT',
    `no endpoint ${where} has the frame’s source MAC, or the name of its pcapng interface [V6]`,
  );
  return (Object.entries(drops) as [DropName, number][])
    .sort(([, a], [, b]) => b - a)
    .map(([name, packets]) => `dropped ${count(packets)} ${pc.yellow(name)}: ${sentences.get(name) ?? ''}`);
}

/** @param where see `dropLines`. */
export function transferText(report: TransferReport, writtenTo: string, where: string): string {
  const rows = report.customers.map(({ name, vsid, packets, bytes }) => [name, String(vsid), packets, bytes]);
  return [
    table(['customer', 'vsid', 'packets', 'bytes'], rows),
    '',
    `${plural(report.inputs, 'frame')} in, ${count(report.outputs)} out (${count(report.written)} written to ${writtenTo}), ` +
      `${count(report.replies)} answered, ${count(report.punts)} not for virtual networks of this host, ${count(sum(report.drops))} dropped`,
    ...dropLines(report.drops, where),
  ].join('\n');
}

export function sum(drops: Partial<Record<DropName, number>>): number {
  return Object.values(drops).reduce((all, packets) => all + packets, 0);
}
