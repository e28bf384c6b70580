/** `netvirt encap`: frames that VMs on a host sent → what goes out on its uplink. */

import type { Dataplane } from '../engine/dataplane.ts';
import { createDataplane, findPort } from './names.ts';
import { checkTransfer } from './paths.ts';
import { loadPolicy } from './policy-file.ts';
import { Senders } from '../observe/senders.ts';
import { type Direction, type TransferOptions, transferAndReport } from './transfer.ts';

export async function encap(policyFile: string, inputFile: string, options: TransferOptions): Promise<void> {
  await checkTransfer(policyFile, inputFile, options);
  const dataplane = await createDataplane(await loadPolicy(policyFile), options.host);
  await transferAndReport(dataplane, inputFile, fromVms(dataplane, options.port), options);
}

/** @param endpoint all frames are this one's; else the interface's name or the source MAC tells. */
export function fromVms(dataplane: Dataplane, endpoint?: string): Direction {
  const outputs = new Map([[0, 'uplink']]);
  if (endpoint !== undefined) {
    const port = findPort(dataplane, endpoint);
    return { portOf: () => port, outputs, hints: () => [] };
  }
  const senders = new Senders(
    dataplane.ports.map(({ endpoint: sender, number }) => [sender, number] as const),
    { where: `on ${dataplane.host.name}`, advice: 'give --port' },
  );
  const portOf: Direction['portOf'] = ({ data }, interfaceName) => senders.of(data, interfaceName) ?? NO_PORT;
  return { portOf, outputs, hints: () => [] };
}

/** A port number that no endpoint has: the dataplane counts such frames as DROP_UNKNOWN_PORT. */
const NO_PORT = 0xffff;
