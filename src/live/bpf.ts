/** bpf(2), with programs that are assembled here: an instruction is 8 bytes, there are few, and no compiler is needed. */

import {
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_UPDATE_ELEM,
  BPF_PROG_LOAD,
} from './linux.ts';
import { type System, check, words } from './system.ts';

/** Larger than every part of `union bpf_attr` that is used; what is zero means what it meant before it existed. */
const ATTRIBUTES_SIZE = 128;
const LOG_SIZE = 65536;
const HINT =
  'run it as root, or give the program the capabilities CAP_BPF and CAP_NET_ADMIN, or choose --io packet';

/** A register: r1 to r5 are arguments, r6 to r9 stay, r10 is the stack's end. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
/** Bytes that a load or store moves. */
export type Width = 1 | 2 | 4 | 8;

const WIDTHS: Record<Width, number> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };

/** Writes instructions; jumps go to labels ahead. Opcodes: Documentation/bpf/standardization/instruction-set.rst. */
export class Assembler {
  readonly #code: { opcode: number; registers: number; offset: number; value: number }[] = [];
  readonly #jumps: { at: number; label: string }[] = [];
  readonly #labels = new Map<string, number>();

  #put(opcode: number, to: number, from: number, offset: number, value: number): this {
    this.#code.push({ opcode, registers: to | (from << 4), offset, value });
    return this;
  }

  move(to: Register, from: Register): this {
    return this.#put(0xbf, to, from, 0, 0);
  }

  set(to: Register, value: number): this {
    return this.#put(0xb7, to, 0, 0, value);
  }

  add(to: Register, value: number): this {
    return this.#put(0x07, to, 0, 0, value);
  }

  load(width: Width, to: Register, from: Register, offset: number): this {
    return this.#put(0x61 | WIDTHS[width], to, from, offset, 0);
  }

  store(width: Width, to: Register, offset: number, from: Register): this {
    return this.#put(0x63 | WIDTHS[width], to, from, offset, 0);
  }

  storeValue(width: Width, to: Register, offset: number, value: number): this {
    return this.#put(0x62 | WIDTHS[width], to, 0, offset, value);
  }

  /** The address of a map. */
  map(to: Register, fd: number): this {
    return this.#put(0x18, to, 1, 0, fd).#put(0, 0, 0, 0, 0);
  }

  call(helper: number): this {
    return this.#put(0x85, 0, 0, 0, helper);
  }

  exit(): this {
    return this.#put(0x95, 0, 0, 0, 0);
  }

  jump(label: string): this {
    return this.#jump(0x05, 0, 0, 0, label);
  }

  jumpIfEqual(a: Register, value: number, label: string): this {
    return this.#jump(0x15, a, 0, value, label);
  }

  jumpIfOther(a: Register, value: number, label: string): this {
    return this.#jump(0x55, a, 0, value, label);
  }

  jumpIfGreater(a: Register, b: Register, label: string): this {
    return this.#jump(0x2d, a, b, 0, label);
  }

  #jump(opcode: number, to: number, from: number, value: number, label: string): this {
    this.#jumps.push({ at: this.#code.length, label });
    return this.#put(opcode, to, from, 0, value);
  }

  label(name: string): this {
    this.#labels.set(name, this.#code.length);
    return this;
  }

  bytes(): Uint8Array {
    for (const { at, label } of this.#jumps) this.#code[at]!.offset = this.#labels.get(label)! - at - 1;
    const bytes = new Uint8Array(this.#code.length * 8);
    const view = new DataView(bytes.buffer);
    this.#code.forEach(({ opcode, registers, offset, value }, index) => {
      view.setUint8(index * 8, opcode);
      view.setUint8(index * 8 + 1, registers);
      view.setInt16(index * 8 + 2, offset, true);
      view.setInt32(index * 8 + 4, value, true);
    });
    return bytes;
  }
}

function call(system: System, command: number, attributes: Uint8Array): number {
  return system.syscall(system.bpfNumber, command, attributes, attributes.length);
}

/** Little-endian u32 at the beginning, the rest zero. */
function attributesOf(...values: number[]): { attributes: Uint8Array; view: DataView } {
  const attributes = new Uint8Array(ATTRIBUTES_SIZE);
  attributes.set(words(...values));
  return { attributes, view: new DataView(attributes.buffer) };
}

/** @returns a file descriptor. @throws LiveError */
export function createMap(
  system: System,
  type: number,
  keySize: number,
  valueSize: number,
  entries: number,
): number {
  const { attributes } = attributesOf(type, keySize, valueSize, entries);
  return check(system, call(system, BPF_MAP_CREATE, attributes), 'cannot create a BPF map', HINT);
}

export function updateMap(system: System, fd: number, key: Uint8Array, value: Uint8Array): void {
  const { attributes, view } = attributesOf(fd);
  view.setBigUint64(8, BigInt(system.pointer(key)), true);
  view.setBigUint64(16, BigInt(system.pointer(value)), true);
  check(system, call(system, BPF_MAP_UPDATE_ELEM, attributes), 'cannot write to a BPF map');
}

/** What is not there need not go. */
export function deleteFromMap(system: System, fd: number, key: Uint8Array): void {
  const { attributes, view } = attributesOf(fd);
  view.setBigUint64(8, BigInt(system.pointer(key)), true);
  call(system, BPF_MAP_DELETE_ELEM, attributes);
}

/** @param attachType what it will be attached to. @returns a file descriptor. @throws LiveError */
export function loadProgram(
  system: System,
  type: number,
  attachType: number,
  instructions: Uint8Array,
): number {
  const license = new TextEncoder().encode('MIT\0');
  const log = new Uint8Array(LOG_SIZE);
  const { attributes, view } = attributesOf(type, instructions.length / 8);
  view.setBigUint64(8, BigInt(system.pointer(instructions)), true);
  view.setBigUint64(16, BigInt(system.pointer(license)), true);
  attributes.set(new TextEncoder().encode('netvirt'), 48);
  view.setUint32(68, attachType, true);
  const fd = call(system, BPF_PROG_LOAD, attributes);
  if (fd >= 0) return fd;
  view.setUint32(24, 1, true);
  view.setUint32(28, log.length, true);
  view.setBigUint64(32, BigInt(system.pointer(log)), true);
  const again = call(system, BPF_PROG_LOAD, attributes);
  const text = new TextDecoder().decode(log.subarray(0, log.indexOf(0)));
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  return check(system, again, `cannot load a BPF program${last === '' ? '' : ` (${last})`}`, HINT);
}

/**
 * Attaches a program to an interface for as long as the returned file descriptor is open: nothing stays when the process ends.
 * @returns −1 with errno.
 */
export function createLink(
  system: System,
  program: number,
  ifindex: number,
  attachType: number,
  flags: number,
): number {
  const { attributes } = attributesOf(program, ifindex, attachType, flags);
  return call(system, BPF_LINK_CREATE, attributes);
}
