/** `netvirt init`: a starter policy from a capture. */

import { basename } from 'node:path';
import { formatIp, formatMac, formatPrefix } from '../policy/addresses.ts';
import { parsePolicy } from '../policy/parse.ts';
import { StarterPolicy } from '../policy/starter.ts';
import { openInput } from './capture-input.ts';
import { InputError } from './errors.ts';
import { checkAbsent, checkOutput } from './paths.ts';
import { plural } from './report.ts';
import { writeText } from './text-output.ts';

export interface InitOptions {
  output: string;
  force?: boolean;
  json?: boolean;
}

export async function init(file: string, options: InitOptions): Promise<void> {
  await checkOutput(options.output, { input: file });
  if (options.force !== true) await checkAbsent(options.output);
  const starter = new StarterPolicy();
  const input = await openInput(file);
  for await (const records of input.chunks()) {
    for (let record = records.read(); record !== undefined; record = records.read()) starter.add(record.data);
  }
  if (starter.size === 0 && input.fault !== undefined) throw input.fault;
  if (starter.size === 0)
    throw new InputError(`${input.name}: expected frames with unicast source MACs, got none`);
  const text = starter.toYaml(file === '-' ? 'stdin' : basename(file));
  const isToStdout = options.output === '-';
  if (!isToStdout) await writeText(options.output, text);
  if (options.json === true)
    console.log(JSON.stringify(toJson(input.name, isToStdout ? null : options.output, text), null, 2));
  else if (isToStdout) process.stdout.write(text);
  else
    console.error(
      `${plural(starter.size, 'endpoint')} written to ${options.output}; ${plural(linesToEdit(text), 'line')} to edit`,
    );
  if (input.fault !== undefined) throw input.fault;
}

/** All but the first, which says how they are marked. */
function linesToEdit(text: string): number {
  const [, ...lines] = text.split('\n');
  return lines.filter((line) => /#.*\bedit\b/.test(line)).length;
}

/** Who was found; `policy` is the text itself, because stdout cannot have both. */
function toJson(source: string, written: string | null, text: string) {
  const { hosts, customers } = parsePolicy(text);
  const [domain] = customers[0]!.routingDomains;
  return {
    source,
    written,
    prefixes: domain!.subnets[0]!.prefixes.map(formatPrefix),
    endpoints: domain!.endpoints.map(({ name, mac, addresses, host, forwarding }) => ({
      name,
      mac: formatMac(mac),
      addresses: addresses.map(({ customer }) => formatIp(customer)),
      host: hosts[host]!.name,
      forwarding,
    })),
    policy: text,
  };
}
