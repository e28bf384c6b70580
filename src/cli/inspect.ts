/** `netvirt inspect`: what is in a capture. */

import { type Inspection, Inspector } from '../observe/inspect.ts';
import { openInput } from './capture-input.ts';
import { checkInputs } from './paths.ts';
import { loadPolicy } from './policy-file.ts';
import { count, plural, table } from './report.ts';

export async function inspect(file: string, options: { policy?: string; json?: boolean }): Promise<void> {
  if (options.policy !== undefined) checkInputs({ policy: options.policy, input: file });
  const inspector = new Inspector(
    options.policy === undefined ? undefined : await loadPolicy(options.policy),
  );
  const input = await openInput(file);
  for await (const records of input.chunks()) {
    for (let record = records.read(); record !== undefined; record = records.read()) {
      inspector.add(record.data, record.originalLength);
    }
  }
  const inspection = inspector.result();
  // Nothing of it could be read: a report would say nothing.
  if (input.fault !== undefined && inspection.packets === 0) throw input.fault;
  console.log(options.json === true ? JSON.stringify(inspection, null, 2) : inspectionText(inspection));
  if (input.fault !== undefined) throw input.fault;
}

function inspectionText({ packets, bytes, cut, rows, faults }: Inspection): string {
  const cells = rows.map(({ tunnel, network, customer, source, packets, bytes, malformed }) => [
    tunnel,
    network === undefined ? '–' : String(network),
    customer ?? '–',
    source,
    packets,
    bytes,
    malformed,
  ]);
  return [
    table(['tunnel', 'network', 'customer', 'sender', 'packets', 'bytes', 'malformed'], cells),
    '',
    `${plural(packets, 'packet')}, ${plural(bytes, 'byte')}, ${count(cut)} cut by the snap length`,
    ...Object.entries(faults).map(([fault, packets]) => `malformed ${count(packets)}: ${fault}`),
  ].join('\n');
}
