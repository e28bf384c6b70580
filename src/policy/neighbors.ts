/** MACs that lead to peers where the policy gives none: who runs the dataplane learns them and says so. */

import type { IpAddress, MacAddress } from './model.ts';

/** By the peer's own provider address: the MAC of its interface, or that of the router that leads there. */
export class Neighbors {
  readonly #macs = new Map<number | bigint, MacAddress>();

  /** 0: not known, or not known any more. */
  macOf({ value }: IpAddress): MacAddress {
    return this.#macs.get(value) ?? 0;
  }

  /**
   * @param mac undefined: it is not known any more.
   * @returns whether that changes anything.
   */
  set(address: IpAddress, mac: MacAddress | undefined): boolean {
    if (this.macOf(address) === (mac ?? 0)) return false;
    if (mac === undefined) this.#macs.delete(address.value);
    else this.#macs.set(address.value, mac);
    return true;
  }
}
