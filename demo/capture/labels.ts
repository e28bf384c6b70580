/** What the numbers in the columns of a capture stand for. */

import { type IpAddress, formatIp } from 'netvirt/core';
import type { Identity, InspectRow } from 'netvirt/inspect';
import { Names } from './columns.ts';

/** A line of the report, in numbers. */
export interface LineNumbers {
  readonly tunnel: number;
  readonly network: number;
  readonly customer: number;
  readonly source: number;
}

export class Labels {
  readonly tunnels = new Names<InspectRow['tunnel']>();
  /** The empty name is nobody known. */
  readonly customers = new Names<string>();
  readonly sources = new Names<string>();
  /** Addresses as people write them. */
  readonly addresses: string[] = [];
  readonly #addresses = new Names<IpAddress['value'] | undefined>();
  readonly #lines = new Map<InspectRow, LineNumbers>();

  lineOf({ row }: Identity): LineNumbers {
    let line = this.#lines.get(row);
    if (line === undefined) {
      const { tunnel, network = 0, customer = '', source } = row;
      line = {
        tunnel: this.tunnels.of(tunnel),
        network,
        customer: this.customers.of(customer),
        source: this.sources.of(source),
      };
      this.#lines.set(row, line);
    }
    return line;
  }

  addressOf(address: IpAddress | undefined): number {
    const number = this.#addresses.of(address?.value);
    if (number === this.addresses.length) this.addresses.push(address === undefined ? '' : formatIp(address));
    return number;
  }
}
