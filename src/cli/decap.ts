/** `netvirt decap`: frames from the provider network → what VMs on a host receive. */

import type { Dataplane } from '../engine/dataplane.ts';
import { UsageError } from './errors.ts';
import { createDataplane, findPort } from './names.ts';
import { checkTransfer } from './paths.ts';
import { loadPolicy } from './policy-file.ts';
import { type Direction, type TransferOptions, transferAndReport } from './transfer.ts';

export async function decap(policyFile: string, inputFile: string, options: TransferOptions): Promise<void> {
  if (/\.pcap$/i.test(options.output) && options.port === undefined) {
    throw new UsageError('a .pcap has one interface: give --port, or write a .pcapng');
  }
  await checkTransfer(policyFile, inputFile, options);
  const dataplane = await createDataplane(await loadPolicy(policyFile), options.host);
  await transferAndReport(dataplane, inputFile, fromUplink(dataplane, options.port), options);
}

/** @param endpoint only what this one receives is written; else everybody's. */
export function fromUplink(dataplane: Dataplane, endpoint?: string): Direction {
  const kept = endpoint === undefined ? undefined : findPort(dataplane, endpoint);
  const ports = dataplane.ports.filter(({ number }) => kept === undefined || number === kept);
  return { portOf: () => 0, outputs: new Map(ports.map(({ number, endpoint: { name } }) => [number, name])) };
}
