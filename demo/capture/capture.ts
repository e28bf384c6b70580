/** One capture, read once from front to back; packets are found again by their place in the file. */

import {
  CaptureReader,
  LINKTYPE_ETHERNET,
  type Policy,
  VERDICTS,
  formatIp,
  linkTypeName,
} from 'netvirt/core';
import { type Identity, Inspector } from 'netvirt/inspect';
import { Columns, NOBODY, Names } from './columns.ts';
import { Judge } from './judge.ts';
import type { Detail, Filter, Overview, Row, VerdictCount } from './messages.ts';
import { TimelineBins } from './timeline.ts';

/** Bytes that are read at once. */
export const CHUNK = 4 << 20;
/** Packets that a page has memory for. */
const MOST_PACKETS = 20_000_000;

export class Capture {
  readonly file: File;
  readonly #columns = new Columns();
  readonly #tunnels = new Names<string>();
  readonly #customers = new Names<string>();
  readonly #sources = new Names<string>();
  readonly #addresses = new Names<number | bigint | undefined>();
  readonly #texts: string[] = [];
  readonly #inspector: Inspector;
  readonly #timeline = new TimelineBins();
  /** Numbers of the packets that a filter lets through; undefined: all. */
  #matches: Uint32Array | undefined;

  private constructor(file: File, policy: Policy) {
    this.file = file;
    this.#inspector = new Inspector(policy);
  }

  static async read(
    file: File,
    policy: Policy,
    onProgress: (bytes: number, packets: number) => void,
  ): Promise<{ capture: Capture; overview: Overview }> {
    const begun = performance.now();
    const capture = new Capture(file, policy);
    const judge = await Judge.create(policy, capture.#columns);
    let fault: string | undefined;
    try {
      await capture.#read(judge, onProgress);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
      // Nothing was a packet: there is nothing to show.
      if (capture.#columns.length === 0) throw error;
    }
    judge.finish();
    return { capture, overview: capture.#overview(fault, performance.now() - begun) };
  }

  async #read(judge: Judge, onProgress: (bytes: number, packets: number) => void): Promise<void> {
    const { file } = this;
    const reader = new CaptureReader(file.name);
    let first: { seconds: number; nanoseconds: number } | undefined;
    for (let at = 0; at < file.size; at += CHUNK) {
      reader.push(new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()));
      for (let record = reader.read(); record !== undefined; record = reader.read()) {
        const source = reader.interfaces[record.interfaceId]!;
        if (source.linkType !== LINKTYPE_ETHERNET)
          throw new RangeError(`${file.name}: expected Ethernet, got ${linkTypeName(source.linkType)}`);
        first ??= { seconds: record.seconds, nanoseconds: record.nanoseconds };
        const time = record.seconds - first.seconds + (record.nanoseconds - first.nanoseconds) / 1e9;
        const { data, originalLength, offset } = record;
        const identity = this.#inspector.add(data, originalLength);
        const packet = this.#note(identity, time, offset, data.length, originalLength);
        judge.add(packet, data, identity, source.name, Math.max(0, time * 1000));
      }
      if (this.#columns.length > MOST_PACKETS)
        throw new RangeError(
          `${file.name}: more than ${MOST_PACKETS} packets, which is what a page can hold`,
        );
      onProgress(Math.min(at + CHUNK, file.size), this.#columns.length);
    }
    reader.end();
  }

  #note(identity: Identity, time: number, offset: number, captured: number, original: number): number {
    const columns = this.#columns;
    const { tunnel, network, customer = '', source, decoded } = identity;
    const layer = decoded.inner ?? decoded.outer;
    const packet = columns.add();
    columns.offset[packet] = offset;
    columns.captured[packet] = captured;
    columns.original[packet] = original;
    columns.time[packet] = time;
    columns.tunnel[packet] = this.#tunnels.of(tunnel);
    columns.network[packet] = network ?? 0;
    columns.customer[packet] = this.#customers.of(customer);
    columns.source[packet] = this.#sources.of(source);
    columns.src[packet] = this.#address(layer?.src);
    columns.dst[packet] = this.#address(layer?.dst);
    this.#timeline.add(customer, time, original);
    return packet;
  }

  #address(address: Parameters<typeof formatIp>[0] | undefined): number {
    const number = this.#addresses.of(address?.value);
    if (number === this.#texts.length) this.#texts.push(address === undefined ? '' : formatIp(address));
    return number;
  }

  #overview(fault: string | undefined, milliseconds: number): Overview {
    const { packets, bytes, rows, faults } = this.#inspector.result();
    const { network, length } = this.#columns;
    return {
      packets,
      bytes,
      rows: rows.slice(0, 200),
      faults,
      verdicts: this.#verdicts(),
      customers: this.#customers.keys.filter((name) => name !== '').sort(),
      networks: [...new Set(network.subarray(0, length))].filter((vsid) => vsid > 0).sort((a, b) => a - b),
      timeline: this.#timeline.result(),
      fault,
      milliseconds,
    };
  }

  #verdicts(): VerdictCount[] {
    const counts = new Uint32Array(256);
    const { verdict, length } = this.#columns;
    for (let packet = 0; packet < length; packet++) counts[verdict[packet]!]!++;
    return [...VERDICTS.values()]
      .filter(({ number }) => counts[number]! > 0)
      .map(({ number, name, rule, sentence }) => ({
        name,
        rule,
        sentence,
        isDrop: name.startsWith('DROP_'),
        packets: counts[number]!,
      }))
      .sort((a, b) => b.packets - a.packets);
  }

