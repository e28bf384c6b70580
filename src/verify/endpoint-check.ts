/** Endpoints of one host’s records: a MAC and each address of them. */

import * as abi from '../abi/layout.ts';
import { formatIp, formatMac } from '../policy/addresses.ts';
import type { Domain, Item } from './fabric.ts';
import { type HostView, type Known, addressOf, itemName } from './host-view.ts';

export class EndpointCheck {
  macs = 0;
  addresses = 0;
  /** Of the addresses those with a provider address. */
  rewrite = 0;
  readonly #view: HostView;

  constructor(view: HostView) {
    this.#view = view;
  }

  checkEndpoint({ subnet }: Known, what: 'mac' | 'address'): void {
    const { mac, customer, family } = this.#view.records;
    if (what === 'mac') this.macs++;
    else this.addresses++;
    const item = what === 'mac' ? subnet.macs.get(mac) : subnet.addresses.get(customer);
    if (item === undefined) {
      const key = what === 'mac' ? formatMac(mac) : formatIp(addressOf(family, customer));
      this.#view.breaks(
        'isolation',
        `has a record of ${key} in virtual subnet ${subnet.vsid}, which nobody has`,
      );
      return;
    }
    if (this.#view.seen[item.number] === this.#view.host.index + 1) {
      this.#view.breaks('isolation', `has two records of ${itemName(item)}`, item);
      return;
    }
    this.#view.seen[item.number] = this.#view.host.index + 1;
    if (what === 'mac') this.#checkMac(item);
    else this.#checkAddress(item);
    this.#checkTarget(item);
  }

  #checkMac(item: Item): void {
    const { forwarding, method } = item.endpoint;
    const expected = (forwarding ? abi.MAC_FORWARDING : 0) | (method === 'rewrite' ? abi.MAC_REWRITE : 0);
    if (this.#view.records.flags !== expected)
      this.#view.breaks(
        'isolation',
        `the record of ${itemName(item)} says it is another kind of endpoint`,
        item,
      );
  }

  #checkAddress(item: Item): void {
    const { mac, family, provider } = this.#view.records;
    if (mac !== item.endpoint.mac)
      this.#view.breaks('isolation', `the record of ${itemName(item)} has MAC ${formatMac(mac)}`, item);
    const none = family === 4 ? 0 : 0n;
    if (provider !== none) this.rewrite++;
    if (provider === (item.provider?.value ?? none)) return;
    const text = provider === none ? 'none' : formatIp(addressOf(family, provider));
    this.#view.breaks(
      provider === none ? 'reachability' : 'isolation',
      `the record of ${itemName(item)} has provider address ${text}, not ${item.provider === undefined ? 'none' : formatIp(item.provider)}`,
      item,
    );
  }

  /** The next hop leads to the endpoint's own port here, or to the host on which it is. */
  #checkTarget(item: Item): void {
    const { hop } = this.#view.records;
    const target = this.#view.targets.get(hop);
    const isRight =
      item.endpoint.host === this.#view.host.index
        ? this.#view.portBehind(target, hop) === item.endpoint
        : target?.kind === 'peer' && target.host.index === item.endpoint.host;
    if (!isRight) {
      this.#view.breaks(
        'isolation',
        `the record of ${itemName(item)} leads to ${this.#view.describe(target)}`,
        item,
      );
      return;
    }
    if (item.provider === undefined || target?.kind !== 'peer') return;
    if (target.rewriteMac === 0 && !target.useVmMac)
      this.#view.breaks('reachability', `rewritten packets to ${itemName(item)} have no outer MAC`, item);
  }

  /** Everything that a routing domain consists of has its record. Returns how many that takes. */
  checkComplete({ firstItem, endItem }: Domain): number {
    for (let number = firstItem; number < endItem; number++) {
      if (this.#view.seen[number] === this.#view.host.index + 1) continue;
      const item = this.#view.fabric.items[number]!;
      this.#view.breaks('reachability', `has no record of ${itemName(item)}`, item);
    }
    return endItem - firstItem;
  }
}
