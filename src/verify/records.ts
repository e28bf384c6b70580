/** What the policy compiler hands to one host's WASM side, read back from its bytes: records, and the ranges of routes. */

import * as abi from '../abi/layout.ts';
import { type InstallRanges, Plan, measure } from '../policy/compile.ts';
import type { Host, MacAddress, Policy } from '../policy/model.ts';
import { RecordWriter } from '../policy/record-writer.ts';

/** What takes tables, as the WASM side of a dataplane does. */
export interface Installer {
  /** @param records some records of `RECORD_SIZE`. @param plan as far as it is made. */
  install(records: Uint8Array, plan: Plan): void;
  installRanges: InstallRanges;
}

export type Compile = (policy: Policy, host: Host, installer: Installer) => Plan;

const STAGING = abi.STAGING_RECORDS * abi.RECORD_SIZE;

/** As a dataplane does it (`engine/generations.ts`). */
export const compile: Compile = (policy, host, installer) => {
  const staging = new Uint8Array(STAGING);
  const writer = new RecordWriter(new DataView(staging.buffer), (count) => {
    installer.install(staging.subarray(0, count * abi.RECORD_SIZE), plan);
  });
  const plan = new Plan(policy, host, measure(policy, host), {
    writer,
    installRanges: (family, base, ranges, total) => {
      installer.installRanges(family, base, ranges, total);
    },
    epochs: { current: () => 1, oldest: () => 1 },
    claimCounters: () => undefined,
    needCopies: () => undefined,
  });
  plan.load(policy);
  return plan;
};

/** An address by value: number or bigint; 0 or 0n for none. */
export type AddressValue = number | bigint;

/** A range of addresses, of either family as a bigint, and what the WASM side finds for them. */
export interface StagedRange {
  readonly start: bigint;
  readonly result: number;
}

/** All records of one host. Reused from host to host: a large fabric has millions of records. */
export class Records implements Installer {
  count = 0;
  #bytes = new Uint8Array(STAGING);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #ranges = new Map<string, readonly StagedRange[]>();

  /** Replaces what is there by the records of a host. */
  read(policy: Policy, host: Host, from: Compile): Plan {
    this.count = 0;
    this.#ranges.clear();
    return from(policy, host, this);
  }

  install(records: Uint8Array): void {
    const start = this.count * abi.RECORD_SIZE;
    if (start + records.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, start + records.length));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#bytes.set(records, start);
    this.count += records.length / abi.RECORD_SIZE;
  }

  installRanges(family: 4 | 6, base: number, ranges: DataView, total: number): void {
    this.#ranges.set(
      `${family} ${base}`,
      Array.from({ length: total }, (_, index) => readRange(family, ranges, index)),
    );
  }

  /** What stands in the tree of a domain. */
  rangesAt(family: number, base: number): readonly StagedRange[] {
    return this.#ranges.get(`${family} ${base}`) ?? [];
  }

  /** The getters below are about this record from now on. */
  seek(record: number): void {
    this.#at = record * abi.RECORD_SIZE;
  }

  get kind(): number {
    return this.#bytes[this.#at + abi.RECORD_KIND]!;
  }

  get family(): number {
    return this.#bytes[this.#at + abi.RECORD_FAMILY]!;
  }

  get flags(): number {
    return this.#bytes[this.#at + abi.RECORD_FLAGS]!;
  }

  get ttl(): number {
    return this.#bytes[this.#at + abi.RECORD_TTL]!;
  }

  get index(): number {
    return this.#number(abi.RECORD_INDEX);
  }

  get vsid(): number {
    return this.#view.getUint32(this.#at + abi.RECORD_VSID) >>> 8;
  }

  /** Number of a subnet. */
  get subnet(): number {
    return this.#number(abi.RECORD_SUBNET);
  }

  /** Number of a routing domain. */
  get domain(): number {
    return this.#number(abi.RECORD_DOMAIN);
  }

  get portNumber(): number {
    return this.#number(abi.RECORD_PORT_NUMBER);
  }

  /** Number of the next hop that has the ring of a peer's. */
  get ring(): number {
    return this.#number(abi.RECORD_PEER_RING);
  }

  get base(): number {
    return this.#number(abi.RECORD_BASE);
  }

  /** Of ranges. */
  get total(): number {
    return this.#number(abi.RECORD_COUNT);
  }

  /** Number of a route. */
  get next(): number {
    return this.#number(abi.RECORD_NEXT);
  }

  /** Of a prefix. */
  get length(): number {
    return this.#number(abi.RECORD_LENGTH);
  }

  get hop(): number {
    return this.#view.getUint16(this.#at + abi.RECORD_NEXTHOP, true);
  }

  get mtu(): number {
    return this.#view.getUint16(this.#at + abi.RECORD_MTU, true);
  }

  get vid(): number {
    return this.#view.getUint16(this.#at + abi.RECORD_VID, true);
  }

  get mac(): MacAddress {
    return this.#mac(abi.RECORD_MAC);
  }

  /** Outer MAC of rewritten packets; of a host: the router's. */
  get mac2(): MacAddress {
    return this.#mac(abi.RECORD_MAC2);
  }

  /** Of the record's family. */
  get customer(): AddressValue {
    return this.family === 4 ? this.customer4 : this.customer6;
  }

  get customer4(): number {
    return this.#u32(abi.RECORD_ADDRESS4);
  }

  get customer6(): bigint {
    return this.#u128(abi.RECORD_ADDRESS6);
  }

  /** Of the record's family. */
  get provider(): AddressValue {
    return this.family === 4 ? this.provider4 : this.provider6;
  }

  get provider4(): number {
    return this.#u32(abi.RECORD_PROVIDER4);
  }

  get provider6(): bigint {
    return this.#u128(abi.RECORD_PROVIDER6);
  }

  #number(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  #mac(offset: number): MacAddress {
    const at = this.#at + offset;
    return this.#view.getUint16(at) * 0x1_0000_0000 + this.#view.getUint32(at + 2);
  }

  #u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset);
  }

  #u128(offset: number): bigint {
    const at = this.#at + offset;
    return (this.#view.getBigUint64(at) << 64n) | this.#view.getBigUint64(at + 8);
  }
}

function readRange(family: 4 | 6, view: DataView, index: number): StagedRange {
  if (family === 4) {
    const at = index * abi.STAGED_RANGE4_SIZE;
    return { start: BigInt(view.getUint32(at, true)), result: view.getUint32(at + 4, true) };
  }
  const at = index * abi.STAGED_RANGE6_SIZE;
  return {
    start: (view.getBigUint64(at, true) << 64n) | view.getBigUint64(at + 8, true),
    result: view.getUint32(at + 16, true),
  };
}