  /** @returns how many packets there are behind the filter. */
  filter({ vsid, customer, address, verdict }: Filter): number {
    const columns = this.#columns;
    const allowed = new Set(
      [...VERDICTS.values()]
        .filter(({ name }) => verdict === undefined || name === verdict || name.startsWith(`${verdict}_`))
        .map(({ number }) => number),
    );
    const isAddress = this.#texts.map((text) => address !== undefined && text.startsWith(address));
    const wanted = customer === undefined ? -1 : this.#customers.keys.indexOf(customer);
    const matches = new Uint32Array(columns.length);
    let count = 0;
    for (let packet = 0; packet < columns.length; packet++) {
      if (vsid !== undefined && columns.network[packet] !== vsid) continue;
      if (customer !== undefined && columns.customer[packet] !== wanted) continue;
      if (verdict !== undefined && !allowed.has(columns.verdict[packet]!)) continue;
      if (address !== undefined && !isAddress[columns.src[packet]!] && !isAddress[columns.dst[packet]!])
        continue;
      matches[count++] = packet;
    }
    const isAll = count === columns.length;
    this.#matches = isAll ? undefined : matches.slice(0, count);
    return count;
  }

  rows(from: number, count: number): Row[] {
    const length = this.#matches?.length ?? this.#columns.length;
    const size = Math.max(0, Math.min(count, length - from));
    return Array.from({ length: size }, (_, row) => this.#row(this.#matches?.[from + row] ?? from + row));
  }

  #row(index: number): Row {
    const columns = this.#columns;
    const verdict = columns.verdict[index]!;
    const network = columns.network[index]!;
    return {
      index,
      time: columns.time[index]!,
      length: columns.original[index]!,
      tunnel: this.#tunnels.keys[columns.tunnel[index]!]!,
      network: network === 0 ? undefined : network,
      customer: this.#customers.keys[columns.customer[index]!]!,
      source: this.#sources.keys[columns.source[index]!]!,
      src: this.#texts[columns.src[index]!]!,
      dst: this.#texts[columns.dst[index]!]!,
      verdict: verdict === NOBODY ? undefined : VERDICTS.get(verdict)?.name,
    };
  }

  async detail(index: number): Promise<Detail> {
    const { offset, captured, original } = this.#columns;
    const at = offset[index]!;
    const bytes = await this.file.slice(at, at + captured[index]!).arrayBuffer();
    return { frame: new Uint8Array(bytes), originalLength: original[index]! };
  }
}
