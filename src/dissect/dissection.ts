/** A frame taken apart: layers in the order of their bytes, each with its fields, each field with its place. */

export type LayerKind =
  | 'ethernet'
  | 'vlan'
  | 'arp'
  | 'ipv4'
  | 'ipv6'
  | 'gre'
  | 'vxlan'
  | 'udp'
  | 'tcp'
  | 'icmp'
  | 'payload'
  | 'padding';

export interface LayerField {
  readonly name: string;
  /** From the start of the frame, bytes. Fields of bits share their bytes. */
  readonly offset: number;
  readonly length: number;
  readonly value: string;
  /** What is known about it: that a checksum is wrong, what a number stands for. */
  readonly note: string | undefined;
}

export interface FrameLayer {
  readonly kind: LayerKind;
  /** In the words of its RFC: `IPv4`, `ICMP`, `NVGRE`. */
  readonly title: string;
  /** Envelopes around it: 0 for the outermost frame, 1 for the frame in a tunnel. */
  readonly depth: number;
  readonly offset: number;
  readonly length: number;
  readonly fields: readonly LayerField[];
  /** What is wrong with it, in words. */
  readonly fault: string | undefined;
}

/** What comes after a layer, and where. */
export interface Next {
  readonly read: (dissection: Dissection, at: number) => Next | undefined;
  readonly at: number;
}

interface Draft {
  kind: LayerKind;
  title: string;
  depth: number;
  offset: number;
  length: number;
  fields: LayerField[];
  fault: string | undefined;
}

/** The addresses that a transport checksum covers. */
export interface Pseudo {
  readonly addresses: number;
  /** Of both. */
  readonly length: number;
}

export class Dissection {
  readonly frame: Uint8Array;
  readonly layers: Draft[] = [];
  depth = 0;
  /** What lies behind is padding of the frame. */
  end: number;
  pseudo: Pseudo | undefined;
  readonly #view: DataView;

  constructor(frame: Uint8Array) {
    this.frame = frame;
    this.end = frame.length;
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  }

  /** Begins a layer. False where the frame ends inside its header: what there is of it is noted as such. */
  open(kind: LayerKind, title: string, at: number, header: number): boolean {
    const isWhole = at + header <= this.end;
    const length = isWhole ? header : this.end - at;
    if (length > 0 || isWhole) {
      const fault = isWhole ? undefined : `${title} header truncated`;
      this.layers.push({ kind, title, depth: this.depth, offset: at, length, fields: [], fault });
    }
    return isWhole;
  }

  get #layer(): Draft {
    return this.layers.at(-1)!;
  }

  field(name: string, offset: number, length: number, value: string | number, note?: string): void {
    this.#layer.fields.push({ name, offset, length, value: String(value), note });
  }

  /** The layer is longer than its fixed header: options, extension headers. */
  extend(length: number): void {
    this.#layer.length = Math.min(length, this.end - this.#layer.offset);
  }

  title(title: string): void {
    this.#layer.title = title;
  }

  blame(fault: string): void {
    this.#layer.fault ??= fault;
  }

  /** The rest up to the end, without a meaning here. */
  payload(at: number, title = 'Payload'): Next | undefined {
    if (at < this.end) this.open('payload', title, at, this.end - at);
    return undefined;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at);
  }

  u32(at: number): number {
    return this.#view.getUint32(at);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at);
  }
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** Names of the bits that are set, most significant first; `none`. */
export function flagNames(value: number, names: readonly (readonly [bit: number, name: string])[]): string {
  const set = names.filter(([bit]) => (value & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? 'none' : set.join(' ');
}
