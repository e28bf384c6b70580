/** `netvirt encap`: frames that VMs on a host sent → what goes out on its uplink. */

import type { CaptureRecord } from '../capture/index.ts';
import { Dataplane } from '../engine/dataplane.ts';
import { formatMac } from '../policy/addresses.ts';
import type { MacAddress } from '../policy/model.ts';
import { InputError } from './errors.ts';
import { loadPolicy } from './policy-file.ts';
import { type Direction, type TransferOptions, transferAndReport } from './transfer.ts';

export async function encap(policyFile: string, inputFile: string, options: TransferOptions): Promise<void> {
  const dataplane = await Dataplane.create({ policy: await loadPolicy(policyFile), host: options.host });
  await transferAndReport(dataplane, inputFile, fromVms(dataplane, options.port), options);
}

/** @param endpoint all frames are this one's; else the interface's name or the source MAC tells. */
export function fromVms(dataplane: Dataplane, endpoint?: string): Direction {
  const outputs = new Map([[0, 'uplink']]);
  if (endpoint !== undefined) {
    const port = dataplane.port(endpoint);
    return { portOf: () => port, outputs };
  }
  const senders = new Senders(dataplane);
  return { portOf: (record, interfaceName) => senders.portOf(record, interfaceName), outputs };
}

/** A port number that no endpoint has: the dataplane counts such frames as DROP_UNKNOWN_PORT. */
const NO_PORT = 0xffff;

/** Which port a frame came from, where the user does not say: the interface's name, else who owns the source MAC. */
class Senders {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byMac = new Map<MacAddress, number[]>();
  readonly #host: string;
  readonly #names: ReadonlyMap<number, string>;

  constructor({ ports, host }: Dataplane) {
    this.#host = host.name;
    this.#byName = new Map(ports.map(({ endpoint, number }) => [endpoint.name, number]));
    this.#names = new Map(ports.map(({ endpoint, number }) => [number, endpoint.name]));
    for (const { endpoint, number } of ports) {
      this.#byMac.set(endpoint.mac, [...(this.#byMac.get(endpoint.mac) ?? []), number]);
    }
  }

  /** @throws InputError where several endpoints own the source MAC. */
  portOf({ data }: CaptureRecord, interfaceName: string | undefined): number {
    const named = interfaceName === undefined ? undefined : this.#byName.get(interfaceName);
    if (named !== undefined) return named;
    if (data.length < 12) return NO_PORT;
    const mac = sourceMac(data);
    const owners = this.#byMac.get(mac) ?? [];
    if (owners.length < 2) return owners[0] ?? NO_PORT;
    const candidates = owners.map((port) => this.#names.get(port)).join(', ');
    throw new InputError(
      `source MAC ${formatMac(mac)}: expected one endpoint on ${this.#host}, got ${owners.length} (${candidates}); give --port`,
    );
  }
}

function sourceMac(frame: Uint8Array): MacAddress {
  let mac = 0;
  for (let index = 6; index < 12; index++) mac = mac * 256 + frame[index]!;
  return mac;
}
