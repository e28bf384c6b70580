/** Whose frame is it, where the user does not say: the interface's name tells, else who owns the source MAC. */

import { formatMac } from '../policy/addresses.ts';
import type { Endpoint, MacAddress } from '../policy/model.ts';

export interface SendersOptions {
  /** Where the endpoints are, for messages: `on host1`. */
  readonly where: string;
  /** What to do about a MAC of several endpoints. */
  readonly advice: string;
}

/** `Sender` is what the caller knows an endpoint by. */
export class Senders<Sender> {
  readonly #byName = new Map<string, Sender>();
  readonly #byMac = new Map<MacAddress, { readonly name: string; readonly sender: Sender }[]>();
  readonly #options: SendersOptions;

  constructor(endpoints: Iterable<readonly [Endpoint, Sender]>, options: SendersOptions) {
    this.#options = options;
    for (const [{ name, mac }, sender] of endpoints) {
      this.#byName.set(name, sender);
      const owners = this.#byMac.get(mac);
      if (owners === undefined) this.#byMac.set(mac, [{ name, sender }]);
      else owners.push({ name, sender });
    }
  }

  /**
   * @returns undefined where no endpoint sent it.
   * @throws RangeError where several endpoints own the source MAC.
   */
  of(frame: Uint8Array, interfaceName: string | undefined): Sender | undefined {
    const named = interfaceName === undefined ? undefined : this.#byName.get(interfaceName);
    if (named !== undefined) return named;
    if (frame.length < 12) return undefined;
    const mac = sourceMac(frame);
    const owners = this.#byMac.get(mac) ?? [];
    if (owners.length < 2) return owners[0]?.sender;
    const { where, advice } = this.#options;
    const candidates = owners.map(({ name }) => name).join(', ');
    throw new RangeError(
      `source MAC ${formatMac(mac)}: expected one endpoint ${where}, got ${owners.length} (${candidates}); ${advice}`,
    );
  }
}

function sourceMac(frame: Uint8Array): MacAddress {
  let mac = 0;
  for (let index = 6; index < 12; index++) mac = mac * 256 + frame[index]!;
  return mac;
}
