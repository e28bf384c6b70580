/** Writes fixed-size records into the staging region and has them installed whenever it is full. */

import * as abi from '../abi/layout.ts';
import type { Host, IpAddress, MacAddress } from './model.ts';

export class RecordWriter {
  #view: DataView;
  #words: Float64Array;
  readonly #renew: () => DataView;
  readonly #install: (count: number) => void;
  #count = 0;
  #record = 0;

  /**
   * @param install takes the first `count` records of the region.
   * @param renew the same region, when the memory has grown: the view of before is then detached.
   */
  constructor(view: DataView, install: (count: number) => void, renew = () => view) {
    this.#view = view;
    this.#words = wordsOf(view);
    this.#install = install;
    this.#renew = renew;
  }

  /** Begins the next record; its fields are 0. */
  begin(kind: number): void {
    if (this.#count === abi.STAGING_RECORDS) this.flush();
    if (this.#words.length === 0) {
      this.#view = this.#renew();
      this.#words = wordsOf(this.#view);
    }
    this.#record = this.#count++ * abi.RECORD_SIZE;
    // A loop: calling `fill` for so few words takes longer than the words.
    const first = this.#record / 8;
    for (let word = 0; word < abi.RECORD_SIZE / 8; word++) this.#words[first + word] = 0;
    this.u8(abi.RECORD_KIND, kind);
  }

  /** Installs what has been written so far. */
  flush(): void {
    if (this.#count > 0) this.#install(this.#count);
    this.#count = 0;
  }

  u8(offset: number, value: number): void {
    this.#view.setUint8(this.#record + offset, value);
  }

  u16(offset: number, value: number): void {
    this.#view.setUint16(this.#record + offset, value, true);
  }

  u32(offset: number, value: number): void {
    this.#view.setUint32(this.#record + offset, value, true);
  }

  vsid(vsid: number): void {
    this.#view.setUint8(this.#record + abi.RECORD_VSID, vsid >>> 16);
    this.#view.setUint16(this.#record + abi.RECORD_VSID + 1, vsid & 0xffff);
  }

  mac(offset: number, mac: MacAddress): void {
    this.#view.setUint16(this.#record + offset, Math.floor(mac / 0x1_0000_0000));
    this.#view.setUint32(this.#record + offset + 2, mac % 0x1_0000_0000);
  }

  customer(address: IpAddress): void {
    this.u8(abi.RECORD_FAMILY, address.family);
    this.ip(address.family === 4 ? abi.RECORD_ADDRESS4 : abi.RECORD_ADDRESS6, address);
  }

  provider(address: IpAddress): void {
    this.u8(abi.RECORD_FAMILY, address.family);
    this.ip(address.family === 4 ? abi.RECORD_PROVIDER4 : abi.RECORD_PROVIDER6, address);
  }

  /** Both addresses of a host, 0 for a family that it does not have. */
  providerAddresses(host: Host): void {
    if (host.ipv4 !== undefined) this.ip(abi.RECORD_PROVIDER4, host.ipv4.address);
    if (host.ipv6 !== undefined) this.ip(abi.RECORD_PROVIDER6, host.ipv6.address);
  }

  /** In the order of the wire. */
  ip(offset: number, address: IpAddress): void {
    if (address.family === 4) {
      this.#view.setUint32(this.#record + offset, address.value);
      return;
    }
    this.#view.setBigUint64(this.#record + offset, address.value >> 64n);
    this.#view.setBigUint64(this.#record + offset + 8, address.value & 0xffff_ffff_ffff_ffffn);
  }
}

function wordsOf(view: DataView): Float64Array {
  return new Float64Array(view.buffer, view.byteOffset, view.byteLength / 8);
}
