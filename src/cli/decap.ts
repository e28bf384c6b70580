/** `netvirt decap`: frames from the provider network → what VMs on a host receive. */

import type { Dataplane } from '../engine/dataplane.ts';
import { formatIp } from '../policy/addresses.ts';
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
  return {
    portOf: () => 0,
    outputs: new Map(ports.map(({ number, endpoint: { name } }) => [number, name])),
    hints: ({ inputs, punts }) => (inputs > 0 && punts === inputs ? [nothingHere(dataplane)] : []),
  };
}

function nothingHere({ host: { name, ipv4, ipv6 }, ports }: Dataplane): string {
  const own = [ipv4, ipv6].flatMap((one) => (one === undefined ? [] : [formatIp(one.address)]));
  const hasRewrite = ports.some(({ endpoint: { method } }) => method === 'rewrite');
  const others = hasRewrite ? ', or a packet to a provider address of its endpoints' : '';
  return (
    `hint: no frame is for a VM on ${name}: that would be NVGRE to ${own.join(' or ')}${others}; ` +
    'decap takes what encap writes on the sender’s host'
  );
}
